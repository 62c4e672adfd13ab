"""What `predict` and `evaluate` take: globs, lists, archives, and all of it as a stream."""

import csv
import gc
import io
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from speechrnn.batch import Recording, Remote, name_item
from speechrnn.cli.inputs import Inputs
from speechrnn.cli.recordings import open_corpus
from speechrnn.recognizer import Prediction
from tests.bundles import SAMPLES
from tests.command_line import MODEL, Result, check_refusal

Cli = Callable[..., Result]
CLIPS = sorted(SAMPLES.glob("*.wav"))


def pack(path: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for clip in CLIPS:
            archive.add(clip, f"clips/{clip.name}")
        archive.addfile(tarfile.TarInfo("clips/notes.txt"), io.BytesIO())
    return path


def answers(result: Result) -> list[tuple[object, object]]:
    rows = [json.loads(line) for line in result.lines]
    return [(Path(row["path"]).name, row["label"]) for row in rows]


@pytest.mark.parametrize("kind", ["tar", "tgz", "list", "glob", "several"])
def test_any_way_to_name_recordings_gives_the_same_answers(kind: str, cli: Cli, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("speaker,Path\n" + "".join(f"x,{clip}\n" for clip in CLIPS))
    names: dict[str, list[str | Path]] = {
        "tar": [pack(tmp_path / "a.tar")],
        "tgz": [pack(tmp_path / "a.tar.gz", "w:gz")],
        "list": [table],
        "glob": [f"{SAMPLES}/*.wav"],
        "several": [f"{SAMPLES}/[0-4]*", f"{SAMPLES}/**/[5-9]_*.wav"],
    }
    result = cli("predict", *names[kind], *MODEL, "--json", "--jobs", "1")
    assert result.status == 0
    assert answers(result) == answers(cli("predict", SAMPLES, *MODEL, "--json"))


def test_members_are_named_by_archive(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar")
    [first] = islice(Inputs([str(archive)]), 1)
    assert isinstance(first, Recording)
    assert (first.path, first.raw) == (f"{archive}/clips/{CLIPS[0].name}", CLIPS[0].read_bytes())


def pack_links(archive: Path, mode: str) -> Path:
    """An archive of one recording, links of both kinds to it, and links that lead nowhere or in a circle."""
    folder = archive.parent / "in"
    folder.mkdir()
    (folder / "data").write_bytes(CLIPS[0].read_bytes())
    (folder / "hard.wav").hardlink_to(folder / "data")
    for name, target in (("a", "hard"), ("b", "a"), ("gone", "nope"), ("out", "/x"), ("x", "y"), ("y", "x")):
        (folder / f"{name}.wav").symlink_to(f"{target}.wav")
    with tarfile.open(archive, mode) as members:  # type: ignore[call-overload]
        for path in sorted(folder.iterdir()):
            members.add(path, f"./in/{path.name}")
    return archive


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_links_in_an_archive_are_followed_and_those_to_nothing_told(mode: str, tmp_path: Path) -> None:
    archive = pack_links(tmp_path / "links.tar", mode)
    items = {Path(name_item(item)).name: item for item in Inputs([str(archive)])}
    raw = {name: item.raw for name, item in items.items() if isinstance(item, Recording)}
    assert raw == dict.fromkeys(("hard.wav", "a.wav", "b.wav"), CLIPS[0].read_bytes())
    reasons = {name: item.error for name, item in items.items() if isinstance(item, Prediction)}
    assert set(reasons) == {"gone.wav", "out.wav", "x.wav", "y.wav"}
    assert reasons["gone.wav"] == (
        "a link to in/nope.wav, which is no file of the archive. Pack it with tar --dereference."
    )


def test_what_is_hidden_in_an_archive_is_passed_over_and_a_pipe_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("in/._x.wav", ".hidden/x.wav", "./x.wav", "../x.wav"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
        pipe = tarfile.TarInfo("in/pipe.wav")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
    *good, bad = Inputs([str(tmp_path / "a.tar")])
    assert [item.path.rpartition("a.tar/")[2] for item in good if isinstance(item, Recording)] == [
        "./x.wav",
        "../x.wav",
    ]
    assert isinstance(bad, Prediction)
    assert bad.error == "a pipe or a device, needed a file. Take it out of the archive."


def test_a_space_after_the_comma_of_a_list_hides_no_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"label, path\n6, {CLIPS[0]}\n")
    result = cli("predict", "list.csv", *MODEL)
    assert (result.status, len(result.lines)) == (0, 1)


def test_a_row_of_a_list_without_a_path_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"speaker,path\nann,{CLIPS[0]}\nann,\n\nann\nann,{CLIPS[1]}\n")
    result = cli("predict", "list.csv", *MODEL, "--json", "--jobs", "1")
    rows = [json.loads(line) for line in result.lines]
    assert result.status == 1
    empty = "path is empty. Fill it in, or take the row out."
    assert [row["error"] for row in rows] == [None, f"line 3: {empty}", f"line 5: {empty}", None]


@pytest.mark.parametrize("name", ["list.csv", "*.wav"])
def test_a_pipe_that_nobody_named_is_not_waited_for(name: str, cli: Cli, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    shutil.copy(CLIPS[0], tmp_path / "a.wav")
    (tmp_path / "list.csv").write_text("path\npipe.wav\na.wav\n")
    result = cli("predict", name, *MODEL)
    assert (result.status, len(result.lines)) == (1, 1)
    assert "error: pipe.wav: a pipe, needed a file. Name it by itself.\n" in result.err


def test_a_glob_in_quotes_takes_what_the_shell_would(tmp_path: Path) -> None:
    pack(tmp_path / "in.tar")
    (tmp_path / "in.csv").write_text(f"path\n{CLIPS[0]}\n")
    (tmp_path / "in.wav").touch()
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "x.wav").touch()
    names = sorted(map(str, tmp_path.glob("in*")))
    assert list(Inputs([f"{tmp_path}/in*"])) == list(Inputs(names))
    assert len(list(Inputs([f"{tmp_path}/**/in*"]))) == len(list(Inputs(names))) - 1


def test_the_removal_of_a_link_is_advised_and_never_that_of_a_folder(tmp_path: Path) -> None:
    for name in ("d/z_real", "outside/in"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.wav").touch()
    for name, target in (("a", "d/z_real"), ("b", "outside/in"), ("c", "outside")):
        (tmp_path / "d" / name).symlink_to(tmp_path / target)
    link, good, folder, last = Inputs([str(tmp_path / "d")])
    assert [good, last] == [tmp_path / "d/b/x.wav", tmp_path / "d/z_real/x.wav"]
    assert [(item.path, item.error) for item in (link, folder) if isinstance(item, Prediction)] == [
        (f"{tmp_path}/d/a", "a link to a folder that is read already. Remove it, or point it at a file."),
        (f"{tmp_path}/d/c/in", "a folder that a link has led to already. Remove that link."),
    ]


def test_what_can_be_counted_is_counted_without_reading(tmp_path: Path) -> None:
    assert Inputs([str(SAMPLES), str(CLIPS[0])]).count() == 21
    assert Inputs([str(pack(tmp_path / "a.tar"))]).count() is None


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("cut.tar", None, "not readable as a tar archive"),
        ("cut.tar.gz", None, "not readable as a tar archive"),
        ("text.tar", b"no archive", "not readable as a tar archive"),
        ("none.tar", b"\0" * 10240, "no recordings"),
        ("bad.csv", b"name,label\na,b\n", "no column path (columns found: name, label)"),
        ("twice.csv", b"path,path\na,b\n", "more than one column path, needed one"),
        ("bytes.csv", b"\0\xff\n", "no column path"),
        ("absent*.wav", None, "no recording has a name like that"),
        ("absent.tar", None, "o such file"),
    ],
)
def test_what_cannot_be_listed_is_named(name: str, data: bytes | None, seen: str, cli: Cli, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    elif name.startswith("cut"):
        whole = pack(tmp_path / name, "w:gz" if name.endswith("gz") else "w").read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 3 - 77])
    result = cli("predict", name, *MODEL)
    assert result.status == 1
    assert any(line.startswith("error: ") and seen in line for line in result.err.splitlines()), result.err
    assert "Traceback" not in result.err


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_no_compressed_archive_that_is_damaged_looks_whole(mode: str, tmp_path: Path) -> None:
    whole = pack(tmp_path / "whole.tar", mode)
    good = list(Inputs([str(whole)]))
    assert len(good) == len(CLIPS)
    raw = [item.raw for item in good if isinstance(item, Recording)]
    damaged = tmp_path / "damaged.tar"
    for place in np.linspace(20, whole.stat().st_size - 9, 40).astype(int).tolist():
        shutil.copy(whole, damaged)
        flip(damaged, place)
        *items, last = Inputs([str(damaged)])
        if isinstance(last, Prediction):
            assert "damaged.tar" in str(last.path)
            assert "not readable as a tar archive to its end" in str(last.error)
        else:
            assert [item.raw for item in (*items, last) if isinstance(item, Recording)] == raw


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_may_be_a_pipe(mode: str, cli: Cli, tmp_path: Path) -> None:
    data = pack(tmp_path / "a.tar", mode).read_bytes()
    os.mkfifo(tmp_path / "pipe.tar")

    def write() -> int:
        with (tmp_path / "pipe.tar").open("wb", buffering=0) as pipe:
            first = pipe.write(data[:1])
            time.sleep(0.1)  # so that the first read gives one byte
            return first + sum(pipe.write(data[at : at + 4096]) for at in range(1, len(data), 4096))

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        result = cli("predict", "pipe.tar", "--json", *MODEL)
        assert written.result() == len(data)
    assert result.status == 0
    assert len(result.lines) == len(CLIPS)


