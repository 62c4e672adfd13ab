"""Each word is heard by a model of single words too."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from speechrnn.audio import load_audio
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.decoding import Decoded, decode
from speechrnn.errors import BundleError
from speechrnn.metadata import Heard, Metadata
from speechrnn.patterns import any_of_length
from speechrnn.places import find_model, find_shipped
from speechrnn.second_ear import SECONDS, SecondEar
from speechrnn.speeds import choose
from speechrnn.transcriber import StringRecognizer, load_strings
from tests.bundles import SAMPLES, copy_bundle, describe
from tests.pitches import SR

pytestmark = pytest.mark.pretrained
SIX = SAMPLES / "6_espeak-en-gb-x-rp-diogo_0.wav"
DIGITS = tuple("0123456789")
STRINGS = Bundle(Path("pitches"), DIGITS, Metadata(1, "strings", SR, 0.5, 0, {}, (), Heard(), "none"))


@pytest.fixture(scope="module")
def ear() -> SecondEar:
    return SecondEar(read_bundle(find_shipped("digits")), STRINGS)


def hear(ear: SecondEar, y: np.ndarray, frames: np.ndarray) -> Decoded:
    return choose(ear.read(y, frames)).decoded


def rows(*frames: dict[int, float]) -> np.ndarray:
    """Write frames of eleven units, each given some probabilities; the others share the rest."""
    written = []
    for frame in frames:
        rest = (1 - sum(frame.values())) / (11 - len(frame))
        written.append([frame.get(unit, rest) for unit in range(11)])
    return np.log(np.array(written, np.float32))


def tight(y: np.ndarray) -> np.ndarray:
    """Leave out the silence at both ends."""
    loud = np.flatnonzero(np.abs(y) > 0.002)
    return np.asarray(y[loud[0] : loud[-1]])


BLANK_FRAME = {0: 0.98}
DOUBTFUL = rows(BLANK_FRAME, {3: 0.5, 7: 0.3}, {3: 0.4, 7: 0.2, 0: 0.3}, BLANK_FRAME)


def test_the_other_model_has_less_say_where_a_label_has_two_names(
    ear: SecondEar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has never heard "oh": where the first model hears a 0, its "six" counts for less."""
    frames = rows(BLANK_FRAME, {1: 0.5, 7: 0.3}, {1: 0.4, 7: 0.2, 0: 0.3}, BLANK_FRAME)
    y = load_audio(SIX)
    monkeypatch.setattr("speechrnn.second_ear._TWO_NAMES", frozenset())
    plain = SecondEar(read_bundle(find_shipped("digits")), STRINGS)
    scores = [[one.score for one in which.read(y, frames)] for which in (ear, plain)]
    assert max(scores[0]) != max(scores[1])
    y, frames = load_audio(SIX), DOUBTFUL
    assert [one.score for one in ear.read(y, frames)] == [one.score for one in plain.read(y, frames)]


def test_a_doubtful_word_is_decided_by_the_other_model(ear: SecondEar) -> None:
    assert [one.unit for one in decode(DOUBTFUL)] == [3]  # "2"
    decoded = hear(ear, load_audio(SIX), DOUBTFUL)
    [six] = decoded.found
    assert six.unit == 7
    assert six.probability > 0.9
    np.testing.assert_array_equal(decoded.rows[[0, 3]], DOUBTFUL[[0, 3]])
    np.testing.assert_allclose(np.exp(decoded.rows).sum(axis=1), 1, rtol=1e-5)


def test_a_word_that_was_missed_is_found_where_it_is_likeliest(ear: SecondEar) -> None:
    missed = rows(BLANK_FRAME, {0: 0.7, 7: 0.15}, BLANK_FRAME)
    assert not decode(missed)
    [six] = hear(ear, load_audio(SIX), missed).found
    assert (six.unit, six.first) == (7, 1)
    assert six.probability > 0.5


def test_where_nothing_at_all_was_heard_one_improbable_word_is_left(ear: SecondEar) -> None:
    hiss = 0.1 * np.random.default_rng(0).standard_normal(SR).astype(np.float32)
    nearly = rows(BLANK_FRAME, {0: 0.9999}, {0: 0.999}, {0: 0.9999})
    [word] = hear(ear, hiss, nearly[1:]).found
    assert word.first == 1
    assert word.probability < 0.1


def test_noise_makes_a_word_improbable(ear: SecondEar) -> None:
    hiss = 0.1 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    was = rows(BLANK_FRAME, {3: 0.7}, BLANK_FRAME)
    decoded = hear(ear, hiss, was)
    assert all(one.probability < 0.5 for one in decoded.found)
    assert np.exp(decoded.rows[1, 0]) > 0.5 > np.exp(was[1, 0])


