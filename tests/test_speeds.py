"""An utterance heard at several speeds."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn import speeds
from speechrnn.audio import load_audio
from speechrnn.bundle import Bundle
from speechrnn.decoding import Decoded, Found, LogProbs
from speechrnn.metadata import Heard, Metadata
from speechrnn.patterns import any_of_length
from speechrnn.readings import Reading
from speechrnn.speeds import SPEEDS, at_speed, choose, weigh
from speechrnn.transcriber import StringRecognizer, load_strings
from speechrnn.utterances import find_utterances
from tests.bundles import SAMPLES
from tests.pitches import SR, Sound, hush, tone

FRAME = 240
STRINGS = Bundle(Path("pitches"), tuple("0123456789"), Metadata(1, "strings", SR, 0.5, 0, {}, (), Heard(), "none"))


@given(st.integers(1, 5000), st.sampled_from([*SPEEDS, 1.0, 0.5, 2.0]))
def test_of_any_sound_the_length_goes_with_the_speed(n: int, speed: float) -> None:
    assert at_speed(np.ones(n, np.float32), speed).size == math.ceil(n / speed)


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_tone_is_as_much_higher_as_it_is_faster(speed: float) -> None:
    """Of a second of 500 Hz: the same as the tone that it becomes, but at its ends."""
    tone = np.sin(2 * np.pi * 500 * np.arange(SR) / SR).astype(np.float32)
    played = at_speed(tone, speed)
    expected = np.sin(2 * np.pi * 500 * speed * np.arange(played.size) / SR)
    np.testing.assert_allclose(played[400:-400], expected[400:-400], atol=1e-3)


reading = st.builds(
    lambda units, score: Reading(
        Decoded(np.zeros((1, 11), np.float32), tuple(Found(unit, 0, 0, 0.5) for unit in units)), score
    ),
    st.lists(st.integers(1, 2), min_size=1, max_size=2),
    st.floats(-20, 0),
)


def string(one: Reading) -> list[int]:
    return [word.unit for word in one.decoded.found]


@given(st.lists(reading, min_size=1, max_size=8))
def test_what_is_taken_is_the_likeliest_string_as_its_best_reading_has_it(readings: list[Reading]) -> None:
    taken = choose(readings)
    same = [one for one in readings if string(one) == string(taken)]
    assert taken.score == max(one.score for one in same)
    total = sum(math.exp(speeds.SHARPNESS * one.score) for one in same)
    for other in readings:
        alike = [one for one in readings if string(one) == string(other)]
        assert sum(math.exp(speeds.SHARPNESS * one.score) for one in alike) <= total * (1 + 1e-9)
    assert string(choose(readings[::-1])) == string(taken) or total == pytest.approx(
        sum(math.exp(speeds.SHARPNESS * one.score) for one in readings if string(one) == string(choose(readings[::-1])))
    )


@given(st.lists(reading, min_size=1, max_size=8))
def test_a_digit_is_as_probable_as_the_readings_that_have_it(readings: list[Reading]) -> None:
    """All lie in one frame and have a half: what is left is the weight of those who say it."""
    taken = choose(readings).decoded
    weights = [math.exp(speeds.SHARPNESS * one.score) for one in readings]
    for before, after in zip(taken.found, weigh(taken, readings, 1.0), strict=True):
        share = sum(weight for weight, one in zip(weights, readings, strict=True) if before.unit in string(one))
        assert after.probability == pytest.approx(0.5 * share / sum(weights))
        assert (after.unit, after.first, after.last) == (before.unit, before.first, before.last)


@pytest.mark.parametrize(("seconds", "probability"), [(1.4, 0.9), (1.6, 0.45)])
def test_far_from_it_the_same_digit_is_another(seconds: float, probability: float) -> None:
    """A twentieth of the utterance apart, at whatever speed it was heard: 0.14 s are near, 0.16 s are not."""
    slow, fast = np.zeros((10, 11), np.float32), np.zeros((5, 11), np.float32)
    taken = Reading(Decoded(slow, (Found(3, 5, 5, 0.9),)), -1.0)  # its middle at 0.55
    other = Reading(Decoded(fast, (Found(3, 2, 3, 0.9), Found(4, 4, 4, 0.9)), 2.0), -1.0)  # at 0.6
    assert weigh(taken.decoded, [taken, other], 2 * seconds)[0].probability == pytest.approx(probability)
    assert weigh(taken.decoded, [taken, other], seconds)[0].probability == pytest.approx(0.9)


# unit, place as a share of the utterance, probability
Words = list[tuple[int, float, float]]


class Ear:
    """Says of an utterance what it was told, speed by speed: words and a score."""

    def __init__(self, said: dict[float, tuple[Words, float]]) -> None:
        self.said, self.asked = said, list[tuple[float, int]]()

    def read(self, y: Sound, rows: LogProbs, speed: float = 1.0) -> list[Reading]:
        self.asked.append((speed, y.size))
        words, score = self.said[speed]
        n = len(rows)
        found = tuple(Found(unit, int(at * n), int(at * n), probability) for unit, at, probability in words)
        clear = np.full((n, 11), math.log(0.01 / 10), np.float32)
        clear[:, 0] = math.log(0.99)
        for word in found:
            clear[word.first, [0, word.unit]] = clear[word.first, [word.unit, 0]]
        return [Reading(Decoded(clear, found, speed), score)]


class Frames:
    """As many frames as fit; counts what it is asked."""

    frame_length = FRAME

    def __init__(self) -> None:
        self.n_asked = 0

    def run(self, waveforms: Sequence[Sound]) -> list[npt.NDArray[np.float32]]:
        self.n_asked += len(waveforms)
        return [np.zeros((-(-len(y) // FRAME), 11), np.float32) for y in waveforms]


def recognizer(ear: Ear, frames: Frames) -> StringRecognizer:
    return StringRecognizer(STRINGS, frames, min_probability=0.3, ear=ear)  # type: ignore[arg-type]


def noise(seconds: float) -> Sound:
    return 0.1 * np.random.default_rng(0).standard_normal(round(seconds * SR)).astype(np.float32)


WORDS: Words = [(5, 0.25, 0.5), (8, 0.75, 0.5)]
ALL = (1.0, *SPEEDS)


@pytest.mark.parametrize(
    ("one", "other", "again"),
    [
        (0.8, 0.9, False),
        (0.79, 0.9, True),
        (0.9, 0.02, True),
        (0.01, 0.03, True),
        (0.01, 0.02, False),
    ],
)
def test_who_is_sure_of_all_or_has_no_hope_of_any_does_not_listen_again(one: float, other: float, again: bool) -> None:
    ear, frames = Ear(dict.fromkeys(ALL, ([(5, 0.25, one), (8, 0.75, other)], 0.0))), Frames()
    recognizer(ear, frames).decode(noise(1.0))
    expected = ALL if again else ALL[:1]
    assert ear.asked == [(speed, math.ceil(SR / speed)) for speed in expected]
    assert frames.n_asked == len(expected)


def test_after_several_speeds_a_digit_is_as_probable_as_all_have_it() -> None:
    """One of six, as probable as all others together, says something else; the others agree to a half."""
    said = dict.fromkeys(ALL, (WORDS, -2.0)) | {1.4: ([(5, 0.25, 0.7), (3, 0.75, 0.7)], -2.0 + 2 * math.log(4.9))}
    found = recognizer(Ear(said), Frames()).decode(noise(1.0)).found
    # weights of 5 to 4.9: the first digit is that of both, the second of the five alone
    assert [word.unit for word in found] == [5, 8]
    expected = [(5 * 0.5 + 4.9 * 0.7) / 9.9, 5 * 0.5 / 9.9]
    assert [word.probability for word in found] == pytest.approx(expected)


@pytest.mark.parametrize("n", [None, 2 * SR])
def test_a_digit_in_the_last_frame_ends_with_the_sound(n: int | None) -> None:
    """At 1.4 two seconds are 48 frames of 42 ms, of which the last covers 26 ms; without `n` it counts as whole."""
    ear = Ear(dict.fromkeys(ALL, ([(3, 0.1, 0.5)], -9.0)) | {1.4: ([(5, 0.999, 0.5)], 0.0)})
    model = recognizer(ear, Frames())
    [last] = model.believe(model.decode(noise(2.0)), SR, n=n)
    assert last.end == pytest.approx(3.0 if n else 1.0 + 48 * 1.4 * FRAME / SR)


@pytest.mark.parametrize("best", [1.0, *SPEEDS])
def test_digits_lie_where_they_were_said_at_whatever_speed_they_were_heard(best: float) -> None:
    """A quarter and three quarters into each of two utterances, 0.2 s long."""
    said = {speed: (WORDS, 0.0) if speed == best else ([(3, 0.5, 0.5)], -9.0) for speed in ALL}
    y = np.concatenate([hush(1.0), tone("3", 2.0), hush(1.5), tone("3", 1.0), hush(1.0)])
    utterances = list(find_utterances([y], SR, SR))
    places = [(one.start + at * one.y.size) / SR for one in utterances for _, at, _ in WORDS]
    model = recognizer(Ear(said), Frames())
    for found in (model.transcribe(y), model.transcribe(y, pattern=any_of_length(4))):
        assert found.digits == "4747"
        for one, at in zip(found.segments, places, strict=True):
            # within a frame at the fastest
            assert (one.start + one.end) / 2 == pytest.approx(at, abs=0.042)
            assert one.end - one.start == pytest.approx(0.2)


def samples() -> list[tuple[str, Sound]]:
    """Four digits of a synthetic voice, 50 ms apart."""
    rng, found = np.random.default_rng(0), list[tuple[str, Sound]]()
    voices: dict[str, dict[str, Sound]] = {}
    for path in sorted(SAMPLES.glob("*.wav")):
        digit, voice = re.findall(r"^(\d)_(.*)_\d+$", path.stem)[0]
        voices.setdefault(voice, {})[digit] = load_audio(path)
    for words in voices.values():
        for _ in range(5):
            digits = "".join(rng.choice(sorted(words), 4))
            parts = [part for digit in digits for part in (words[digit], np.zeros(400, np.float32))]
            silence = np.zeros(2400, np.float32)
            found.append((digits, np.concatenate([silence, *parts, silence])))
    return found


@pytest.mark.pretrained
def test_a_deep_slow_voice_is_heard_as_it_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What both models get wrong at seven tenths of the speed they mostly get right: they hear it faster, too."""
    model, said = load_strings(), samples()

    def count(speed: float) -> int:
        return sum(model.transcribe(at_speed(y, speed)).digits == digits for digits, y in said)

    assert count(1.0) == len(said)
    several = count(0.7)
    monkeypatch.setattr(speeds, "SPEEDS", (1.0,))
    assert several >= count(0.7) + len(said) // 4
