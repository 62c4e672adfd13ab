"""Strings for training: what is drawn, and what becomes of it."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.fft

from speechrnn.config import Config
from speechrnn.corpus.clips import Clip
from speechrnn.errors import ConfigError, TrainingError
from speechrnn.training.features import Example
from speechrnn.training.joining import Joiner
from speechrnn.training.material import Material
from speechrnn.training.sampling import Origin
from speechrnn.training.spectra import power_spectrum
from speechrnn.training.string_feed import StringFeed
from speechrnn.training.strings import Saying, Strings, n_needed
from tests.signals import word

CONFIG = Config.load("strings", {"data.sources": [], "training.clips_per_epoch": 40, "training.batch_size": 8})
DRY = {f"augmentation.{part}": None for part in ("warp", "placement", "noise", "reverberation", "channel", "masking")}
NONE = np.zeros((0, CONFIG.features.n_mfcc), np.float32)


def example(label: str, speaker: str, seed: int, n: int = 3000) -> Example:
    spectrum = power_spectrum(word(n, seed), CONFIG.features)
    return Example(Clip(Path(f"{label}_{speaker}_{seed}.wav"), label, speaker), NONE, str(seed), spectrum)


def material() -> Material:
    """Two voices that say three digits; one of them also two other words and a number."""
    train = [example(label, who, i) for i, (who, label) in enumerate((w, d) for w in ("ann", "bob") for d in "012")]
    words = [example("unknown", "ann", 20), example("unknown", "ann", 21)]
    spoken = [example("2011", "ann", 30, 12000)]
    origins = [tuple(Origin(i, 1.0, one.clip.speaker) for one in part) for i, part in enumerate((train, words, spoken))]
    return Material(train, (), ("0", "1", "2"), origins[0], words, origins[1], (), (), spoken, origins[2])


def draw(n: int = 400, number: int = 9) -> list[Saying]:
    assert CONFIG.strings is not None
    return Strings(material(), CONFIG.strings, "speakers").draw(n, number, (1,))


def test_a_string_has_one_voice_and_says_what_its_clips_say() -> None:
    stored = [*material().train, *material().words]
    joined = [one for one in draw() if one.joined and one.units]
    assert joined
    for saying in joined:
        clips = [stored[row].clip for row in saying.rows]
        assert len({clip.speaker for clip in clips}) == 1
        digits = [clip.label for clip in clips if clip.label != "unknown"]
        assert tuple(1 + "012".index(label) for label in digits) == saying.units


def test_two_sources_without_names_are_not_one_voice() -> None:
    assert CONFIG.strings is not None
    train = [replace(one, clip=replace(one.clip, speaker=None)) for one in material().train]
    origins = tuple(Origin(row // 3, 1.0, None) for row in range(6))
    sayings = Strings(
        replace(material(), train=train, origins=origins, words=(), word_origins=()), CONFIG.strings, "clips"
    )
    joined = [one for one in sayings.draw(200, 9, (1,)) if one.joined and one.units]
    assert {len({row // 3 for row in one.rows}) for one in joined} == {1}


def test_shares_of_a_pass() -> None:
    sayings = draw(400)
    spoken = [one for one in sayings if not one.joined]
    empty = [one for one in sayings if not one.units]
    assert CONFIG.strings is not None
    assert len(sayings) == 400
    assert len(spoken) == round(CONFIG.strings.spoken * 400)
    assert len(empty) == round(CONFIG.strings.empty * 400)
    assert {one.units for one in spoken} == {(3, 1, 2, 2)}
    assert {one.rows for one in empty if not one.rows} == {()}
    assert all(row >= 6 for one in empty for row in one.rows)


def test_other_words_stand_in_strings_of_voices_that_say_some() -> None:
    mixed = [one for one in draw() if one.units and len(one.rows) > len(one.units)]
    assert mixed
    assert all(row < 3 or 6 <= row < 8 for one in mixed for row in one.rows)


def test_first_passes_are_short_and_digits_come_again() -> None:
    assert max(len(one.units) for one in draw(200, 1)) == 2
    later = [one.units for one in draw(800) if one.joined]
    assert max(map(len, later)) > 2
    pairs = [pair for units in later for pair in itertools.pairwise(units)]
    # a third by chance alone
    assert sum(a == b for a, b in pairs) / len(pairs) > 0.36


def test_a_pass_depends_on_its_seed_alone() -> None:
    assert draw() == draw()
    first, second = (StringFeed(material(), CONFIG).epoch(3) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        for name, array in a.inputs.items():
            np.testing.assert_array_equal(array, b.inputs[name])
    sums = [{float(batch.inputs["mfcc"].sum()) for batch in StringFeed(material(), CONFIG).epoch(n)} for n in (8, 9)]
    assert not sums[0] & sums[1]


def test_batches_fit_the_loss() -> None:
    n = 0
    for batch in StringFeed(material(), CONFIG).epoch(5):
        n += len(batch)
        inputs = batch.inputs
        assert np.isfinite(inputs["mfcc"]).all()
        for row, size, frames in zip(inputs["targets"], inputs["n_targets"], inputs["n_frames"], strict=True):
            assert (row[:size] > 0).all()
            assert not row[size:].any()
            assert n_needed(row[:size].tolist()) <= -(-int(frames) // 2)
    assert n == 40


def test_beside_the_coefficients_of_strings_lies_what_is_made_of_the_same_mel_powers() -> None:
    """The whole of the spectrum, of which twenty coefficients are the smooth part; those stay what they were."""
    dry = CONFIG.override({"augmentation.masking": None})
    plain, both = (
        StringFeed(material(), dry, beside).epoch(1)
        for beside in (None, lambda mel: 10 * np.log10(np.maximum(mel, np.float32(1e-10))))
    )
    for one, other in zip(plain, both, strict=True):
        n_mfcc = one.inputs["mfcc"].shape[2]
        np.testing.assert_array_equal(one.inputs["mfcc"], other.inputs["mfcc"][:, :, :n_mfcc])
        for row, n in zip(other.inputs["mfcc"], other.inputs["n_frames"], strict=True):
            db = row[:n, n_mfcc:]
            cepstra = scipy.fft.dct(np.maximum(db, db.max() - 80), axis=1, norm="ortho")
            np.testing.assert_allclose(cepstra[:, :n_mfcc], row[:n, :n_mfcc], atol=0.01)


def test_a_string_is_never_shorter_than_its_units_need() -> None:
    """Five digits, two of them alike, in less than a tenth of a second: CTC has no path with fewer frames."""
    joiner = Joiner([power_spectrum(word(800, 3), CONFIG.features)], [], CONFIG)
    units = (1, 2, 2, 1, 2)
    for take in joiner.plan([Saying((0,), units, joined=False)] * 20, (0,)):
        assert take.n_frames // CONFIG.network.stride > n_needed(units) == 6


def test_without_augmentation_a_number_comes_as_it_was_spoken() -> None:
    """One clip, tempo aside, between its margins: what is loud in the features is what is loud in the clip."""
    config = CONFIG.override({**DRY, "strings.margin": 0.0, "strings.fluent": 0.0, "strings.drift": 0.0})
    spectrum = power_spectrum(word(4000, 3), config.features)
    joiner = Joiner([spectrum], [], config)
    [take] = joiner.plan([Saying((0,), (1,), joined=False)], (0,))
    [features] = joiner.features([take], (0,))
    assert len(features) == take.n_frames
    level = np.interp(np.linspace(0, 1, take.n_frames), np.linspace(0, 1, len(spectrum)), spectrum.sum(axis=1))
    assert np.corrcoef(features[:, 0], np.log(level + 1e-9))[0, 1] > 0.9


def test_gaps_keep_words_apart_and_overlaps_add_up() -> None:
    spectra = [power_spectrum(word(4000, seed), CONFIG.features) for seed in (1, 2)]

    def plan(gap: float) -> tuple[int, int, int]:
        span = {"low": gap, "high": gap}
        config = CONFIG.override({**DRY, "strings.margin": 0.0, "strings.fluent": 0.0, "strings.gap": span})
        [take] = Joiner(spectra, [], config).plan([Saying((0, 1), (1, 2))], (0,))
        first, second = take.parts
        return second.offset - first.offset - first.n_frames, take.n_frames, first.n_frames + second.n_frames

    assert plan(0.3)[0] == 30
    apart, whole, sum_of_parts = plan(-0.05)
    assert apart == -5
    assert whole == sum_of_parts - 5


def test_what_a_configuration_cannot_be() -> None:
    with pytest.raises(ConfigError, match="together only"):
        Config.load("default", {"network.pooling": "none", "network.rejection": False})
    with pytest.raises(ConfigError, match="the blank refuses"):
        Config.load("strings", {"network.rejection": True})
    with pytest.raises(ConfigError, match=r"spoken and empty are 1\.2 together"):
        Config.load("strings", {"strings.spoken": 0.9, "strings.empty": 0.3})
    with pytest.raises(TrainingError, match="Take the preset strings"):
        Joiner([], [], Config.load("default"))
