"""The speech synthesisers that `speechrnn data synth` knows, behind one interface."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from speechrnn.corpus.accents import list_foreign_voices, respell
from speechrnn.corpus.cast import list_cast, speak_cast
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.espeak import list_voices, speak
from speechrnn.corpus.flite import list_flite_voices, speak_flite
from speechrnn.corpus.hibari import list_neural_voices, speak_neural
from speechrnn.corpus.kokoro import speak_kokoro
from speechrnn.corpus.people import list_people
from speechrnn.corpus.pico import list_pico_voices, speak_pico, spell_pico
from speechrnn.corpus.speech import Speech, Utterance
from speechrnn.corpus.throats import list_throats, speak_throat
from speechrnn.errors import ConfigError

DEFAULT = "espeak-ng"


@dataclass(frozen=True, slots=True)
class Engine:
    """A synthesiser.

    Attributes
    ----------
    name : str
        As `--engine` takes it.
    prefix : str
        With what the names of its speakers begin.
    list_voices : callable
        Gives the names of all its voices, ``accent+variant``.
    speak : callable
        Lets one voice say some utterances; the last argument is a seed.
    spell : callable
        Turns a text into what the voice has to read.
    """

    name: str
    prefix: str
    list_voices: Callable[[], tuple[str, ...]]
    speak: Callable[[str, Sequence[Utterance], int], Speech]
    spell: Callable[[str, str, tuple[int, ...]], str]


def _as_it_is(_voice: str, text: str, _seed: tuple[int, ...]) -> str:
    return text


ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(DEFAULT, "espeak-", list_voices, speak, _as_it_is),
        Engine("throats", "throat-", list_throats, speak_throat, _as_it_is),
        Engine("accents", "accent-", list_foreign_voices, speak, respell),
        Engine("kokoro", "kokoro-", list_people, speak_kokoro, _as_it_is),
        Engine("cast", "cast-", list_cast, speak_cast, _as_it_is),
        Engine("pico", "pico-", list_pico_voices, speak_pico, spell_pico),
        Engine("hibari", "hibari-", list_neural_voices, speak_neural, _as_it_is),
        Engine("flite", "flite-", list_flite_voices, speak_flite, _as_it_is),
    )
}


def find_engine(name: str) -> Engine:
    """Find a synthesiser by its name.

    Parameters
    ----------
    name : str
        ``espeak-ng``, ``throats`` (voices for it that a number writes), ``accents`` (its voices of other languages),
        ``kokoro`` (people in accents), ``cast`` (the same from all of its voices), ``pico``, ``hibari`` or ``flite``.

    Returns
    -------
    Engine
        Not yet started.

    Raises
    ------
    ConfigError
        There is no such engine.

    Examples
    --------
    >>> find_engine("accents").prefix
    'accent-'
    """
    if name not in ENGINES:
        raise ConfigError(f"engine is {name!r}, allowed are {', '.join(ENGINES)}")
    return ENGINES[name]


def is_synthetic(clip: Clip) -> bool:
    """Tell by its speaker's name whether a clip in the folder of a synthesis was made there.

    Parameters
    ----------
    clip : Clip
        In a folder with a manifest; elsewhere a name says nothing.

    Returns
    -------
    bool
        Whether the speaker is a synthesiser's.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_synthetic(Clip(Path("6_espeak-en-us-f2_0.wav"), "6", "espeak-en-us-f2"))
    True
    """
    return clip.speaker is not None and clip.speaker.startswith(tuple(engine.prefix for engine in ENGINES.values()))
