"""The weights of a network as named arrays, in names of our own that outlive any version of Keras."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import safetensors.numpy

from speechrnn.errors import TrainingError
from speechrnn.training.calibration import Calibration

Arrays = Mapping[str, npt.NDArray[np.float32]]
# of a recurrent cell, in the order in which Keras has kept them since its first version
_CELL = ("kernel", "recurrent_kernel", "bias")
# what answers for the labels
_HEAD = ("output/", "unknown/", "calibration/")
TEMPERATURE, KNOWN = "calibration/temperature", "calibration/known"


def freeze_copy(network: keras.Model) -> keras.Model:
    """Copy a network as it is, for a teacher that nothing changes.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`; what it learns later changes nothing in the copy.

    Returns
    -------
    keras.Model
        Named ``teacher``, and not trained.
    """
    teacher = keras.models.clone_model(network)
    set_weights(teacher, get_weights(network))
    teacher.trainable, teacher.name = False, "teacher"
    return teacher


def named_variables(network: keras.Model) -> dict[str, Any]:
    """Name each weight of a network by layer and role.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`.

    Returns
    -------
    dict of str to keras.Variable
        Such as ``conv_0/kernel`` and ``recurrent_0/backward/bias``.
    """
    named: dict[str, Any] = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.Bidirectional):
            for way, half in (("forward", layer.forward_layer), ("backward", layer.backward_layer)):
                named |= {f"{layer.name}/{way}/{role}": v for role, v in zip(_CELL, half.weights, strict=True)}
        elif isinstance(layer, keras.layers.RNN):
            named |= {f"{layer.name}/forward/{role}": v for role, v in zip(_CELL, layer.weights, strict=True)}
        elif not isinstance(layer, keras.layers.Dropout):
            named |= {f"{layer.name}/{v.name}": v for v in layer.weights}
    return named


def get_weights(network: keras.Model) -> dict[str, npt.NDArray[np.float32]]:
    """Copy the weights out of a network.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`.

    Returns
    -------
    dict of str to np.ndarray [dtype=float32]
        By the names of `named_variables`.
    """
    return {name: np.asarray(keras.ops.convert_to_numpy(v), np.float32) for name, v in named_variables(network).items()}


def set_weights(network: keras.Model, arrays: Arrays, *, except_head: bool = False) -> None:
    """Copy weights into a network.

    Parameters
    ----------
    network : keras.Model
        To be filled.
    arrays : mapping of str to np.ndarray
        As `get_weights` gives them.
    except_head : bool
        Leave the layers after pooling that answer as they are: the labels are others. So stay recurrent layers that
        `arrays` has none of: they come before the answer, on top of those that are known.

    Raises
    ------
    TrainingError
        A weight is missing or has another shape.
    """
    known = {name.partition("/")[0] for name in arrays}
    for name, variable in named_variables(network).items():
        layer = name.partition("/")[0]
        if except_head and (name.startswith(_HEAD) or (layer.startswith("recurrent_") and layer not in known)):
            continue
        found = arrays.get(name)
        if found is None or found.shape != tuple(variable.shape):
            seen = "is missing" if found is None else f"has shape {found.shape}"
            raise TrainingError(
                f"the weight {name} {seen}, this network needs {tuple(variable.shape)}. "
                "Start from a bundle with the same features and network, or leave out --config."
            )
        variable.assign(found)


def blend(arrays: Arrays, start: Arrays, share: float) -> dict[str, npt.NDArray[np.float32]]:
    """Go back part of the way to what a training started from (Wortsman et al. 2022, "Robust fine-tuning").

    Parameters
    ----------
    arrays : mapping of str to np.ndarray
        Weights after the training.
    start : mapping of str to np.ndarray
        Weights before it, of the same names and shapes.
    share : float
        Of the way: 0 stays, 1 goes all of it.

    Returns
    -------
    dict of str to np.ndarray [dtype=float32]
        By the same names.

    Examples
    --------
    >>> one, two = {"kernel": np.ones(1, np.float32)}, {"kernel": np.full(1, 5.0, np.float32)}
    >>> blend(one, two, 0.25)["kernel"].tolist()
    [2.0]
    """
    return {name: array + np.float32(share) * (start[name] - array) for name, array in arrays.items()}


def save_weights(arrays: Arrays) -> bytes:
    """Write named arrays as safetensors.

    Parameters
    ----------
    arrays : mapping of str to np.ndarray
        Any shapes.

    Returns
    -------
    bytes
        The same bytes for the same arrays.
    """
    data: bytes = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in sorted(arrays.items())})
    return data


def load_weights(data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """Read named arrays from safetensors.

    Parameters
    ----------
    data : bytes
        As `save_weights` gives them.

    Returns
    -------
    dict of str to np.ndarray
        By name.

    Raises
    ------
    TrainingError
        Not safetensors.
    """
    try:
        arrays: dict[str, npt.NDArray[np.float32]] = safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise TrainingError(f"weights that cannot be read ({error}). Train or fetch the bundle again.") from error
    return arrays


def calibration_weights(calibration: Calibration) -> Arrays:
    """Give the weights of a network's last layer that a calibration stands for.

    Parameters
    ----------
    calibration : Calibration
        Temperature and weights of `known`.

    Returns
    -------
    mapping of str to np.ndarray [dtype=float32]
        By the names of `speechrnn.training.weights.named_variables`.
    """
    known = calibration.known
    return {
        TEMPERATURE: np.array([calibration.temperature], np.float32),
        KNOWN: np.array([known.own, known.margin, known.offset], np.float32),
    }
