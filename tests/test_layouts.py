import os
from pathlib import Path

import pytest

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, Skipped, read_corpus
from speechrnn.corpus.names import NUMBERED
from speechrnn.errors import CorpusError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def triples(corpus: Corpus) -> set[tuple[str, str, str | None]]:
    return {(clip.path.relative_to(corpus.folder).as_posix(), clip.label, clip.speaker) for clip in corpus.clips}


def table(folder: Path, text: str) -> Path:
    path = folder / "clips.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_fsdd_names(tmp_path: Path) -> None:
    corpus = read_corpus(touch(tmp_path, "6_ann_0.wav", "six_bob_1.flac", "stop_mary_ann_2.wav", "README.md"))
    assert corpus.layout == "fsdd"
    assert triples(corpus) == {
        ("6_ann_0.wav", "6", "ann"),
        ("six_bob_1.flac", "6", "bob"),
        ("stop_mary_ann_2.wav", "stop", "mary_ann"),
    }
    assert (corpus.labels, corpus.speakers) == (("6", "stop"), ("ann", "bob", "mary_ann"))
    assert (corpus.skipped, corpus.rejects) == ((), ())


def test_folders_of_words_and_digits_with_rejects(tmp_path: Path) -> None:
    names = [
        "six/0a_nohash_0.wav",
        "6/x.wav",
        "yes/0a_nohash_1.wav",
        "_background_noise_/hum.wav",
        "unknown/0b_nohash_0.wav",
    ]
    corpus = read_corpus(touch(tmp_path, *names))
    assert corpus.layout == "folders"
    assert triples(corpus) == {
        ("six/0a_nohash_0.wav", "6", "0a"),
        ("6/x.wav", "6", None),
        ("yes/0a_nohash_1.wav", "yes", "0a"),
    }
    assert {(clip.label, clip.speaker) for clip in corpus.rejects} == {("_background_noise_", None), ("unknown", "0b")}


def test_rejects_are_found_beside_fsdd_names_too(tmp_path: Path) -> None:
    corpus = read_corpus(touch(tmp_path, "6_ann_0.wav", "unknown_ann_0.wav", "_background_noise_/hum.wav"))
    assert corpus.layout == "fsdd"
    assert triples(corpus) == {("6_ann_0.wav", "6", "ann")}
    assert sorted(clip.label for clip in corpus.rejects) == ["_background_noise_", "unknown"]


@pytest.mark.parametrize(
    ("names", "layout", "labels", "speakers"),
    [
        # FSDD's repository: one folder around the clips
        (["recordings/0_ann_0.wav", "recordings/1_ann_0.wav"], "fsdd", ("0", "1"), ("ann",)),
        (["recordings/zero/a.wav", "recordings/one/a.wav"], "folders", ("0", "1"), ()),
        # AudioMNIST: one folder for each speaker, numbered
        (["1/0_1_0.wav", "1/1_1_0.wav", "2/0_2_0.wav"], "fsdd", ("0", "1"), ("1", "2")),
        # take names that look like FSDD's inside the folders of labels
        (["six/rec_ann_1.wav", "seven/rec_ann_2.wav"], "folders", ("6", "7"), ()),
        (["yes/rec_ann_1.wav", "no/rec_ann_2.wav"], "folders", ("no", "yes"), ()),
        (["six/six_ann_1.wav", "seven/seven_ann_2.wav"], "fsdd", ("6", "7"), ("ann",)),
        # one label is a legal corpus, and a wrapper is not a label
        (["six/a.wav", "six/b.wav"], "folders", ("6",), ()),
        (["6_ann_0.wav"], "fsdd", ("6",), ("ann",)),
    ],
)
def test_the_layout_is_recognised_by_content(
    tmp_path: Path, names: list[str], layout: str, labels: tuple[str, ...], speakers: tuple[str, ...]
) -> None:
    corpus = read_corpus(touch(tmp_path, *names))
    assert (corpus.layout, corpus.labels, corpus.speakers) == (layout, labels, speakers)
    assert len(corpus.clips) == len(names)


def test_the_layout_of_most_files_wins_and_the_rest_is_listed(tmp_path: Path) -> None:
    corpus = read_corpus(touch(tmp_path, "6_ann_0.wav", "7_ann_0.wav", "six/a.wav", "loose.wav", "notes.txt"))
    assert triples(corpus) == {("6_ann_0.wav", "6", "ann"), ("7_ann_0.wav", "7", "ann")}
    assert corpus.skipped == (
        Skipped(tmp_path / "loose.wav", "not named {label}_{speaker}_{index}, as 2 of 4 are"),
        Skipped(tmp_path / "six" / "a.wav", "not named {label}_{speaker}_{index}, as 2 of 4 are"),
    )
    corpus = read_corpus(touch(tmp_path, "six/b.wav", "six/c.wav", "six/deep/d.wav"))
    assert corpus.layout == "folders"
    assert {item.path.name for item in corpus.skipped} == {"6_ann_0.wav", "7_ann_0.wav", "loose.wav", "d.wav"}


