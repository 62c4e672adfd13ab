"""`predict --engine ray`: on a real cluster of several nodes, one of which is lost during the run."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from speechrnn.batch import Item, Remote, predict_files
from speechrnn.cli.inputs import Inputs
from speechrnn.cluster import Cluster, Written
from speechrnn.recognizer import Prediction, load
from tests.bundles import GOLDEN, SAMPLES
from tests.command_line import MODEL, Result, check_refusal

pytestmark = [
    pytest.mark.machines,
    pytest.mark.filterwarnings("ignore"),  # Ray's own, of sockets that its processes leave
]
CLIPS = sorted(SAMPLES.glob("*.wav"))


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """Three nodes on this machine: a head that computes nothing, and two workers of one core each."""
    pytest.importorskip("ray.data")
    from ray.cluster_utils import Cluster as Nodes

    started = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield started
    started.shutdown()


def same(found: list[Prediction], expected: list[Prediction]) -> bool:
    def key(answer: Prediction) -> tuple[object, ...]:
        return answer.path, answer.label, answer.start, answer.end, answer.error

    assert [key(answer) for answer in found] == [key(answer) for answer in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.probabilities == (theirs.probabilities and pytest.approx(theirs.probabilities, abs=1e-5))
    return True


def test_a_lost_node_loses_no_row(nodes: Any, tmp_path: Path, cli: Callable[..., Result]) -> None:
    first, _second = (nodes.add_node(num_cpus=1) for _ in range(2))
    (tmp_path / "empty.wav").touch()
    items: list[Item] = [
        *CLIPS * 30,
        tmp_path / "empty.wav",
        Path("absent.wav"),
        Remote(f"file://{CLIPS[0]}"),
        *Inputs([f"file://{SAMPLES}"]),
    ]
    recognizer = load(GOLDEN)
    answers = Cluster(recognizer, nodes.address).predict(items)
    found = [next(answers) for _ in range(20)]
    nodes.remove_node(first, allow_graceful=False)
    found += answers
    assert same(found, list(predict_files(recognizer, items)))

    written = Cluster(recognizer, nodes.address).write(items, str(tmp_path / "parts"))
    assert written == Written(len(items), 2)

    on_ray = ("predict", SAMPLES, *MODEL, "--engine", "ray", "--address", nodes.address, "--out")
    result = cli(*on_ray, "parts", "--force")
    assert (result.status, result.err) == (0, f"{len(CLIPS)} answers: parts\n")
    assert [path.suffix for path in (tmp_path / "parts").iterdir()] == [".parquet"]

    result = cli(*on_ray, "ray.jsonl")
    assert result.status == 0, result.err
    cli("predict", SAMPLES, *MODEL, "--out", "local.jsonl")
    ours, theirs = (
        [Prediction(**json.loads(line)) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("ray", "local")
    )
    assert same(ours, theirs)


def test_a_cluster_that_is_not_there_is_named(cli: Callable[..., Result]) -> None:
    pytest.importorskip("ray.data")
    result = cli("predict", SAMPLES, *MODEL, "--engine", "ray", "--address", "nonsense://x")
    check_refusal(result, "the Ray cluster nonsense://x fails")
