"""A little notation for ONNX graphs: constants and operators, each giving the name of its result."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

# old enough for onnxruntime 1.20 and every runtime since 2023
OPSET, IR_VERSION = 18, 9


@dataclass(slots=True)
class Graph:
    """An ONNX graph while it is being written.

    Examples
    --------
    >>> graph = Graph()
    >>> graph("Add", "x", graph.constant([1.0])), len(graph.nodes)
    ('add_1', 1)
    >>> graph("Neg", "x") == graph("Neg", "x") != graph("Neg", "x", name="y")
    True
    """

    nodes: list[NodeProto] = field(default_factory=list)
    initializers: dict[str, TensorProto] = field(default_factory=dict)
    _constants: dict[tuple[Any, ...], str] = field(default_factory=dict)
    _results: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def __call__(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add an operator with one result and give the name of the result; what has no name is computed once."""
        key = (operator, inputs, repr(sorted(attributes.items())))
        if name is None and key in self._results:
            return self._results[key]
        [result] = self.multiple(
            operator, *inputs, names=(name or f"{operator.lower()}_{len(self.nodes) + 1}",), **attributes
        )
        self._results[key] = result
        return result

    def multiple(self, operator: str, *inputs: str, names: tuple[str, ...], **attributes: Any) -> tuple[str, ...]:
        """Add an operator with several results; an empty name leaves one out."""
        self.nodes.append(helper.make_node(operator, list(inputs), list(names), **attributes))
        return names

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        """Add a constant tensor, or find the equal one that is there."""
        array = np.asarray(value, dtype=dtype, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self.initializers[name] = numpy_helper.from_array(array, name)
            self._constants[key] = name
        return self._constants[key]

    def integers(self, *values: int) -> str:
        """Add a constant vector of int64, as axes and shapes are."""
        return self.constant(values, np.int64)

    def number(self, value: float, dtype: npt.DTypeLike = np.float32) -> str:
        """Add a constant scalar."""
        return self.constant(np.asarray(value, dtype).reshape(()), dtype)

    def build(self, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> ModelProto:
        """Make the model and have onnx check it."""
        graph = helper.make_graph(self.nodes, "speechrnn", inputs, outputs, list(self.initializers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="speechrnn")
        model.ir_version = IR_VERSION
        checker.check_model(model, full_check=True)
        return model


def column(g: Graph, x: str, *axes: int) -> str:
    """Insert axes, so that one value a clip, or a frame, stands beside many.

    Parameters
    ----------
    g : Graph
        The graph.
    x : str
        A tensor.
    *axes : int
        Where, counted in the result.

    Returns
    -------
    str
        The same values.
    """
    return g("Unsqueeze", x, g.integers(*axes))
