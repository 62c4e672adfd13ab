"""Digits of people who never train, from packages of Debian of which nothing ships: this file, FOLDER, OUT.json.

    cd FOLDER
    apt-get download csmash-data kajongg pocketsphinx-testdata saytime
    for package in *.deb; do dpkg-deb -x "$package" .; done

- Two men say ten digits each: csmash-data (GPL-2+), saytime (GPL-2+).
- Two women and two men say "bamboo", "character", "stone" and a digit from one to nine: kajongg (GPL-2+). Is the last
  digit that is heard the one that was said, and how many more are heard in the word before it?
- A woman and a man say 31 numbers of one to seven digits, "oh" among them: cepstra of TIDIGITS in pocketsphinx-testdata
  (BSD). There is no sound of them, so they are spoken again from their cepstra, with a pulse where they are voiced and
  noise where they are not. The same done to numbers of piper's joe costs two points (3.3 to 5.2 % digit errors).
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import scipy.fft

from speechrnn.audio import Waveform
from speechrnn.corpus.clips import DIGIT_WORDS, Clip
from speechrnn.recognizer import load
from speechrnn.string_scores import score_strings
from speechrnn.transcriber import load_strings

SR, HOP, WINDOW = 8000, 80, 256
N_FILTERS, N_CEPSTRA, TOP_HZ, PREEMPHASIS = 20, 13, 4000.0, 0.97
PITCHES = {"man": 115.0, "woman": 205.0}
# in logarithms of power: more of it high up than low down is no voice, and so is what lies so far under the loudest
VOICED, FLOOR = 2.0, 9.0
SAID = {"z": "0", "o": "0"}


@dataclass(frozen=True, slots=True)
class Score:
    """What was right.

    Attributes
    ----------
    n : int
        Digits.
    wrong : int
        Of these: digit errors where there is more than one in a recording.
    more : int
        Digits that were heard in other words.
    """

    n: int
    wrong: int
    more: int = 0


def read_cepstra(path: Path) -> npt.NDArray[np.float64]:
    """Read what Sphinx wrote: the number of values, and the values, in either order of bytes."""
    raw = path.read_bytes()
    order = ">" if int.from_bytes(raw[:4], "big") * 4 == len(raw) - 4 else "<"
    return np.frombuffer(raw[4:], f"{order}f4").reshape(-1, N_CEPSTRA).astype(np.float64)


def speak(cepstra: npt.NDArray[np.float64], pitch: float) -> Waveform:
    """Speak again what cepstra keep: the envelope of each frame, over a pulse and noise."""
    rng = np.random.default_rng(0)
    powers = scipy.fft.idct(cepstra, n=N_FILTERS, norm="ortho")
    hertz = np.fft.rfftfreq(WINDOW, 1 / SR)
    centres = librosa.mel_frequencies(N_FILTERS + 2, fmin=1.0, fmax=TOP_HZ, htk=True)[1:-1]
    places = librosa.hz_to_mel(hertz, htk=True), librosa.hz_to_mel(centres, htk=True)
    rise = np.abs(1 - PREEMPHASIS * np.exp(-2j * np.pi * hertz / SR))
    envelopes = np.exp([np.interp(*places, row) / 2 for row in powers]) / np.maximum(rise, rise[3])
    n = len(cepstra) * HOP + WINDOW
    turns = np.cumsum(pitch * (1 + 0.08 * np.sin(2 * np.pi * 0.7 * np.arange(n) / SR)) / SR)
    sources = np.diff(np.floor(turns), prepend=0) * np.sqrt(SR / pitch), rng.standard_normal(n)
    low, high = powers[:, :6].max(axis=1), powers[:, 13:].max(axis=1)
    voiced = np.clip((low - high) / VOICED + 0.5, 0, 1) * (low > powers.max() - FLOOR)
    voiced = np.convolve(np.pad(voiced, 1, "edge"), np.ones(3) / 3, "valid")
    window, y, weight = np.hanning(WINDOW + 1)[:-1], np.zeros(n), np.zeros(n)
    for i, (envelope, share) in enumerate(zip(envelopes, voiced, strict=True)):
        frame = slice(i * HOP, i * HOP + WINDOW)
        mixed = sources[0][frame] * np.sqrt(share) + sources[1][frame] * np.sqrt(1 - share)
        y[frame] += window * np.fft.irfft(np.fft.rfft(window * mixed) * envelope)
        weight[frame] += window**2
    y /= np.maximum(weight, 0.1)
    return np.asarray(0.5 * y / np.abs(y).max(), np.float32)


def numbers(folder: Path) -> dict[str, Score]:
    """Digit errors of each of the two people."""
    model, scores = load_strings(), {}
    paths = sorted(folder.glob("usr/share/pocketsphinx/test/data/tidigits/*.mfc"))
    for who, pitch in PITCHES.items():
        own = [path for path in paths if path.name.startswith(who)]
        clips = [Clip(path, "".join(SAID.get(one, one) for one in path.stem.split(".")[2][:-1]), who) for path in own]
        heard = [model.transcribe(speak(read_cepstra(path), pitch), SR) for path in own]
        found = score_strings(clips, heard, ["none"] * len(clips))
        scores[f"numbers, {who}"] = Score(found.n_digits, found.substitutions + found.deletions + found.insertions)
    return scores


def after_a_word(folder: Path) -> dict[str, Score]:
    """A digit after another word, of each of the four people."""
    model, scores = load_strings(), {}
    for voice in ("female1", "female2", "male1", "male2"):
        paths = sorted((folder / "usr/share/kajongg/voices" / voice).glob("[bcs][1-9].ogg"))
        heard = [model.transcribe(path).digits or "" for path in paths]
        wrong = sum(not digits.endswith(path.stem[1]) for digits, path in zip(heard, paths, strict=True))
        scores[f"after a word, {voice}"] = Score(len(paths), wrong, sum(max(0, len(digits) - 1) for digits in heard))
    return scores


def alone(folder: Path) -> dict[str, Score]:
    """One digit a recording."""
    model = load()
    sets = {
        "alone, csmash": [folder / f"usr/share/games/csmash/wav/{word}.wav" for word in DIGIT_WORDS],
        "alone, saytime": [folder / f"usr/share/saytime/{digit}.au" for digit in range(10)],
    }
    return {
        name: Score(10, sum(model.predict(path).label != str(digit) for digit, path in enumerate(paths)))
        for name, paths in sets.items()
    }


def main(folder: Path, out: Path) -> None:
    """Measure, print, keep."""
    result = {}
    for name, score in {**alone(folder), **after_a_word(folder), **numbers(folder)}.items():
        result[name] = asdict(score)
        print(name, json.dumps(result[name]), flush=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
