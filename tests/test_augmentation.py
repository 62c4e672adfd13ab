"""Augmentation: what is off changes nothing, what is on changes what it says by as much as it says."""

from typing import Any

import librosa
import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.config import Config
from speechrnn.errors import ConfigError
from speechrnn.settings import RejectionConfig
from speechrnn.training.acoustics import Acoustics, Layout
from speechrnn.training.augmentation import Augmenter, Piece, Take
from speechrnn.training.backgrounds import Backgrounds
from speechrnn.training.bounds import find_word
from speechrnn.training.features import Features, mfcc, word_mfcc
from speechrnn.training.sampling import Origin as Source
from speechrnn.training.sampling import Pool, chances, draw, draw_pass
from speechrnn.training.spectra import Spectrum, filter_widths, power_spectrum, warped_filters
from tests.signals import Waveform, word

PARTS = ("warp", "tempo", "edges", "placement", "noise", "reverberation", "channel", "masking", "overdrive")
SR = 8000


def only(**parts: Any) -> Config:
    """The default configuration with all parts of augmentation off but those given."""
    return Config.load("default", {f"augmentation.{part}": parts.get(part) for part in PARTS})


def words() -> list[Waveform]:
    return [word(3000 + 700 * seed, seed) for seed in range(4)]


def spectra(config: Config) -> list[Spectrum]:
    cut = [find_word(y, config.trim, config.audio.sample_rate) for y in words()]
    return [power_spectrum(y[c.start : c.end], config.features) for y, c in zip(words(), cut, strict=True)]


def change(config: Config, pieces: list[tuple[Piece, ...]], seed: int = 0) -> list[Features]:
    augmenter = Augmenter(spectra(config), [], config)
    return augmenter.features(augmenter.plan(pieces, (seed,)), (seed,))


def each_once() -> list[tuple[Piece, ...]]:
    return [(Piece(i),) for i in range(len(words()))]


def test_power_spectrum_is_that_of_librosa() -> None:
    config = Config.load("default").features
    for y in words():
        stft = librosa.stft(y, n_fft=config.n_fft, hop_length=config.hop_length, pad_mode="constant")
        np.testing.assert_allclose(power_spectrum(y, config), np.abs(stft.T) ** 2, rtol=1e-3, atol=1e-6)


def test_filters_for_an_ordinary_vocal_tract_are_those_of_librosa() -> None:
    config = Config.load("default").features
    [plain] = warped_filters(config, SR, [1.0])
    expected = librosa.filters.mel(sr=SR, n_fft=config.n_fft, n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax)
    np.testing.assert_allclose(plain, expected, atol=1e-7)


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25])
def test_a_warped_filter_hears_a_formant_that_much_higher(factor: float) -> None:
    config = Config.load("default").features
    plain, warped = warped_filters(config, SR, [1.0, factor])
    hz = np.arange(plain.shape[1]) * SR / config.n_fft
    centres = [(filters @ hz) / filters.sum(axis=1) for filters in (plain, warped)]
    middle = slice(10, 28)  # below the knee, where the axis is stretched evenly
    np.testing.assert_allclose(centres[1][middle] / centres[0][middle], factor, rtol=0.03)
    assert (warped.sum(axis=1) > 0).all()


def test_mel_powers_by_their_widths_are_the_power_of_the_frame() -> None:
    config = Config.load("default").features
    [filters] = warped_filters(config, SR, [1.0])
    flat = np.ones(filters.shape[1])
    assert filters @ flat @ filter_widths(config) == pytest.approx(flat.size, rel=0.08)  # below fmin nothing is heard


def test_with_every_part_off_features_are_those_of_the_front_end() -> None:
    config = only()
    for ours, y in zip(change(config, each_once()), words(), strict=True):
        np.testing.assert_allclose(ours, word_mfcc(y, config), atol=0.02)


@pytest.mark.parametrize(("below", "kept"), [(5.0, 10), (15.0, 20), (35.0, 40)])
def test_a_hasty_end_pointer_keeps_what_is_loud_enough(below: float, kept: int) -> None:
    # ten frames each at -40, -30, -20, -10 and 0 dB: it is the loud end that stays
    levels = np.repeat([-40.0, -30.0, -20.0, -10.0, 0.0], 10)
    spectrum = np.ones((50, 129), np.float32) * (10 ** (levels / 10)).astype(np.float32)[:, None]
    config = only(edges={"probability": 1.0, "below_db": {"low": below, "high": below}})
    [rising, noise, backwards] = Augmenter([spectrum], [], config).plan([(Piece(0),), (), (Piece(0, 1.0, 0.0),)], (0,))
    assert rising.n_word == kept
    assert rising.pieces == (Piece(0, (50 - kept) / 50, 1.0),)
    assert (noise.n_word, backwards.n_word) == (0, 50)


