"""onnxruntime, through here alone: from 1.32 on it reports on its user's machine unless it was told before its import.

What is heard here is nobody else's business. Who wants the reports sets ``ORT_DISABLE_TELEMETRY=0``.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as _errors

__all__ = ["FAILURES", "onnxruntime"]

# onnxruntime's errors share no root of their own, and each version has a few more
_KINDS = tuple(kind for kind in vars(_errors).values() if isinstance(kind, type) and issubclass(kind, Exception))
FAILURES: tuple[type[Exception], ...] = (*_KINDS, RuntimeError, ValueError, MemoryError)
