"""Making a model: the one room where TensorFlow, Keras, librosa and onnx may be imported.

Reading order: `features` (librosa), `network` (Keras), `fitting` (the passes over the data), `frontend` and `export`
(the same as one ONNX graph), `reference` (the plain librosa-Keras chain), `session` (all of it, from a folder to a
bundle).
"""

from speechrnn.training.startup import import_heavy

import_heavy()

# registers the layers with Keras: after `import speechrnn.training`, it opens the file of `export --format keras`
from speechrnn.training.frontend_layer import WordFeatures  # noqa: E402
from speechrnn.training.session import Listener, Trained, TrainOptions, train  # noqa: E402 -- after the check above

__all__ = ["Listener", "TrainOptions", "Trained", "WordFeatures", "train"]