def test_edges_are_cut_as_often_as_the_configuration_says() -> None:
    spectrum = np.ones((50, 129), np.float32)
    spectrum[:10] = spectrum[40:] = 1e-3
    config = only(edges={"probability": 0.4, "below_db": {"low": 10.0, "high": 20.0}})
    takes = Augmenter([spectrum], [], config).plan([(Piece(0),)] * 2000, (0,))
    cut = np.array([(take.pieces[0].first > 0, take.pieces[0].last < 1) for take in takes])
    np.testing.assert_allclose(cut.mean(axis=0), 0.4, atol=0.04)
    assert np.mean(cut.all(axis=1)) == pytest.approx(0.16, abs=0.04)


def test_level_means_nothing_once_the_mean_is_off() -> None:
    config = only()
    loud, quiet = (Augmenter([s * np.float32(gain) for s in spectra(config)], [], config) for gain in (1.0, 1e-3))
    for a, b in zip(*(one.features(one.plan(each_once(), (0,)), (0,)) for one in (loud, quiet)), strict=True):
        np.testing.assert_allclose(a - a.mean(axis=0), b - b.mean(axis=0), atol=0.02)


def test_backwards_is_the_word_from_its_end() -> None:
    config = only()
    forward, backward = change(config, [(Piece(1),), (Piece(1, 1.0, 0.0),)])
    np.testing.assert_allclose(backward, forward[::-1], atol=0.02)


def test_two_halves_are_joined_in_order() -> None:
    config = only()
    whole = change(config, each_once())
    [joined] = change(config, [(Piece(0, 0.0, 0.5), Piece(2, 0.5, 1.0))])
    n = len(joined)
    assert n == pytest.approx((len(whole[0]) + len(whole[2])) / 2, abs=2)
    np.testing.assert_allclose(joined[2][1:], whole[0][2][1:], atol=8)
    np.testing.assert_allclose(joined[-1][1:], whole[2][-1][1:], atol=0.02)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_tempo_changes_the_number_of_frames_by_its_factor(factor: float) -> None:
    plain = change(only(), each_once())
    fast = change(only(tempo={"low": factor, "high": factor}), each_once())
    for a, b in zip(plain, fast, strict=True):
        assert len(b) == pytest.approx(len(a) / factor, abs=2)


def test_a_window_is_longer_than_its_word_and_holds_it_whole() -> None:
    config = only(placement={"probability": 1.0, "max_duration": 2.0, "floor_db": {"low": 5, "high": 5}})
    takes = Augmenter(spectra(config), [], config).plan(each_once() * 20, (3,))
    assert all(0 <= take.offset <= take.n_frames - take.n_word for take in takes)
    assert max(take.n_frames for take in takes) <= 200
    places = [take.offset / max(1, take.n_frames - take.n_word) for take in takes]
    assert min(places) < 0.1
    assert max(places) > 0.9
    # a floor 5 dB under the word is over the 35 dB at which trimming cuts: the window stays
    lengths = [len(f) for f in change(config, each_once() * 20, seed=3)]
    assert lengths == [take.n_frames for take in takes]


def test_a_deep_floor_is_trimmed_off_again() -> None:
    config = only(placement={"probability": 1.0, "max_duration": 2.0, "floor_db": {"low": 90, "high": 90}})
    for ours, plain in zip(change(config, each_once()), change(only(), each_once()), strict=True):
        assert len(ours) == pytest.approx(len(plain), abs=2)


@pytest.mark.parametrize("snr", [0.0, 10.0, 20.0])
def test_noise_lies_as_far_under_the_word_as_it_says(snr: float) -> None:
    config = only()
    acoustics, widths = Acoustics([], config), filter_widths(config.features)
    rng = np.random.default_rng(0)
    silence = np.zeros((50, 80, config.features.n_mels), np.float32)
    layout = Layout(np.full(50, 80), np.full(50, 10), np.full(50, 40))
    silence[:, 10:50] = rng.uniform(1, 2, (50, 1, 1))
    before = (silence @ widths).sum(axis=1) / 40
    noise_db = acoustics._word_power(silence, layout) * 10 ** (-snr / 10)
    heard = np.zeros_like(silence)
    acoustics._add(heard, Backgrounds([], config, rng).hiss(50, 80, rng), noise_db, rng)
    after = (heard @ widths).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(before / after), snr, atol=0.01)


