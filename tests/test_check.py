import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from speechrnn.config import Config
from speechrnn.corpus.check import KINDS, CorpusCheck, Count, Finding, check_corpus, render_check

LIMITS = Config.load("default").audio


def test_counts_and_seconds_for_each_label_and_speaker(tone_corpus: Callable[..., Path]) -> None:
    folder = tone_corpus(labels="67", speakers=("ann", "bob"), n=3)
    steps: list[tuple[int, int]] = []
    check = check_corpus(folder, LIMITS, on_progress=lambda done, total: steps.append((done, total)))
    assert check == CorpusCheck(
        root=str(folder),
        layout="fsdd",
        n_clips=12,
        n_rejects=0,
        seconds=3.6,
        labels=(Count("6", 6, 1.8), Count("7", 6, 1.8)),
        speakers=(Count("ann", 6, 1.8), Count("bob", 6, 1.8)),
        findings=(),
    )
    assert steps == [(i, 12) for i in range(1, 13)]
    assert render_check(check).endswith("nothing wrong found")


def test_every_kind_of_fault_is_found_and_named(tmp_path: Path, write_tone: Callable[..., Path]) -> None:
    (tmp_path / "0_ann_0.wav").write_text("no sound")
    write_tone(tmp_path / "1_ann_0.wav", peak=0)
    write_tone(tmp_path / "2_ann_0.wav", peak=2)
    write_tone(tmp_path / "3_ann_0.wav", seconds=31)
    write_tone(tmp_path / "4_ann_0.wav", seconds=0.01)
    write_tone(tmp_path / "5_ann_0.wav")
    write_tone(tmp_path / "6_ann_0.wav")
    write_tone(tmp_path / "7_ann_0.wav", hz=500)
    write_tone(tmp_path / "loose\n.wav", hz=600)
    check = check_corpus(tmp_path, LIMITS)
    assert [(finding.kind, Path(finding.path).name[0]) for finding in check.findings] == list(
        zip(KINDS, "012346l", strict=True)
    )
    text = render_check(check)
    assert "found: 1 broken, 1 silent, 1 clipped, 1 too long, 1 too short, 1 duplicated, 1 skipped" in text
    assert "the same audio as" in text
    assert "5_ann_0.wav, which is labelled 5" in text
    assert "loose\\n.wav" in text
    loaded = json.loads(json.dumps(asdict(check)))
    assert (loaded["n_clips"], loaded["findings"][0]["kind"]) == (8, "broken")


def test_a_header_that_no_recorder_writes_is_broken_not_too_long(
    tmp_path: Path, write_tone: Callable[..., Path]
) -> None:
    path = write_tone(tmp_path / "0_ann_0.wav")
    data = bytearray(path.read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    path.write_bytes(data)
    [finding] = check_corpus(tmp_path, LIMITS).findings
    assert (finding.kind, finding.detail[:19]) == ("broken", "sample rate is 1 Hz")


def test_what_is_for_rejection_is_read_too(tmp_path: Path, write_tone: Callable[..., Path]) -> None:
    write_tone(tmp_path / "six" / "a.wav")
    write_tone(tmp_path / "unknown" / "a.wav")  # the same sound as a six
    (tmp_path / "unknown" / "b.wav").write_text("no sound")
    # noise may be longer than a word
    write_tone(tmp_path / "_background_noise_" / "wind.wav", hz=500, seconds=31)
    write_tone(tmp_path / "unknown" / "long.wav", hz=600, seconds=31)
    steps: list[tuple[int, int]] = []
    check = check_corpus(tmp_path, LIMITS, on_progress=lambda done, total: steps.append((done, total)))
    assert (check.n_clips, check.n_rejects, check.seconds) == (1, 4, 0.3)
    assert [(one.kind, Path(one.path).name) for one in check.findings] == [
        ("broken", "b.wav"),
        ("too_long", "long.wav"),
        ("duplicated", "a.wav"),
    ]
    assert "which is labelled 6" in check.findings[-1].detail
    assert steps[-1] == (5, 5)


def test_a_list_fails_where_it_names_what_cannot_be_used(tmp_path: Path, write_tone: Callable[..., Path]) -> None:
    write_tone(tmp_path / "a.wav")
    write_tone(tmp_path / "b.wav", hz=300)
    listed = tmp_path / "list.csv"
    for rows, failed in (
        ("a.wav,6,ann\nb.wav,7,ann\n", False),
        ("a.wav,6,ann\nb.wav,7,ann\nnone.wav,7,ann\n", True),
        ("a.wav,6,ann\nb.wav,7,ann\na.wav,7,ann\n", True),
    ):
        listed.write_text("path,label,speaker\n" + rows)
        assert check_corpus(listed, LIMITS).failed is failed, rows


def test_unknown_speakers_come_last_and_long_tables_are_cut(tmp_path: Path, write_tone: Callable[..., Path]) -> None:
    write_tone(tmp_path / "six" / "zz_nohash_0.wav")
    write_tone(tmp_path / "six" / "a.wav", hz=500)
    assert [count.name for count in check_corpus(tmp_path, LIMITS).speakers] == ["zz", None]
    counts = tuple(Count(f"s{i:02}", 1, 0.5) for i in range(45))
    text = render_check(CorpusCheck("x", "folders", 45, 3, 22.5, (), counts, (Finding("a.wav", "too_long", "d"),)))
    assert "s39" in text
    assert "s40" not in text
    assert "and 5 more" in text
    assert "3 for rejection" in text
    assert text.endswith("  too long: a.wav: d")


@pytest.mark.shared
def test_real_recordings_are_clean(shared: Path) -> None:
    check = check_corpus(shared / "data" / "digits-apache" / "recordings", LIMITS)
    assert [count.n for count in check.labels] == [40] * 10
    assert check.findings == ()
