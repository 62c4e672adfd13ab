"""JSON schemas of what the command line prints, from the types themselves.

``python -m speechrnn.schemas docs`` writes them; a test holds the files in `docs/` equal to the types.
"""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from speechrnn.comparison import Comparison
from speechrnn.corpus.check import CorpusCheck
from speechrnn.evaluation import Evaluation
from speechrnn.recognizer import Prediction
from speechrnn.storage import write_bytes
from speechrnn.string_scores import StringEvaluation
from speechrnn.transcript import Transcript

SCHEMAS: Mapping[str, type] = {
    "comparison.schema.json": Comparison,
    "corpus-check.schema.json": CorpusCheck,
    "evaluation.schema.json": Evaluation,
    "prediction.schema.json": Prediction,
    "string-evaluation.schema.json": StringEvaluation,
    "transcript.schema.json": Transcript,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def make_schema(kind: type) -> bytes:
    """Describe a result type as a JSON schema.

    Parameters
    ----------
    kind : type
        A dataclass.

    Returns
    -------
    bytes
        Indented JSON.

    Examples
    --------
    >>> sorted(msgspec.json.decode(make_schema(Prediction))["$defs"]["Prediction"]["properties"])
    ['end', 'error', 'known', 'label', 'path', 'probabilities', 'probability', 'start']
    """
    schema = {"$schema": DIALECT, **msgspec.json.schema(kind, schema_hook=_path_schema)}
    for definition in schema["$defs"].values():
        definition["description"] = inspect.cleandoc(definition["description"])  # Python before 3.13 keeps the indent
    return msgspec.json.format(msgspec.json.encode(schema), indent=1) + b"\n"


def write_schemas(directory: Path) -> None:
    """Write a schema file for each result of the command line.

    Parameters
    ----------
    directory : Path
        Where, such as ``docs``.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    for name, kind in SCHEMAS.items():
        write_bytes(directory / name, make_schema(kind))


def _path_schema(kind: type) -> dict[str, Any]:
    if issubclass(kind, Path):
        return {"type": "string"}
    raise NotImplementedError(f"no JSON for {kind}")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
