"""The flite synthesiser, where it is on the PATH: its four American voices, each as several people."""

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from speechrnn.corpus.speech import Speech, Utterance
from speechrnn.errors import CorpusError

# by their middle pitch in Hz; as with hibari, a shift of rate makes more people of them
VOICES = {"kal16": 105.0, "awb": 130.0, "rms": 95.0, "slt": 180.0}
FACTORS = {"low": 0.85, "lower": 0.92, "own": 1.0, "higher": 1.08, "high": 1.17}
_OWN_RATE = 160
_TIMEOUT = 60


def list_flite_voices() -> tuple[str, ...]:
    """List the voices that flite's packages have everywhere.

    Returns
    -------
    tuple of str
        Such as ``slt+low``.
    """
    return tuple(f"{voice}+{name}" for voice in VOICES for name in FACTORS)


def speak_flite(voice: str, utterances: Sequence[Utterance], seed: int = 0) -> Speech:  # noqa: ARG001 -- it has no noise
    """Let one voice say some texts.

    Parameters
    ----------
    voice : str
        From `list_flite_voices`.
    utterances : sequence of Utterance
        What is said, in order.
    seed : int
        Not used: the same words always sound the same.

    Returns
    -------
    Speech
        As many waveforms as utterances.

    Raises
    ------
    CorpusError
        flite is not installed, or fails.
    """
    program = shutil.which("flite")
    if program is None:
        raise CorpusError("flite is not on the PATH. Install it (Debian: apt install flite), or use another engine.")
    if not utterances:
        return Speech(_version(program), 16000, ())
    name, _, shift = voice.partition("+")
    factor, sr = FACTORS.get(shift, 1.0), 16000
    waveforms = []
    with tempfile.TemporaryDirectory() as folder:
        for utterance in utterances:
            file = Path(folder) / "word.wav"
            pitch = VOICES[name] * 2 ** ((utterance.pitch - 50) / 50)
            stretch = _OWN_RATE / utterance.rate * factor
            settings = [f"duration_stretch={stretch:.3f}", f"int_f0_target_mean={pitch / factor:.1f}"]
            options = [word for setting in settings for word in ("--setf", setting)]
            _run([program, "-voice", name, *options, "-t", utterance.text, str(file)])
            y, sr = soundfile.read(io.BytesIO(file.read_bytes()), dtype="int16")
            waveforms.append(np.asarray(y, np.int16))
    return Speech(_version(program), round(sr * factor), tuple(waveforms))


def _version(program: str) -> str:
    """Flite tells its version and ends with status 1."""
    told = subprocess.run([program, "--version"], capture_output=True, timeout=_TIMEOUT, check=False)  # noqa: S603
    found = re.search(rb"flite-[\w.-]+", told.stdout + told.stderr)
    return found[0].decode() if found else "flite"


def _run(command: list[str]) -> bytes:
    try:
        return subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=True).stdout  # noqa: S603 -- no shell
    except (OSError, subprocess.SubprocessError) as error:
        raise CorpusError(f"flite failed: {error}. Try `flite -t hello` by hand.") from error
