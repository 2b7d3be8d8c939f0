"""One network in the forms in which it could be served, each in its own place.

    python -m bench.variants convert MODEL_FOLDER OUT CROPS.npy
    python -m bench.variants graph MODEL_FOLDER THREADS

Both load TensorFlow, and are started by `bench.inference` as processes of their own so
that its memory and its threads do not count for LiteRT.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from inference.arrays import Gray, Tensor
from inference.classes import restrict
from inference.classifier import Classifier, calibrate
from inference.files import sha256
from inference.preprocess import to_tensor
from inference.spec import KERAS_FILE, SERVING_FILE, ModelSpec, load_spec, write_spec

FLOAT32, FLOAT16, DYNAMIC, FULL = "float32", "float16", "int8 dynamic", "int8 full"
LITE = (FLOAT32, FLOAT16, DYNAMIC, FULL)
GRAPH = "TensorFlow graph"
SHORTEST = 0.02  # seconds that one sample lasts at least


def crops_of(number: int, side: int, seed: int = 0) -> Gray:
    """Gray noise (number, side, side): speed does not depend on what is seen."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (number, side, side), dtype=np.uint8)


class Runner(Protocol):
    """A network ready to answer."""

    def seconds(self, batch: int, *, bare: bool) -> float:
        """Seconds for one answer on `batch` crops; `bare`: without preprocessing."""

    def probabilities(self, crops: Gray) -> Tensor:
        """Calibrated probabilities (n, 5) of the emotions for crops (n, s, s)."""


def timed(call: Callable[[], object]) -> float:
    """Mean seconds of one call, over as many as make a sample long enough."""
    call()  # a change of batch size lays the network out anew
    began = time.perf_counter()
    calls = 0
    while (passed := time.perf_counter() - began) < SHORTEST or calls < 1:
        call()
        calls += 1
    return passed / calls


