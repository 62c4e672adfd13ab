"""`speechrnn predict --out`: whole lines at any end, and the same rows after going on."""

import csv
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from speechrnn.batch import Item, predict_files
from speechrnn.cli.answers import Csv, Json
from speechrnn.cli.inputs import Inputs
from speechrnn.cli.outfile import Writer, open_outfile, skip_done
from speechrnn.cli.outplace import Outfile, choose_outfile, hold_outfile
from speechrnn.cli.prediction_run import Local
from speechrnn.errors import ClusterError, OutputError
from speechrnn.parquet import read_rows
from speechrnn.recognizer import Prediction, load
from tests.bundles import GOLDEN, SAMPLES, copy_bundle, exchange
from tests.command_line import MODEL, SIX, Result, check_refusal

Cli = Callable[..., Result]
FORMATS = ["jsonl", "csv", "parquet"]


def read_answers(path: Path) -> list[dict[str, object]]:
    """Path, label, probability and error of each row, whatever the format."""
    if path.suffix == ".parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        rows = parquet.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {
            "path": row["path"],
            "label": row["label"] or None,
            "probability": pytest.approx(float(row["probability"]), abs=1e-4) if row["probability"] else None,
            "error": row["error"] or None,
        }
        for row in rows
    ]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Samples, some that cannot be read, and names that try the formats."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for i, sample in enumerate(sorted(SAMPLES.glob("*.wav")) * 3):
        (folder / f"{i:03d}.wav").write_bytes(sample.read_bytes())
    (folder / "007 empty.wav").touch()
    for name in ('quote",\n comma.wav', os.fsdecode(b"z\xff.wav"), "\u2028.wav"):
        (folder / name).write_bytes(min(SAMPLES.glob("6_*.wav")).read_bytes())
    return folder


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_the_same(form: str, clips: Path, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    result = cli("predict", clips, *MODEL, "--out", f"out.{form}")
    assert (result.status, result.out) == (1, "")
    assert result.err.splitlines()[1:] == [f"64 answers: out.{form}", "1 of 64 inputs failed"]
    expected = [json.loads(line) for line in cli("predict", clips, *MODEL, "--json").lines]
    found = read_answers(tmp_path / f"out.{form}")
    if form == "parquet":  # its texts are UTF-8, so an undecodable byte is written as Python escapes it
        found[-2 if found[-1]["path"] == str(clips / "\u2028.wav") else -1]["path"] = str(
            clips / os.fsdecode(b"z\xff.wav")
        )
    assert found == [{key: row[key] for key in ("path", "label", "probability", "error")} for row in expected]
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.parametrize("form", FORMATS)
def test_capitals_are_the_same_format(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    for name in (f"small.{form}", f"BIG.{form.upper()}"):
        assert cli("predict", SAMPLES, *MODEL, "--out", name).status == 0
    assert (tmp_path / f"BIG.{form.upper()}").read_bytes() == (tmp_path / f"small.{form}").read_bytes()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_file_cut_anywhere_is_gone_on_with(form: str, clips: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / f"out.{form}"
    cli("predict", clips, *MODEL, "--out", out)
    whole, expected = out.read_bytes(), read_answers(out)
    moments = random.Random(6)
    head = len(Csv(None).head()) if form == "csv" else 0
    first = whole.index(b"\n", head)  # torn in the first row, nothing but its beginning says that it is ours
    lengths = [0, 3, head, head + 3, first - 1, first, len(whole) - 1, len(whole)]
    for length in [*lengths, *(moments.randrange(len(whole)) for _ in range(6))]:
        out.write_bytes(whole[:length])
        assert cli("predict", clips, *MODEL, "--out", out, "--resume").status in (0, 1)
        assert read_answers(out) == expected, length


def test_a_name_with_a_carriage_return_is_one_cell(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    shutil.copy(SIX, tmp_path / "odd" / "a\rb.wav")
    for more in ((), ("--resume",)):
        assert cli("predict", "odd", *MODEL, "--out", "out.csv", *more).status == 0
        with Path("out.csv").open(newline="") as file:
            assert [row["path"] for row in csv.DictReader(file)] == ["odd/a\rb.wav"]


def test_names_that_are_escaped_alike_are_told_apart(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "odd").mkdir()
    names = [rb"a\b.wav", rb"a\udc80.wav", rb"a\\udc80.wav", b"a\x80.wav", b"a\\\x80.wav", b"a\\\\\x80.wav"]
    paths = sorted(tmp_path / "odd" / os.fsdecode(name) for name in names)
    for path in paths:
        shutil.copy(SIX, path)
    for more in ((), ("--resume",)):
        assert cli("predict", *paths, *MODEL, "--out", "out.parquet", *more).status == 0
        assert [row["path"] for row in read_rows(Path("out.parquet"))] == list(map(str, paths))


def test_what_is_done_is_not_done_again(clips: Path, tmp_path: Path) -> None:
    recognizer, place = load(GOLDEN), tmp_path / "out.jsonl"
    inputs = Inputs([str(clips)])
    with open_outfile(choose_outfile(place, None, resume=False, force=False)) as file:
        for prediction in predict_files(recognizer, list(inputs)[:40]):
            file.add(prediction)
    begun = skip_done(choose_outfile(place, None, resume=True, force=False), inputs, recognizer)
    assert (begun.n, begun.last.path if begun.last else None) == (40, str(list(inputs)[39]))
    assert len(list(begun.items)) == 64 - 40 + 1  # the last one again, to see that the model is the same


@pytest.mark.parametrize("form", FORMATS)
def test_what_failed_before_is_still_failed(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    (tmp_path / "bad.wav").touch()
    args = ("predict", "bad.wav", SIX, *MODEL, "--out", f"out.{form}")
    assert cli(*args).status == 1
    result = cli(*args, "--resume")
    closing = f"2 answers, 2 of them done before, of which 1 failed: out.{form}"
    assert (result.status, result.err.splitlines()[-2:]) == (1, [closing, "1 of 2 inputs failed"])


def test_other_inputs_models_and_columns_are_refused(clips: Path, cli: Cli, tmp_path: Path) -> None:
    cli("predict", clips, *MODEL, "--out", "out.csv")
    before = (tmp_path / "out.csv").read_bytes()
    args = ("predict", clips, *MODEL, "--out", "out.csv")
    check_refusal(cli(*args), "is there already", "--resume", "--force")
    check_refusal(cli("predict", SAMPLES, *MODEL, "--out", "out.csv", "--resume"), "row 1 is of")
    check_refusal(cli(*args, "--resume", "--top", "2"), "--top")
    usage = cli("predict", clips, *MODEL, "--out", "out.txt")
    assert (usage.status, ".jsonl, .csv, .parquet" in usage.err) == (2, True)
    check_refusal(cli("predict", clips, *MODEL, "--out", tmp_path), "is a folder")
    # z\xff.wav or the like is the last answer: below another threshold it is no label any more
    check_refusal(cli(*args, "--resume", "--threshold", "1"), "--threshold")
    assert (tmp_path / "out.csv").read_bytes() == before
    assert cli("predict", SAMPLES, *MODEL, "--out", "out.csv", "--force").status == 0
    assert len(read_answers(tmp_path / "out.csv")) == 20


@pytest.mark.parametrize("form", FORMATS)
def test_rows_that_this_command_would_not_have_written_are_refused(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    (tmp_path / "zz.wav").touch()  # the last row holds no answer
    clips, out = sorted(SAMPLES.glob("*.wav")), tmp_path / f"out.{form}"
    args = ("predict", *clips, "zz.wav", "--out", out)
    cli(*args, *MODEL, "--top", "2")
    before = read_answers(out)
    columns = "its columns are not those" if form == "csv" else "row 1 has 2 probabilities, needed 10. Give the same"
    check_refusal(cli(*args, *MODEL, "--resume"), columns, "--top")
    for threshold in ("0.9", "0.6"):
        cli(*args, *MODEL, "--top", "2", "--force", "--threshold", threshold)
        seen = "has no label where this command would answer" if threshold == "0.9" else "would refuse"
        turned = "0.6" if threshold == "0.9" else "0.9"
        again = cli(*args, *MODEL, "--top", "2", "--resume", "--threshold", turned)
        check_refusal(again, seen, "Give the same --threshold and --model, or another --out.")
    other = exchange(copy_bundle(tmp_path / "other"), {"labels.json": json.dumps(list("9876543210")).encode()})
    cli(*args, *MODEL, "--top", "2", "--force")
    check_refusal(cli(*args, "--model", other, "--top", "2", "--resume"), "in the file, and ")
    assert read_answers(out) == before
    assert cli(*args, *MODEL, "--top", "2", "--resume").status == 1
    assert read_answers(out) == before


def test_another_suffix_and_orphan_options_are_wrong_usage(cli: Cli) -> None:
    assert cli("predict", SAMPLES, *MODEL, "--resume").status == 2
    assert cli("predict", SAMPLES, *MODEL, "--out", "a.csv", "--json").status == 2


def test_answers_are_kept_or_dropped_but_not_both(cli: Cli, tmp_path: Path) -> None:
    result = cli("predict", SAMPLES, *MODEL, "--out", "a.csv", "--resume", "--force")
    assert (result.status, "Give one of them" in result.err) == (2, True), result.err
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    class Disk:
        """Takes 200 bytes, then no more."""

        def __init__(self, path: Path) -> None:
            self.file = path.open("ab", buffering=0)
            self.left = 200

        def write(self, data: memoryview) -> int:
            if not self.left:
                raise OSError(28, "No space left on device")
            n = self.file.write(data[: self.left])
            self.left -= n or 0
            return n or 0

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    disk = Disk(tmp_path / "out.jsonl")
    writer = Writer(disk, Json(None))
    writer.add(Prediction("a.wav", None, None, None, None, None, None, "x"))
    writer.flush()
    line = (tmp_path / "out.jsonl").read_bytes()
    assert line.endswith(b"\n")
    writer.add(Prediction("b.wav", "6", 1.0, {"6": 1.0}, 1.0, 0.0, 0.1))
    with pytest.raises(OSError, match="No space"):
        writer.flush()
    disk.file.close()
    assert (tmp_path / "out.jsonl").read_bytes() == line


@pytest.mark.parametrize("form", FORMATS)
def test_kill_9_leaves_whole_lines_and_a_file_to_go_on_with(form: str, clips: Path, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"out.{form}"
    table = tmp_path / "many.csv"
    files = sorted(path for path in clips.iterdir() if path.name[:3].isdigit())
    table.write_text("path\n" + "".join(f"{files[i % len(files)]}\n" for i in range(1000)))
    command = [sys.executable, "-m", "speechrnn", "predict", str(table), *MODEL, "--out", str(out), "--resume"]
    environment = {**os.environ, "SPEECHRNN_HOME": str(tmp_path / "home")}
    journal = Outfile(out, Csv(1) if form == "csv" else Json(None)).journal
    moments = random.Random(form)
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (journal.exists() and journal.stat().st_size):
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
    if journal.exists():
        assert journal.read_bytes()[-1:] in (b"\n", b"")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert (done.returncode, "of them done before" in done.stderr) == (1, True), done.stderr
    assert [row["path"] for row in read_answers(out)] == [str(files[i % len(files)]) for i in range(1000)]
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_spoilt_file_is_no_file_of_answers(clips: Path, tmp_path: Path) -> None:
    place = tmp_path / "out.jsonl"
    place.write_text('{"path": "a"}\n')
    with pytest.raises(OutputError, match="no answer of speechrnn"):
        skip_done(choose_outfile(place, None, resume=True, force=False), Inputs([str(clips)]), load(GOLDEN))


def test_another_model_is_told_from_its_answers(cli: Cli, tmp_path: Path) -> None:
    args = ("predict", *sorted(SAMPLES.glob("*.wav")), "--out", "out.jsonl")
    cli(*args, *MODEL)
    other = exchange(copy_bundle(tmp_path / "other"), {"labels.json": json.dumps(list("9876543210")).encode()})
    check_refusal(cli(*args, "--model", other, "--resume"), "in the file, and ")


def test_another_model_that_says_the_same_less_surely_is_told_too(cli: Cli) -> None:
    graph = onnx.load(GOLDEN / "model.onnx")
    [last] = [node for node in graph.graph.node if node.op_type == "Gemm"]
    for table in graph.graph.initializer:
        if table.name in last.input:
            table.CopyFrom(numpy_helper.from_array(np.float32(0.9) * numpy_helper.to_array(table), table.name))
    other = exchange(copy_bundle(Path("other")), {"model.onnx": graph.SerializeToString()})
    args = ("predict", SIX, "--out", "out.jsonl")
    cli(*args, *MODEL)
    [before] = read_answers(Path("out.jsonl"))
    refused = cli(*args, "--model", other, "--resume")
    check_refusal(refused, f"has {before['label']} (", f"in the file, and {before['label']} (", "not the one")
    assert read_answers(Path("out.jsonl")) == [before]


@pytest.mark.parametrize("form", FORMATS)
def test_old_answers_stay_until_there_are_new_ones(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    args = ("predict", SAMPLES, "--out", f"out.{form}")
    cli(*args, *MODEL)
    before = (tmp_path / f"out.{form}").read_bytes()
    check_refusal(cli(*args, "--force", "--model", "nosuch"), "nosuch: no such bundle")
    assert (tmp_path / f"out.{form}").read_bytes() == before
    result = cli("predict", min(SAMPLES.iterdir()), *MODEL, "--out", f"out.{form}", "--force")
    assert (result.status, result.err) == (0, f"1 answer: out.{form}\n")
    assert len(read_answers(tmp_path / f"out.{form}")) == 1
    assert not list(tmp_path.glob("*.unfinished"))


def test_old_answers_stay_where_nothing_answers(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(_engine: Local, _items: Iterable[Item]) -> Iterator[Prediction]:
        raise ClusterError("all machines are lost.")
        yield

    monkeypatch.setattr(Local, "predict", lose)
    (tmp_path / "out.jsonl").write_text("old")
    check_refusal(cli("predict", SAMPLES, *MODEL, "--out", "out.jsonl", "--force"), "all machines are lost")
    assert (tmp_path / "out.jsonl").read_text() == "old"


@pytest.mark.parametrize("option", ["--force", "--resume"])
def test_a_folder_is_no_file_of_answers(option: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    check_refusal(cli("predict", SAMPLES, *MODEL, "--out", "out.csv", option), "out.csv: is a folder")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("jsonl", "notes of many months, in one line"),
        ("jsonl", '{"path": "clips/000.wav", "label": "6"}'),
        ("jsonl", '{"path": "other.wav", "lab'),
        ("csv", "notes"),
        ("csv", 'a "torn\nquote\nof\nmany\nlines\n'),
        ("csv", Csv(2).head()[:-1]),
        ("csv", Csv(None).head() + "other.wav,6"),
    ],
)
def test_what_is_not_ours_is_not_gone_on_with(form: str, text: str, cli: Cli, clips: Path, tmp_path: Path) -> None:
    out = tmp_path / f"out.{form}"
    out.write_text(text)
    result = cli("predict", clips.name, *MODEL, "--out", out, "--resume")
    check_refusal(result, f"out.{form}: does not begin as a file of answers to these inputs does", "another --out")
    assert out.read_text() == text


@pytest.mark.parametrize("out", ["s3://b/x.jsonl", "file:///tmp/x.csv", "gs:/b/x.parquet", "s3://b/parts"])
def test_an_address_is_no_file(out: str, cli: Cli, tmp_path: Path) -> None:
    engine = () if Path(out).suffix else ("--engine", "ray")
    check_refusal(cli("predict", SIX, *MODEL, *engine, "--out", out), "is an address", "Give a path")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--force", "--resume"])
@pytest.mark.parametrize("out", ["list.csv", "clips/../list.csv", "soft.csv", "hard.csv"])
def test_an_input_is_no_place_for_answers(option: str, out: str, cli: Cli, clips: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "list.csv"
    inputs.write_text(f"path\n{clips / '000.wav'}\n")
    (tmp_path / "soft.csv").symlink_to(inputs)
    (tmp_path / "hard.csv").hardlink_to(inputs)
    before = inputs.read_text()
    check_refusal(cli("predict", SIX, "list.csv", *MODEL, "--out", out, option), f"{out}: is one of the inputs")
    assert inputs.read_text() == before


@pytest.mark.parametrize("option", [(), ("--force",), ("--resume",)], ids=" ".join)
@pytest.mark.parametrize(
    ("pattern", "out"),
    [
        ("*.csv", "list.csv"),
        ("*.csv", "soft/list.csv"),
        ("l*", "hard.csv"),
        ("*.csv", "new.csv"),
        ("clips/../n*.csv", "soft/new.csv"),
        ("**/*.csv", "clips/new/deep/x.csv"),
        ("{}/**", "new/x.csv"),
    ],
)
def test_what_a_glob_finds_is_no_place_for_answers(
    pattern: str, out: str, option: tuple[str, ...], cli: Cli, clips: Path
) -> None:
    tmp_path = clips.parent
    inputs = tmp_path / "list.csv"
    inputs.write_text(f"path\n{clips / '000.wav'}\n")
    (tmp_path / "soft").symlink_to(tmp_path)
    (tmp_path / "hard.csv").hardlink_to(inputs)
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()}
    result = cli("predict", pattern.format(tmp_path), *MODEL, "--out", out, *option)
    check_refusal(result, f"{out}: is one of the inputs, as ", "another --out")
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("pattern", "out"),
    [
        ("clips/00[0-3]*", "out.csv"),
        ("clips/*", "clips/out.jsonl"),
        ("clips/**/*", "clips/.out.csv"),
        ("clip*", "clips/out.csv"),
        ("clip*/", "clips.csv"),
    ],
)
def test_what_no_glob_finds_may_take_answers(pattern: str, out: str, cli: Cli, clips: Path) -> None:
    for option in ((), ("--force",)):
        assert str(clips) not in cli("predict", pattern, *MODEL, "--out", out, *option).err
        assert {Path(str(row["path"])).suffix for row in read_answers(Path(out))} == {".wav"}


def test_answers_may_stand_among_the_inputs(cli: Cli, clips: Path) -> None:
    assert cli("predict", clips, *MODEL, "--out", clips / "out.csv").status == 1
    assert cli("predict", clips, *MODEL, "--out", clips / "out.csv", "--force").status == 1
    assert len(read_answers(clips / "out.csv")) == 64


@pytest.mark.parametrize("kind", ["columns", "types", "text", "empty", "torn", "damaged"])
def test_another_parquet_file_is_not_gone_on_with(kind: str, cli: Cli, tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "out.parquet"
    cli("predict", SAMPLES, *MODEL, "--out", out)
    match kind:
        case "columns":
            parquet.write_table(arrow.table({"x": [1, 2]}), out)
        case "types":
            parquet.write_table(arrow.table({name: [1, 2] for name in parquet.read_schema(out).names}), out)
        case "text" | "empty":
            out.write_text("notes" if kind == "text" else "")
        case "torn":
            out.write_bytes(out.read_bytes()[:-20])
        case "damaged":
            whole = out.read_bytes()
            out.write_bytes(whole[:8] + bytes(600) + whole[608:])
    before = out.read_bytes()
    for _ in range(2):
        check_refusal(cli("predict", SAMPLES, *MODEL, "--out", out, "--resume"), "out.parquet: is no Parquet file of")
        assert (out.read_bytes(), list(tmp_path.glob("*.unfinished"))) == (before, [])


@pytest.mark.parametrize("form", FORMATS)
def test_two_commands_cannot_write_one_file(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"out.{form}"
    args = ("predict", SAMPLES, *MODEL, "--out", out)
    cli(*args)
    before = read_answers(out)
    code = (
        "import sys; from pathlib import Path; from speechrnn.cli.outplace import choose_outfile, hold_outfile\n"
        "with hold_outfile(choose_outfile(Path(sys.argv[1]), None, resume=True, force=False)):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        for option in ("--resume", "--force"):
            check_refusal(cli(*args, option), f"out.{form}: another command is writing it")
        other.kill()
        other.communicate()
    assert read_answers(out) == before
    assert cli(*args, "--resume").status == 0  # a killed one holds nothing
    assert read_answers(out) == before
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.parametrize("form", FORMATS)
def test_what_another_command_wrote_meanwhile_stays(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"out.{form}"
    outfile = choose_outfile(out, None, resume=False, force=False)
    cli("predict", SAMPLES, *MODEL, "--out", out)
    before = out.read_bytes()
    with pytest.raises(OutputError, match="is there already"), hold_outfile(outfile):
        pass
    assert [out.read_bytes(), *tmp_path.glob("*.unfinished")] == [before]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_new_is_left_where_nothing_answers(form: str, cli: Cli, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    with (
        pytest.raises(ClusterError),
        hold_outfile(choose_outfile(tmp_path / f"new.{form}", None, resume=False, force=False)),
    ):
        raise ClusterError("all machines are lost.")
    cli("predict", SAMPLES, *MODEL, "--out", f"out.{form}")
    check_refusal(cli("predict", SIX, *MODEL, "--out", f"out.{form}", "--resume"), "row 1 is of")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == [f"out.{form}"]


@pytest.mark.parametrize("option", [(), ("--resume",), ("--force",)], ids=" ".join)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("end", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_what_ended_early_says_how_to_go_on(
    end: BaseException, form: str, option: tuple[str, ...], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    args = ("predict", SAMPLES, *MODEL, "--out", f"out.{form}")
    left, add = iter(range(5)), Writer.add

    def add_five(writer: Writer, prediction: Prediction) -> None:
        if next(left, None) is None:
            raise end
        add(writer, prediction)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "add", add_five)
        result = cli(*args, *option)
    how = "with --resume instead of --force" if "--force" in option else "with --resume"
    if isinstance(end, KeyboardInterrupt):
        assert (result.status, result.err.splitlines()) == (130, ["stopped", f"to go on, run the same command {how}"])
    else:
        check_refusal(result, f"out.{form}: no space left on the disk. Free some, then run the same command {how}.")
    assert cli(*args, "--resume").status == 0
    assert len(read_answers(Path(f"out.{form}"))) == 20


def test_a_file_that_may_not_grow_ends_like_a_full_disk(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("predict", SAMPLES, *MODEL, "--out", "out.jsonl")
    add = Writer.add

    def add_one(writer: Writer, prediction: Prediction) -> None:
        add(writer, prediction)
        writer.flush()
        raise OSError(errno.EFBIG, "File too large")

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "add", add_one)
        result = cli(*args)
    check_refusal(
        result,
        "error: out.jsonl: as large as the disk or `ulimit -f` lets a file be. Raise the limit or take another disk, "
        "then run the same command with --resume.",
    )
    assert cli(*args, "--resume").status == 0


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_disk_that_was_full_before_is_named_too(
    form: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")

    def flush(_writer: Writer) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "flush", flush)
    result = cli("predict", SIX, *MODEL, "--out", f"out.{form}")
    check_refusal(result, f"error: out.{form}: no space left on the disk. Free some, then run it again.")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []
