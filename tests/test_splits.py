import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.corpus.clips import Clip
from speechrnn.corpus.layouts import Corpus, read_corpus
from speechrnn.corpus.splits import Split, split_corpus
from speechrnn.errors import CorpusError

names = st.text(alphabet="abcdefgh\n\xe4", min_size=1, max_size=3)


def make(counts: dict[tuple[str, str | None], int], root: str = "corpus") -> Corpus:
    """A corpus with so many clips of each label and speaker."""
    clips = [
        Clip(Path(root, f"{label}_{speaker}_{i}.wav"), label, speaker)
        for (label, speaker), n in counts.items()
        for i in range(n)
    ]
    return Corpus(Path(root), "fsdd", tuple(clips), (), (), None)


@st.composite
def corpora(draw: st.DrawFn, min_speakers: int = 1) -> Corpus:
    """Every speaker says every label, a few times each."""
    labels = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    speakers = draw(st.lists(names, min_size=min_speakers, max_size=9, unique=True))
    return make({(label, who): draw(st.integers(3, 12)) for label in labels for who in speakers})


def speakers(clips: tuple[Clip, ...]) -> set[str | None]:
    return {clip.speaker for clip in clips}


def sizes(split: Split) -> tuple[int, int, int]:
    return len(split.train), len(split.valid), len(split.test)


@given(corpora(min_speakers=2), st.sampled_from(["speaker", "clip", None]), st.integers(0, 2**32 - 1), st.randoms())
def test_disjoint_complete_deterministic_in_any_order(
    corpus: Corpus, method: str | None, seed: int, rng: random.Random
) -> None:
    split = split_corpus(corpus, method, seed)
    together = [*split.train, *split.valid, *split.test]
    assert Counter(together) == Counter(corpus.clips)
    assert all(sizes(split))
    assert {clip.label for clip in split.train} == set(corpus.labels)
    shuffled = rng.sample(corpus.clips, len(corpus.clips))
    assert split_corpus(replace(corpus, clips=tuple(shuffled)), method, seed) == split


@given(corpora(min_speakers=3), st.integers(0, 2**32 - 1))
def test_voices_of_validation_and_test_never_train(corpus: Corpus, seed: int) -> None:
    split = split_corpus(corpus, "speaker", seed)
    assert not speakers(split.train) & (speakers(split.valid) | speakers(split.test))
    assert not speakers(split.valid) & speakers(split.test)


@given(corpora(min_speakers=2), st.integers(0, 100))
def test_where_the_corpus_lies_does_not_change_the_split(corpus: Corpus, seed: int) -> None:
    moved = Path("/elsewhere")
    clips = tuple(replace(clip, path=moved / clip.path.relative_to(corpus.root)) for clip in corpus.clips)
    one = split_corpus(corpus, "clip", seed)
    other = split_corpus(replace(corpus, root=moved, clips=clips), "clip", seed)
    assert [clip.path.name for clip in one.test] == [clip.path.name for clip in other.test]


def test_with_two_speakers_only_the_test_voice_is_unseen() -> None:
    corpus = make({(label, who): 10 for label in "67" for who in ("ann", "bob")})
    split = split_corpus(corpus, None, 0)
    assert (split.method, sizes(split)) == ("speaker", (18, 2, 20))
    assert speakers(split.train) == speakers(split.valid) != speakers(split.test)
    assert Counter(clip.label for clip in split.valid) == {"6": 1, "7": 1}


@pytest.mark.parametrize(("n", "kept"), [(3, 1), (6, 1), (9, 1), (11, 2), (20, 3), (100, 15)])
def test_about_fifteen_percent_of_the_speakers_are_kept(n: int, kept: int) -> None:
    split = split_corpus(make({(label, f"s{i}"): 1 for label in "67" for i in range(n)}), "speaker", 3)
    assert [len(speakers(part)) for part in (split.train, split.valid, split.test)] == [n - 2 * kept, kept, kept]


def test_seeds_choose_every_speaker_at_some_time() -> None:
    corpus = make({(label, who): 1 for label in "67" for who in "abcdef"})
    assert {speaker for seed in range(60) for speaker in speakers(split_corpus(corpus, None, seed).test)} == set(
        "abcdef"
    )


@pytest.mark.parametrize(
    ("n", "parts"), [(3, (1, 1, 1)), (4, (2, 1, 1)), (10, (8, 1, 1)), (20, (16, 2, 2)), (50, (40, 5, 5))]
)
def test_clips_are_divided_80_10_10_in_each_label(n: int, parts: tuple[int, int, int]) -> None:
    split = split_corpus(make({("6", None): n, ("7", None): n}), None, 0)
    assert split.method == "clip"
    for label in "67":
        assert tuple(sum(c.label == label for c in part) for part in (split.train, split.valid, split.test)) == parts


def test_a_rare_label_trains_and_may_have_no_test() -> None:
    split = split_corpus(make({("6", None): 10, ("7", None): 2, ("8", None): 1}), "clip", 0)
    assert Counter(clip.label for clip in split.train) == {"6": 8, "7": 2, "8": 1}
    assert {clip.label for clip in (*split.valid, *split.test)} == {"6"}


