"""Temperature, weights of `known`, thresholds: by hand, against what they were drawn from, and in the graph."""

import dataclasses
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speechrnn import places
from speechrnn.bundle import CONFIG, LABELS, MODEL, WEIGHTS, Bundle, read_bundle, write_bundle
from speechrnn.certainty import MAX_PIECES
from speechrnn.corpus.clips import clip_hash
from speechrnn.corpus.layouts import read_corpus
from speechrnn.errors import BundleError, CorpusError
from speechrnn.evaluation import evaluate_corpus
from speechrnn.metadata import FORMAT_VERSION, Heard, Metadata
from speechrnn.recognizer import OnnxEngine, load
from speechrnn.training.calibration import (
    Calibration,
    KnownWeights,
    choose_threshold,
    fit_known,
    fit_temperature,
    sigmoid,
    softmax,
)
from speechrnn.training.raw import NOISE, WORD, Raw, apply_calibration, ease, fit_calibration, measure, raw_answers
from speechrnn.training.recalibration import get_calibration, recalibrate, set_calibration
from speechrnn.training.weights import save_weights
from tests.bundles import GOLDEN
from tests.command_line import Result, check_refusal
from tests.networks import random_network
from tests.signals import odd_words, word

Cli = Callable[..., Result]
NAMES = tuple("0123456")
FRESH = Calibration()


def draw_answers(n: int, temperature: float, seed: int = 0) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Logits, and labels drawn from what they say at a temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (n, 10))
    chances = softmax(logits / temperature).cumsum(axis=1)
    return logits, (random.random((n, 1)) > chances).sum(axis=1).clip(0, 9)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_that_which_the_labels_were_drawn_at(temperature: float) -> None:
    logits, targets = draw_answers(20000, temperature)
    assert fit_temperature(logits, targets) == pytest.approx(temperature, rel=0.03)


def test_no_other_temperature_makes_the_labels_more_probable() -> None:
    logits, targets = draw_answers(200, 1.7)

    def surprise(temperature: float) -> float:
        rows = softmax(logits / temperature)[np.arange(targets.size), targets]
        return float(-np.log(rows).sum() + 0.5 * math.log(temperature) ** 2)

    found = fit_temperature(logits, targets)
    assert surprise(found) <= min(surprise(found * step) for step in (0.5, 0.9, 0.999, 1.001, 1.1, 2.0))


def test_what_is_added_to_a_row_of_logits_changes_no_temperature() -> None:
    logits, targets = draw_answers(300, 1.3)
    shifted = np.log(softmax(logits))
    assert fit_temperature(shifted, targets) == pytest.approx(fit_temperature(logits, targets), rel=1e-5)


def test_clips_that_are_all_right_do_not_make_it_sure_without_bound() -> None:
    # without the pull to 1 the best temperature would be 0
    assert 0.5 < fit_temperature([[8.0, 0.0]] * 60, [0] * 60) < 1
    assert 0.3 < fit_temperature([[3.0, 0.0]] * 60, [0] * 60) < 0.8


def test_weights_of_known_are_those_which_the_kinds_were_drawn_by() -> None:
    random = np.random.default_rng(0)
    z, m = random.normal(0, 2, (2, 40000))
    is_label = random.random(z.size) < sigmoid(1.5 * z + 0.6 * m - 1.0)
    found = fit_known(z, m, is_label)
    # both kinds count alike, however many there are of each
    balance = math.log(is_label.mean() / (1 - is_label.mean()))
    assert (found.own, found.margin, found.offset) == pytest.approx((1.5, 0.6, -1.0 - balance), abs=0.05)


def test_weights_of_known_are_where_nothing_pulls_any_more() -> None:
    random = np.random.default_rng(1)
    z, m = random.normal(0, 4, (2, 50))
    is_label = np.arange(50) < 40
    found = np.array(dataclasses.astuple(fit_known(z, m, is_label)))
    x = np.stack([z, m, np.ones(50)], axis=1)
    shares = np.where(is_label, 50 / 2 / 40, 50 / 2 / 10)
    pull = x.T @ (shares * (sigmoid(x @ found) - is_label)) + found - [1, 0, 0]
    np.testing.assert_allclose(pull, 0, atol=1e-7)


