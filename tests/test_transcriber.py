"""From sound to digits with an engine that hears pitches: utterances, times, what is known beforehand, oddities."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock, call

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from speechrnn.ears import load_ear
from speechrnn.errors import AudioError, BundleError, ConfigError
from speechrnn.patterns import any_of_length, choose_pattern, parse_pattern
from speechrnn.recognizer import load
from speechrnn.streaming import listen
from speechrnn.transcriber import StringRecognizer, load_strings, transcribe
from speechrnn.transcript import Segment
from tests.bundles import GOLDEN, SAMPLES
from tests.pitches import SR, Pitches, Sound, hush, say, tone
from tests.pitches import pitch_recognizer as recognizer


@pytest.mark.parametrize("digits", ["7", "22", "4071", "0000", "9876543210"])
@pytest.mark.parametrize("gap", [0.06, 0.5])
def test_digits_in_order_repeated_ones_too(digits: str, gap: float) -> None:
    found = recognizer().transcribe(say(digits, gap))
    assert found.digits == digits == "".join(segment.label for segment in found.segments)
    for i, segment in enumerate(found.segments):
        start = 0.5 + i * (0.25 + gap)
        assert segment.start == pytest.approx(start, abs=0.05)
        assert segment.end == pytest.approx(start + 0.25, abs=0.05)
        assert segment.probability == pytest.approx(0.97, abs=1e-3)


def test_a_rate_beside_a_file_is_refused() -> None:
    with pytest.raises(AudioError, match="sr=8000 beside a file"):
        recognizer().transcribe(SAMPLES / "6_espeak-en-gb-x-rp-diogo_0.wav", 8000)


def test_a_file_an_array_bytes_and_a_stream_give_the_same(tmp_path: Path) -> None:
    y = say("4071", gap=0.3)
    path = tmp_path / "pin.wav"
    soundfile.write(path, y, SR, "FLOAT")
    found = recognizer().transcribe(path)
    assert (found.path, found.digits) == (str(path), "4071")
    for source in (y, path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert recognizer().transcribe(source).segments == found.segments
    blocks = [y[at : at + 777] for at in range(0, y.size, 777)]
    ear = recognizer()
    audio = type("Audio", (), {"min_duration": 0.02, "min_peak_db": -60.0})
    object.__setattr__(ear.bundle, "config", type("Config", (), {"audio": audio}))
    assert tuple(listen(blocks, SR, ear)) == found.segments


class Rows:
    """Hears what it was told to hear, whatever sounds."""

    frame_length = 160

    def __init__(self, *words: tuple[int, float]) -> None:
        quiet = [0.99, *[0.001] * 10]
        rows = [quiet]
        for unit, probability in words:
            row = [(1 - probability) * 0.9, *[(1 - probability) * 0.1 / 9] * 10]
            row[unit] = probability
            rows += [row, quiet]
        self.rows = np.log(np.array(rows, np.float32))

    def run(self, waveforms: Sequence[Sound]) -> list[npt.NDArray[np.float32]]:
        return [self.rows for _ in waveforms]


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        # among sure digits a doubtful one counts, though the blank has more
        ([(5, 0.95), (3, 0.35), (8, 0.95)], "427"),
        ([(5, 0.95), (3, 0.15), (8, 0.95)], "47"),
        # beside one digit it does not: that is no number yet
        ([(5, 0.95), (3, 0.35)], "4"),
        ([(3, 0.35)], ""),
    ],
)
def test_where_somebody_says_a_number_the_blank_is_less_probable(words: list[tuple[int, float]], digits: str) -> None:
    ear = StringRecognizer(recognizer().bundle, Rows(*words), min_probability=0.5)
    segments = ear.hear(tone("0"))
    assert "".join(segment.label for segment in segments) == digits
    said = {str(unit - 1): probability for unit, probability in words}
    # as probable as the network says, not as the search took it
    assert [segment.probability for segment in segments] == pytest.approx([said[d] for d in digits], rel=1e-4)


@pytest.mark.parametrize(("pause", "digits"), [(0.6, "47"), (2.0, "4")])
def test_shortly_after_a_digit_a_doubtful_one_counts(pause: float, digits: str) -> None:
    """The second utterance is as improbable alone as noise is; in a stream it counts as in a file."""

    class Doubting(Pitches):
        def run(self, waveforms: Sequence[Sound]) -> list[npt.NDArray[np.float32]]:
            answers = super().run(waveforms)
            for rows in answers:
                sevens = np.flatnonzero(np.exp(rows[:, 8]) > 0.5)
                rows[sevens] = np.log([0.99, *[0.001] * 10])
                rows[sevens[:1]] = np.log([0.35, *[0.02] * 7, 0.47, *[0.02] * 2])
            return answers

    ear = StringRecognizer(recognizer().bundle, Doubting(), min_probability=0.8)
    y = np.concatenate([hush(0.5), tone("4"), hush(pause), tone("7"), hush(0.5)])
    assert ear.transcribe(y).digits == digits
    assert "".join(segment.label for segment in listen([y[:5000], y[5000:]], SR, ear)) == digits
    assert not ear.transcribe(np.concatenate([hush(0.5), tone("7"), hush(0.5)])).digits


@pytest.mark.parametrize(("pause", "digits"), [(1.4, "7"), (1.6, "")])
def test_how_shortly_counts_from_the_end_of_the_digit(pause: float, digits: str) -> None:
    ear, last = StringRecognizer(recognizer().bundle, Rows((8, 0.6)), min_probability=0.8), Segment("4", 1.0, 1.3, 0.9)
    segments = ear.hear(tone("7"), round((last.end + pause) * SR), last)
    assert "".join(segment.label for segment in segments) == digits


def test_how_far_it_is_is_told_in_seconds(tmp_path: Path) -> None:
    y = say("4071", gap=0.3)
    soundfile.write(tmp_path / "pin.wav", y, SR)
    seconds = y.size // SR
    for source in (y, tmp_path / "pin.wav"):
        tell = Mock()
        found = recognizer().transcribe(source, on_progress=tell)
        assert tell.mock_calls == [call(i, seconds) for i in range(seconds + 1)]
        assert found.digits == "4071"


def test_stereo_at_44100_hz(tmp_path: Path) -> None:
    y = soxr.resample(say("31"), SR, 44100)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([y, 0.5 * y], axis=1), 44100)
    assert recognizer().transcribe(path).digits == "31"


@pytest.mark.parametrize("y", [np.zeros(16000, np.float32), hush(2.0), np.zeros(1, np.float32)])
def test_where_nothing_is_said_there_are_no_digits(y: Sound) -> None:
    for pattern in (None, any_of_length(4)):
        found = recognizer().transcribe(y, pattern=pattern)
        assert (found.digits, found.segments, found.error) == ("", (), None)


def test_a_string_cut_at_the_end_of_the_file() -> None:
    y = np.concatenate([hush(0.5), tone("3"), hush(0.06), tone("8", 0.1)])
    assert recognizer().transcribe(y).digits == "38"


def test_a_click_between_digits_and_hum_under_them() -> None:
    y = say("52", gap=0.12)
    y[round(0.8 * SR)] = 0.9
    t = np.arange(y.size) / SR
    assert recognizer().transcribe(y).digits == "52"
    hum = np.asarray(0.02 * np.sin(2 * np.pi * 50 * t), np.float32)
    assert recognizer().transcribe(y + hum).digits == "52"


def test_samples_that_are_no_numbers_are_refused() -> None:
    y = say("12")
    y[9000] = np.nan
    with pytest.raises(AudioError, match=r"samples after 1\.00 s are not finite numbers"):
        recognizer().transcribe(y)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, say("12"), SR)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(AudioError, match="truncated"):
        recognizer().transcribe(path)


def test_a_length_is_searched_for_over_all_utterances() -> None:
    y = np.concatenate([say("40"), say("71")])
    ear = recognizer()
    assert ear.transcribe(y).digits == "4071"
    found = ear.transcribe(y, pattern=any_of_length(4))
    assert found.digits == "4071"
    assert [s.start for s in found.segments] == pytest.approx([s.start for s in ear.transcribe(y).segments], abs=0.05)
    assert len(ear.transcribe(y, pattern=any_of_length(3)).segments) == 3
    assert ear.transcribe(y, pattern=parse_pattern("4d-7d", ear.labels)).digits == "4071"
    # what cannot be is not answered with what can
    assert ear.transcribe(y, pattern=parse_pattern("9ddd", ear.labels)).segments[0].label == "9"


def test_a_length_finds_no_digit_where_nothing_was_heard() -> None:
    """Two utterances of 13 frames each, 20 ms long: no digit stands between them."""
    ear, y = StringRecognizer(recognizer().bundle, Rows(*[(5, 0.95)] * 6)), np.concatenate([say("40"), say("71")])
    assert len(ear.transcribe(y, pattern=any_of_length(26)).segments) == 26
    with pytest.raises(AudioError, match=r"^sounds for 0\.5 s, too short a time for 27 digits\."):
        ear.transcribe(y, pattern=any_of_length(27))


def test_improbable_digits_are_left_out() -> None:
    y = say("12")
    assert recognizer(0.8).transcribe(y).digits == "12"
    assert recognizer(0.8, min_probability=0.9).transcribe(y).digits == ""
    assert recognizer(0.8, min_probability=0.0).transcribe(y).digits == "12"


def test_hours_are_heard_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", SR, 1) as file:
        for digit in "0123456789" * 6:
            file.write(np.concatenate([hush(1.0), tone(digit)]))
    ear = recognizer()
    assert ear.transcribe(path).digits == "0123456789" * 6
    engine = ear._engine
    assert isinstance(engine, Pitches)
    assert engine.longest < 9 * SR


def test_a_sound_that_never_ends_is_cut() -> None:
    """Twenty seconds of tones 40 ms apart: pieces of some seconds, and no digit lost or doubled."""
    digits = "0123456789" * 7
    ear = recognizer()
    found = ear.transcribe(say(digits, gap=0.04))
    assert found.digits == digits
    assert isinstance(ear._engine, Pitches)
    assert ear._engine.longest < 9 * SR


def test_length_and_pattern_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="both given"):
        choose_pattern(4, "dddd", "0123456789")
    assert choose_pattern(None, None, "0123456789") is None
    assert transcribe(say("4071"), recognizer(), length=4).digits == "4071"
    assert transcribe(say("4071"), recognizer(), pattern="dd-dd").digits == "4071"


@pytest.mark.parametrize("wrong", [1.5, "4", True, float("nan")])
def test_a_length_that_is_no_whole_number_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"^length is .*, needed a whole number from 1 to 1000\.$"):
        transcribe(say("4"), recognizer(), length=wrong)
    four: Any = np.int64(4)
    assert transcribe(say("4071"), recognizer(), length=four).digits == "4071"


def test_a_pattern_that_is_no_text_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(ConfigError, match=r"^pattern is 5, needed a text: d for any digit"):
        transcribe(say("4"), recognizer(), pattern=wrong)


@pytest.mark.parametrize("open_model", [load, load_strings, load_ear])
def test_an_empty_name_is_not_the_shipped_model(open_model: Callable[[str], object]) -> None:
    with pytest.raises(BundleError, match=r"^the name of a model is empty, needed .*\. Is a variable not set\?$"):
        open_model("")


@pytest.mark.parametrize("wrong", [float("nan"), 2, -1, "x", True])
def test_a_threshold_that_is_no_probability_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"^min_probability is .*, needed a number from 0 to 1\."):
        recognizer(min_probability=wrong)


def test_a_model_of_single_words_says_so() -> None:
    words: Any = load(GOLDEN)
    seen = r"^a Recognizer, which hears single words, needed a StringRecognizer, .*load_strings\(\)\.$"
    with pytest.raises(BundleError, match=seen):
        transcribe(say("4"), words)
    with pytest.raises(BundleError, match=r"^a model of type int, needed"):
        listen([say("4")], SR, 6)  # type: ignore[arg-type]  # what a caller may do
