"""Recording one's own clips: prompting for a word, and whether what was heard can be kept."""

import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from speechrnn.acceptance import ENDS, TakeLimits, judge_take
from speechrnn.blocks import Block
from speechrnn.errors import CorpusError
from speechrnn.prompts import Prompt
from speechrnn.segmenting import Segmenter, Utterance
from speechrnn.storage import write_bytes
from speechrnn.text import printable
from speechrnn.waveform import Waveform, check_finite

# clips are kept at no more than this rate, in Hz; that of Speech Commands
MAX_RATE = 16_000
# two takes of one sound differ by less than this share of it: by 16 bits, by the version of a resampler, by the last
# samples where a recording ended within a word. Two sounds differ by about all of it, or more
_DIFFERENCE = 0.5


@dataclass(frozen=True, slots=True)
class Take:
    """What was said to a prompt, and can be kept.

    Attributes
    ----------
    prompt : Prompt
        What was to be said.
    y : np.ndarray [shape=(n,), dtype=float32]
        With some room before and after.
    sr : int
        Rate in Hz.
    """

    prompt: Prompt
    y: Waveform
    sr: int


class DictationListener:
    """Hears of a dictation; this one says nothing."""

    def prompting(self, prompt: Prompt) -> None:
        """Hear what is to be said now."""

    def hearing(self, y: Waveform) -> None:
        """Hear the next samples, for a meter."""

    def refused(self, prompt: Prompt, reason: str) -> None:
        """Hear why something is to be said again."""

    def unasked(self) -> None:
        """Hear that something was said before the first prompt; it is no answer."""


def save_take(take: Take, directory: Path, speaker: str) -> Path:
    """Write a clip of 16 bits, whole or not at all.

    Parameters
    ----------
    take : Take
        What was said.
    directory : Path
        Where; it is made if absent.
    speaker : str
        Who said it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    CorpusError
        It is there by now: nothing is overwritten.
    OSError
        It cannot be written.
    """
    path = take.prompt.path(directory, speaker)
    if path.exists():
        raise CorpusError(f"{printable(path)}: has come meanwhile, and nothing is overwritten. Start again.")
    file = io.BytesIO()
    soundfile.write(file, _as_kept(take), min(take.sr, MAX_RATE), format="WAV", subtype="PCM_16")
    write_bytes(path, file.getvalue())
    return path


def check_saved(take: Take, directory: Path, speaker: str) -> None:
    """Refuse a take whose clip was kept before, from another sound.

    Parameters
    ----------
    take : Take
        What was said.
    directory : Path
        Where its clip is.
    speaker : str
        Who said it.

    Raises
    ------
    CorpusError
        The clip holds something else, or cannot be read.
    OSError
        The file cannot be opened.
    """
    path, y = take.prompt.path(directory, speaker), _as_kept(take)
    try:
        clip, sr = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        clip, sr = np.zeros((0, 1), np.float32), 0
    # a recording that ended within a word goes on in a longer one
    n = min(y.size, clip.shape[0])
    if (
        sr != min(take.sr, MAX_RATE)
        or not n
        or np.linalg.norm(clip[:n, 0] - y[:n]) >= _DIFFERENCE * np.linalg.norm(y[:n])
    ):
        raise CorpusError(
            f"{printable(path)}: is not what the recording says for it. Give a recording that holds all words from the "
            "first one on, or a new folder."
        )


def _as_kept(take: Take) -> Waveform:
    sr = min(take.sr, MAX_RATE)
    y = take.y if sr == take.sr else soxr.resample(take.y, take.sr, sr, quality="soxr_hq")
    return np.clip(y, -1.0, 1.0)


def dictate(
    blocks: Iterable[Block],
    sr: int,
    prompts: Sequence[Prompt],
    listener: DictationListener,
    limits: TakeLimits | None = None,
) -> Iterator[Take]:
    """Prompt for one word after the other, and for each until it is fine.

    Parameters
    ----------
    blocks : iterable of Block
        The sound.
    sr : int
        Its rate in Hz.
    prompts : sequence of Prompt
        What is to be said, in order.
    listener : DictationListener
        Shows the prompts.
    limits : TakeLimits, optional
        What can be kept.

    Yields
    ------
    Take
        One for each prompt, until the sound or the prompts end.

    Raises
    ------
    AudioError
        Samples that are not finite.
    """
    session, left = _Session(sr, limits or TakeLimits(), listener), deque(prompts)
    if not left:
        return
    for block in blocks:
        session.check(block)
        listener.hearing(block.y)
        for utterance in session.push(block, left[0]):
            if session.accepts(utterance, left[0]):
                yield Take(left.popleft(), utterance.y, sr)
                if not left:
                    return
                listener.prompting(left[0])
    for utterance in session.finish():
        if left and session.accepts(utterance, left[0]):
            yield Take(left.popleft(), utterance.y, sr)


class _Session:
    """Where a dictation is in its sound; all in samples."""

    def __init__(self, sr: int, limits: TakeLimits, listener: DictationListener) -> None:
        self._sr, self._limits, self._listener = sr, limits, listener
        self._segmenter = Segmenter(ENDS, sr)
        # an utterance begins with some room before its sound
        self._settled, self._lead = round(limits.settling * sr), round(ENDS.lead * sr)
        self._origin = self._n = 0
        self._asked = False
        # when something was heard or asked for last, and where an utterance ended that was too long
        self._since, self._barred = self._settled, -1

    def check(self, block: Block) -> None:
        """Refuse samples that no ear could hear."""
        check_finite(block.y, self._n / self._sr)

    def push(self, block: Block, prompt: Prompt) -> list[Utterance]:
        """Take what comes; give the utterances that ended, and complain where nothing is said."""
        if block.lost:
            if self._segmenter.sounding:
                self._ask_again(prompt, "some of it was lost: this machine was busy with something else.")
            self._n += block.lost
            self._origin, self._segmenter = self._n, Segmenter(ENDS, self._sr)
        found = self._place(self._segmenter.push(block.y))
        self._n += block.y.size
        if not self._asked and self._n >= self._settled:
            self._asked = True
            self._listener.prompting(prompt)
        if found or self._segmenter.sounding:
            self._since = max(self._since, self._n)
        elif self._n - self._since >= self._limits.patience * self._sr:
            self._since = self._n
            self._ask_again(prompt, f"nothing heard for {self._limits.patience:g} s. Is this the right microphone?")
        return found

    def finish(self) -> list[Utterance]:
        """Give the utterance that was going on."""
        return self._place(self._segmenter.finish())

    def accepts(self, utterance: Utterance, prompt: Prompt) -> bool:
        """Judge an utterance, and ask again where it cannot be kept."""
        end = utterance.start + utterance.y.size
        if utterance.start == self._barred:  # the rest of one that was too long
            self._barred = end
            return False
        if reason := judge_take(utterance.y, self._sr, self._limits):
            if utterance.y.size > self._limits.longest * self._sr:
                self._barred = end
            self._ask_again(prompt, reason)
            return False
        return True

    def _place(self, found: list[Utterance]) -> list[Utterance]:
        """In samples of the whole sound; what began before anything was asked for is no answer."""
        placed = [Utterance(one.y, self._origin + one.start) for one in found]
        early = [one for one in placed if one.start + self._lead < self._settled]
        # the noise of a room sounds too, until its floor is known
        if any(judge_take(one.y, self._sr, self._limits) is None for one in early):
            self._listener.unasked()
        return placed[len(early) :]

    def _ask_again(self, prompt: Prompt, reason: str) -> None:
        self._listener.refused(prompt, reason)
        self._listener.prompting(prompt)