@pytest.mark.parametrize("scale", [1.0, 1e25])  # the product of two of the louder ones is no float32
def test_phases_add_no_power_on_average(scale: float) -> None:
    config = only()
    acoustics, rng = Acoustics([], config), np.random.default_rng(0)
    ones = np.ones((200, 50, config.features.n_mels), np.float32)
    widths = filter_widths(config.features)
    ones /= widths.sum()
    mixed = ones * np.float32(scale)
    acoustics._add(mixed, ones, np.full(200, scale), rng)
    assert (mixed >= 0).all()
    assert float((mixed @ widths).mean()) == pytest.approx(2.0 * scale, rel=0.01)


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_recorded_noise_is_as_frequent_as_it_says_and_the_rest_is_coloured(share: float) -> None:
    config = only(noise={"probability": 1.0, "recorded": share})
    y = np.sin(2 * np.pi * 1000 * np.arange(SR) / SR).astype(np.float32)
    rng = np.random.default_rng(0)
    noise = Backgrounds([y], config, rng).noise(400, 150, rng)
    # a tone of one second in windows of one and a half: it begins anew, and few filters hear it
    tones = (np.sort(noise, axis=2)[:, :, -6:].sum(axis=2) / noise.sum(axis=2)).min(axis=1) > 0.95
    assert tones.mean() == pytest.approx(share, abs=0.06)
    assert (noise.sum(axis=2) > 0).all()


def test_recorded_noise_is_taken_where_it_sounds() -> None:
    t = np.arange(4 * SR) / SR
    y = (np.sin(2 * np.pi * 1000 * t) * (t > 3)).astype(np.float32)  # three seconds of silence, one of tone
    [recorded] = Backgrounds([y], only(), np.random.default_rng(0))._recorded
    assert 80 <= len(recorded) <= 210
    energy = recorded @ filter_widths(only().features)
    assert (energy > 0).mean() > 0.5


def test_a_tail_falls_by_60_db_in_the_time_that_it_says() -> None:
    part = {"probability": 1.0, "decay": {"low": 0.3, "high": 0.3}, "level_db": {"low": 0, "high": 0}}
    config = only(reverberation=part)
    click = np.zeros((1, 50, config.features.n_mels), np.float32)
    click[0, 5] = 1.0
    tail = Acoustics([], config)._reverberate(click, np.random.default_rng(0))[0, :, 0]
    assert 10 * np.log10(tail[36] / tail[6]) == pytest.approx(-60.0, abs=0.1)
    assert (tail[:5] == 0).all()


def test_blanks_are_flat_and_no_larger_than_allowed() -> None:
    config = only(masking={"probability": 1.0, "frames": 0.2, "mels": 0.2})
    clip = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    for seed in range(50):
        blanked = [clip.copy(), clip.copy()]
        Acoustics([], config)._blank(blanked, np.random.default_rng(seed))
        assert not np.array_equal(blanked[0], blanked[1])
        changed = blanked[0] != clip
        frames, mels = changed.all(axis=1).sum(), changed.all(axis=0).sum()
        assert frames <= 10
        assert mels <= 8
        assert changed.sum() <= frames * 40 + mels * 50
        rows = blanked[0][changed.all(axis=1)][:, ~changed.all(axis=0)]
        np.testing.assert_allclose(
            rows, np.broadcast_to(clip.mean(axis=0)[~changed.all(axis=0)], rows.shape), atol=1e-6
        )


