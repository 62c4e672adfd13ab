"""What is in a corpus and what is wrong with it, before hours are spent on training with it."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechrnn.config import AudioConfig
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.faults import Sound, examine
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.noises import LONGEST, NOISE_LABEL
from speechrnn.progress import Progress
from speechrnn.text import count, printable

KINDS = ("broken", "silent", "clipped", "too_long", "too_short", "duplicated", "skipped")
MAX_ROWS = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one file.

    Attributes
    ----------
    path : str
        The file.
    kind : str
        One of `KINDS`.
    detail : str
        What was seen.
    """

    path: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Count:
    """The clips of one label or speaker.

    Attributes
    ----------
    name : str or None
        The label or speaker; None for clips whose speaker is not known.
    n : int
        Clips.
    seconds : float
        How long they are together, as far as they can be read.
    """

    name: str | None
    n: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CorpusCheck:
    """What a corpus holds; `dataclasses.asdict` of it is the JSON.

    Attributes
    ----------
    root : str
        The folder or CSV.
    layout : str
        See `Corpus`.
    n_clips : int
        Recordings of words.
    n_rejects : int
        Recordings that are no label.
    seconds : float
        How long the clips are together, as far as they can be read.
    labels, speakers : tuple of Count
        Each in its order in `Corpus`; clips without a known speaker last.
    findings : tuple of Finding
        By kind in the order of `KINDS`, then by path.
    """

    root: str
    layout: str
    n_clips: int
    n_rejects: int
    seconds: float
    labels: tuple[Count, ...]
    speakers: tuple[Count, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether a recording is broken, or a CSV lists one that cannot be used; what else is found may be wanted."""
        kinds = {"broken", "skipped"} if self.layout == "csv" else {"broken"}
        return any(finding.kind in kinds for finding in self.findings)


def check_corpus(path: Path, config: AudioConfig, on_progress: Progress | None = None) -> CorpusCheck:
    """Read every recording of a corpus and list what is there and what is wrong.

    Parameters
    ----------
    path : Path
        A folder or CSV in any layout of `read_corpus`.
    config : AudioConfig
        What counts as silent, too long and too short.
    on_progress : callable, optional
        Called with the number of recordings that are read and of all, after each.

    Returns
    -------
    CorpusCheck
        Findings included; a bad file is one of them, not an error.

    Raises
    ------
    CorpusError
        There is no corpus at `path`.
    """
    corpus = read_corpus(path)
    everything = (*corpus.clips, *corpus.rejects)
    examined: list[Sound] = []
    for sound in _examine_all(everything, config):
        examined.append(sound)
        if on_progress is not None:
            on_progress(len(examined), len(everything))
    sounds = examined[: len(corpus.clips)]
    findings = [
        *_faults(everything, examined),
        *_duplicates(everything, examined),
        *(Finding(str(item.path), "skipped", item.reason) for item in corpus.skipped),
    ]
    return CorpusCheck(
        root=str(path),
        layout=corpus.layout,
        n_clips=len(corpus.clips),
        n_rejects=len(corpus.rejects),
        seconds=_total(sounds),
        labels=_count(corpus.labels, [clip.label for clip in corpus.clips], sounds),
        speakers=_count([*corpus.speakers, None], [clip.speaker for clip in corpus.clips], sounds),
        findings=tuple(sorted(findings, key=lambda finding: (KINDS.index(finding.kind), finding.path))),
    )


def render_check(check: CorpusCheck) -> str:
    """Write a check as plain text.

    Parameters
    ----------
    check : CorpusCheck
        The result of `check_corpus`.

    Returns
    -------
    str
        A head line, tables of labels and speakers (the first forty of each), and every finding in a line.

    Examples
    --------
    >>> print(render_check(CorpusCheck("digits", "fsdd", 2, 0, 1.25, (Count("6", 2, 1.25),), (), ())))
    digits: 2 clips, 1.2 s, layout fsdd
    <BLANKLINE>
    label  clips  seconds
    6          2      1.2
    <BLANKLINE>
    nothing wrong found
    """
    rejects = f", {check.n_rejects} for rejection" if check.n_rejects else ""
    clips = count(check.n_clips, "clip") + rejects
    lines = [f"{printable(check.root)}: {clips}, {check.seconds:.1f} s, layout {check.layout}"]
    for title, counts in (("label", check.labels), ("speaker", check.speakers)):
        if counts:
            lines += ["", *_table(title, counts)]
    kinds = Counter(finding.kind for finding in check.findings)
    summary = ", ".join(f"{kinds[kind]} {kind.replace('_', ' ')}" for kind in KINDS if kinds[kind])
    lines += ["", f"found: {summary}" if summary else "nothing wrong found"]
    lines += [
        f"  {finding.kind.replace('_', ' ')}: {printable(finding.path)}: {finding.detail}" for finding in check.findings
    ]
    return "\n".join(lines)


def _table(title: str, counts: Sequence[Count]) -> Iterator[str]:
    names = ["not known" if count.name is None else printable(count.name) for count in counts]
    width = max(map(len, (title, *names[:MAX_ROWS])))
    yield f"{title:<{width}}  clips  seconds"
    for name, own in zip(names[:MAX_ROWS], counts, strict=False):
        yield f"{name:<{width}}  {own.n:5}  {own.seconds:7.1f}"
    if len(counts) > MAX_ROWS:
        yield f"and {len(counts) - MAX_ROWS} more"


def _examine_all(clips: Sequence[Clip], config: AudioConfig) -> Iterator[Sound]:
    """In order, read by threads: libsndfile works without Python's lock. Noise may be longer than a word."""
    limits = msgspec.structs.replace(config, max_duration=LONGEST)
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        yield from pool.map(lambda clip: examine(clip.path, limits if clip.label == NOISE_LABEL else config), clips)
    finally:  # Ctrl-C does not wait for the rest
        pool.shutdown(cancel_futures=True)


def _faults(clips: Sequence[Clip], sounds: Sequence[Sound]) -> Iterator[Finding]:
    for clip, sound in zip(clips, sounds, strict=True):
        if sound.fault is not None:
            yield Finding(str(clip.path), sound.fault.kind, sound.fault.detail)


def _duplicates(clips: Sequence[Clip], sounds: Sequence[Sound]) -> Iterator[Finding]:
    first: dict[bytes, Clip] = {}
    for clip, sound in zip(clips, sounds, strict=True):
        if sound.digest is None:
            continue
        original = first.setdefault(sound.digest, clip)
        if original is not clip:
            contradiction = f", which is labelled {original.label}" if original.label != clip.label else ""
            yield Finding(str(clip.path), "duplicated", f"the same audio as {printable(original.path)}{contradiction}")


def _count(order: Iterable[str | None], names: Sequence[str | None], sounds: Sequence[Sound]) -> tuple[Count, ...]:
    groups: dict[str | None, list[Sound]] = defaultdict(list)
    for name, sound in zip(names, sounds, strict=True):
        groups[name].append(sound)
    return tuple(Count(name, len(groups[name]), _total(groups[name])) for name in order if name in groups)


def _total(sounds: Iterable[Sound]) -> float:
    return round(sum(sound.seconds for sound in sounds), 3)
