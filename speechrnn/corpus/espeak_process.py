"""The process in which espeak-ng speaks for one voice; `speechrnn.corpus.espeak` starts it, it imports nothing of ours.

A process of its own, because espeak-ng keeps state from word to word (flutter, the phase of its waves, the C library's
random numbers seeded with the clock): only a fresh one says the same words the same way twice. It is not thread-safe
either, and what goes wrong inside it cannot take the caller along.

Standard input is a JSON object: ``library`` and ``data`` (paths), ``voice``, ``file`` (null, or the voice's file in the
working folder), ``seed`` and ``utterances``, each with ``text``, ``rate``, ``pitch`` and ``pitch_range``. Standard
output is a line of JSON (``version``, ``sample_rate``, ``sizes``) followed by the samples of all utterances, int16 in
the byte order of the machine.
"""

import ctypes
import json
import sys
from typing import Any

# from espeak-ng's speak_lib.h
SYNCHRONOUS = 2
DONT_EXIT = 0x8000
RATE, PITCH, RANGE = 1, 3, 4
UTF8 = 1

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin.buffer)
    library = _library(request["library"])
    sample_rate = library.espeak_Initialize(SYNCHRONOUS, 0, request["data"].encode(), DONT_EXIT)
    if sample_rate <= 0:
        sys.exit(f"it found no usable voice data in {request['data']}")
    _seed(library, request["seed"])
    if request["utterances"]:
        file, voice = request["file"], request["voice"].encode()
        by_file, by_name = library.espeak_SetVoiceByFile, library.espeak_SetVoiceByName
        if (by_file(file.encode()) if file else by_name(voice)) != 0:
            sys.exit(f"it knows no voice {request['voice']!r}")
    spoken = _speak(library, request["utterances"])
    version = library.espeak_Info(None).decode()
    header = {"version": version, "sample_rate": sample_rate, "sizes": [len(samples) // 2 for samples in spoken]}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + b"".join(spoken))


def _library(path: str) -> Any:
    library = ctypes.CDLL(path)
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_Info.argtypes = [ctypes.c_void_p]
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Synth.argtypes = [
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
        *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
    ]
    return library


def _seed(library: Any, seed: int) -> None:
    """Breath is made of the C library's rand(), which espeak-ng has just seeded with the clock."""
    c_library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    c_library.srand(ctypes.c_uint(seed))
    if hasattr(library, "espeak_ng_SetRandSeed"):  # newer versions have numbers of their own as well
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed))


def _speak(library: Any, utterances: list[dict[str, Any]]) -> list[bytes]:
    parts: list[bytes] = []

    def receive(samples: Any, n: int, _events: Any) -> int:
        if samples and n > 0:
            parts.append(ctypes.string_at(samples, 2 * n))
        return 0

    callback = Callback(receive)  # kept by this name: the library holds only its address
    library.espeak_SetSynthCallback(callback)
    spoken = []
    for utterance in utterances:
        for parameter, name in ((RATE, "rate"), (PITCH, "pitch"), (RANGE, "pitch_range")):
            library.espeak_SetParameter(parameter, utterance[name], 0)
        text = utterance["text"].encode()
        if library.espeak_Synth(text, len(text) + 1, 0, 0, 0, UTF8, None, None) != 0:
            sys.exit(f"it refused to say {utterance['text']!r}")
        library.espeak_Synchronize()
        spoken.append(b"".join(parts))
        parts.clear()
    return spoken


if __name__ == "__main__":
    main()
