"""benchmarks/offsets.py: what strangers' answers ask for is found, and a network that has it answers as foretold."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import speechrnn
from speechrnn.audio import load_audio
from speechrnn.bundle import MODEL, WEIGHTS, read_bundle, write_bundle
from speechrnn.recognizer import Recognizer
from speechrnn.training.calibration import Calibration, softmax
from speechrnn.training.export import to_onnx
from speechrnn.training.raw import WORD, Raw, raw_answers
from speechrnn.training.recalibration import set_calibration
from speechrnn.training.weights import load_weights, save_weights

SHIPPED = Path(speechrnn.__file__).parent / "pretrained" / "digits"
LEANING = np.array([0.8, 0.0, -0.5, 0.0, 0.0, 0.0, 0.4, 0.0, -0.7, 0.0])


@pytest.fixture
def offsets(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module("offsets")


def draw(n: int, temperature: float, seed: int = 0) -> Raw:
    """Answers of a network that leans the other way, and is too sure by a temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 10))
    chances = softmax((logits + LEANING) / temperature).cumsum(axis=1)
    units = (random.random((n, 1)) > chances).sum(axis=1).clip(0, 9)
    return Raw(logits, np.zeros(n), units)


@pytest.mark.parametrize("temperature", [0.7, 1.6])
def test_offsets_are_those_that_the_labels_were_drawn_with(
    offsets: Any, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = draw(10000, temperature)
    pulled = offsets.fit_offsets([raw])
    monkeypatch.setattr(offsets, "PULL", 1e-6)
    found = offsets.fit_offsets([raw])
    # only their differences say anything
    assert found - found.mean() == pytest.approx(LEANING - LEANING.mean(), abs=0.15)
    assert np.abs(pulled).sum() < 0.9 * np.abs(found - found.mean()).sum()


def test_each_speaker_counts_alike_and_rejects_do_not(offsets: Any) -> None:
    one, other = draw(500, 1.0, 1), draw(300, 1.0, 2)
    often = Raw(*(np.concatenate([part] * 3) for part in parts(one)))
    words = Raw(np.zeros((50, 10)), np.zeros(50), np.full(50, WORD))
    more = Raw(*(np.concatenate(pair) for pair in zip(*map(parts, (other, words)), strict=True)))
    assert offsets.fit_offsets([often, more]) == pytest.approx(offsets.fit_offsets([one, other]), abs=1e-3)


def parts(raw: Raw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return raw.log_probabilities, raw.known, raw.units


def test_a_network_with_offsets_answers_as_foretold(offsets: Any, tmp_path: Path) -> None:
    shipped = read_bundle(SHIPPED)
    fresh = set_calibration(shipped, Calibration(), "")
    weights = offsets.add_offsets(load_weights(fresh.files[WEIGHTS]), LEANING)
    moved = {MODEL: to_onnx(shipped.config, weights, 10), WEIGHTS: save_weights(weights)}
    samples = sorted((Path(__file__).parents[1] / "data" / "samples").glob("*.wav"))
    rng = np.random.default_rng(0)
    # doubtful answers, which offsets change
    sounds = [load_audio(path) for path in samples] + [
        0.3 * rng.standard_normal(4000).astype(np.float32) for _ in range(5)
    ]

    def answer(name: str, files: dict[str, bytes]) -> Raw:
        heard = Recognizer(write_bundle(tmp_path / name, files, fresh.metadata)).predict_batch(sounds)
        rows = [list((one.probabilities or {}).values()) for one in heard]
        return raw_answers(rows, [one.known or 0.0 for one in heard], [0] * len(heard))

    before, after = answer("before", fresh.files), answer("after", {**fresh.files, **moved})
    foretold = offsets.lean(before, LEANING)
    assert np.exp(foretold.log_probabilities) == pytest.approx(np.exp(after.log_probabilities), abs=1e-4)
    assert 1 / (1 + np.exp(-foretold.known)) == pytest.approx(1 / (1 + np.exp(-after.known)), abs=1e-4)
    assert np.abs(after.log_probabilities - before.log_probabilities).max() > 0.5
