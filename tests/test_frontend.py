"""The graph's front end against librosa."""

import librosa
import msgspec
import numpy as np
import onnxruntime
import pytest
import scipy.fft
import scipy.signal
from onnx import TensorProto, helper

from speechrnn.config import Config
from speechrnn.errors import ConfigError
from speechrnn.high_pass import above
from speechrnn.recognizer import pad
from speechrnn.settings import TrimConfig
from speechrnn.training.bounds import Bounds, find_word
from speechrnn.training.features import word_mfcc
from speechrnn.training.frontend import add_front_end, check_filters, cosine_transform, fourier_kernel
from speechrnn.training.graph import Graph
from tests.networks import random_network
from tests.signals import odd_words, word


def front_end(config: Config) -> onnxruntime.InferenceSession:
    """Nothing but the front end, with its mask as an output."""
    g = Graph()
    front = add_front_end(g, config)
    g("Identity", front.mask, name="mask")
    value = helper.make_tensor_value_info
    inputs = [value("waveform", TensorProto.FLOAT, ["n", "samples"]), value("length", TensorProto.INT64, ["n"])]
    outputs = [value(name, TensorProto.INT64, ["n"]) for name in ("start", "end")]
    outputs += [value("mfcc", TensorProto.FLOAT, ["n", "t", "c"]), value("mask", TensorProto.FLOAT, ["n", "t"])]
    return onnxruntime.InferenceSession(g.build(inputs, outputs).SerializeToString())


@pytest.mark.parametrize("name", ["default", "16 kHz"])
@pytest.mark.parametrize("kind", odd_words())
def test_bounds_and_mfcc_equal_librosa(name: str, kind: str) -> None:
    network = random_network(name)
    y = odd_words()[kind]
    start, end, mfcc = network.session.run(["start", "end", "mfcc"], pad([y]))
    bounds = find_word(y, network.config.trim, network.config.audio.sample_rate)
    assert (start[0], end[0]) == (bounds.start, bounds.end)
    expected = word_mfcc(y, network.config)
    assert mfcc[0].shape == expected.shape
    np.testing.assert_allclose(mfcc[0], expected, atol=1e-3)


