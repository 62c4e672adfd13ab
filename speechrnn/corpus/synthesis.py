"""Spoken words from a speech synthesiser: many voices and accents, a voice is a speaker, a seed decides everything.

The folder that comes out is a corpus like any other (`{label}_{speaker}_{index}.wav`), with a manifest that says how it
was made. The manifest is written last; until then `synthesis-unfinished.json` stands in its place, so that an
interrupted synthesis is known as such and goes on where it stopped.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import soundfile

from speechrnn.corpus.clips import canonical_label
from speechrnn.corpus.engines import Engine, find_engine
from speechrnn.corpus.manifest import (
    Manifest,
    SynthesisOptions,
    read_manifest,
    read_unfinished,
    write_manifest,
    write_unfinished,
)
from speechrnn.corpus.sayings import OH_WORDS, Saying, draw_strings
from speechrnn.corpus.speech import Utterance
from speechrnn.corpus.takes import Voice, choose_voices, render, vary
from speechrnn.errors import CorpusError
from speechrnn.progress import Progress
from speechrnn.storage import write_bytes
from speechrnn.text import printable

__all__ = ["Manifest", "SynthesisOptions", "Synthesized", "read_manifest", "synthesize"]

# words that a message lists; the rest are counted
_NAMED = 12

Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Synthesized:
    """What a synthesis left behind.

    Attributes
    ----------
    path : Path
        The folder.
    speakers : tuple of str
        The voices by the names that the files bear.
    n_written : int
        Files written now; the others were there already.
    manifest : Manifest
        As it stands in the folder.
    """

    path: Path
    speakers: tuple[str, ...]
    n_written: int
    manifest: Manifest


class Judge(Protocol):
    """Somebody who listens to each clip; `speechrnn.audition.Audition` is one."""

    @property
    def name(self) -> str:
        """What the manifest calls it."""
        ...

    def accepts(self, y: npt.NDArray[np.int16], sr: int, label: str) -> bool:
        """Say whether a clip can be what it is meant to be."""
        ...


def synthesize(
    directory: Path,
    options: SynthesisOptions | None = None,
    on_progress: Progress | None = None,
    judge: Judge | None = None,
) -> Synthesized:
    """Fill a folder with spoken words, or go on where an interrupted run with the same options stopped.

    Parameters
    ----------
    directory : Path
        New, empty, or begun with the same options.
    options : SynthesisOptions, optional
        What is spoken; 24 voices with 5 takes of each digit if absent.
    on_progress : callable, optional
        Called with the number of clips that are done and the number of all, after each voice.
    judge : Judge, optional
        Listens to each clip; what it does not accept is dropped.

    Returns
    -------
    Synthesized
        What is there now.

    Raises
    ------
    MissingExtraError
        The synthesiser is not installed.
    CorpusError
        The folder holds something else, there are fewer voices than asked for, or the synthesiser fails.
    OSError
        No rights, no space; what is complete stays.
    """
    options = options or SynthesisOptions()
    engine = find_engine(options.engine)
    voices = choose_voices(engine.list_voices(), options.voices, options.seed, engine.prefix)
    version = engine.speak("", (), 0).version
    manifest = Manifest(engine.name, version, options.seed, options.n_clips, options, judge.name if judge else "")
    _check_folder(directory, manifest)
    finished = read_manifest(directory) is not None
    if not finished:
        write_unfinished(directory, manifest)
    n_written = dropped = 0
    for index, voice in enumerate(voices, start=1):
        spoken = _Speaker(directory, engine, voice, options, judge).run()
        n_written, dropped = n_written + spoken.written, dropped + spoken.dropped
        if on_progress is not None:
            on_progress(index * options.n_clips // len(voices), options.n_clips)
    manifest = replace(manifest, dropped=dropped)
    if not finished:
        write_manifest(directory, manifest)
    return Synthesized(directory, tuple(voice.speaker for voice in voices), n_written, manifest)


def _check_folder(directory: Path, manifest: Manifest) -> None:
    """Refuse a folder in which these clips would mix with others."""
    if directory.exists() and not directory.is_dir():
        raise CorpusError(f"{printable(directory)}: is a file, needed a folder. Choose another name.")
    there = read_manifest(directory) or read_unfinished(directory)
    if there is None and directory.is_dir():
        # hidden files are the system's, or what a killed run left of its temporary ones
        others = sorted(file.name for file in directory.iterdir() if not file.name.startswith("."))
        if others:
            raise CorpusError(
                f"{printable(directory)}: holds other files ({len(others)}, such as {printable(others[0])}), needed "
                "a new or empty folder, so that real and synthetic recordings do not mix. Choose another folder."
            )
    if there is not None and replace(there, dropped=0) != manifest:
        raise CorpusError(
            f"{printable(directory)}: was made by {_describe(there)}, asked for was {_describe(manifest)}. "
            "Choose another folder, delete this one, or give the same options."
        )


def _describe(manifest: Manifest) -> str:
    o = manifest.options
    said = list(o.words.values())
    words = ", ".join(said[:_NAMED]) + (f" and {len(said) - _NAMED} more" if len(said) > _NAMED else "")
    return (
        f"{manifest.engine} {manifest.version} with seed {o.seed}, {o.voices} voices, {o.repeats} repeats, "
        f"{o.sample_rate} Hz, "
        + (f"{o.strings} strings of " if o.strings else "")
        + f"{'other ' if o.rejects else ''}words {words}"
        + (f", {o.each} of them each" if o.each else "")
        + (f", heard by {manifest.judge}" if manifest.judge else "")
    )


@dataclass(frozen=True, slots=True)
class _Spoken:
    written: int
    dropped: int


@dataclass(frozen=True, slots=True)
class _Speaker:
    """One voice on its way into the folder."""

    directory: Path
    engine: Engine
    voice: Voice
    options: SynthesisOptions
    judge: Judge | None

    def run(self) -> _Spoken:
        """Write the clips that are not there yet; all are spoken, because each depends on those before it."""
        sayings = self._sayings()
        paths = [self._path(saying.label, take) for take, saying in sayings]
        missing = {path for path in paths if not path.is_file()}
        if not missing:
            return _Spoken(0, 0)
        written = dropped = 0
        utterances = tuple(self._utterance(saying, i) for i, (_, saying) in enumerate(sayings))
        speech = self.engine.speak(self.voice.name, utterances, self.voice.seed)
        for index, (path, (_, saying), waveform) in enumerate(zip(paths, sayings, speech.waveforms, strict=True)):
            if path not in missing:
                continue
            samples = self._record(waveform, speech.sample_rate, saying.label, index)
            if samples is None:
                dropped += 1
                continue
            file = io.BytesIO()
            soundfile.write(file, samples, self.options.sample_rate, format="WAV", subtype="PCM_16")
            write_bytes(path, file.getvalue())
            written += 1
        return _Spoken(written, dropped)

    def _record(self, spoken: Int16, spoken_rate: int, label: str, index: int) -> Int16 | None:
        """Make a recording of it; None where it is to be dropped."""
        sr = self.options.sample_rate
        try:
            samples = render(spoken, spoken_rate, sr, (self.voice.seed, index))
        except CorpusError:
            # a foreign voice has no sound for some words that are none; a digit has to be there
            if not self.options.rejects:
                raise
            return None
        heard = self.judge is None or self.judge.accepts(samples, sr, canonical_label(label))
        return samples if heard else None

    def _path(self, label: str, take: int) -> Path:
        folder = self.directory / "unknown" if self.options.rejects else self.directory
        return folder / f"{label}_{self.voice.speaker}_{take}.wav"

    def _sayings(self) -> list[tuple[int, Saying]]:
        """What the voice says, and the how manieth take of it that is."""
        if self.options.strings:
            oh = self.options.words == OH_WORDS
            return list(enumerate(draw_strings(self.options.strings, (self.voice.seed, 2), oh)))
        words = [Saying(label, (text,)) for label, text in self.options.words.items()]
        if self.options.each:
            order = np.random.default_rng((self.voice.seed, 3)).permutation(len(words))
            words = [words[i] for i in sorted(order[: self.options.each])]
        return [(take, saying) for take in range(self.options.repeats) for saying in words]

    def _utterance(self, saying: Saying, index: int) -> Utterance:
        def spell(word: str) -> str:
            # what is no digit may sound as it likes: a foreign voice reads it as it is written
            return word if self.options.rejects else self.engine.spell(self.voice.name, word, (self.voice.seed, index))

        return vary(self.voice, saying.text(spell), index, saying.tempo)