def test_the_same_seed_changes_clips_the_same_way_and_another_differently() -> None:
    config = Config.load("default")
    first, again, other = (change(config, each_once() * 3, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(a.shape == b.shape and np.allclose(a, b) for a, b in zip(first, other, strict=True))


def test_all_parts_together_give_finite_features_of_the_right_shape() -> None:
    config = Config.load("default")
    for features in change(config, [*each_once(), (), ()] * 10):
        assert features.dtype == np.float32
        assert features.shape[1] == config.features.n_mfcc
        assert 1 <= len(features) <= 200
        assert np.isfinite(features).all()


# the end of each span towards which the word drowns, and how far it may go, in dB
WIDEST = {"placement.floor_db": ("low", -60), "noise.snr_db": ("low", -60), "reverberation.level_db": ("high", 60)}


def test_a_window_of_recorded_silence_is_no_noise_however_loud_it_should_be() -> None:
    click = np.zeros(4 * SR, np.float32)
    click[::SR] = 0.5
    config = only(noise={"probability": 1.0, "recorded": 1.0, "snr_db": {"low": -60, "high": -60}})
    augmenter = Augmenter(spectra(config), [click], config)
    for features in augmenter.features(augmenter.plan(each_once() * 10, (0,)), (0,)):
        assert np.isfinite(features).all()


@pytest.mark.parametrize("key", WIDEST)
def test_what_would_drown_every_word_is_refused(key: str) -> None:
    end, db = WIDEST[key]
    beyond = db + (1 if db > 0 else -1)
    said = f"{key}.{end} is {beyond}, allowed is at {'most' if db > 0 else 'least'} {db}$"
    with pytest.raises(ConfigError, match=said):
        Config.load("default", {f"augmentation.{key}": {"low": beyond, "high": beyond}})


def test_a_recording_of_half_a_minute_is_changed_too() -> None:
    config = Config.load("default")
    y = np.random.default_rng(0).standard_normal(29 * 8000).astype(np.float32)
    augmenter = Augmenter([power_spectrum(y, config.features)], [], config)
    [features] = augmenter.features(augmenter.plan([(Piece(0),)], (0, 1)), (0, 1))
    assert len(features) > 2000
    assert np.isfinite(features).all()


def test_noise_alone_has_no_word() -> None:
    augmenter = Augmenter(spectra(only()), [], Config.load("default"))
    [take] = augmenter.plan([()], (0,))
    assert (take.n_word, take.offset, take.pieces) == (0, 0, ())
    assert 20 <= take.n_frames <= 100


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=30), st.integers(1, 200), st.integers(0, 9))
def test_each_clip_is_drawn_as_often_as_its_share_says(weights: list[float], n: int, seed: int) -> None:
    shares = np.array(weights) / sum(weights)
    drawn = np.bincount(draw(shares, n, np.random.default_rng(seed)), minlength=len(shares))
    assert drawn.sum() == n
    assert (np.abs(drawn - n * shares) < 1 + 1e-6).all()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=1, max_size=30))
def test_sources_and_speakers_get_their_share(clips: list[tuple[int, str]]) -> None:
    weight = {0: 1.0, 1: 2.0, 2: 0.5}
    origins = [Source(source, weight[source], speaker) for source, speaker in clips]
    shares = chances(origins, "speakers")
    there = {source for source, _ in clips}
    for source in there:
        speakers = {speaker for s, speaker in clips if s == source}
        for speaker in speakers:
            mine = sum(p for p, clip in zip(shares, clips, strict=True) if clip == (source, speaker))
            assert mine == pytest.approx(weight[source] / sum(weight[s] for s in there) / len(speakers))