@pytest.mark.parametrize("fmin", [0.0, 250.0])
def test_trim_bounds_equal_librosa_to_the_sample_over_many_levels_of_silence(fmin: float) -> None:
    trim = Config.load("default", {"trim.fmin": fmin}).trim
    session = front_end(Config.load("default", {"trim.fmin": fmin}))
    waveforms = [word(2000 + 37 * i, i, lead=113 * i, tail=71 * i) for i in range(40)]
    start, end = session.run(["start", "end"], pad(waveforms))
    for y, s, e in zip(waveforms, start, end, strict=True):
        # three periods of the lowest frequency, at 8 kHz
        taps = scipy.signal.firwin(97, fmin, pass_zero=False, fs=8000) if fmin else np.ones(1)
        loud = np.pad(scipy.signal.convolve(y, taps, "valid"), len(taps) // 2)
        _, expected = librosa.effects.trim(
            loud, top_db=trim.top_db, frame_length=trim.frame_length, hop_length=trim.hop_length
        )
        assert (s, e) == tuple(expected)


def noisy_words() -> list[np.ndarray]:
    """Words of any length in pauses of any length, in as much noise as there is word, or next to none."""
    rng = np.random.default_rng(0)
    noisy = []
    for i in range(120):
        y = word(1500 + 41 * i, i, lead=101 * i, tail=4000)
        db = rng.uniform(0, 70)
        noise = rng.standard_normal(y.size) * 10 ** (-db / 20) * y.std()
        noisy.append((y + scipy.signal.lfilter([1], [1, -rng.uniform(-0.9, 0.9)], noise)).astype(np.float32))
    return noisy


def n_loud(y: np.ndarray, trim: TrimConfig, top_db: float) -> int:
    """Frames that are loud, counted from their definition."""
    z = np.pad(above(y, trim.fmin, 8000).astype(np.float64), trim.frame_length // 2)
    starts = range(0, y.size + 1, trim.hop_length)
    power = np.array([np.mean(z[i : i + trim.frame_length] ** 2) for i in starts])
    return int((power > power.max() * 10 ** (-top_db / 10)).sum())


def test_in_noise_bounds_are_those_of_the_first_of_librosas_cuts_that_leaves_no_more_than_a_word() -> None:
    config = Config.load("digits")
    trim, margin = config.trim, round(config.trim.margin * 8000)
    # six tenths of a second
    most, noisy, plain = 75, noisy_words(), msgspec.structs.replace(trim, max_loud=0.0)
    start, end = front_end(config).run(["start", "end"], pad(noisy))
    levels = []
    for y, s, e in zip(noisy, start, end, strict=True):
        fit = [i for i, top_db in enumerate(trim.levels_db) if n_loud(y, trim, top_db) <= most]
        level = min(fit, default=len(trim.levels_db) - 1)
        cut = find_word(y, msgspec.structs.replace(plain, top_db=trim.levels_db[level]), 8000)
        around = margin if level else 0
        assert (s, e) == (max(0, cut.start - around), min(y.size, cut.end + around))
        assert find_word(y, trim, 8000) == Bounds(s, e)
        levels.append(level)
    # each level is somebody's
    assert set(levels) == set(range(5))


@pytest.mark.parametrize("changes", [{}, {"trim.margin": 0.055}, {"audio.sample_rate": 11025}, {"trim.hop_length": 48}])
def test_in_noise_mfcc_equal_librosa_wherever_the_margin_ends(changes: dict[str, object]) -> None:
    config = Config.load("digits", changes)
    session, moved = front_end(config), 0
    for y in noisy_words()[::8]:
        start, end, mfcc = session.run(["start", "end", "mfcc"], pad([y]))
        bounds = find_word(y, config.trim, config.audio.sample_rate)
        assert (start[0], end[0]) == (bounds.start, bounds.end)
        np.testing.assert_allclose(mfcc[0], word_mfcc(y, config), atol=2e-3)
        moved += find_word(y, msgspec.structs.replace(config.trim, margin=0.0), config.audio.sample_rate) != bounds
    assert moved > 3


def test_what_is_as_short_as_a_word_is_cut_as_librosa_cuts_it() -> None:
    config = Config.load("digits")
    trim, plain = config.trim, msgspec.structs.replace(config.trim, max_loud=0.0)
    for i in range(30):
        y = word(1500 + 60 * i, i, lead=1000, tail=2000)
        assert find_word(y, trim, 8000) == find_word(y, plain, 8000)


@pytest.mark.parametrize("n_periods", [50, 60])
def test_a_word_ends_where_it_ends_in_hum_too(n_periods: int) -> None:
    y = word(4000, 1, lead=8000, tail=6000)
    t = np.arange(y.size) / 8000
    # 20 dB under the word, with two overtones
    hum = np.sum([a * np.sin(2 * np.pi * n_periods * k * t + k) for k, a in ((1, 0.05), (2, 0.01), (3, 0.01))], axis=0)
    hummed = (y + hum).astype(np.float32)
    filtered, plain = front_end(Config.load("default")), front_end(Config.load("default", {"trim.fmin": 0.0}))
    starts, ends = filtered.run(["start", "end"], pad([hummed, y]))
    assert abs(starts[0] - starts[1]) <= 128
    assert abs(ends[0] - ends[1]) <= 128
    assert ends[0] - starts[0] < 4600
    # which is what the filter is for
    start, end = plain.run(["start", "end"], pad([hummed]))
    assert end[0] - start[0] == y.size


@pytest.mark.parametrize("fmin", [0.0, 20.0, 250.0])
@pytest.mark.parametrize(
    ("n_fft", "hop", "trim_frame", "trim_hop"),
    # one block of all; longer than the trimming's frames; nothing in common but a sample or two; no overlap; librosa's
    [(256, 64, 256, 64), (1024, 256, 128, 64), (254, 77, 250, 111), (250, 250, 66, 32), (2048, 512, 2048, 512)],
)
def test_frames_of_any_length_equal_librosa(n_fft: int, hop: int, trim_frame: int, trim_hop: int, fmin: float) -> None:
    frames = {"features.n_fft": n_fft, "features.hop_length": hop, "features.n_mels": 20, "trim.fmin": fmin}
    config = Config.load("default", frames | {"trim.frame_length": trim_frame, "trim.hop_length": trim_hop})
    session = front_end(config)
    names = ["start", "end", "mfcc", "mask"]
    words = list(odd_words().values())
    for y, start, end, mfcc, mask in zip(words, *session.run(names, pad(words)), strict=True):
        bounds = find_word(y, config.trim, config.audio.sample_rate)
        assert (start, end) == (bounds.start, bounds.end)
        expected = word_mfcc(y, config)
        np.testing.assert_array_equal(mask, np.arange(len(mask)) < len(expected))
        np.testing.assert_allclose(mfcc[: len(expected)], expected, atol=1e-3)
        assert not mfcc[len(expected) :].any()


def test_what_lies_beyond_a_clips_length_is_never_heard() -> None:
    session = random_network("default").session
    y = word(3000, 1)
    clean = pad([y, word(9000, 2)])
    dirty = {**clean, "waveform": clean["waveform"].copy()}
    dirty["waveform"][0, 3000:] = 1.0
    for expected, found in zip(session.run(None, clean), session.run(None, dirty), strict=True):
        np.testing.assert_array_equal(found[0], expected[0])


def test_silence_before_and_after_a_word_moves_the_bounds_and_nothing_else() -> None:
    session = random_network("default").session
    y = word(4000, 3)
    trim = Config.load().trim
    names = ["probabilities", "start", "end"]
    _, start, end = session.run(names, pad([y]))
    heard = []
    for hops, after in ((10, 1000), (100, 3333), (500, 9000)):
        before = hops * trim.hop_length
        padded = np.concatenate([np.zeros(before, np.float32), y, np.zeros(after, np.float32)])
        p, start_padded, end_padded = session.run(names, pad([padded]))
        # a frame that is half in the silence is loud still, so up to half a frame and a hop of it may be inside
        slack = trim.frame_length // 2 + trim.hop_length
        assert abs(int(start_padded[0] - start[0]) - before) <= slack
        assert abs(int(end_padded[0] - end[0]) - before) <= slack
        heard.append(p)
    np.testing.assert_allclose(heard, heard[:1] * 3, atol=1e-6)


def test_cosine_transform_equals_scipy() -> None:
    x = np.random.default_rng(0).normal(size=(5, 40))
    expected = scipy.fft.dct(x, type=2, norm="ortho", axis=1)[:, :13]
    np.testing.assert_allclose(x @ cosine_transform(13, 40).T, expected, atol=1e-12)


def test_fourier_kernel_equals_numpy() -> None:
    y = np.random.default_rng(0).normal(size=256)
    window = librosa.filters.get_window("hann", 256)
    real, imaginary = np.split(fourier_kernel(256) @ y, 2)
    np.testing.assert_allclose(real - 1j * imaginary, np.fft.rfft(window * y), atol=1e-4)


def test_filters_between_two_frequencies_are_refused() -> None:
    config = Config.load("default", {"features.n_mels": 256})
    with pytest.raises(ConfigError, match=r"n_mels is 256: \d+ filters lie between two frequencies"):
        check_filters(config)