def test_among_others_a_word_is_one_of_both_opinions(ear: SecondEar) -> None:
    six, seven = load_audio(SIX), load_audio(SAMPLES / "7_espeak-en-gb-x-rp-diogo_0.wav")
    frames = np.tile(rows(BLANK_FRAME), (40, 1))
    middle = six.size / (six.size + seven.size)
    a, b = round(20 * middle), round(40 * (middle + 1) / 2)
    frames[a], frames[b] = rows({9: 0.4, 7: 0.3}, {8: 0.6, 0: 0.35})
    assert [one.unit for one in decode(frames)] == [9, 8]  # "87"
    decoded = hear(ear, np.concatenate([six, seven]), frames)
    assert [one.unit for one in decoded.found] == [one.unit for one in decode(decoded.rows)] == [7, 8]
    np.testing.assert_array_equal(np.delete(decoded.rows, [a, b], axis=0), np.delete(frames, [a, b], axis=0))
    np.testing.assert_allclose(np.exp(decoded.rows).sum(axis=1), 1, rtol=1e-4)


def test_no_frames_are_no_answer(ear: SecondEar) -> None:
    assert not ear.read(np.empty(0, np.float32), np.empty((0, 11), np.float32))


def test_of_a_long_stretch_it_hears_what_lies_about_the_word(ear: SecondEar) -> None:
    """A six in its third quarter; a nine at its start, out of reach, changes nothing."""
    six, n = load_audio(SIX), 10 * SR
    y = 1e-4 * np.random.default_rng(0).standard_normal(n).astype(np.float32)
    at = round(0.65 * n)
    y[at : at + six.size] += six
    frames = np.tile(rows(BLANK_FRAME), (100, 1))
    frames[68] = rows({3: 0.6})[0]
    alone = hear(ear, y, frames)
    assert [one.unit for one in alone.found] == [7]
    nine = load_audio(SAMPLES / "9_espeak-en-gb-x-rp-diogo_0.wav")
    assert nine.size < at - SECONDS * SR
    y[: nine.size] += nine
    np.testing.assert_array_equal(hear(ear, y, frames).rows, alone.rows)


@pytest.mark.parametrize(
    "strings",
    [
        Bundle(Path("pitches"), DIGITS[::-1], STRINGS.metadata),
        Bundle(Path("pitches"), DIGITS, Metadata(1, "strings", 16000, 0.5, 0, {}, (), Heard(), "none")),
    ],
)
def test_a_model_that_does_not_fit_is_refused(strings: Bundle) -> None:
    with pytest.raises(BundleError, match=r"needed .* Name a model of single words that fits"):
        SecondEar(read_bundle(find_shipped("digits")), strings)


@pytest.mark.parametrize("name", ["nobody", "../pretrained/digits"])
def test_a_second_ear_ships(tmp_path: Path, name: str) -> None:
    strings = describe(copy_bundle(tmp_path / "strings"), {"kind": "strings", "words": name})
    with pytest.raises(BundleError, match=f"{name}: no such model ships"):
        load_strings(strings)


def test_what_lies_in_the_working_folder_is_no_second_ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That folder holds a bundle that would not fit, and that `--model digits` would take."""
    six = load_audio(SIX)
    expected = load_strings().decode(six).rows
    describe(copy_bundle(tmp_path / "digits"), {"sample_rate": 16000})
    monkeypatch.chdir(tmp_path)
    assert find_model("digits") == Path("digits")
    np.testing.assert_array_equal(load_strings().decode(six).rows, expected)


def test_two_words_that_pass_for_one_are_two_to_both(ear: SecondEar) -> None:
    """The network hears a "2" in what is "26"; to the second ear that is no digit, but two pieces of it are."""
    two, six = (tight(load_audio(path)) for path in (SAMPLES / "2_espeak-en-gb-x-rp-diogo_0.wav", SIX))
    before = 1600  # as much as the end-pointer keeps
    y = np.concatenate([np.zeros(before, np.float32), two, six, np.zeros(2400, np.float32)])

    class Half:
        frame_length = 240

        def run(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
            n = len(waveforms[0]) // self.frame_length
            frames = np.tile(rows(BLANK_FRAME), (n, 1))
            middles = before + two.size // 2, before + two.size + six.size // 2
            frames[middles[0] // self.frame_length] = rows({0: 0.45, 3: 0.46})[0]
            frames[middles[1] // self.frame_length] = rows({0: 0.7, 7: 0.2})[0]
            return [frames]

    assert [one.unit for one in decode(Half().run([y])[0])] == [3]
    model = StringRecognizer(STRINGS, Half(), min_probability=0.3, ear=ear)
    assert model.transcribe(y).digits == "26"
    assert model.transcribe(y, pattern=any_of_length(2)).digits == "26"