def test_a_pass_holds_each_kind_in_its_share() -> None:
    words = np.array([0.7, *[0.05] * 6])
    pool = Pool(np.arange(20) % 5, np.full(20, 0.05), words, np.arange(20) // 10, frozenset([3]), (frozenset([1, 2]),))
    samples = draw_pass(pool, RejectionConfig(0.2, 0.1, 0.3), 1000, np.random.default_rng(0))
    assert len(samples) == 1000
    labels = [sample for sample in samples if sample.unit is not None]
    assert len(labels) == 400
    assert all(
        sample.unit == sample.pieces[0].row % 5 and sample.pieces == (Piece(sample.pieces[0].row),) for sample in labels
    )
    rest = [sample for sample in samples if sample.unit is None]
    assert sum(sample.pieces == () for sample in rest) == 100
    assert sum(bool(sample.pieces) and sample.pieces[0].row >= 20 for sample in rest) == 200
    assert sum(sample.pieces == (Piece(20),) for sample in rest) == 140
    broken = [sample.pieces for sample in rest if sample.pieces and sample.pieces[0].row < 20]
    assert len(broken) == 300
    backwards = [pieces for pieces in broken if pieces[0].first > pieces[-1].last and len(pieces) == 1]
    assert 30 < len(backwards) < 80
    assert all(pieces[0].row % 5 != 3 for pieces in backwards)
    spliced = [(a, b) for a, b in (pieces for pieces in broken if len(pieces) == 2) if a.row != b.row]
    begun = [(a, b) for a, b in spliced if a.last == b.first]
    assert len(spliced) > 80
    assert len(begun) > 30
    for a, b in spliced:
        assert a.row % 5 != b.row % 5
        assert a.row // 10 == b.row // 10  # one voice
    assert not [1 for a, b in begun if {a.row % 5, b.row % 5} == {1, 2}]
    exchanged = [pieces for pieces in broken if len(pieces) == 2 and pieces[0].row == pieces[1].row]
    assert 30 < len(exchanged) < 90
    assert all((a.first, a.last, b.first) == (b.last, 1.0, 0.0) for a, b in exchanged)


def test_a_batch_depends_on_its_takes_not_on_their_neighbours_lengths() -> None:
    config = only()
    augmenter = Augmenter(spectra(config), [], config)
    short, long = Take((Piece(0),), 1.0, 30, 30, 0), Take((Piece(1),), 1.0, 60, 60, 0)
    together, alone = augmenter.features([short, long], (0,)), augmenter.features([short], (0,))
    np.testing.assert_allclose(together[0], alone[0], atol=1e-4)


def test_beside_the_coefficients_lies_what_is_made_of_the_same_mel_powers() -> None:
    """Of what was heard, noise and all, but not of what masking hides; the coefficients stay what they were."""
    config = Config.load("default", {"augmentation.masking.probability": 1.0})
    plain, both = (
        Augmenter(spectra(config), [], config, beside=beside).features(
            [Take((Piece(i),), 1.0, 60, 60, 0) for i in range(4)], (0,)
        )
        for beside in (None, lambda mel: np.log10(mel + np.float32(1e-10)))
    )
    hidden = config.override({"augmentation.masking": None})
    shown = Augmenter(spectra(config), [], hidden).features([Take((Piece(i),), 1.0, 60, 60, 0) for i in range(4)], (0,))
    for one, other, unmasked in zip(plain, both, shown, strict=True):
        assert np.array_equal(one, other[:, :20])
        assert not np.array_equal(one, unmasked)
        db = 10 * other[:, 20:]
        db = np.maximum(db, db.max() - 80)
        np.testing.assert_allclose(scipy.fft.dct(db, axis=1, norm="ortho")[:, :20], unmasked, atol=0.01)


def test_trimmed_words_of_librosa_need_no_more_trimming() -> None:
    """What augmentation trims by mel powers is what librosa trims by samples, within two frames."""
    config = only()
    for y in words():
        cut = find_word(y, config.trim, config.audio.sample_rate)
        plain = mfcc(y[cut.start : cut.end], config.features, SR)
        [ours] = Augmenter([power_spectrum(y, config.features)], [], config).features(
            [Take((Piece(0),), 1.0, 1 + y.size // 80, 1 + y.size // 80, 0)], (0,)
        )
        assert len(ours) == pytest.approx(len(plain), abs=3)


@pytest.mark.parametrize("db", [21, 25, 30])
def test_in_noise_augmentation_trims_what_the_front_end_trims(db: float) -> None:
    config = Config.load("digits", {f"augmentation.{part}": None for part in PARTS})
    for seed in range(6):
        plain = word(3000 + 300 * seed, seed, lead=6000, tail=5000)
        noise = np.random.default_rng(seed).standard_normal(plain.size) * plain[6000:-5000].std() * 10 ** (-db / 20)
        y = (plain + noise * np.hanning(plain.size) ** 0.1).astype(np.float32)
        cut = find_word(y, config.trim, SR)
        n_frames = 1 + y.size // 80
        [ours] = Augmenter([power_spectrum(y, config.features)], [], config).features(
            [Take((Piece(0),), 1.0, n_frames, n_frames, 0)], (0,)
        )
        assert len(ours) == pytest.approx(1 + (cut.end - cut.start) // 80, abs=8)
        # without it, all of it would be word
        assert len(ours) < 100 < n_frames


def test_what_augmentation_trims_hums_on_as_little_as_what_the_front_end_trims() -> None:
    config = only()
    for plain in (word(3000 + 700 * seed, seed, lead=4000, tail=4000) for seed in range(4)):
        n = np.arange(plain.size)
        # it begins and ends softly: spectra, unlike waveforms, hold what lies beyond the recording's ends for silence
        hum = 0.05 * np.sin(2 * np.pi * 50 * n / SR) * np.minimum(1, np.minimum(n, n[::-1]) / 800)
        y = (plain + hum).astype(np.float32)
        cut = find_word(y, config.trim, config.audio.sample_rate)
        n_frames = 1 + y.size // 80
        [ours] = Augmenter([power_spectrum(y, config.features)], [], config).features(
            [Take((Piece(0),), 1.0, n_frames, n_frames, 0)], (0,)
        )
        # in mel powers hum reaches a little further up than in samples
        assert len(ours) == pytest.approx(1 + (cut.end - cut.start) // 80, abs=4)
        assert len(ours) < n_frames - 60
