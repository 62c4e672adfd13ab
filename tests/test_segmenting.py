"""The end-pointer: independent of blocks, loses no speech, ends soon."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.background import Band
from speechrnn.segmenting import Segmenter, SegmentOptions, Utterance
from tests.signals import Waveform, word

SR = 8000
OPTIONS = SegmentOptions()


def segment(y: Waveform, sizes: list[int] | None = None, options: SegmentOptions = OPTIONS) -> list[Utterance]:
    """Cut a sound that comes in blocks of these sizes, over and over."""
    segmenter, found, at, turn = Segmenter(options, SR), [], 0, 0
    sizes = sizes or [y.size]
    while at < y.size:
        n = sizes[turn % len(sizes)]
        found += segmenter.push(y[at : at + n])
        at, turn = at + n, turn + 1
    return found + segmenter.finish()


def noise(seconds: float, level: float, seed: int = 0) -> Waveform:
    return (level * np.random.default_rng(seed).normal(size=round(seconds * SR))).astype(np.float32)


def place(seconds: float, words: dict[float, Waveform], background: Waveform | float = 1e-3) -> Waveform:
    """Put words into a background at their times."""
    y = noise(seconds, background) if isinstance(background, float) else background.copy()
    for at, said in words.items():
        y[round(at * SR) : round(at * SR) + said.size] += said
    return y


MIXED = place(
    14.0,
    {0.0: word(3000, 1), 1.2: word(2000, 2), 1.55: word(2500, 3), 4.0: 0.1 * word(4000, 4), 5: word(68000, 5)}
    | {13.9: word(800, 6)},
)


def check_same(ours: list[Utterance], theirs: list[Utterance]) -> None:
    assert [one.start for one in ours] == [one.start for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.y, other.y)


# blocks of one sample have a test of their own
@settings(max_examples=20)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 200))
def test_blocks_make_no_difference(sizes: list[int]) -> None:
    check_same(segment(MIXED, sizes), segment(MIXED))


def test_blocks_of_one_sample() -> None:
    y = MIXED[: 3 * SR]
    check_same(segment(y, [1]), segment(y))


def test_a_block_is_not_kept_by_its_memory() -> None:
    segmenter, found, memory = Segmenter(OPTIONS, SR), [], np.zeros(30, np.float32)
    for at in range(0, MIXED.size, memory.size):
        piece = MIXED[at : at + memory.size]
        memory[: piece.size] = piece
        found += segmenter.push(memory[: piece.size])
    check_same(found + segmenter.finish(), segment(MIXED))


@settings(max_examples=30)
@given(st.integers(0, 99), st.floats(-50, 0), st.floats(-80, -30))
def test_utterances_are_pieces_of_the_stream_in_order(seed: int, level: float, floor: float) -> None:
    said = (word(3000, seed) * 10 ** (level / 20)).astype(np.float32)
    y = place(5.0, {0.5: said, 1.1: said, 3.0: said, 4.7: said[:2000]}, 10 ** (floor / 20))
    end = 0
    for found in segment(y):
        assert found.start >= end
        end = found.start + found.y.size
        assert found.y.size > 0
        np.testing.assert_array_equal(found.y, y[found.start : end])
    assert end <= y.size


@pytest.mark.parametrize("floor_db", [-120, -70, -50, -40])
def test_a_word_is_found_whole_and_soon(floor_db: float) -> None:
    said = word(3200, 8) * 0.2
    y = place(6.0, {3.0: said}, 10 ** (floor_db / 20))
    segmenter, ended = Segmenter(OPTIONS, SR), {}
    for at in range(0, y.size, 80):
        for found in segmenter.push(y[at : at + 80]):
            ended[found.start] = (at + 80) / SR
    [whole] = [one for one in segment(y) if one.start + one.y.size > 3 * SR]
    assert whole.start <= 3.0 * SR
    assert whole.start + whole.y.size >= 3.4 * SR
    assert ended[whole.start] <= 3.4 + 0.3


def test_an_utterance_ends_after_so_many_frames_without_sound() -> None:
    hop = SR // 100
    y = place(3.0, {1.5: word(3200, 8)}, 1e-6)
    segmenter = Segmenter(OPTIONS, SR)
    for at in range(0, y.size, hop):
        for found in segmenter.push(y[at : at + hop]):
            last = (found.start + found.y.size) // hop - round(OPTIONS.tail * 100) - 1
            assert at // hop - last == round(OPTIONS.hangover * 100)
            return
    pytest.fail("no utterance ended")


@pytest.mark.parametrize(("seconds", "sounds"), [(0.1, False), (0.4, True)])
def test_the_loudest_is_forgotten_at_20_db_a_second(seconds: float, *, sounds: bool) -> None:
    band = Band(OPTIONS, 0.01)
    for power, n in ((1e-12, 200), (1.0, 3), (1e-12, round(seconds * 100))):
        for _ in range(n):
            band.sounds(power)
    # 35 dB under the loudest: sound where that is 5 dB weaker by now, for what is 30 dB under it is not
    assert [band.sounds(10**-3.5) for _ in range(3)][-1] is sounds


def test_silence_and_steady_noise_give_nothing_once_they_are_known() -> None:
    hum = (0.1 * np.sin(2 * np.pi * 50 * np.arange(20 * SR) / SR)).astype(np.float32)
    for y in (np.zeros(20 * SR, np.float32), noise(20, 0.05), hum + noise(20, 0.001)):
        assert [one.start for one in segment(y) if one.start + one.y.size > 1.5 * SR] == []


@pytest.mark.parametrize("background", ["noise", "hum"])
def test_speech_ten_db_above_the_floor_passes(background: str) -> None:
    t = np.arange(10 * SR) / SR
    floor = noise(10, 0.01) if background == "noise" else (0.0141 * np.sin(2 * np.pi * 50 * t)).astype(np.float32)
    said = word(3200, 9)
    said = (said * 0.01 * 10 ** (10 / 20) / np.sqrt(np.mean(said**2))).astype(np.float32)
    found = [one for one in segment(place(10.0, {6.0: said}, floor)) if one.start + one.y.size > 6 * SR]
    assert len(found) == 1
    assert found[0].start <= 6.0 * SR
    assert found[0].start + found[0].y.size >= 6.4 * SR


def test_a_pause_inside_a_word_does_not_end_it() -> None:
    y = place(5.0, {2.0: word(1500, 1), 2.0 + 0.1875 + 0.15: word(800, 2)})
    assert len([one for one in segment(y) if one.start > SR]) == 1


def test_what_is_too_long_is_cut_at_its_quietest_place() -> None:
    y = place(16.0, {2.0: np.concatenate([word(8000, i) for i in range(12)])})
    dip = round(8.5 * SR)
    y[dip - 600 : dip + 600] *= 0.05
    found = [one for one in segment(y) if one.start > SR]
    assert len(found) == 2
    assert max(one.y.size for one in found) <= 8 * SR
    assert abs(found[1].start - dip) < 0.05 * SR
    assert found[0].start + found[0].y.size == found[1].start


def test_sound_that_never_ends_is_given_in_bounded_pieces() -> None:
    y = (noise(60, 0.1) * (1 + np.sin(2 * np.pi * 0.9 * np.arange(60 * SR) / SR))).astype(np.float32)
    found = segment(y)
    assert max(one.y.size for one in found) <= 8 * SR
    # none of what is loud is lost
    covered = np.zeros(y.size, bool)
    for one in found:
        covered[one.start : one.start + one.y.size] = True
    assert np.abs(y[~covered]).max(initial=0.0) < 0.3


def test_memory_is_bounded() -> None:
    segmenter = Segmenter(OPTIONS, SR)
    for i in range(200):
        segmenter.push(noise(1, 0.1 if i % 20 < 10 else 1e-4, i))
        assert segmenter._kept.size <= 10 * SR
        assert len(segmenter._powers) <= 800


def test_a_stream_that_ends_in_a_word_gives_what_there_is() -> None:
    y = place(3.0, {2.7: word(4000, 1)[:2399]})[: round(2.7 * SR) + 2399]
    [found] = [one for one in segment(y) if one.start > SR]
    assert found.start + found.y.size == y.size


def test_a_stream_that_begins_in_a_word_loses_nothing() -> None:
    y = np.concatenate([word(8000, 3)[3000:], noise(2, 1e-4)])
    found = segment(y)
    assert found[0].start == 0
    assert found[0].y.size >= 5000


@pytest.mark.parametrize("n", [0, 1, 79, 80])
def test_next_to_nothing(n: int) -> None:
    assert sum(one.y.size for one in segment(np.full(n, 0.1, np.float32))) <= n
