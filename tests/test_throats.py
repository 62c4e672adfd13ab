"""Voices that a number writes: all different, plausible, and spoken by espeak-ng as its own are."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.corpus import espeak
from speechrnn.corpus.engines import is_synthetic
from speechrnn.corpus.espeak import ACCENTS, speak
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.speech import Utterance
from speechrnn.corpus.synthesis import SynthesisOptions, synthesize
from speechrnn.corpus.throats import N_THROATS, list_throats, speak_throat, write_throat
from speechrnn.errors import CorpusError

NINE = (Utterance("nine"),)


def read_throat(number: int) -> dict[str, list[float]]:
    lines = [line.split() for line in write_throat(number).splitlines()]
    return {
        " ".join(line[: 1 + (line[0] == "formant")]): [float(x) for x in line[1 + (line[0] == "formant") :]]
        for line in lines
    }


@given(number=st.integers(0, 10**6))
def test_a_throat_is_one_that_somebody_could_have(number: int) -> None:
    throat = read_throat(number)
    low, high = throat["pitch"]
    assert 69 <= low <= 291
    assert 1.15 < high / low < 1.8
    frequencies = [throat[f"formant {formant}"][0] for formant in range(1, 9)]
    assert min(frequencies) > 80
    assert max(frequencies) < 140
    assert max(frequencies) / min(frequencies) < 1.13  # one tract, not eight
    assert all(30 <= throat[f"formant {formant}"][1] <= 150 for formant in range(9))


def test_throats_differ_and_the_higher_voice_has_the_shorter_tract() -> None:
    throats = [read_throat(number) for number in range(400)]
    assert len({write_throat(number) for number in range(N_THROATS)}) == N_THROATS
    tracts = [np.mean([throat[f"formant {formant}"][0] for formant in range(1, 9)]) for throat in throats]
    pitches = [np.log(throat["pitch"][0]) for throat in throats]
    assert 0.6 < np.corrcoef(tracts, pitches)[0, 1] < 0.98
    women_and_children = np.mean([throat["pitch"][0] > 130 for throat in throats])
    assert 0.4 < women_and_children < 0.7


def test_there_are_as_many_as_may_be_asked_for() -> None:
    names = list_throats()
    assert len(set(names)) == len(names) >= 10_000
    assert {name.partition("+")[0] for name in names} == set(ACCENTS)


def test_every_accent_speaks_with_a_throat_and_says_the_same_again() -> None:
    said = [speak_throat(f"{accent}+t4", NINE, seed=3).waveforms[0] for accent in ACCENTS]
    again = [speak_throat(f"{accent}+t4", NINE, seed=3).waveforms[0] for accent in ACCENTS]
    assert [y.tobytes() for y in again] == [y.tobytes() for y in said]
    assert all(3000 < y.size < 40_000 for y in said)
    assert len({y.tobytes() for y in said}) > 4


def test_a_voice_file_says_what_the_shipped_variant_of_the_same_lines_says() -> None:
    """The way in through a file is the way in by name: accent and variant in one."""
    loader = pytest.importorskip("espeakng_loader")
    lines = Path(loader.get_data_path(), "voices", "!v", "f2").read_text()
    by_file = speak("en-029+t0", NINE, 5, "\n".join(lines.splitlines()[2:]))
    assert by_file.waveforms[0].tobytes() == speak("en-029+f2", NINE, 5).waveforms[0].tobytes()


def test_an_accent_that_espeak_does_not_know_is_one_sentence() -> None:
    with pytest.raises(CorpusError, match=r"could not speak as tlh: it knows no voice 'tlh'\. Install"):
        speak_throat("tlh+t1", NINE)


def test_no_utterances_ask_for_no_voice() -> None:
    assert speak_throat("", ()).version == espeak.speak("", ()).version


def test_a_folder_of_throats_is_a_corpus(tmp_path: Path) -> None:
    options = SynthesisOptions(voices=2, repeats=1, seed=1, sample_rate=8000, words={"1": "one"}, engine="throats")
    made = synthesize(tmp_path / "throats", options)
    clips = read_corpus(tmp_path / "throats").clips
    assert sorted(clip.speaker or "" for clip in clips) == sorted(made.speakers)
    assert all(is_synthetic(clip) and (clip.speaker or "").startswith("throat-en") for clip in clips)
