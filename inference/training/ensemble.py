"""Several networks that answer as one: the mean of their calibrated probabilities.

Lakshminarayanan et al. 2017 (arXiv 1612.01474). The mean of calibrated answers is less
sure than it should be (Rahaman, Thiery 2021, arXiv 2007.08792), so it gets a
temperature of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.classes import CLASS_SETS
from inference.errors import DataError
from inference.spec import KERAS_FILE, check_weights, load_spec, model_folder
from inference.training.architectures import ARCHITECTURES
from inference.training.data import for_training
from inference.training.export import Finished, export, measure
from inference.training.fit import Progress
from inference.training.train import Trained, config_for, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from inference.preprocess import InputSpec
    from inference.spec import ModelSpec
    from inference.training.options import Asking

PREFIX = "ensemble:"
MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Member:
    """A finished model of the ensemble."""

    folder: Path
    spec: ModelSpec


def train_ensemble(asking: Asking) -> Trained:
    """Train what is not trained yet, average, calibrate and export.

    Members are architectures, each trained in `out`/members/NAME with its own
    defaults (one named again gets the next seed), or folders of models. Raises
    DataError for members that do not fit together.
    """
    names = [name for name in asking.arch.removeprefix(PREFIX).split(",") if name]
    if len(names) < 2:
        raise DataError("an ensemble has two members or more: --arch ensemble:a,b")
    _check(names, asking)
    members = [_trained(number, names, asking) for number in range(len(names))]
    inputs = shared_inputs([member.spec for member in members])
    return _finish(asking, members, inputs)


def _check(names: Sequence[str], asking: Asking) -> None:
    """Whether the members fit together, before any of them is trained."""
    configs = [_config(name, asking) for name in names if name in ARCHITECTURES]
    specs = [
        load_spec(model_folder(name)) for name in names if name not in ARCHITECTURES
    ]
    planned = [(config.arch, config.inputs) for config in configs]
    _agree([*planned, *((spec.name, spec.inputs) for spec in specs)])
    classes = {CLASS_SETS[config.classes] for config in configs}
    if len(classes | {spec.classes for spec in specs}) > 1:
        raise DataError(
            "the members of an ensemble must know the same classes: add --classes"
        )


def _config(name: str, asking: Asking) -> Any:
    return config_for(name, **asking.options)


def _trained(number: int, names: Sequence[str], asking: Asking) -> Member:
    name = names[number]
    if name not in ARCHITECTURES:
        folder = model_folder(name)
        spec = load_spec(folder)
        check_weights(folder, spec)
        return Member(folder, spec)
    before = Counter(names[:number])[name]
    folder = asking.out / MEMBERS / (f"{name}-{before + 1}" if before else name)
    config = _config(name, asking)
    config = replace(config, seed=config.seed + before)
    done = train(asking.data, folder, config, resume=asking.resume)
    return Member(folder, done.spec)


def shared_inputs(specs: Sequence[ModelSpec]) -> InputSpec:
    """The largest member's input; raises DataError unless the others can be made of it.

    Only sizes and the number of equal gray planes may differ.
    """
    _agree([(spec.name, spec.inputs) for spec in specs])
    largest = max((spec.inputs for spec in specs), key=lambda inputs: inputs.size)
    return replace(largest, channels=min(spec.inputs.channels for spec in specs))


def _agree(named: Sequence[tuple[str, InputSpec]]) -> None:
    name, first = named[0]
    for other, inputs in named[1:]:
        if _rest(inputs) != _rest(first):
            raise DataError(
                f"{name} and {other} prepare pictures differently ({_rest(first)}; "
                f"{_rest(inputs)}): train them with the same --colour, --equalise and "
                "--scale"
            )


def _rest(inputs: InputSpec) -> InputSpec:
    """The preprocessing that members must share."""
    gray = inputs.colour == "gray_replicated" and not inputs.means
    return replace(inputs, size=0, channels=1 if gray else inputs.channels)


def build(members: Sequence[Member], inputs: InputSpec) -> keras.Model:
    """One network of all members, each with its temperature.

    Smaller members get the pictures resized after standardisation; with "per_image"
    their contrast is then a little below what they were trained with.
    """
    import keras

    entry = keras.Input((inputs.size, inputs.size, inputs.channels))
    answers = []
    for number, member in enumerate(members):
        own = member.spec.inputs
        x = as_member_takes(entry, own.size, own.channels)
        answers.append(_calibrated(member, f"member{number}")(x, training=False))
    mean = keras.layers.Average(name="mean")(answers)
    return keras.Model(entry, mean, name="ensemble")


def as_member_takes(x: Any, size: int, channels: int) -> Any:
    """Prepared pictures (n, s, s, c) in the shape of a member's input."""
    from keras import layers

    if x.shape[1] != size:
        x = layers.Resizing(size, size)(x)
    return x if x.shape[-1] == channels else layers.Concatenate()([x] * channels)


def _calibrated(member: Member, name: str) -> keras.Model:
    """The member with its temperature inside its last layer.

    A softmax of logits over T is that of the same layer with its weights over T.
    """
    import keras

    model = keras.models.load_model(member.folder / KERAS_FILE, compile=False)
    head = model.layers[-1]
    if not isinstance(head, keras.layers.Dense):
        raise DataError(f"{member.spec.name} is an ensemble itself: name its members")
    head.set_weights([w / member.spec.temperature for w in head.get_weights()])
    return keras.Model(model.inputs[0], model.outputs[0], name=name)


def _finish(asking: Asking, members: Sequence[Member], inputs: InputSpec) -> Trained:
    model = build(members, inputs)
    spec = members[0].spec
    config = config_for("dcnn", **{**asking.options, "classes": len(spec.classes)})
    asked = replace(config.asked, colour=inputs.is_colour, extra=())
    dataset = for_training(asking.data, asked, max(inputs.size, 48))
    measured = measure(model, dataset.parts["validation"], inputs, spec.classes)
    facts = [
        {
            "version": member.spec.version,
            "architecture": member.spec.architecture,
            "temperature": member.spec.temperature,
            "command": member.spec.command,
            "data": member.spec.data,
        }
        for member in members
    ]
    done = Finished(
        model=model,
        architecture=asking.arch,
        inputs=inputs,
        classes=spec.classes,
        measured=measured,
        seed=asking.seed,
        data={**spec.data, "members": [fact["version"] for fact in facts]},
        record={"members": facts, "data": dataset.describe()},
        command=asking.command_line(),
    )
    progress = Progress({"arch": asking.arch}, dataset.describe(), finished=True)
    return Trained(export(done, asking.out), progress, measured)
