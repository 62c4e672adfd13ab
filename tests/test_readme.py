"""The Python of the README, run as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bundles import SAMPLES

README = Path(__file__).parents[1] / "README.md"
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