@pytest.mark.parametrize(
    ("counts", "method", "message"),
    [
        ({("6", "ann"): 9, ("6", "bob"): 9}, None, r"found one label only \(6\), needed at least two"),
        ({}, None, "found no label"),
        (
            {("6", None): 1, ("7", None): 1},
            None,
            "the split clip of 2 clips leaves none for valid and test.*at least three",
        ),
        ({("6", "ann"): 5, ("7", "ann"): 5}, "speaker", r"found one speaker only \(ann\), needed two or more"),
        ({("6", "ann"): 5, ("7", None): 5}, "speaker", "5 of 10 clips have no known speaker"),
        ({("6", "ann"): 5, ("7", "bob"): 5, ("8", "cyd"): 5}, "speaker", "no clip of labels . *, . would train"),
        ({("6", "ann"): 9, ("7", "ann"): 4}, "official", "no clip of labels 6, 7 would train.*rule of FSDD: indices"),
        ({("6", "ann"): 9, ("7", "ann"): 20}, "official", "no clip of label 6 would train under the split official"),
        ({("6", "ann"): 5, ("7", "ann"): 4}, "csv", "no column split"),
        (
            {("6", "ann"): 5, ("7", "ann"): 4},
            "sparker",
            "--split sparker: no such split or file. Needed speaker, clip, official",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused(
    counts: dict[tuple[str, str | None], int], method: str | None, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        split_corpus(make(counts), method, 0)


def test_speakers_that_are_partly_known_make_a_clip_split() -> None:
    assert split_corpus(make({("6", "ann"): 5, ("7", "bob"): 5, ("7", None): 1}), None, 0).method == "clip"


def test_official_goes_by_index() -> None:
    split = split_corpus(make({("6", "ann"): 12, ("7", "ann"): 11}), "official", 0)
    indices = [
        sorted(int(clip.path.stem.split("_")[2]) for clip in part) for part in (split.train, split.valid, split.test)
    ]
    assert indices == [[10, 10, 11], sorted([*range(5, 10)] * 2), sorted([*range(5)] * 2)]
    with pytest.raises(CorpusError, match=r"its layout is folders.*rule of FSDD: indices"):
        split_corpus(replace(make({("6", "ann"): 12, ("7", "ann"): 11}), layout="folders"), "official", 0)


def test_the_corpus_own_column_is_the_default(tone_corpus: Callable[..., Path]) -> None:
    folder = tone_corpus(labels="67", speakers=("ann", "bob"), n=3)
    rows = [
        f"{path.name},{path.name[0]},{path.name[2:5]},{('train', 'valid', 'test')[int(path.stem[-1])]}"
        for path in folder.iterdir()
    ]
    table = folder / "clips.csv"
    table.write_text("\n".join(["path,label,speaker,split", *rows]))
    corpus = read_corpus(table)
    split = split_corpus(corpus, None, 0)
    assert split.method == "csv"
    assert [{clip.path.stem[-1] for clip in part} for part in (split.train, split.valid, split.test)] == [
        {"0"},
        {"1"},
        {"2"},
    ]
    assert split_corpus(corpus, "speaker", 0).method == "speaker"
    # the same file as a split of the folder that it lists
    assert sizes(split_corpus(read_corpus(folder), str(table), 0)) == (4, 4, 4)


def csv_split(tmp_path: Path, text: str) -> Split:
    table = tmp_path / "splits" / "my.csv"
    table.parent.mkdir(exist_ok=True)
    table.write_text("path,split\n" + text)
    return split_corpus(make({("6", "a"): 2, ("7", "a"): 2}, root=str(tmp_path / "corpus")), str(table), 0)


def test_a_csv_lists_paths_from_its_own_folder_or_the_corpus(tmp_path: Path) -> None:
    rows = ["6_a_0.wav,train", "../corpus/6_a_1.wav,valid", "else.wav,test", f"{tmp_path}/corpus/7_a_0.wav,train"]
    split = csv_split(tmp_path, "\n".join([*rows, "./7_a_1.wav,test"]))
    assert [[clip.path.name for clip in part] for part in (split.train, split.valid, split.test)] == [
        ["6_a_0.wav", "7_a_0.wav"],
        ["6_a_1.wav"],
        ["7_a_1.wav"],
    ]


def test_a_space_after_the_comma_of_a_csv_hides_no_clip(tmp_path: Path) -> None:
    names = [f"{label}_a_{i}.wav" for label in "67" for i in range(2)]
    (tmp_path / "corpus").mkdir()
    for name in names:
        (tmp_path / "corpus" / name).touch()
    parts = ("train", "valid", "train", "test")
    split = csv_split(tmp_path, "".join(f" {name},{part}\n" for name, part in zip(names, parts, strict=True)))
    assert sizes(split) == (2, 1, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("6_a_0.wav,train\n7_a_0.wav,train\n6_a_1.wav,valid\n", "1 of 4 clips are not listed, such as .*7_a_1.wav"),
        ("6_a_0.wav,train\n./6_a_0.wav,test\n", "lines 2 and 3 put ./6_a_0.wav in two parts"),
        ("6_a_0.wav,train\n7_a_0.wav,valid\n6_a_1.wav,train\n7_a_1.wav,train\n", "leaves none for test"),
        ("6_a_0.wav,dev\n", "line 2: split is dev"),
    ],
)
def test_a_csv_that_leaves_a_doubt_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        csv_split(tmp_path, rows)


@pytest.mark.shared
def test_official_split_of_fsdd(shared: Path) -> None:
    split = split_corpus(read_corpus(shared / "data" / "fsdd" / "recordings"), "official", 0)
    assert sizes(split) == (2400, 300, 300)
    assert all(n == 5 for n in Counter((clip.label, clip.speaker) for clip in split.test).values())
