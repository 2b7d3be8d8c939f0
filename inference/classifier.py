"""Probabilities of the emotions for many crops at once, through LiteRT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inference.classes import restrict
from inference.errors import CorruptModel, IncompatibleModel
from inference.preprocess import to_tensor
from inference.spec import SERVING_FILE, check_weights, load_spec

if TYPE_CHECKING:
    from pathlib import Path

    from ai_edge_litert.interpreter import Interpreter

    from inference.arrays import Gray, Tensor
    from inference.spec import ModelSpec

LARGEST_BATCH = 64  # a bound on memory; beyond a few crops nothing gets faster


def calibrate(probabilities: Tensor, temperature: float) -> Tensor:
    """Softmax of the logits over `temperature` (Guo et al. 2017, arXiv 1706.04599).

    A softmax output determines its logits up to a constant, which cancels.
    """
    logits = np.log(np.maximum(probabilities, 1e-12)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Tensor = powers / powers.sum(axis=1, keepdims=True)
    return result


class Classifier:
    """The network of one model folder, checked against its spec at construction.

    Not safe for use by two threads at once.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.spec: ModelSpec = load_spec(folder)
        check_weights(folder, self.spec)
        self._interpreter = _interpreter(folder / SERVING_FILE, threads)
        inputs = self._interpreter.get_input_details()[0]
        inner = tuple(int(n) for n in inputs["shape"][1:])
        expected = self._shape(1)[1:]
        if inner != expected:
            raise IncompatibleModel(
                f"{folder / SERVING_FILE} takes {inner}, its spec says {expected}: "
                "export the model again"
            )
        outputs = self._interpreter.get_output_details()[0]
        if int(outputs["shape"][-1]) != len(self.spec.classes):
            raise IncompatibleModel(
                f"{folder / SERVING_FILE} has {outputs['shape'][-1]} classes, its spec "
                f"names {len(self.spec.classes)}: export the model again"
            )
        self._input: int = inputs["index"]
        self._output: int = outputs["index"]
        self._prepared = 0  # the number of crops that the interpreter is laid out for

    def _shape(self, count: int) -> tuple[int, int, int, int]:
        inputs = self.spec.inputs
        return (count, inputs.size, inputs.size, inputs.channels)

    def __call__(self, crops: Gray) -> Tensor:
        """Calibrated probabilities (n, 5) of gray crops (n, s, s)."""
        return self.read(crops)[0]

    def read(self, crops: Gray) -> tuple[Tensor, Tensor]:
        """As a call, and the uncalibrated mass (n,) on classes beside the five."""
        five, other = restrict(self.raw(crops), self.spec.classes)
        return calibrate(five, self.spec.temperature), other

    def raw(self, crops: Gray) -> Tensor:
        """What the network says: (n, k) in the order of its own classes."""
        if len(crops) == 0:
            return np.empty((0, len(self.spec.classes)), np.float32)
        parts = range(0, len(crops), LARGEST_BATCH)
        runs = [self._run(crops[start : start + LARGEST_BATCH]) for start in parts]
        return np.concatenate(runs)

    def _run(self, crops: Gray) -> Tensor:
        if len(crops) != self._prepared:
            self._prepare(len(crops))
        tensor = to_tensor(crops, self.spec.inputs)
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        output: Tensor = self._interpreter.get_tensor(self._output)
        return output

    def _prepare(self, count: int) -> None:
        """Lay the interpreter out for `count` crops; costs less than one crop."""
        self._interpreter.resize_tensor_input(self._input, self._shape(count))
        self._interpreter.allocate_tensors()
        self._prepared = count


def _interpreter(path: Path, threads: int) -> Interpreter:
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(model_path=str(path), num_threads=threads)
    except ValueError as error:
        raise CorruptModel(
            f"{path} cannot be loaded ({error}): install the model again"
        ) from error