@pytest.mark.parametrize(
    ("names", "layout", "n_clips"),
    [
        (["905.wav", "222_bob.wav", "4071.wav", "905_ann.wav", "222_ann_1.wav", "notes.wav"], "strings", 5),
        (["905.wav", "222_ann_1.wav", "222_ann_2.wav"], "strings", 3),
        # words, beside what is a string by its name
        (["6_ann_0.wav", "7_ann_0.wav", "8_ann_0.wav", "2023_holiday.wav"], "fsdd", 3),
        (["yes/001.wav", "no/002.wav", "3.wav"], "folders", 2),
        (["stop_ann_0.wav", "222.wav"], "fsdd", 1),
    ],
)
def test_strings_are_the_layout_where_more_names_are_strings(
    tmp_path: Path, names: list[str], layout: str, n_clips: int
) -> None:
    corpus = read_corpus(touch(tmp_path, *names))
    assert (corpus.layout, len(corpus.clips)) == (layout, n_clips)
    assert {clip.speaker for clip in corpus.clips if clip.path.name.startswith("222_ann")} <= {"ann"}
    share = "most" if 2 * n_clips > len(names) else f"{n_clips} of {len(names)}"
    assert all(item.reason.endswith(f", as {share} are") for item in corpus.skipped)


@pytest.mark.parametrize(
    "names",
    [
        ["ann/six/0.wav", "bob/six/0.wav"],
        ["six/ann/0.wav"],
        ["train/Six/4071.wav", "test/7/1_ann.wav"],
        # takes of words, some thrown away
        ["ann/yes/0.wav", "ann/yes/2.wav", "ann/no/1.wav", "bob/yes/000.wav", "bob/no/7.wav"],
        ["train/yes/1_ann.wav", "test/yes/1_bob.wav"],
    ],
)
@pytest.mark.parametrize("beside", [[], ["unknown/12.wav"]])
def test_the_number_of_a_take_is_no_string_however_deep_it_lies(
    tmp_path: Path, names: list[str], beside: list[str]
) -> None:
    touch(tmp_path, *names, *beside)
    if beside:
        corpus = read_corpus(tmp_path)
        assert corpus.clips == ()
        assert {item.reason for item in corpus.skipped} == {NUMBERED}
        return
    with pytest.raises(CorpusError, match=rf"none of its {len(names)} recordings can be used, .*\({NUMBERED}\)"):
        read_corpus(tmp_path)


def test_one_number_among_other_names_makes_no_strings(tmp_path: Path) -> None:
    for name in ("24.wav", "note.wav", "other.wav"):
        (tmp_path / name).touch()
    with pytest.raises(CorpusError, match="none of its 3 recordings can be used"):
        read_corpus(tmp_path)
    (tmp_path / "note.wav").rename(tmp_path / "25.wav")
    assert read_corpus(tmp_path).layout == "strings"


@pytest.mark.parametrize(
    "names",
    [
        ["4071.wav", "07.wav"],
        ["0.wav", "1.wav", "2.wav"],
        ["train/ann/4071.wav", "test/bob/4071.wav"],
        ["train/ann/4071.wav", "train/ann/0.wav", "test/bob/222.wav"],
        ["train/ann/7.wav", "test/bob/3.wav"],
        # sessions are numbers, too
        ["train/1/4071.wav", "train/2/222.wav", "test/3/98135.wav"],
        [f"{part}/{n}.wav" for part in ("train/ann", "test/bob") for n in range(50, 60)],
    ],
)
def test_strings_are_read_from_one_folder_and_from_folders_of_speakers(tmp_path: Path, names: list[str]) -> None:
    folder = touch(tmp_path / "six" / "corpus", *names)  # what is above the folder says nothing
    corpus = read_corpus(folder)
    assert corpus.layout == "strings"
    assert triples(corpus) == {(name, Path(name).stem, None) for name in names}


def test_a_take_among_strings_is_left_out(tmp_path: Path) -> None:
    corpus = read_corpus(touch(tmp_path, "4071.wav", "222.wav", "six/0.wav"))
    assert (corpus.layout, corpus.labels) == ("strings", ("222", "4071"))
    assert [item.path.name for item in corpus.skipped] == ["0.wav"]


def test_what_lies_beside_rejects_alone_fits_no_layout(tmp_path: Path) -> None:
    corpus = read_corpus(touch(tmp_path, "_background_noise_/hum.wav", "loose.wav"))
    assert corpus.skipped == (Skipped(tmp_path / "loose.wav", "no layout fits"),)


def test_odd_names_work_and_every_label_can_be_written(tmp_path: Path) -> None:
    names = [
        "six/a b.wav",
        "six/a\nb.wav",
        "fünf/ä.wav",
        "fu\u0308nf/b.wav",
        os.fsdecode(b"six/\xff.wav"),
        os.fsdecode(b"\xff/1.wav"),
    ]
    corpus = read_corpus(touch(tmp_path, *names))
    assert {clip.path for clip in corpus.clips} == {tmp_path / name for name in names}
    assert corpus.labels == ("6", "\\xff", "fünf")


