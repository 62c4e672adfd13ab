"""Folders and CSV files of recordings, in the layouts that people have, as one `Corpus`.

Recognised by content are: names of the form ``{label}_{speaker}_{index}.wav`` ("fsdd"), one folder for each label
("folders"), a CSV with the columns ``path,label[,speaker][,split]`` ("csv"), and where no other fits as many, names
that are strings of digits ("strings"). Labels may be such strings in any of them; a CSV may call them ``digits``.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechrnn.audio import AUDIO_SUFFIXES
from speechrnn.corpus.clips import REJECT_LABELS, Clip, canonical_label, label_key
from speechrnn.corpus.files import explain_no_file, find_listed, find_recordings, is_folder
from speechrnn.corpus.names import DIGITS, NUMBERED, find_takes, parse_fsdd, parse_nohash, parse_string
from speechrnn.corpus.tables import Row, read_table
from speechrnn.errors import CorpusError
from speechrnn.text import as_text, printable

NEEDED = "{label}_{speaker}_{index}.wav, one folder for each label, or a CSV with the columns path,label"

_FORMS = {
    "fsdd": "named {label}_{speaker}_{index}",
    "folders": "directly in a label's folder",
    "strings": "named by a string of digits",
}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A recording that is not used.

    Attributes
    ----------
    path : Path
        The file, or the folder where a link leads nowhere new.
    reason : str
        Why, in a few words.
    """

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a folder or CSV holds; its content is named, not yet read.

    Attributes
    ----------
    root : Path
        The folder or CSV as given.
    layout : str
        ``fsdd``, ``folders``, ``csv`` or ``strings``.
    clips : tuple of Clip
        Recordings of words, ordered by path (a CSV keeps its own order).
    rejects : tuple of Clip
        Recordings that are no label: they teach and test rejection.
    skipped : tuple of Skipped
        Recordings that fit no layout or are not there.
    splits : mapping of Path to str, or None
        The column `split` of a CSV: ``train``, ``valid`` or ``test`` for the path of each clip.
    """

    root: Path
    layout: str
    clips: tuple[Clip, ...]
    rejects: tuple[Clip, ...]
    skipped: tuple[Skipped, ...]
    splits: Mapping[Path, str] | None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the clips: numbers by value, then words by alphabet."""
        return tuple(sorted({clip.label for clip in self.clips}, key=label_key))

    @property
    def speakers(self) -> tuple[str, ...]:
        """The known speakers of the clips, by alphabet."""
        return tuple(sorted({clip.speaker for clip in self.clips if clip.speaker is not None}))

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.root.parent if self.layout == "csv" else self.root


def read_corpus(path: Path) -> Corpus:
    """List the recordings in a folder or CSV with their labels and speakers.

    Of the layouts of a folder, the one that fits more files is taken (with equal fit: the one that finds more
    digits, then the one that finds more than one label); files that do not fit it are skipped, not guessed. Hidden
    files and files without an audio suffix are no recordings. A folder around the labels' folders is looked through.

    Parameters
    ----------
    path : Path
        The folder or CSV.

    Returns
    -------
    Corpus
        At least one clip or reject; the same for the same files, whatever order the file system gives.

    Raises
    ------
    CorpusError
        Nothing there, no rights, no recording that fits a layout, or a CSV that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("six_ann_0.wav", "7_bob_0.wav"):
    ...         Path(folder, name).touch()
    ...     corpus = read_corpus(Path(folder))
    >>> corpus.layout, corpus.labels, corpus.speakers
    ('fsdd', ('6', '7'), ('ann', 'bob'))
    """
    if is_folder(path):
        return _read_folder(path)
    if not path.is_file():
        raise CorpusError(
            f"{printable(path)}: no such folder or file. Needed a folder of recordings or a CSV; check the path."
        )
    if path.suffix.lower() in AUDIO_SUFFIXES:
        raise CorpusError(
            f"{printable(path)}: is one recording, needed a folder of them or a CSV. Give the folder that it lies in."
        )
    return _read_csv(path)


def _read_csv(path: Path) -> Corpus:
    clips: list[Clip] = []
    skipped: list[Skipped] = []
    splits: dict[Path, str] = {}
    rows: dict[str, Row] = {}
    for row in read_table(path, ("path", "label")):
        file = find_listed(path.parent, row.path)
        first = rows.setdefault(os.path.abspath(file), row)  # noqa: PTH100 -- takes out "..", which absolute() keeps
        if first is not row:
            skipped.append(Skipped(file, _explain_twice(first, row)))
        elif reason := explain_no_file(file):
            skipped.append(Skipped(file, f"{reason} (line {row.line})"))
        else:
            speaker = as_text(row.speaker) if row.speaker else None
            clips.append(Clip(file, _label(row), speaker))
            if row.split:
                splits[file] = row.split
    return _corpus(path, "csv", clips, skipped, splits or None)


def _label(row: Row) -> str:
    return canonical_label(as_text(row.label or ""))


