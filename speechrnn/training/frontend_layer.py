"""The front end as a layer of Keras, for the formats that TensorFlow writes.

It does what the ONNX graph in `frontend` does, with operators that TFLite has of its own. Shapes are those of the
inputs: fixed for TFLite, open for a SavedModel.
"""

from typing import Any

import keras
import msgspec
import numpy as np
from keras import ops

from speechrnn.config import Config, FeatureConfig, TrimConfig
from speechrnn.high_pass import BLOCK, banded, high_pass
from speechrnn.training.frontend import DECIBEL, RANGE_DB, cosine_transform, mel_filters
from speechrnn.training.trimming import POWER_FLOOR


@keras.saving.register_keras_serializable("speechrnn")
class WordFeatures(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """From waveforms (batch, n) and lengths (batch,) to MFCC of the words in them, their frames, and their bounds.

    Parameters
    ----------
    config : dict
        The parts of a `Config` that decide: ``audio``, ``trim`` and ``features``.
    """

    def __init__(self, config: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self._trim = msgspec.convert(config["trim"], TrimConfig)
        self._features = msgspec.convert(config["features"], FeatureConfig)

    def call(self, waveform: Any, length: Any) -> Any:
        """Give mfcc (batch, frames, n_mfcc), n_frames, start and end int32 (batch,)."""
        features, sample = self._features, ops.arange(ops.shape(waveform)[1], dtype="int32")[None, :]
        y = ops.where(sample < length[:, None], waveform, 0.0)
        start, end = self._find_word(y, length)
        word = ops.where(ops.logical_and(sample >= start[:, None], sample < end[:, None]), y, 0.0)
        n_frames = 1 + (end - start) // features.hop_length
        frames = _cut(word, start, features.n_fft, features.hop_length)
        frame = ops.arange(ops.shape(frames)[1], dtype="int32")[None, :]
        mask = ops.cast(frame < n_frames[:, None], "float32")[:, :, None]
        # a zero that no compiler knows of: tables that depend on it are neither folded nor made int8
        nothing = ops.minimum(length[0], 0)
        mel = self._mel_powers(frames, nothing) * mask
        logarithm = ops.log(ops.maximum(mel, POWER_FLOOR))
        loudest = ops.max(logarithm, axis=(1, 2), keepdims=True)
        limited = ops.maximum(logarithm, loudest - RANGE_DB / DECIBEL)
        table = (DECIBEL * cosine_transform(features.n_mfcc, features.n_mels).T).astype(np.float32)
        return ops.matmul(limited, table + ops.cast(nothing, "float32")) * mask, n_frames, start, end

    def _find_word(self, y: Any, length: Any) -> tuple[Any, Any]:
        """`librosa.effects.trim` of what lies above hum, as in `speechrnn.training.trimming`."""
        hop = self._trim.hop_length
        frames = _cut(self._loud(y, length), ops.minimum(length, 0), self._trim.frame_length, hop)
        power = ops.maximum(ops.mean(frames * frames, axis=2), POWER_FLOOR)
        frame = ops.arange(ops.shape(frames)[1], dtype="int32")[None, :]
        power = ops.where(frame * hop <= length[:, None], power, 0.0)
        threshold, margin = self._threshold(power)
        loud = power > threshold
        number = ops.cast(frame, "float32")
        first = ops.min(ops.where(loud, number, 1e9), axis=1)
        last = ops.max(ops.where(loud, number, -1.0), axis=1)
        start, end = (ops.cast(x, "int32") * hop for x in (first, last + 1))
        return ops.maximum(start - margin, 0), ops.minimum(end + margin, length)

    def _threshold(self, power: Any) -> tuple[Any, Any]:
        """What is loud, (batch, 1), and the margin in samples, (batch,): at the first of `levels_db` that will do."""
        trim, sr = self._trim, self.config["audio"]["sample_rate"]
        shares = np.array([10 ** (-db / 10) for db in trim.levels_db], np.float32)
        thresholds = ops.max(power, axis=1, keepdims=True) * shares
        if len(shares) == 1:
            return thresholds, 0
        n_loud = ops.sum(ops.cast(power[:, None, :] > thresholds[:, :, None], "float32"), axis=2)
        many = ops.cast(n_loud > trim.max_loud * sr / trim.hop_length, "int32")
        level = ops.sum(many[:, :-1], axis=1)
        chosen = ops.cast(ops.arange(len(shares), dtype="int32")[None, :] == level[:, None], "float32")
        margin = ops.minimum(level, 1) * trim.margin_length(sr)
        return ops.sum(thresholds * chosen, axis=1, keepdims=True), margin

    def _loud(self, y: Any, length: Any) -> Any:
        """What lies above the trimming's `fmin`, by products of matrices over blocks of samples."""
        if not self._trim.fmin:
            return y
        taps, nothing = high_pass(self._trim.fmin, self.config["audio"]["sample_rate"]), ops.minimum(length, 0)
        table = banded(taps, BLOCK).T + ops.cast(nothing[0], "float32")
        blocks = ops.matmul(_cut(y, nothing + BLOCK // 2, BLOCK + len(taps) - 1, BLOCK), table)
        n, half = ops.shape(y)[1], len(taps) // 2
        sample = ops.arange(n, dtype="int32")[None, :]
        inside = ops.logical_and(sample >= half, sample < length[:, None] - half)
        return ops.where(inside, ops.reshape(blocks, (ops.shape(y)[0], -1))[:, :n], 0.0)

    def _mel_powers(self, frames: Any, nothing: Any) -> Any:
        """Mel filters over the power spectrum; cosines and sines are looked up, which keeps the file small."""
        n_fft = self._features.n_fft
        filters = mel_filters(self._features, self.config["audio"]["sample_rate"])
        [used] = np.nonzero(filters.any(axis=0))
        window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
        frequency, sample = ops.convert_to_tensor(used.astype(np.int32)), ops.arange(n_fft, dtype="int32")
        turn = ops.reshape(ops.mod(sample[:, None] * frequency[None, :] + nothing, n_fft), (-1,))
        angles = 2 * np.pi * np.arange(n_fft) / n_fft
        frames, power = frames * window, 0.0
        for table in (np.cos(angles), np.sin(angles)):
            part = ops.matmul(frames, ops.reshape(ops.take(table.astype(np.float32), turn), (n_fft, len(used))))
            power = power + part * part
        return ops.matmul(power, filters[:, used].T + ops.cast(nothing, "float32"))

    def get_config(self) -> dict[str, Any]:
        """Give what the constructor takes."""
        return {**super().get_config(), "config": self.config}


def build_whole(config: Config, network: keras.Model, shape: tuple[int | None, int | None]) -> keras.Model:
    """Put the front end before a network.

    Parameters
    ----------
    config : Config
        What the network was trained with.
    network : keras.Model
        From `speechrnn.training.network.build_network`.
    shape : tuple of int or None
        Clips, and samples of each; None where any number is to do.

    Returns
    -------
    keras.Model
        From ``waveform`` float32 and ``length`` int32 to ``probabilities`` (batch, n_labels), ``known`` (batch, 1; for
        a network that rejects), ``start`` and ``end`` int32 (batch,).
    """
    waveform = keras.Input(batch_shape=shape, name="waveform")
    length = keras.Input(batch_shape=shape[:1], dtype="int32", name="length")
    kept = {part: msgspec.to_builtins(getattr(config, part)) for part in ("audio", "trim", "features")}
    mfcc, n_frames, start, end = WordFeatures(kept, name="word_features")(waveform, length)
    answers = network([mfcc, n_frames])
    found = dict(
        zip(("probabilities", "known"), answers if isinstance(answers, list | tuple) else [answers], strict=False)
    )
    return keras.Model([waveform, length], found | {"start": start, "end": end}, name="whole")


def _cut(y: Any, start: Any, frame_length: int, hop_length: int) -> Any:
    """Frames (batch, 1 + n // hop_length, frame_length), the first of which is centred on `start` (batch,)."""
    half = frame_length // 2
    n_clips, n = ops.shape(y)[0], ops.shape(y)[1]
    padded = ops.pad(y, [[0, 0], [half, half]])
    row = n + 2 * half
    # never a table of all samples of all frames, which a file would hold
    first = start[:, None] + ops.arange(1 + n // hop_length, dtype="int32")[None, :] * hop_length
    at = first[:, :, None] + ops.arange(frame_length, dtype="int32")[None, None, :]
    own = (ops.arange(n_clips, dtype="int32") * row)[:, None, None]
    return ops.take(ops.reshape(padded, (-1,)), ops.minimum(at, row - 1) + own)