def test_an_archive_with_a_damaged_header_or_without_its_end_is_told(cli: Cli, tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar")
    with tarfile.open(archive) as members:
        third = members.getmembers()[2].offset
    flip(archive, third + 5)
    (tmp_path / "b.tar").write_bytes(pack(tmp_path / "whole.tar").read_bytes()[:third])
    sparse = tarfile.TarInfo("c.wav")
    sparse.pax_headers = {"GNU.sparse.map": "a,b", "GNU.sparse.size": "10"}
    with tarfile.open(tmp_path / "c.tar", "w", format=tarfile.PAX_FORMAT) as members:
        members.addfile(sparse)
    for name, n in (("a.tar", 2), ("b.tar", 2), ("c.tar", 0)):
        told = f"error: {name}: not readable as a tar archive to its end ("
        result = cli("predict", name, CLIPS[0], *MODEL)
        assert (result.status, len(result.lines)) == (1, n + 1)
        assert any(line.startswith(told) and line.endswith("Copy it again.") for line in result.err.splitlines())
        check_refusal(cli("evaluate", name, *MODEL), told, "Copy it again.")


def test_a_row_that_cannot_be_looked_at_does_not_end_a_list(cli: Cli, tmp_path: Path) -> None:
    long = "x" * 5000 + ".wav"
    (tmp_path / "list.csv").write_text(f"path\n{CLIPS[0]}\n{long}\n{CLIPS[1]}\n")
    result = cli("predict", "list.csv", "--json", *MODEL)
    assert result.status == 1
    assert [(Path(row["path"]).name, row["error"] is None) for row in map(json.loads, result.lines)] == [
        (CLIPS[0].name, True),
        (long, False),
        (CLIPS[1].name, True),
    ]


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("foo://bar/x.wav", "cannot be opened (Protocol not known: foo). Check the address."),
        ("oci://bar/x.wav", "cannot be opened (Install ocifs"),
        ("github://bar/x.wav", "cannot be opened ("),
    ],
)
def test_a_url_that_nothing_opens_does_not_keep_the_others_of_a_list_waiting(
    url: str, seen: str, cli: Cli, tmp_path: Path
) -> None:
    pytest.importorskip("fsspec")
    (tmp_path / "list.csv").write_text(f"path\n{CLIPS[0]}\n{url}\n{CLIPS[1]}\n")
    result = cli("predict", "list.csv", *MODEL, "--json", "--jobs", "1")
    first, bad, last = map(json.loads, result.lines)
    assert result.status == 1
    assert (bad["path"], bad["label"], bad["error"][: len(seen)]) == (url, None, seen)
    assert [Path(row["path"]) for row in (first, last) if row["error"] is None] == CLIPS[:2]
    assert "unforeseen" not in result.err
    check_refusal(cli("predict", url, *MODEL), f"{url}: {seen}")