def test_labels_are_ordered_by_number_then_alphabet(tmp_path: Path) -> None:
    labels = ["stop", "10", "9", "ten", "zero", "01", "1", "²"]
    corpus = read_corpus(touch(tmp_path, *(f"{label}/a.wav" for label in labels)))
    assert corpus.labels == ("0", "01", "1", "9", "10", "stop", "ten", "²")


def test_csv_paths_are_relative_to_the_csv(tmp_path: Path) -> None:
    touch(tmp_path, "list/a.wav", "sounds/b.wav", "c.wav", "noise.wav")
    path = table(
        tmp_path / "list",
        f"label,path,speaker,split\nsix,a.wav,ann,train\n6,../sounds/b.wav,,valid\nyes,{tmp_path}/c.wav,bob,test\n"
        "unknown,../noise.wav,,train\n",
    )
    corpus = read_corpus(path)
    assert corpus.layout == "csv"
    assert [(clip.path.resolve(), clip.label, clip.speaker) for clip in corpus.clips] == [
        (tmp_path / "list" / "a.wav", "6", "ann"),
        (tmp_path / "sounds" / "b.wav", "6", None),
        (tmp_path / "c.wav", "yes", "bob"),
    ]
    assert [corpus.splits[clip.path] for clip in corpus.clips] == ["train", "valid", "test"]  # type: ignore[index]
    assert [clip.label for clip in corpus.rejects] == ["unknown"]


def test_csv_rows_without_a_file_or_listed_twice_are_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "folder/x")
    corpus = read_corpus(
        table(tmp_path, "path,label\na.wav,6\ngone.wav,7\nfolder/../a.wav,7\nfolder,7\n" + "n" * 300 + ".wav,7\n")
    )
    assert corpus.clips == (Clip(tmp_path / "a.wav", "6", None),)
    assert corpus.splits is None
    assert {item.path.name[:8]: item.reason for item in corpus.skipped} == {
        "a.wav": "listed twice, on line 2 and on line 4, labelled 6 and 7",
        "folder": "a folder, needed a file (line 5)",
        "gone.wav": "no such file (line 3)",
        "nnnnnnnn": "cannot be read: File name too long (line 6)",
    }


def test_a_csv_row_listed_twice_with_one_label_tells_no_contradiction(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    [skipped] = read_corpus(table(tmp_path, "path,label\na.wav,6\na.wav,six\n")).skipped
    assert skipped.reason == "listed twice, on line 2 and on line 3"


def test_spaces_around_a_csv_path_matter_only_where_the_file_has_them(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "b.wav", " b.wav")
    corpus = read_corpus(table(tmp_path, "label, path\n6, a.wav\n7, b.wav\n8,b.wav\n"))
    assert triples(corpus) == {("a.wav", "6", None), (" b.wav", "7", None), ("b.wav", "8", None)}


def test_a_csv_row_that_names_a_pipe_says_so(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    [skipped] = read_corpus(table(tmp_path, "path,label\na.wav,6\npipe.wav,6\n")).skipped
    assert (skipped.path.name, skipped.reason) == ("pipe.wav", "a pipe or a device, needed a file (line 3)")


@pytest.mark.parametrize(
    ("names", "target", "message"),
    [
        ([], "gone", "gone: no such folder or file"),
        (["README.md"], ".", "no recordings in it"),
        (["6_ann_0.wav"], "6_ann_0.wav", "is one recording, needed a folder"),
        (["x.wav", "y.wav"], ".", r"none of its 2 recordings can be used, such as x.wav \(no layout fits\)"),
    ],
)
def test_what_holds_no_corpus_is_refused(tmp_path: Path, names: list[str], target: str, message: str) -> None:
    touch(tmp_path, *names)
    with pytest.raises(CorpusError, match=message):
        read_corpus(tmp_path / target)


def test_a_csv_of_missing_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"none of its 1 recordings can be used, such as gone.wav \(no such file \(line 2\)\)"
    ):
        read_corpus(table(tmp_path, "path,label\ngone.wav,6\n"))


def test_a_csv_of_missing_files_says_where_they_were_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        read_corpus(table(tmp_path, "label, path\n6, gone.wav\n"))
    assert str(caught.value).endswith(
        'such as " gone.wav" (no such file (line 2)). Needed files that are there, absolute or from '
        f"{tmp_path}; mend the column path."
    )


@pytest.mark.shared
def test_real_recordings(shared: Path) -> None:
    corpus = read_corpus(shared / "data" / "fsdd")
    assert (len(corpus.clips), corpus.layout, corpus.skipped) == (3000, "fsdd", ())
    assert corpus.labels == tuple("0123456789")
    assert corpus.speakers == ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    assert len(read_corpus(shared / "data" / "digits-apache" / "recordings").clips) == 400
