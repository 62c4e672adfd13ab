"""Accuracy over the ratio of word to noise."""

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from speechrnn.audio import Waveform
from speechrnn.certainty import most_probable
from speechrnn.corpus.clips import Clip
from speechrnn.corpus.noises import OnUnusable, list_noises, read_usable
from speechrnn.errors import AudioError, ConfigError, CorpusError
from speechrnn.noise import choose_noise, mix
from speechrnn.progress import Progress
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.robustness import NoiseLevel
from speechrnn.scores import score

CLEAN = "clean"
LEVELS = "clean,20,15,10,5,0,-5"
LOWEST_DB, HIGHEST_DB = -30.0, 100.0
_BATCH = 64
_Answered = tuple[Clip, Prediction]


def parse_levels(text: str) -> tuple[float | None, ...]:
    """Read levels as ``--snr`` takes them.

    Parameters
    ----------
    text : str
        Ratios in dB and ``clean``, between commas.

    Returns
    -------
    tuple of float or None
        None stands for clean.

    Raises
    ------
    ConfigError
        Something else, or one of them twice.

    Examples
    --------
    >>> parse_levels("clean, 20,-5")
    (None, 20.0, -5.0)
    """
    levels: list[float | None] = []
    for word in (part.strip() for part in text.split(",")):
        try:
            level = None if word == CLEAN else float(word)
        except ValueError:
            level = float("nan")
        if level is not None and not LOWEST_DB <= level <= HIGHEST_DB:
            raise ConfigError(f"{word!r} is no ratio. Needed dB from -30 to 100, or clean: clean,20,0.")
        if level in levels:
            raise ConfigError(f"{word!r} is there twice. Needed each ratio once: clean,20,0.")
        levels.append(level)
    return tuple(levels)


def read_noises(folder: Path, recognizer: Recognizer, on_unusable: OnUnusable | None = None) -> list[Waveform]:
    """Read noise to test with: the rows ``test`` where the folder has a manifest.

    Parameters
    ----------
    folder : Path
        Recordings of noise, or one.
    recognizer : Recognizer
        For the rate.
    on_unusable : callable, optional
        Called with each recording that cannot be read or is silent, and that is left out; without it the first one is
        an error.

    Returns
    -------
    list of np.ndarray [shape=(n,), dtype=float32]
        At the model's rate.

    Raises
    ------
    CorpusError
        There is none that can be used.
    """
    files = list_noises(folder, "test")
    return [y for _, y in read_usable(files, recognizer.bundle.config.audio, on_unusable)]


def sweep_noise(
    clips: Sequence[Clip],
    recognizer: Recognizer,
    noises: Sequence[Waveform],
    levels: Sequence[float | None],
    on_progress: Progress | None = None,
) -> tuple[NoiseLevel, ...]:
    """Score clips with noise mixed in; each clip has the same noise at every level.

    Parameters
    ----------
    clips : sequence of Clip
        With labels of the model; what cannot be read is left out.
    recognizer : Recognizer
        The model; where a word lies is what it says of the clean clip.
    noises : sequence of np.ndarray [shape=(n,), dtype=float32]
        At the model's rate.
    levels : sequence of float or None
        Ratios in dB; None is the clean clip.
    on_progress : callable, optional
        Called with the clips done and their number.

    Returns
    -------
    tuple of NoiseLevel
        In the order of `levels`.

    Raises
    ------
    CorpusError
        No clip of the model's labels can be read.
    """
    heard: list[list[_Answered]] = [[] for _ in levels]
    clips = [clip for clip in clips if clip.label in recognizer.labels]
    for first in range(0, len(clips), _BATCH):
        read = [(clip, y) for clip in clips[first : first + _BATCH] if (y := _read(clip, recognizer)) is not None]
        if read:
            batch, waveforms = [clip for clip, _ in read], [y for _, y in read]
            _hear(batch, waveforms, recognizer, noises, zip(levels, heard, strict=True))
        if on_progress:
            on_progress(min(first + _BATCH, len(clips)), len(clips))
    return tuple(_score(level, answers, recognizer.labels) for level, answers in zip(levels, heard, strict=True))


def _read(clip: Clip, recognizer: Recognizer) -> Waveform | None:
    try:
        return recognizer.load_audio(clip.path)
    except (AudioError, OSError):  # the evaluation itself has listed it
        return None


def _hear(
    clips: Sequence[Clip],
    waveforms: Sequence[Waveform],
    recognizer: Recognizer,
    noises: Sequence[Waveform],
    levels: Iterable[tuple[float | None, list[_Answered]]],
) -> None:
    clean = recognizer.predict_batch(waveforms)
    sr = recognizer.bundle.metadata.sample_rate
    # by the samples alone, so that neither order nor names of files decide what noise a clip gets
    seeds = [zlib.crc32(y.tobytes()) for y in waveforms]
    under = [choose_noise(noises, len(y), sr, (seed,)) for y, seed in zip(waveforms, seeds, strict=True)]
    for level, answered in levels:
        answers = clean
        if level is not None:
            mixed = [
                mix(y, noise, level, round((a.start or 0.0) * sr), round((a.end or 0.0) * sr))
                for y, noise, a in zip(waveforms, under, clean, strict=True)
            ]
            answers = recognizer.predict_batch(mixed)
        answered.extend(zip(clips, answers, strict=True))


def _score(level: float | None, heard: Sequence[_Answered], labels: Sequence[str]) -> NoiseLevel:
    if not heard:
        raise CorpusError("no clip could be read, needed at least one. Give recordings of the model's labels.")
    clips, answers = [clip for clip, _ in heard], [answer for _, answer in heard]
    scored = score(clips, answers, labels, ["none"] * len(clips))
    worst = scored.worst_speaker
    return NoiseLevel(
        snr_db=level,
        accuracy=scored.accuracy,
        interval=scored.interval,
        macro=scored.macro,
        worst=worst.speaker if worst else None,
        worst_accuracy=worst.accuracy if worst else None,
        forced=sum(most_probable(answer) == clip.label for clip, answer in heard) / len(heard),
        n_clips=scored.n_clips,
    )
