"""Bundles of every format ever written go on answering as they did."""

import json
from pathlib import Path

import pytest

from speechrnn.bundle import read_bundle
from speechrnn.recognizer import Recognizer, load

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = Path(__file__).parents[1] / "data" / "samples"


def check_answers(recognizer: Recognizer, name: str) -> None:
    lines = (GOLDEN / f"{name}.jsonl").read_text().splitlines()
    assert len(lines) == 20
    for expected in map(json.loads, lines):
        found = recognizer.predict(SAMPLES / expected["path"])
        assert found.label == expected["label"]
        assert found.probabilities == pytest.approx(expected["probabilities"], abs=1e-4)
        assert (found.start, found.end) == (expected["start"], expected["end"])


@pytest.mark.parametrize("name", ["format-1"])
def test_golden_bundle_answers_as_it_did(name: str) -> None:
    read_bundle(GOLDEN / name).verify()
    check_answers(load(GOLDEN / name), name)


@pytest.mark.parametrize("name", ["format-1"])
def test_golden_weights_answer_as_they_did_in_this_keras(name: str) -> None:
    from speechrnn.training.reference import load_reference

    check_answers(load_reference(GOLDEN / name), name)
