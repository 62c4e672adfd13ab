"""Where a folder may be made, and what ``--force`` replaces: nothing that another hand put there."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import pytest

from speechrnn.batch import Item, fail, name_item
from speechrnn.cli import prediction_run
from speechrnn.cluster import Cluster, Written
from speechrnn.errors import BundleError, ClusterError
from speechrnn.metadata import METADATA
from speechrnn.parquet import read_rows, write_table
from speechrnn.recognizer import Recognizer, load
from speechrnn.vacancy import BUNDLES, check_free
from tests.bundles import GOLDEN, SAMPLES, copy_bundle
from tests.command_line import MODEL, SIX, Result, check_refusal

Cli = Callable[..., Result]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Recordings, beside them a file that other people give this name too; and a file."""
    folder = tmp_path / "mine"
    shutil.copytree(SAMPLES, folder / "rec")
    (folder / "rec" / METADATA).write_text("{}")
    (folder / "file").write_text("mine")
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", [".", "..", "/", "a/..", ""])
@pytest.mark.parametrize("force", [False, True])
def test_a_place_needs_a_name(path: str, force: bool) -> None:
    with pytest.raises(BundleError, match="needed a folder of its own for the model"):
        check_free(Path(path), BUNDLES, force=force)


def test_a_place_is_free_or_given_up(tmp_path: Path) -> None:
    check_free(tmp_path / "new", BUNDLES, force=False)
    check_free(tmp_path, BUNDLES, force=True)
    with pytest.raises(BundleError, match="exists already"):
        check_free(tmp_path, BUNDLES, force=False)


@pytest.mark.parametrize("target", ["nowhere", "link"])
def test_a_link_that_leads_nowhere_is_no_free_place(target: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(BundleError, match="exists already"):
        check_free(tmp_path / "link", BUNDLES, force=False)
    with pytest.raises(BundleError, match="holds something that is no bundle"):
        check_free(tmp_path / "link", BUNDLES, force=True)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        (("predict", SIX, *MODEL, "--engine", "ray"), "folder of answers; --force replaces folders of answers"),
        (("export", GOLDEN, "--format", "onnx"), "export; --force replaces exports"),
        (("calibrate", GOLDEN, SAMPLES), "bundle; --force replaces bundles"),
        (("train", SAMPLES), "bundle; --force replaces bundles"),
    ],
    ids=["predict", "export", "calibrate", "train"],
)
def test_no_command_replaces_what_such_a_command_did_not_write(
    command: tuple[str | Path, ...], kinds: str, mine: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(mine)
    for name in ("mine/rec", "mine/file"):
        said = f"{name}: holds something that is no {kinds} only"
        check_refusal(cli(*command, "--out", name, "--force"), said)
    monkeypatch.chdir(mine / "rec")
    check_refusal(cli(*command, "--out", ".", "--force"), "needed a folder of its own")
    check_refusal(cli(*command, "--out", "../rec", "--force"), "../rec: you are working in it")
    assert contents(mine) == before


def test_neither_the_model_nor_recordings_go_with_a_folder_that_may(cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(SAMPLES, copy_bundle(tmp_path / "model") / "rec")
    (tmp_path / "model" / "export.json").touch()
    before = contents(tmp_path)
    for place in ((), ("--out", "model", "--force")):
        check_refusal(cli("calibrate", "./model", "model/rec", *place), "model: the recordings lie in it")
    export = ("export", "./model", "--format", "onnx", "--force", "--out")
    check_refusal(cli(*export, "model"), "model: the model lies in it")
    assert contents(tmp_path) == before


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of answers, and a cluster that writes such ones without any machine."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("ray.data")

    def write(_cluster: Cluster, items: Iterable[Item], folder: str) -> Written:
        rows = [asdict(fail(name_item(item), "not asked")) for item in items]
        write_table(Path(folder, "part-0.parquet"), rows)
        return Written(len(rows), 0)

    monkeypatch.setattr(Cluster, "write", write)
    Cluster(load(GOLDEN)).write([Path("old.wav")], str(tmp_path / "parts"))
    return tmp_path / "parts"


PARTS = ("predict", SIX, "--engine", "ray", "--out", "parts")


def test_answers_of_a_cluster_are_replaced_by_force_alone(parts: Path, cli: Cli) -> None:
    check_refusal(cli(*PARTS, *MODEL), "parts: exists already", "--force")
    assert [row["path"] for row in read_rows(parts / "part-0.parquet")] == ["old.wav"]
    result = cli(*PARTS, *MODEL, "--force")
    assert (result.status, result.err) == (0, "1 answer: parts\n")
    assert [row["path"] for row in read_rows(parts / "part-0.parquet")] == [str(SIX)]


def test_answers_of_a_cluster_stay_until_there_are_new_ones(
    parts: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(tmp_path)

    def lose(_cluster: Cluster, _items: Iterable[Item], folder: str) -> Written:
        Path(folder, "part-0.parquet").touch()
        raise ClusterError("all machines are lost.")

    monkeypatch.setattr(Cluster, "write", lose)
    check_refusal(cli(*PARTS, "--force", "--model", "nosuch"), "nosuch: no such bundle")
    check_refusal(cli(*PARTS, "--force", *MODEL), "all machines are lost")
    assert contents(tmp_path) == before
    assert parts.is_dir()


@pytest.mark.parametrize("option", [(), ("--force",)])
def test_what_comes_while_the_model_is_loading_stays(
    option: tuple[str, ...], parts: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = parts.rename(tmp_path / "late")
    if option:
        (late / "notes.txt").write_text("mine")
    before, find = contents(late), prediction_run.find_cluster

    def find_slowly(recognizer: Recognizer, address: str | None, jobs: int | None) -> prediction_run.Engine:
        late.rename(parts)
        return find(recognizer, address, jobs)

    monkeypatch.setattr(prediction_run, "find_cluster", find_slowly)
    check_refusal(cli(*PARTS, *MODEL, *option), "parts: holds something" if option else "parts: exists already")
    assert {path.name: data for path, data in contents(parts).items()} == {p.name: d for p, d in before.items()}


@pytest.mark.parametrize("other", ["tables", "damaged", "notes"])
def test_other_tables_are_no_answers(other: str, parts: Path, cli: Cli) -> None:
    if other == "tables":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.table({"path": ["six.wav"]}), parts / "part-1.parquet")
    else:
        (parts / ("part-1.parquet" if other == "damaged" else "notes.txt")).write_text("mine")
    before = contents(parts)
    check_refusal(cli(*PARTS, *MODEL, "--force"), "parts: holds something that is no folder of answers")
    assert contents(parts) == before
