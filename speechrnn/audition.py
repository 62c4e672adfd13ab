"""A model listens to synthetic clips: what it surely hears as another word teaches the wrong thing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechrnn.recognizer import Recognizer

# so sure must a model be that a clip is another word
SURE = 0.9


@dataclass(frozen=True, slots=True)
class Audition:
    """A judge for `speechrnn.corpus.synthesis.synthesize`, trained on real speech.

    Attributes
    ----------
    recognizer : Recognizer
        Who listens.
    """

    recognizer: Recognizer

    @property
    def name(self) -> str:
        """The model, by the beginning of its graph's sum."""
        return self.recognizer.bundle.metadata.sha256["model.onnx"][:12]

    def accepts(self, y: npt.NDArray[np.int16], sr: int, label: str) -> bool:
        """Say whether a clip can be what it is meant to be.

        Parameters
        ----------
        y : np.ndarray [shape=(n,), dtype=int16]
            The clip.
        sr : int
            Its rate in Hz.
        label : str
            What it is meant to be; a word that is no label is refused where it is surely heard as one.

        Returns
        -------
        bool
            False where another label has a probability over `SURE`.
        """
        answer = self.recognizer.predict(y, sr=sr)
        label_heard, probability = max((answer.probabilities or {}).items(), key=lambda item: item[1])
        return label_heard == label or probability <= SURE
