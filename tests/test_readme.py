"""The Python of the README, run as it stands there."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundles import SAMPLES

README = Path(__file__).parents[1] / "README.md"
BENCHMARKS = README.parent / "benchmarks"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tone_corpus: Callable[..., Path]) -> Path:
    """A folder with what the README finds after `make demo`: samples, a corpus; the model is the one that ships."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "samples").symlink_to(SAMPLES)
    tone_corpus().rename(tmp_path / "data" / "demo")
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def figures(name: str) -> dict[str, Any]:
    """What a benchmark kept."""
    kept: dict[str, Any] = json.loads((BENCHMARKS / f"{name}.json").read_text(encoding="utf-8"))
    return kept


def test_figures_of_the_readme_are_those_that_the_benchmarks_kept() -> None:
    strangers, strings = figures("pairs-offsets"), figures("strings")
    unseen, kept = strangers["unseen_speakers"], strangers["certainty"]["kept_at_5_percent_of"]
    macro, worst = unseen["macro"], unseen["worst_accuracy"]
    joined, fluent = strings["mean of speakers"]["strings"], strings["spoken"]["strings, joe-four"]
    said = {
        f"{unseen['n_clips']:,} clips": f"{macro:.1%} right, the worst of them {worst:.1%}",
        "noise 10 dB under the word": f"{strangers['in_noise']['10 dB']:.1%} right",
        "joined from their clips": f"{joined['digit_error_rate']:.1%} of the digits wrong",
        "four digits, fluent": f"{fluent['strings_right']:.1%} of {fluent['n_strings']:,} numbers right",
        "of other words pass": f"{kept['held-out']:.1%} of them (words of espeak-ng), {kept['noise']:.1%} (noise)",
    }
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    for row, figure in said.items():
        [line] = [line for line in rows if row in line.split(" | ")[0]]
        assert figure.replace("%", " %") in line, row


def test_the_readme_has_four_blocks_of_python() -> None:
    assert len(BLOCKS) == 4


@pytest.mark.train
@pytest.mark.pretrained
@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("block", "printed"), [(0, r"6\n"), (1, r"6 True\n"), (2, r"[01]\.\d+\n"), (3, r"6 \[[01]\.\d+\]\n")]
)
def test_python_of_the_readme_runs_as_it_stands(block: int, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(BLOCKS[block], f"README.md block {block}", "exec"), {})
    assert re.fullmatch(printed, capsys.readouterr().out)
