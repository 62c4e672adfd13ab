"""pocketsphinx, against which `speechrnn bench` is held: how people recognised digits offline before networks did."""

from collections.abc import Callable
from pathlib import Path

import soundfile

from speechrnn.extras import require

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_GRAMMAR = f"#JSGF V1.0; grammar digits; public <digit> = {' | '.join(WORDS)};"
# its model was trained at this rate
_RATE = 16000


def load_sphinx() -> Callable[[Path], str | None]:
    """Load pocketsphinx with its own English model and a grammar of ten digits.

    Returns
    -------
    callable
        From a file to a digit, or None where it hears none.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    import soxr

    decoder = require("pocketsphinx", extra="bench", purpose="this yardstick").Decoder(
        lm=None, loglevel="FATAL", samprate=_RATE
    )
    decoder.add_jsgf_string("digits", _GRAMMAR)
    decoder.activate_search("digits")

    def hear(path: Path) -> str | None:
        y, sr = soundfile.read(path, dtype="float32", always_2d=True)
        y = soxr.resample(y.mean(axis=1), sr, _RATE) if sr != _RATE else y.mean(axis=1)
        decoder.start_utt()
        decoder.process_raw((y.clip(-1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        best = decoder.hyp()
        return str(WORDS.index(best.hypstr)) if best and best.hypstr in WORDS else None

    return hear