def test_kinds_that_a_line_divides_give_finite_weights() -> None:
    found = fit_known([17.0] * 30 + [-17.0] * 30, [13.8] * 30 + [-2.0] * 30, [True] * 30 + [False] * 30)
    assert max(map(abs, dataclasses.astuple(found))) < 5


# known of four rejects, share to be accepted, how many are
@pytest.mark.parametrize(
    ("known", "share", "n"),
    [
        ([0.1, 0.2, 0.6, 0.9], 0.0, 0),
        ([0.1, 0.2, 0.6, 0.9], 0.24, 0),
        ([0.1, 0.2, 0.6, 0.9], 0.25, 1),
        ([0.1, 0.2, 0.6, 0.9], 0.74, 2),
        ([0.1, 0.2, 0.6, 0.9], 1.0, 4),
        ([0.1, 0.9, 0.9, 0.9], 0.5, 0),  # three are equal: all or none
        ([0.1, 0.2, 0.2, 0.9], 0.5, 1),
        ([0.1, 0.1, 0.1, 0.1], 0.75, 0),
        ([i / 100 for i in range(100)], 0.29, 29),  # though 0.29 * 100 is less than 29
    ],
)
def test_thresholds_by_hand(known: list[float], share: float, n: int) -> None:
    threshold = choose_threshold(known, share)
    assert sum(np.float32(value) >= threshold for value in known) == n
    assert (threshold == 0) == (share == 1)


@given(st.lists(st.floats(0, 0.9375, width=32), min_size=1, max_size=40), st.floats(0, 1))
def test_a_threshold_is_the_smallest_that_accepts_no_more(known: list[float], share: float) -> None:
    threshold = choose_threshold(known, share)
    assert sum(value >= threshold for value in known) <= share * len(known) + 1e-6
    if threshold > 0:  # the reject just below would be one too many
        least = max(value for value in known if value < threshold)
        assert sum(value >= least for value in known) > share * len(known) - 1e-6


def test_sure_of_nothing_weighs_as_much_as_sure_of_all() -> None:
    raw = raw_answers(np.full((2, 2), 0.5), [0.0, 1.0], [0, WORD])
    assert raw.known[0] == -raw.known[1]


def test_a_threshold_that_would_refuse_labels_alone_is_none() -> None:
    known, units = [0.6, 0.7, 0.8, 0.9, 0.97, 0.98], [0, 1, 0, 1, WORD, NOISE]
    eased = ease(raw_answers(np.full((6, 2), 0.5), known, units), Calibration(threshold=0.97), 0.25)
    assert (eased.threshold, eased.false_accepts) == (0.0, 1.0)
    # one word under it is a reason
    known[4] = 0.65
    eased = ease(raw_answers(np.full((6, 2), 0.5), known, units), Calibration(threshold=0.97), 0.25)
    assert eased.threshold == pytest.approx(0.7)
    # and so is that nobody knows of words
    units[4] = NOISE
    known[4] = 0.97
    eased = ease(raw_answers(np.full((6, 2), 0.5), known, units), Calibration(threshold=0.97), 0.25)
    assert eased.threshold == pytest.approx(0.7)


def some_answers(n_clips: int, n_words: int, n_noises: int) -> Raw:
    """Labels are mostly right and known; words are half known; noises are hardly known."""
    random = np.random.default_rng(5)
    units = np.concatenate([random.integers(0, 4, n_clips), np.full(n_words, WORD), np.full(n_noises, NOISE)])
    logits = random.normal(0, 1, (units.size, 4))
    logits[np.arange(n_clips), units[:n_clips]] += 3
    z = random.normal(0, 1, units.size) + np.select([units >= 0, units == WORD], [3, 0], -3)
    return raw_answers(softmax(logits), sigmoid(z), units)


def test_each_kind_of_reject_is_accepted_as_asked() -> None:
    raw = some_answers(200, 100, 40)
    done = fit_calibration(raw, FRESH, 0.1)
    quality = measure(raw, done)
    assert (done.n_clips, done.n_rejects, done.false_accepts) == (200, 140, 0.1)
    assert (quality.words, quality.noises) == (0.1, 0.0)  # words decide; of noises alone four would pass
    assert quality.refused is not None
    assert quality.refused < 0.1
    reverse = replace(raw, units=np.where(raw.units < 0, -3 - raw.units, raw.units))
    assert measure(reverse, fit_calibration(reverse, FRESH, 0.1)).noises == 0.1