def _explain_twice(first: Row, row: Row) -> str:
    one, other = printable(_label(first)), printable(_label(row))
    contradiction = f", labelled {one} and {other}" if one != other else ""
    return f"listed twice, on line {first.line} and on line {row.line}{contradiction}"


def _read_folder(root: Path) -> Corpus:
    found = find_recordings(root)
    skipped = [Skipped(path, reason) for path, reason in found.unusable.items()]
    rejects = {file: clip for file in found.files if (clip := _as_reject(file, root))}
    rest = [file for file in found.files if file not in rejects]
    base = _unwrap(root, rest)
    readings = {
        "fsdd": [_as_fsdd(file) for file in rest],
        "folders": [_as_folder(file, base) for file in rest],
    }
    layout = max(readings, key=lambda name: _fit(readings[name])) if rest else "folders"
    takes = {root / file for file in find_takes([file.relative_to(root) for file in rest])}
    readings["strings"] = [None if file in takes else _as_string(file) for file in rest]
    # 6_ann_0, and the number of a take in a label's folder, are strings by their names, too
    n_strings = sum(
        string is not None and folder is None and (fsdd is None or fsdd.label not in DIGITS)
        for fsdd, folder, string in zip(*readings.values(), strict=True)
    )
    if n_strings > _fit(readings[layout])[0] and 2 * n_strings >= len(rest):  # few may be numbered, not said
        layout = "strings"
    clips = [clip for clip in readings[layout] if clip is not None]
    most = "most" if 2 * len(clips) > len(rest) else f"{len(clips)} of {len(rest)}"
    reason = f"not {_FORMS[layout]}, as {most} are" if clips else "no layout fits"
    unused = (file for file, clip in zip(rest, readings[layout], strict=True) if clip is None)
    skipped += [Skipped(file, reason if clips or file not in takes else NUMBERED) for file in unused]
    return _corpus(root, layout, [*clips, *rejects.values()], skipped, None)


def _corpus(
    root: Path, layout: str, found: Sequence[Clip], skipped: Iterable[Skipped], splits: Mapping[Path, str] | None
) -> Corpus:
    skipped = tuple(sorted(skipped, key=lambda item: item.path.parts))
    if not found:
        raise CorpusError(f"{printable(root)}: {_explain_nothing(root, layout, skipped)}")
    clips = tuple(clip for clip in found if not _is_reject(clip.label))
    rejects = tuple(replace(clip, label=clip.label.lower()) for clip in found if _is_reject(clip.label))
    return Corpus(root, layout, clips, rejects, skipped, splits)


def _explain_nothing(root: Path, layout: str, skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return f"no recordings in it (wav, flac, ogg, mp3, ...). Needed {NEEDED}."
    file, folder, name, needed = skipped[0].path, root.parent, skipped[0].path.name, NEEDED
    if layout == "csv":
        name = str(file.relative_to(folder) if file.is_relative_to(folder) else file)
        name = name if name == name.strip() else f'"{name}"'  # or nobody would see the space
        needed = f"files that are there, absolute or from {printable(folder.absolute())}; mend the column path"
    seen = f"such as {printable(name)} ({skipped[0].reason})"
    return f"none of its {len(skipped)} recordings can be used, {seen}. Needed {needed}."


def _is_reject(label: str) -> bool:
    return label.lower() in REJECT_LABELS


def _unwrap(base: Path, files: Sequence[Path]) -> Path:
    """Go into a folder that holds everything, such as `recordings`, unless its name is a label."""
    while len(inside := {file.relative_to(base).parts[0] for file in files}) == 1:
        (name,) = inside
        if base / name in files or canonical_label(name) in DIGITS or any(file.parent == base / name for file in files):
            break
        base = base / name
    return base


def _as_reject(file: Path, root: Path) -> Clip | None:
    """Background noise lies in a folder of its own under any layout."""
    folder = next((part for part in file.relative_to(root).parts[:-1] if _is_reject(part)), None)
    if folder is None:
        return None
    name = parse_fsdd(file)  # as `data synth` names other words: {word}_{speaker}_{index}
    return Clip(file, folder.lower(), parse_nohash(file) or (name.speaker if name else None) or None)


def _as_fsdd(file: Path) -> Clip | None:
    name = parse_fsdd(file)
    if name is None or not name.label or not name.speaker:
        return None
    return Clip(file, canonical_label(name.label), name.speaker)


def _as_string(file: Path) -> Clip | None:
    name, fsdd = parse_string(file), _as_fsdd(file)  # which knows a speaker from a take
    return Clip(file, name[0], fsdd.speaker if fsdd else name[1]) if name else None


def _as_folder(file: Path, base: Path) -> Clip | None:
    label = canonical_label(as_text(file.parent.name))
    return (
        Clip(file, label, parse_nohash(file)) if file.parent.parent == base and file.parent != base and label else None
    )


def _fit(reading: Sequence[Clip | None]) -> tuple[int, int, bool]:
    labels = [clip.label for clip in reading if clip is not None]
    digits = sum(label in DIGITS for label in labels)
    return len(labels), digits, len(set(labels)) > 1
