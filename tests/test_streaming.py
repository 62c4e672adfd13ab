"""Listening: the same whatever the blocks, soon, and what was said is answered whatever comes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.audio import load_audio
from speechrnn.blocks import Block, FileBlocks
from speechrnn.bundle import read_bundle
from speechrnn.ears import WordEar
from speechrnn.errors import AudioError, MicrophoneError
from speechrnn.recognizer import Recognizer, load
from speechrnn.segmenting import Segmenter, SegmentOptions
from speechrnn.streaming import Stream, hear, listen
from speechrnn.transcript import Segment
from tests import pitches
from tests.bundles import GOLDEN, SAMPLES
from tests.signals import Waveform, word

SR = 8000


class Tape:
    """An ear that answers with the length of what it hears, and keeps it."""

    def __init__(self) -> None:
        self.bundle = read_bundle(GOLDEN)
        self.heard: list[Waveform] = []
        self.before: list[Segment | None] = []

    def hear(self, y: Waveform, start: int = 0, last: Segment | None = None) -> tuple[Segment, ...]:
        self.heard.append(y)
        self.before.append(last)
        return (Segment("1", start / SR, (start + y.size) / SR, 1.0),)


def say(digits: str, gaps: list[float], *, floor: float = 1e-4, seed: int = 0) -> tuple[Waveform, int]:
    """Join samples of one voice with pauses over a faint noise; also where the last of them ends."""
    random = np.random.default_rng(seed)
    parts = [np.zeros(SR // 2, np.float32)]
    voice = ("en-us-marco", "en-gb-x-rp-diogo")[seed % 2]
    for digit, gap in zip(digits, gaps, strict=True):
        y, _ = soundfile.read(SAMPLES / f"{digit}_espeak-{voice}_0.wav", dtype="float32")
        loud = np.flatnonzero(np.convolve(y**2, np.ones(80), "same") > 1e-4 * np.max(np.convolve(y**2, np.ones(80))))
        parts += [y[loud[0] : loud[-1]], np.zeros(round(gap * SR), np.float32)]
    end = sum(part.size for part in parts[:-1])
    y = np.concatenate([*parts, np.zeros(SR, np.float32)])
    return (y + floor * random.normal(size=y.size)).astype(np.float32), end


def cut(y: Waveform, size: int) -> Iterator[Waveform]:
    yield from (y[at : at + size] for at in range(0, len(y), size))


SPOKEN, _ = say("407", [0.5, 0.1, 0.6])


@settings(max_examples=8)
@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=4).filter(lambda sizes: sum(sizes) > 200),
    st.sampled_from([8000, 44100]),
)
def test_blocks_make_no_difference(sizes: list[int], sr: int) -> None:
    y = soxr.resample(SPOKEN, SR, sr)
    blocks: list[Waveform] = []
    at = 0
    while at < y.size:
        blocks.append(y[at : at + sizes[len(blocks) % len(sizes)]])
        at += blocks[-1].size or sizes[(len(blocks) - 1) % len(sizes)]
    ours, theirs = Tape(), Tape()
    assert list(listen(blocks, sr, ours)) == list(listen([y], sr, theirs))
    assert len(ours.heard) == len(theirs.heard) > 1
    for one, other in zip(ours.heard, theirs.heard, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sr", [8000, 44100])
def test_the_stream_hears_what_the_file_holds(tmp_path: Path, sr: int) -> None:
    stereo = np.repeat(soxr.resample(SPOKEN, SR, sr)[:, None], 2, axis=1)
    path = tmp_path / "407.wav"
    soundfile.write(path, stereo, sr)
    recognizer = load(GOLDEN)
    segmenter, found = Segmenter(SegmentOptions(), SR), []
    whole = load_audio(path)
    for one in segmenter.push(whole) + segmenter.finish():
        [prediction] = recognizer.predict_batch([one.y])
        found += [(prediction.label, prediction.probability)] if prediction.label else []
    answers = listen((block.y for block in FileBlocks(path, 0.02)), sr, WordEar(recognizer))
    heard = [(segment.label, segment.probability) for segment in answers]
    assert [label for label, _ in heard] == [label for label, _ in found]
    assert len(heard) > 0
    assert [p for _, p in heard] == pytest.approx([p for _, p in found], abs=1e-4)


@pytest.mark.parametrize("sr", [8000, 16_000, 44_100])
@pytest.mark.parametrize("size", [1.0, 0.017])
def test_strings_from_a_stream_are_those_of_the_file(tmp_path: Path, sr: int, size: float) -> None:
    y = np.concatenate([pitches.say("4071", 0.06), pitches.say("22", 0.3), pitches.tone("9")[:1000]])
    path = tmp_path / "strings.wav"
    soundfile.write(path, np.repeat(soxr.resample(y, SR, sr)[:, None], 2, axis=1), sr)
    file = pitches.pitch_recognizer().transcribe(path)
    stream = tuple(listen((block.y for block in FileBlocks(path, size)), sr, pitches.pitch_recognizer()))
    assert file.digits == "4071229"
    assert stream == file.segments


@pytest.mark.pretrained
def test_the_shipped_model_of_words_hears_digits_with_pauses() -> None:
    y, _ = say("4071", [0.4] * 4)
    heard = listen(cut(y, 160), SR, WordEar(load("digits")))
    assert [segment.label for segment in heard] == list("4071")


def test_times_are_those_of_the_stream() -> None:
    y = np.zeros(10 * SR, np.float32)
    y[5 * SR : 5 * SR + 3200] = word(3200, 1)
    [segment] = listen(cut(y, 100), SR, Tape())
    assert 4.7 < segment.start <= 5.0
    assert 5.4 <= segment.end < 5.6


@pytest.mark.parametrize(("sr", "n"), [(8000, 25), (48000, 5)])
def test_an_answer_comes_within_300_ms_of_the_end(sr: int, n: int) -> None:
    random, delays = np.random.default_rng(1), []
    for seed in range(n):
        digits = "".join(map(str, random.integers(0, 10, 1 + seed % 7)))
        gaps = random.uniform(0, 0.3, len(digits)).tolist()
        y, end = say(digits, gaps, floor=10 ** random.uniform(-4.5, -2.5), seed=seed)
        stream, answered = Stream(Tape(), sr), 0.0
        for block in cut(soxr.resample(y, SR, sr), sr // 50):
            if any(found.segments[-1].start < end / SR for found in stream.push(block)):
                answered = stream.seconds
        assert answered, "not before the end of the stream"
        delays.append(answered - end / SR)
    assert np.percentile(delays, 95) <= 0.3


def test_a_digit_every_half_second_is_heard_each() -> None:
    y = np.concatenate([np.concatenate([word(1900, i), np.zeros(2100, np.float32)]) for i in range(40)])
    heard = list(listen(cut(y, 160), SR, Tape()))
    assert len(heard) == 40
    for i, segment in enumerate(heard):
        assert segment.start <= 0.5 * i
        assert segment.end >= 0.5 * i + 0.2375


def test_a_stream_that_ends_in_a_word_is_answered() -> None:
    y = np.concatenate([np.zeros(SR, np.float32), word(4000, 1)[:2001]])
    tape = Tape()
    assert len(list(listen(cut(y, 77), SR, tape))) == 1
    np.testing.assert_array_equal(tape.heard[0][-2001:], y[-2001:])


def test_nothing_at_all_and_next_to_nothing() -> None:
    assert list(listen([], SR, Tape())) == []
    assert list(listen([np.zeros(0, np.float32)], SR, Tape())) == []
    assert list(listen([np.full(1, 0.5, np.float32)], SR, Tape())) == []
    words = WordEar(load(GOLDEN, threshold=0.0))
    assert words.hear(np.full(SR, 1e-4, np.float32)) == ()  # too faint for speech
    assert words.hear(np.full(10, 0.5, np.float32)) == ()  # too short


def test_samples_that_are_no_numbers_end_it_and_what_was_said_is_answered() -> None:
    y = np.concatenate([np.zeros(SR, np.float32), word(4000, 1), np.zeros(200, np.float32)])
    answers = listen([np.concatenate([y[:-100], np.full(100, np.nan, np.float32)])], SR, Tape())
    assert next(answers).end > 1.5
    with pytest.raises(AudioError, match=r"^100 of 100 samples that came after 1.51 s .* not finite .* Mend"):
        next(answers)


@pytest.mark.parametrize("end", [MicrophoneError, ValueError, RuntimeError, EOFError, KeyboardInterrupt])
def test_a_source_that_breaks_ends_it_and_what_was_said_is_answered(end: type[BaseException]) -> None:
    def blocks() -> Iterator[Block]:
        yield Block(np.zeros(SR, np.float32))
        yield Block(word(4000, 1))
        raise end("gone")

    answers = hear(Stream(Tape(), SR), blocks())
    assert next(answers).digits == "1"
    with pytest.raises(end, match="gone"):
        next(answers)


def test_what_was_lost_ends_an_utterance_and_times_go_on() -> None:
    blocks = [Block(np.zeros(SR, np.float32)), Block(word(4000, 1)), Block(word(4000, 2), lost=5 * SR)]
    blocks += [Block(np.zeros(SR, np.float32))]
    heard = [found.segments[0] for found in hear(Stream(Tape(), SR), blocks)]
    assert [round(segment.end, 1) for segment in heard[:1]] == [1.5]
    assert heard[1].start == 6.5
    assert len(heard) == 2


def test_after_a_loss_times_are_seconds_of_the_stream_whatever_its_rate() -> None:
    sr = 44100
    y = soxr.resample(word(4000, 1), SR, sr)
    blocks = [Block(np.zeros(sr, np.float32)), Block(y, lost=4 * sr), Block(np.zeros(sr, np.float32))]
    [found] = hear(Stream(Tape(), sr), blocks)
    assert found.segments[0].start == pytest.approx(5.0, abs=0.3)


def test_the_model_is_told_what_was_heard_last_until_something_is_lost() -> None:
    ear = Tape()
    said = word(4000, 1, tail=SR)
    first, second, _ = (
        found.segments[-1] for found in hear(Stream(ear, SR), [*[Block(said)] * 2, Block(said, lost=SR)])
    )
    assert ear.before == [None, first, None]
    assert second.start > first.end


def test_labels_that_are_words_stand_apart() -> None:
    class Words(Tape):
        def hear(self, y: Waveform, start: int = 0, last: Segment | None = None) -> tuple[Segment, ...]:
            del y, start, last
            return (Segment("yes", 0, 1, 1.0), Segment("no", 1, 2, 1.0))

    [found] = hear(Stream(Words(), SR), [Block(word(4000, 1))])
    assert found.digits == "yes no"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (np.zeros(3, np.int16), "a block of int16, needed floats"),
        ([0.0], "a block of type list, needed an array"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.zeros((1, 8000)), r"shape \(1, 8000\) has more channels than samples.* Give its transpose"),
    ],
)
def test_blocks_that_are_none(block: object, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        list(listen([block], SR, Tape()))


def test_blocks_of_one_sample_may_have_channels() -> None:
    stereo = np.repeat(SPOKEN[:SR, None], 2, axis=1)
    ours, theirs = Tape(), Tape()
    assert list(listen((stereo[i : i + 1] for i in range(SR)), SR, ours)) == list(listen([stereo], SR, theirs))


def test_a_rate_may_be_a_float() -> None:
    y = soxr.resample(pitches.say("407", 0.3), SR, 48000)
    ear = pitches.pitch_recognizer()
    found = ear.transcribe(y, 48000)
    assert found.digits == "407"
    assert ear.transcribe(y, 48000.0) == found  # type: ignore[arg-type]
    assert tuple(listen([y], 48000.0, ear)) == found.segments  # type: ignore[arg-type]
    with pytest.raises(AudioError, match=r"^sample rate is 'fast', needed a number"):
        ear.transcribe(y, "fast")  # type: ignore[arg-type]


def test_a_rate_that_is_none_is_said_at_once() -> None:
    with pytest.raises(AudioError, match="sample rate is 0 Hz"):
        listen([], 0, Tape())


def test_a_model_of_words_may_be_given_as_it_was_loaded() -> None:
    y, _ = say("7", [0.5])
    assert list(listen([y], SR, load(GOLDEN))) == list(listen([y], SR, GOLDEN)) != []


def test_a_model_of_words_says_nothing_to_what_is_none() -> None:
    ear = WordEar(Recognizer(read_bundle(GOLDEN), threshold=1.0))
    assert ear.hear(word(3000, 1)) == ()