def test_with_few_clips_the_temperature_stays_and_with_few_rejects_the_weights() -> None:
    present = Calibration(1.4, KnownWeights(0.9, 0.2, -0.3), 0.5)
    few = fit_calibration(some_answers(49, 30, 0), present, 0.05)
    assert few.temperature == 1.4
    assert few.known != present.known
    more = fit_calibration(some_answers(50, 19, 0), present, 0.05)
    assert more.temperature != 1.4
    assert more.known == KnownWeights(0.9, 0.2 * more.temperature / 1.4, -0.3)
    assert fit_calibration(some_answers(19, 30, 0), present, 0.05).known == present.known


def test_without_labels_only_the_threshold_is_set() -> None:
    raw = some_answers(0, 40, 40)
    done = fit_calibration(raw, FRESH, 0.05)
    assert replace(done, threshold=0.0) == Calibration(false_accepts=0.05, n_rejects=80)
    assert measure(raw, done).words == 0.05


def test_without_rejects_the_threshold_is_only_ever_lowered() -> None:
    raw = some_answers(100, 0, 0)
    strict = fit_calibration(raw, Calibration(threshold=0.999), 0.05)
    assert 0 < strict.threshold < 0.999
    assert measure(raw, strict).refused == 0.05
    assert strict.false_accepts is None
    assert fit_calibration(raw, Calibration(threshold=0.1), 0.05).threshold == 0.1


@pytest.mark.parametrize("missing", [WORD, NOISE])
@pytest.mark.parametrize("share", [0.05, 1.0])
def test_what_was_not_heard_is_let_in_no_more_than_before(missing: int, share: float) -> None:
    everything = some_answers(100, 60, 60)
    heard = everything.units != missing
    raw = Raw(everything.log_probabilities[heard], everything.known[heard], everything.units[heard])
    present = fit_calibration(everything, FRESH, 0.2)  # so that it refuses few labels
    done = fit_calibration(raw, present, share)
    before, after = (measure(everything, one) for one in (present, done))
    assert present.threshold <= done.threshold
    assert (after.words or 0) <= (before.words or 0) + 0.02
    assert (after.noises or 0) <= (before.noises or 0) + 0.02
    assert (done.false_accepts, done.n_rejects) == (share, 60)


def test_noises_alone_never_set_the_weights_and_may_raise_the_threshold() -> None:
    raw = some_answers(100, 0, 60)
    present = Calibration(1.0, KnownWeights(0.9, 0.0, -0.3), 0.001)
    done = fit_calibration(raw, present, 0.05)
    assert done.known == present.known
    assert done.threshold > 0.001
    assert measure(raw, done).noises == 0.05
    # all that a kind which was not heard protects is a threshold that the labels can live with
    eased = fit_calibration(raw, replace(present, threshold=0.999), 0.05)
    assert done.threshold < eased.threshold < 0.999
    assert measure(raw, eased).refused == 0.05


def test_a_recording_at_the_threshold_is_accepted_though_float32_rounded_the_threshold_up() -> None:
    raw = some_answers(40, 0, 0)
    known = np.sort(apply_calibration(raw, FRESH)[1])
    thresholds = known.astype(np.float32).astype(float)
    assert (thresholds > known).any()
    refused = [measure(raw, Calibration(threshold=threshold)).refused for threshold in thresholds]
    assert refused == [i / 40 for i in range(40)]