class Lite:
    """LiteRT: through the product's own classifier, and bare."""

    def __init__(self, folder: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        path = str(folder / SERVING_FILE)
        self._product = Classifier(folder, threads)
        self._bare = Interpreter(model_path=path, num_threads=threads)
        self._input = self._bare.get_input_details()[0]["index"]
        self._output = self._bare.get_output_details()[0]["index"]

    def seconds(self, batch: int, *, bare: bool) -> float:
        inputs = self._product.spec.inputs
        crops = crops_of(batch, inputs.size)
        if not bare:
            return timed(lambda: self._product(crops))
        tensor = to_tensor(crops, inputs)
        self._bare.resize_tensor_input(self._input, tensor.shape)
        self._bare.allocate_tensors()
        return timed(lambda: self._answer(tensor))

    def _answer(self, tensor: Tensor) -> Tensor:
        self._bare.set_tensor(self._input, tensor)
        self._bare.invoke()
        output: Tensor = self._bare.get_tensor(self._output)
        return output

    def probabilities(self, crops: Gray) -> Tensor:
        return self._product(crops)


class Graph:
    """A compiled TensorFlow graph in a process of its own, asked through a pipe."""

    def __init__(self, folder: Path, threads: int) -> None:
        argv = [sys.executable, "-m", "bench.variants", "graph"]
        self._process = subprocess.Popen(
            [*argv, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _ask(self, **question: object) -> Any:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        asked.write(json.dumps(question) + "\n")
        asked.flush()
        line = answers.readline()
        assert line, f"TensorFlow ended with {self._process.wait()}"
        return json.loads(line)

    def seconds(self, batch: int, *, bare: bool) -> float:
        return float(self._ask(batch=batch, bare=bare))

    def probabilities(self, crops: Gray) -> Tensor:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "crops.npy")
            np.save(path, crops)
            return np.array(self._ask(crops=str(path)), np.float32)

    def close(self) -> None:
        self._process.communicate()  # no more questions end it


@contextmanager
def runners(folder: Path, made: Path, threads: int) -> Iterator[dict[str, Runner]]:
    """Every form of the model that could be made, by name."""
    found: dict[str, Runner] = {
        name: Lite(made / name, threads) for name in LITE if (made / name).is_dir()
    }
    if not (folder / KERAS_FILE).is_file():
        yield found
        return
    graph = Graph(folder, threads)
    try:
        yield found | {GRAPH: graph}
    finally:
        graph.close()


def make(folder: Path, out: Path, crops: Gray) -> dict[str, str]:
    """Model folders out/VARIANT for every LiteRT form; answers why some are missing.

    float32 is the file that is served. crops: (n, s, s), for the ranges of full int8.
    """
    spec = load_spec(folder)
    _put(spec, out / FLOAT32, (folder / SERVING_FILE).read_bytes())
    if not (folder / KERAS_FILE).is_file():
        return dict.fromkeys((*LITE[1:], GRAPH), f"there is no {KERAS_FILE}")
    np.save(out / "crops.npy", crops)
    argv = [sys.executable, "-m", "bench.variants", "convert"]
    done = subprocess.run(
        [*argv, folder, out, out / "crops.npy"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    failures: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return failures


def _put(spec: ModelSpec, folder: Path, content: bytes) -> None:
    """A model folder that the product's classifier accepts."""
    folder.mkdir(parents=True)
    path = folder / SERVING_FILE
    path.write_bytes(content)
    write_spec(folder, replace(spec, sha256={SERVING_FILE: sha256(path)}))


def _load(folder: Path) -> Any:
    import keras

    import inference.training.architectures  # noqa: F401 - registers own layers

    return keras.models.load_model(folder / KERAS_FILE, compile=False)


def convert(folder: Path, out: Path, crops: Path) -> dict[str, str]:
    """Write float16, dynamic int8 and full int8; answers what failed and why."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import ConverterError

    spec, failures = load_spec(folder), {}
    tensors = to_tensor(np.load(crops), spec.inputs)
    with tempfile.TemporaryDirectory() as saved:
        _load(folder).export(saved, format="tf_saved_model", verbose=False)
        for name in LITE[1:]:
            converter = tf.lite.TFLiteConverter.from_saved_model(saved)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if name == FLOAT16:
                converter.target_spec.supported_types = [tf.float16]
            if name == FULL:
                # Input and output stay float32, so that serving need not know.
                whole = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.target_spec.supported_ops = whole
                converter.representative_dataset = lambda: ([x[None]] for x in tensors)
            try:
                _put(spec, out / name, converter.convert())
            except (ConverterError, RuntimeError, ValueError) as error:
                failures[name] = str(error).splitlines()[0]
    return failures


class Compiled:
    """The Keras network as one compiled function, inside the TensorFlow process."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        self._spec, network = load_spec(folder), _load(folder)
        inputs = self._spec.inputs
        shape = (None, inputs.size, inputs.size, inputs.channels)
        self._function = tf.function(
            lambda x: network(x, training=False),
            input_signature=[tf.TensorSpec(shape, tf.float32)],
        )

    def __call__(self, crops: Gray) -> Tensor:
        return self.bare(to_tensor(crops, self._spec.inputs))

    def bare(self, tensor: Tensor) -> Tensor:
        return np.asarray(self._function(tensor).numpy(), np.float32)

    def five(self, crops: Gray) -> Tensor:
        """Calibrated probabilities (n, 5): other classes of the network left out."""
        parts = np.array_split(crops, -(-len(crops) // 64))
        raw = np.concatenate([self(part) for part in parts])
        return calibrate(restrict(raw, self._spec.classes)[0], self._spec.temperature)

    def answer(self, question: dict[str, Any]) -> Any:
        if "crops" in question:
            return self.five(np.load(question["crops"])).tolist()
        crops = crops_of(question["batch"], self._spec.inputs.size)
        if not question["bare"]:
            return timed(lambda: self(crops))
        tensor = to_tensor(crops, self._spec.inputs)
        return timed(lambda: self.bare(tensor))


def serve(folder: Path, threads: int) -> None:
    """Answer questions on standard input, one JSON line each, until it ends."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    network = Compiled(folder)
    for line in sys.stdin:
        print(json.dumps(network.answer(json.loads(line))), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("convert", "graph"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("rest", nargs="+")
    options = parser.parse_args()
    if options.what == "graph":
        serve(options.folder, int(options.rest[0]))
    else:
        out, crops = map(Path, options.rest)
        print(json.dumps(convert(options.folder, out, crops)))


if __name__ == "__main__":
    main()
