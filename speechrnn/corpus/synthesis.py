"""Spoken words from a speech synthesiser: many voices and accents, a voice is a speaker, a seed decides everything.

The folder that comes out is a corpus like any other (`{label}_{speaker}_{index}.wav`), with a manifest that says how it
was made. The manifest is written last; until then `synthesis-unfinished.json` stands in its place, so that an
interrupted synthesis is known as such and goes on where it stopped.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from speechrnn.corpus.espeak import ENGINE, Utterance, list_voices, speak
from speechrnn.corpus.manifest import (
    Manifest,
    SynthesisOptions,
    read_manifest,
    read_unfinished,
    write_manifest,
    write_unfinished,
)
from speechrnn.corpus.takes import Voice, choose_voices, render, vary
from speechrnn.errors import CorpusError
from speechrnn.progress import Progress
from speechrnn.storage import write_bytes
from speechrnn.text import printable

__all__ = ["Manifest", "SynthesisOptions", "Synthesized", "read_manifest", "synthesize"]


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


def synthesize(
    directory: Path, options: SynthesisOptions | None = None, on_progress: Progress | None = None
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
    voices = choose_voices(list_voices(), options.voices, options.seed)
    manifest = Manifest(ENGINE, speak("", ()).version, options.seed, options.n_clips, options)
    _check_folder(directory, manifest)
    finished = read_manifest(directory) is not None
    if not finished:
        write_unfinished(directory, manifest)
    n_written = 0
    for index, voice in enumerate(voices, start=1):
        n_written += _speak_voice(directory, voice, options)
        if on_progress is not None:
            on_progress(index * options.n_clips // len(voices), options.n_clips)
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
    if there is not None and there != manifest:
        raise CorpusError(
            f"{printable(directory)}: was made by {_describe(there)}, asked for was {_describe(manifest)}. "
            "Choose another folder, delete this one, or give the same options."
        )


def _describe(manifest: Manifest) -> str:
    o = manifest.options
    return (
        f"{manifest.engine} {manifest.version} with seed {o.seed}, {o.voices} voices, {o.repeats} repeats, "
        f"{o.sample_rate} Hz, words {', '.join(o.words.values())}"
    )


def _speak_voice(directory: Path, voice: Voice, options: SynthesisOptions) -> int:
    """Write the clips of a voice that are not there yet; all are spoken, because each depends on those before it."""
    names = [f"{label}_{voice.speaker}_{take}.wav" for take in range(options.repeats) for label in options.words]
    missing = {name for name in names if not (directory / name).is_file()}
    if not missing:
        return 0
    speech = speak(voice.name, tuple(_utterances(voice, options)), voice.seed)
    for index, (name, waveform) in enumerate(zip(names, speech.waveforms, strict=True)):
        if name in missing:
            samples = render(waveform, speech.sample_rate, options.sample_rate, (voice.seed, index))
            file = io.BytesIO()
            soundfile.write(file, samples, options.sample_rate, format="WAV", subtype="PCM_16")
            write_bytes(directory / name, file.getvalue())
    return len(missing)


def _utterances(voice: Voice, options: SynthesisOptions) -> Iterator[Utterance]:
    texts = [text for _ in range(options.repeats) for text in options.words.values()]
    return (vary(voice, text, index) for index, text in enumerate(texts))