def test_fitting_again_to_the_same_answers_changes_nothing() -> None:
    raw = some_answers(100, 50, 0)
    once = fit_calibration(raw, FRESH, 0.05)
    assert fit_calibration(raw, once, 0.05) == once
    lenient = fit_calibration(raw, once, 0.5)
    assert fit_calibration(raw, lenient, 0.5) == lenient


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle with random weights that says it heard one clip, and a voice."""
    network = random_network("default")
    files = {
        MODEL: network.onnx,
        WEIGHTS: save_weights(network.weights),
        LABELS: msgspec.json.encode(NAMES),
        CONFIG: network.config.dump().encode(),
        "metrics.json": b"{}",
    }
    heard = Heard(("ann",), ("0" * 16,), real=1)
    about = Metadata(FORMAT_VERSION, "isolated", 8000, 0.25, 1, {}, (), heard, "speaker")
    return write_bundle(tmp_path / "model", files, about)


@pytest.fixture
def data(tone_corpus: Callable[..., Path]) -> Path:
    """63 tones, 24 other words, and 10 s of noise."""
    folder = tone_corpus(NAMES, ("bob", "cyd", "dan"))
    for name, sounds in (("unknown", [word(3000 + 50 * i, i) for i in range(24)]), ("_background_noise_", [None])):
        (folder / name).mkdir()
        for i, y in enumerate(sounds):
            noise = np.random.default_rng(0).normal(0, 0.1, 80000) if y is None else y
            soundfile.write(folder / name / f"{i}.wav", noise, 8000)
    return folder


# with the second, answers are nearly certain: 1 less a probability of float32 has few digits
@pytest.mark.parametrize(("temperature", "offset"), [(0.6, -0.5), (0.007, -8.0)])
def test_the_graph_answers_as_the_arithmetic_does(
    temperature: float, offset: float, bundle: Bundle, tmp_path: Path
) -> None:
    waveforms = [*odd_words().values(), word(3000, 8)]

    def run(calibration: Calibration, name: str) -> tuple[npt.NDArray[np.float32], ...]:
        draft = set_calibration(bundle, calibration, "test")
        answers = OnnxEngine(write_bundle(tmp_path / name, draft.files, draft.metadata)).run(waveforms)
        return answers.probabilities, answers.known

    probabilities, known = run(FRESH, "fresh")
    raw = raw_answers(probabilities, known, np.zeros(len(waveforms)))
    calibration = Calibration(temperature, KnownWeights(1.3, 0.7, offset))
    for found, expected in zip(run(calibration, "set"), apply_calibration(raw, calibration), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_calibration_that_is_set_back_leaves_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    present = get_calibration(bundle)
    there = set_calibration(bundle, Calibration(2.0, KnownWeights(2.0, 1.0, 1.0), 0.9), "elsewhere")
    changed = write_bundle(tmp_path / "changed", there.files, there.metadata)
    back = set_calibration(changed, present, "here")
    assert {name: bundle.read(name) for name in bundle.metadata.sha256} == back.files
    assert back.metadata.threshold == bundle.metadata.threshold == present.threshold


def test_a_calibrated_bundle_refuses_what_it_should(bundle: Bundle, data: Path, tmp_path: Path) -> None:
    done = recalibrate(bundle, read_corpus(data), tmp_path / "new", 0.25)
    recognizer = load(tmp_path / "new")
    answers = [recognizer.predict(path) for path in sorted((data / "unknown").iterdir())]
    # the graph answers in float32: a recording at the very threshold may fall to either side
    assert sum(answer.label is not None for answer in answers) <= 6 + 1
    quality = measure(done.hearing.raw, done.after)
    # of the kind that is harder to refuse, as many are accepted as may be
    assert max((quality.words or 0) - 6 / 24, (quality.noises or 0) - 2 / 10) == pytest.approx(0.0, abs=1 / 24)
    told = done.bundle.metadata.calibration
    assert told is not None
    assert (told.n_clips, told.n_rejects, told.source, told.false_accepts) == (63, 34, "tones", 0.25)
    assert told.temperature == done.after.temperature > 1.2  # of random weights, which know nothing
    assert done.bundle.metadata.heard == bundle.metadata.heard
    assert done.bundle.read("metrics.json") == b"{}"
    assert get_calibration(done.bundle).known.own == pytest.approx(done.after.known.own)
    again = recalibrate(done.bundle, read_corpus(data), tmp_path / "again", 0.25)
    assert again.bundle.metadata.sha256 == done.bundle.metadata.sha256


def test_noise_is_heard_second_by_second_and_silence_is_not_asked_about(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "_background_noise_"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).normal(0, 0.1, 8000 * 40)
    noise[8000 : 8000 * 4] = 0
    soundfile.write(folder / "long.wav", noise, 8000)  # longer than a word may be
    soundfile.write(folder / "short.wav", noise[:4000], 8000)
    done = recalibrate(bundle, read_corpus(tmp_path / "data"), tmp_path / "new", 0.05)
    assert (done.after.n_clips, done.after.n_rejects) == (0, 38)


def test_calibration_and_evaluation_hear_the_same_noises(bundle: Bundle, data: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 8000 * 90)
    noise[: 8000 * 10] *= 0.001  # seconds that are a pause of the rest
    soundfile.write(data / "_background_noise_" / "long.wav", noise, 8000)
    done = recalibrate(bundle, read_corpus(data), tmp_path / "new", 0.25)
    quality = measure(done.hearing.raw, done.after)
    found = evaluate_corpus(read_corpus(data), load(tmp_path / "new")).evaluation.open_set
    assert found is not None
    assert found.noises is not None
    assert found.words is not None
    assert found.noises.n == (done.hearing.raw.units == NOISE).sum() == 10 + MAX_PIECES
    # a recording at the very threshold may fall to either side
    assert found.noises.accepted == pytest.approx(quality.noises or 0.0, abs=1 / 70)
    assert found.words.accepted == pytest.approx(quality.words or 0.0, abs=1 / 24)


def test_noises_of_no_use_are_named_and_the_others_heard(bundle: Bundle, data: Path, cli: Cli) -> None:
    (data / "_background_noise_" / "broken.wav").write_bytes(b"no sound at all")
    soundfile.write(data / "_background_noise_" / "silent.wav", np.zeros(8000), 8000)
    result = cli("calibrate", bundle.path, data)
    assert result.status == 0, result.err
    assert "34 recordings of what is none" in result.lines[0]
    assert "2 files not used" in result.err
    assert "broken.wav: not readable as audio" in result.err
    assert "silent.wav: no noise found (digital silence, " in result.err
    assert "train again" not in result.err


def test_networks_that_cannot_refuse_are_refused() -> None:
    with pytest.raises(BundleError, match=r"network\.rejection: true"):
        get_calibration(read_bundle(GOLDEN))


def test_nothing_to_hear_is_refused(bundle: Bundle, tone_corpus: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no recording of a label"):
        recalibrate(bundle, read_corpus(tone_corpus("89")), tmp_path / "new", 0.05)


def test_calibrate_changes_the_model_and_says_how(bundle: Bundle, data: Path, cli: Cli) -> None:
    result = cli("calibrate", bundle.path, data)
    assert result.status == 0, result.err
    assert "Heard 63 clips of labels, 34 recordings of what is none" in result.lines[0]
    rows = {line[:21].strip(): line[21:].split() for line in result.lines}
    assert rows["temperature"][0] == "0.30"
    assert float(rows["temperature"][1]) > 1.2
    assert float(rows["calibration error"][2]) < float(rows["calibration error"][0])
    assert float(rows["other words accepted"][2]) <= 5
    assert rows["threshold"][0] == "0.250"
    share, sign = rows["labels refused"][2:]
    assert result.err.startswith(f"the threshold now refuses {share} {sign} of your labels, ")
    assert "a larger --reject-at" in result.err
    assert len(result.err.splitlines()) == 1
    assert read_bundle(bundle.path).metadata.threshold == pytest.approx(float(rows["threshold"][1]), abs=1e-3)
    assert "calibrated" in cli("info", bundle.path).out


def test_a_threshold_that_refuses_few_is_no_reason_to_warn(bundle: Bundle, data: Path, cli: Cli) -> None:
    result = cli("calibrate", bundle.path, data, "--reject-at", "1")
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("unknown", "the weights of `known` were kept, and the threshold was lowered to refuse fewer labels"),
        ("_background_noise_", "the threshold was raised"),
    ],
)
def test_a_kind_that_was_not_heard_is_named(missing: str, said: str, bundle: Bundle, data: Path, cli: Cli) -> None:
    shutil.rmtree(data / missing)
    result = cli("calibrate", bundle.path, data)
    assert result.status == 0, result.err
    [line] = [line for line in result.err.splitlines() if line.startswith("no ")]
    name = "other words" if missing == "unknown" else "noises"
    assert line.startswith(f"no {name} were heard, and nobody knows how many a lower threshold lets in: {said}; put ")
    assert line.endswith(f"put some into a folder {missing} to set it by them.")
    assert (read_bundle(bundle.path).metadata.threshold > 0.25) == ("raised" in said)


def test_out_leaves_the_model_as_it_was(bundle: Bundle, data: Path, cli: Cli, tmp_path: Path) -> None:
    before = bundle.metadata
    assert cli("calibrate", bundle.path, data, "--out", "new").status == 0
    assert read_bundle(bundle.path).metadata == before
    assert read_bundle(tmp_path / "new").metadata.calibration is not None
    check_refusal(cli("calibrate", bundle.path, data, "--out", "new"), "new: exists already", "--force")
    assert cli("calibrate", bundle.path, data, "--out", "new", "--force").status == 0


def test_what_is_missing_or_known_is_said(bundle: Bundle, tone_corpus: Callable[..., Path], cli: Cli) -> None:
    data = tone_corpus("0129", ("ann", "bob"), 2)
    (data / "0_bob_0.wav").write_bytes(b"no sound at all")
    result = cli("calibrate", bundle.path, data)
    assert result.status == 0, result.err
    assert "The temperature was kept: needed 50 clips of labels or more, found 11." in result.lines
    assert "The threshold was kept: setting it by --reject-at 0.05 needs recordings to refuse" in result.out
    assert "other words" not in result.out
    assert "5 files not used" in result.err
    assert "labelled 9; the model has no such label" in result.err
    assert "6 of 11 clips may be of voices that trained this model" in result.err


def test_clips_that_trained_are_named(bundle: Bundle, data: Path, cli: Cli, tmp_path: Path) -> None:
    clips = tuple(clip_hash(data / f"{label}_bob_0.wav") for label in NAMES)
    heard = msgspec.structs.replace(bundle.metadata, heard=Heard((), clips, real=7))
    files = {name: bundle.read(name) for name in bundle.metadata.sha256}
    write_bundle(tmp_path / "knowing", files, heard)
    result = cli("calibrate", "knowing", data)
    assert "optimistic: 7 of 87 clips trained this model and 14 more may be of voices that did" in result.err


@pytest.mark.usefixtures("bundle")
def test_a_shipped_model_is_not_changed(data: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_PRETRAINED", tmp_path)
    check_refusal(cli("calibrate", "model", data), "came with speechrnn", "--out")
    assert cli("calibrate", "model", data, "--out", "mine").status == 0


def test_wrong_uses_are_refused(bundle: Bundle, data: Path, cli: Cli) -> None:
    check_refusal(cli("calibrate", GOLDEN, data, "--out", "new"), "network.rejection: true")
    assert cli("calibrate", bundle.path, data, "--reject-at", "1.5").status == 2
    assert cli("calibrate", bundle.path, data, "--reject-at", "nan").status == 2
    check_refusal(cli("calibrate", bundle.path, "nowhere"), "nowhere: no such folder")


def test_each_kind_of_reject_counts_alike_however_many_were_heard() -> None:
    """Ten times as many noises change nothing, but that the pull to the fresh weights counts less."""
    rng = np.random.default_rng(0)
    labels = rng.normal((3.0, 4.0), 1.5, (2000, 2))
    words, noises = rng.normal((1.0, 3.0), 1.5, (500, 2)), rng.normal((-1.0, -2.0), 1.5, (500, 2))

    def fit(n: int, *, alike: bool) -> KnownWeights:
        rows = np.concatenate([labels, words, np.repeat(noises, n, axis=0)])
        kinds = np.array([0] * 2000 + [-1] * 500 + [-2] * 500 * n)
        return fit_known(rows[:, 0], rows[:, 1], kinds == 0, kinds if alike else 0)

    few, many, drowned = fit(1, alike=True), fit(10, alike=True), fit(10, alike=False)
    assert (few.own, few.margin, few.offset) == pytest.approx((many.own, many.margin, many.offset), abs=0.1)
    assert abs(drowned.margin - many.margin) > 0.3
