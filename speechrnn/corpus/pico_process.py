"""The process in which Pico speaks for one voice; `speechrnn.corpus.pico` starts it, it imports nothing of ours.

A process of its own, because Pico keeps the state of its noise from word to word: only a fresh one says the same words
the same way twice.

Standard input is a JSON object: ``voice``, and ``utterances`` with ``text``, ``speed`` and ``pitch``, 1 being the
voice's own. Standard output is a line of JSON (``version``, ``sample_rate``, ``sizes``) followed by the samples of all
utterances, int16.
"""

import json
import sys
from importlib import metadata

SAMPLE_RATE = 16000


def main() -> None:
    """Answer the one request on standard input."""
    import py_nanotts  # whoever only wants this file's name may not have it

    request = json.load(sys.stdin.buffer)
    engine = py_nanotts.NanoTTS()
    spoken = [engine.speak(**utterance, voice=request["voice"]) for utterance in request["utterances"]]
    sizes = [len(samples) // 2 for samples in spoken]
    header = {"version": metadata.version("py-nanotts"), "sample_rate": SAMPLE_RATE, "sizes": sizes}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + b"".join(spoken))


if __name__ == "__main__":
    main()