class _NoLoginError(Exception):
    """As botocore's and aiohttp's errors, which have no other parent."""


@pytest.mark.parametrize("reason", ["Unable to locate credentials", ""])
def test_a_url_with_an_error_of_its_own_ends_no_other(
    reason: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem

    def refuse(*_args: object, **_options: object) -> None:
        raise _NoLoginError(reason)

    monkeypatch.setattr(memory, "open", refuse)
    (tmp_path / "list.csv").write_text(f"path\n{CLIPS[0]}\nmemory://x.wav\n{CLIPS[1]}\n")
    result = cli("predict", "list.csv", *MODEL, "--json", "--jobs", "1")
    seen = f"cannot be opened ({reason or '_NoLoginError'}). Check the address."
    assert [json.loads(line)["error"] for line in result.lines] == [None, seen, None]
    monkeypatch.setattr(memory, "isdir", refuse)
    result = cli("predict", "memory://x.wav", CLIPS[0], *MODEL, "--json")
    assert [json.loads(line)["error"] for line in result.lines] == [seen, None]


def test_a_folder_of_a_url_gives_its_recordings(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    (tmp_path / "b.txt").touch()
    [none] = Inputs([f"file://{tmp_path}"])
    assert isinstance(none, Prediction)
    assert "no recordings in it" in str(none.error)
    for name in ("b.wav", "a.wav"):
        (tmp_path / name).touch()
    assert list(Inputs([f"file://{tmp_path}"])) == [Remote(f"file://{tmp_path}/{name}") for name in ("a.wav", "b.wav")]


def test_a_url_where_nothing_is_says_so(cli: Cli) -> None:
    pytest.importorskip("fsspec")
    check_refusal(cli("predict", "memory://x.wav", *MODEL), "memory://x.wav: no such file or directory (/x.wav). Check")


def test_a_url_of_a_list_names_the_extra_where_that_is_absent(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    (tmp_path / "list.csv").write_text(f"path\ns3://bar/x.wav\n{CLIPS[0]}\n")
    bad, good = map(json.loads, cli("predict", "list.csv", *MODEL, "--json", "--jobs", "1").lines)
    assert 'pip install "speechrnn[ray]"' in bad["error"]
    assert good["error"] is None


def test_a_list_of_any_length_takes_no_memory(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    with table.open("w") as file:
        file.write("path\n")
        file.writelines(f"some/folder/with/a/long/name/{i:07d}.wav\n" for i in range(30_000))
    items = iter(Inputs([str(table)]))
    before = sum(issubclass(type(thing), Path) for thing in gc.get_objects())
    assert sum(1 for _ in islice(items, 15_000)) == 15_000
    assert sum(issubclass(type(thing), Path) for thing in gc.get_objects()) - before < 10
    assert sum(1 for _ in items) == 15_000


@pytest.mark.parametrize("kind", ["tar", "glob"])
def test_evaluate_takes_archives_and_globs(kind: str, cli: Cli, tmp_path: Path) -> None:
    name = str(pack(tmp_path / "a.tar")) if kind == "tar" else f"{SAMPLES}/[67]*.wav"
    found = json.loads(cli("evaluate", name, *MODEL, "--json", "--jobs", "2").out)
    assert found["n_clips"] == (20 if kind == "tar" else 4)
    if kind == "tar":
        assert found["accuracy"] == json.loads(cli("evaluate", SAMPLES, *MODEL, "--json").out)["accuracy"]


def test_evaluate_names_members_as_predict_does(cli: Cli, tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar")
    with tarfile.open(archive, "a") as members:
        for name in ("clips/9_bob_0.wav", "clips/unknown/tree.wav", "clips/_background_noise_/fan.wav"):
            members.addfile(tarfile.TarInfo(name))
    told = [json.loads(line) for line in cli("predict", "a.tar", *MODEL, "--json").lines]
    failed = {row["path"] for row in told if row["error"]}
    result = cli("evaluate", "a.tar", *MODEL, "--report", "report", "--json")
    assert {item["path"] for item in json.loads(result.out)["skipped"]} == failed
    with (tmp_path / "report" / "predictions.csv").open() as file:
        rows = {row["path"] for row in csv.DictReader(file)}
    assert rows == {row["path"] for row in told if "/clips/unknown" not in row["path"] and "_noise_" not in row["path"]}
    texts = [path.read_text() for path in (tmp_path / "report").iterdir() if path.suffix != ".png"]
    assert [text for text in (result.out, result.err, *texts) if "speechrnn-" in text] == []
    assert result.err.startswith("report: report/report.md\n3 of 23 files could not be read")


@pytest.mark.pretrained
def test_evaluate_names_members_that_are_strings(cli: Cli, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(CLIPS[0], "4071.wav")
        archive.addfile(tarfile.TarInfo("12.wav"))
    result = cli("evaluate", "a.tar", "--model", "strings", "--json")
    found = json.loads(result.out)
    assert [one["path"] for name in ("alignments", "skipped") for one in found[name]] == [
        "a.tar/4071.wav",
        "a.tar/12.wav",
    ]
    assert result.err.startswith("not scored: a.tar/12.wav: empty")


@pytest.mark.parametrize(
    ("names", "layout", "labels"),
    [
        (("s/4071.wav", "s/07_ann.wav"), "strings", ("07", "4071")),
        (("s/4071.wav", "._s", ".hidden/x.wav"), "strings", ("4071",)),
        (("s/0_ann_1.wav",), "fsdd", ("0",)),
        (("s/0/1.wav", "s/1/1.wav"), "folders", ("0", "1")),
        # the name of the folder says something
        (("7/4071.wav",), "folders", ("7",)),
        (("2011/1.wav", "2011/2.wav"), "folders", ("2011",)),
        (("yes/a.wav", "yes/b.wav", "yes/12.wav"), "folders", ("yes",)),
        (("unknown/12.wav",), "folders", ()),
        # takes of a word
        (("yes/0.wav", "yes/1.wav", "yes/2.wav"), "folders", ("yes",)),
        (("yes/1_ann.wav", "yes/1_bob.wav"), "folders", ("yes",)),
        # there are more
        (("s/4071.wav", "more/07.wav"), "folders", ("more", "s")),
        (("s/4071.wav", "s/12.wav", "six_ann_0.wav"), "folders", ("s",)),
    ],
)
def test_evaluate_reads_an_archive_of_one_folder_as_that_folder(
    names: tuple[str, ...], layout: str, labels: tuple[str, ...], tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    with open_corpus(str(tmp_path / "a.tar")) as opened:
        assert (opened.corpus.layout, opened.corpus.labels) == (layout, labels)
        found = {str(clip.path) for clip in opened.rename((*opened.corpus.clips, *opened.corpus.rejects))}
        found |= {str(item.path) for item in opened.rename(opened.corpus.skipped)}
    assert found == {f"{tmp_path}/a.tar/{name}" for name in names if name[0] != "."}


def test_evaluate_names_an_archive_and_what_leads_out_of_it(cli: Cli, tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar")
    with tarfile.open(archive, "a") as members:
        for i, (kind, target) in enumerate(((tarfile.SYMTYPE, "/x.wav"), (tarfile.LNKTYPE, "gone.wav"))):
            for name in (f"clips/6_bob_{i}.wav", f"clips/._6_bob_{i}.wav"):
                link = tarfile.TarInfo(name)
                link.type, link.linkname = kind, target
                members.addfile(link)
    result = cli("evaluate", "a.tar", *MODEL, "--json")
    assert (result.status, result.err) == (1, "2 of 22 files could not be read: stdout names them\n")
    assert json.loads(result.out)["skipped"] == [
        {"path": f"a.tar/clips/6_bob_{i}.wav", "reason": "a link that leads out of the archive"} for i in range(2)
    ]
    cli("evaluate", "a.tar", *MODEL, "--report", "report")
    assert "speechrnn-" not in (tmp_path / "report" / "report.md").read_text().splitlines()[0]
    with tarfile.open(tmp_path / "none.tar", "w") as members:
        members.addfile(link)
        link.name = "6_bob_2.wav"
        members.addfile(link)
    left_out = "Left out: 6_bob_2.wav (a link that leads out of the archive)"
    check_refusal(cli("evaluate", "none.tar", *MODEL), "error: none.tar: no recordings in it", left_out)


def test_evaluate_says_what_a_python_cannot_unpack(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(tmp_path / "a.tar")
    for name in ("data_filter", "FilterError", "SpecialFileError"):  # as in 3.11.0 to 3.11.3
        monkeypatch.delattr(tarfile, name)
    needed = "a.tar: reading an archive needs Python 3.11.4 or later, this is 3."
    check_refusal(cli("evaluate", "a.tar", *MODEL), needed, "Unpack it first.")


def test_evaluate_refuses_what_holds_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_bytes(b"no archive")
    check_refusal(cli("evaluate", "text.tar", *MODEL), "not readable as a tar archive")
    check_refusal(cli("evaluate", "absent/*.wav", *MODEL), "nothing has a name like that")
