"""The schemas in docs/ are those of the types, and what is printed keeps to them."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.corpus.clips import Clip
from speechrnn.evaluation import score, to_json
from speechrnn.recognizer import Prediction
from speechrnn.schemas import SCHEMAS, make_schema
from speechrnn.string_evaluation import strings_to_json
from speechrnn.string_scores import score_strings
from speechrnn.transcript import Segment, Transcript
from tests.bundles import SAMPLES
from tests.command_line import MODEL, Result

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", SCHEMAS)
def test_docs_are_up_to_date(name: str) -> None:
    written = json.loads((DOCS / name).read_text())
    assert json.loads(make_schema(SCHEMAS[name])) == written, "run: python -m speechrnn.schemas docs"


def test_the_command_writes_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "speechrnn.schemas", tmp_path], check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: make_schema(kind) for name, kind in SCHEMAS.items()
    }


def test_what_is_printed_has_the_keys_of_the_schema(cli: Callable[..., Result]) -> None:
    prediction = Prediction("a.wav", "0", 1.0, {"0": 1.0}, 1.0, 0.0, 0.5)
    evaluation = score([Clip(Path("a.wav"), "0", None)], [prediction], ("0",), ["none"])
    transcript = Transcript("a.wav", "0", (Segment("0", 0.1, 0.4, 0.9),))
    strings = score_strings([Clip(Path("a.wav"), "0", None)], [transcript], ["none"])
    printed = {
        "Comparison": json.loads(cli("evaluate", SAMPLES, *MODEL, *MODEL, "--json").lines[-1]),
        "CorpusCheck": json.loads(cli("data", "check", SAMPLES, "--json").out),
        "Evaluation": json.loads(to_json(evaluation)),
        "Prediction": dataclasses.asdict(prediction),
        "StringEvaluation": json.loads(strings_to_json(strings)),
        "Transcript": dataclasses.asdict(transcript),
    }
    for name, kind in SCHEMAS.items():
        definition = json.loads((DOCS / name).read_text())["$defs"][kind.__name__]
        assert list(printed[kind.__name__]) == list(definition["properties"])
        assert set(definition["required"]) <= set(definition["properties"])


def test_a_type_that_is_no_json_is_refused() -> None:
    @dataclasses.dataclass
    class Odd:
        value: type

    with pytest.raises(TypeError, match="not supported"):
        make_schema(Odd)
