"""Write the tables of the documentation from the JSON records under docs/records.

    python -m bench.tables [--check]

A table stands between `<!-- table: KIND RECORD... -->` and `<!-- end -->`; RECORD is a
file of docs/records without its suffix. With --check nothing is written, and the exit
status is 1 when a table is not what its records say.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DOCS = Path(__file__).resolve().parents[1] / "docs"
BLOCK = re.compile(r"(<!-- table: ([\w. -]+?) -->\n).*?(<!-- end -->)", re.DOTALL)
Record = Any  # what a command wrote with --json
# What the last part of a record's name stands for.
TITLES = {
    "fer": "PrivateTest, FER labels",
    "fer7": "PrivateTest, FER labels, seven classes",
    "ferplus": "PrivateTest, FER+ majority",
    "public": "PublicTest, FER+ majority",
    "jaffe": "`jaffe/`, whole photographs",
    "ratios-ferplus": "PrivateTest, FER+ majority",
    "ratios-fer": "PrivateTest, FER labels",
    "ratios-jaffe": "`jaffe/`, whole photographs",
}


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(value: float | None, bounds: Sequence[float] | None = None) -> str:
    """A share with its 95 % interval."""
    if value is None:
        return "-"
    text = f"{100 * value:.1f}"
    if bounds:
        text += f" ({100 * bounds[0]:.1f}-{100 * bounds[1]:.1f})"
    return text


def evaluations(records: dict[str, Record]) -> str:
    """One row per evaluation: the headline figures in percent, with intervals."""
    titles = ["model", "set", "n", "accuracy", "balanced accuracy", "recalls"]
    titles += ["at 80 % coverage", "ECE before, after scaling"]
    return markdown(titles, [_evaluation(*pair) for pair in records.items()])


def _evaluation(name: str, one: Record) -> list[str]:
    bounds = one["intervals"]
    recalls = [row["sensitivity"] for row in one["per_class"].values() if row["n"]]
    before = one["reliability"]["before"]["ece"]
    return [
        f"`{one['model']}`",
        TITLES[name.rpartition(".")[2]],
        str(one["n"]),
        percent(one["accuracy"], bounds["accuracy"]),
        percent(one["balanced_accuracy"], bounds["balanced_accuracy"]),
        " ".join(f"{value:.2f}".lstrip("0") for value in recalls),
        percent(one["selective_accuracy"], bounds["selective_accuracy"]),
        f"{before:.3f}, {one['ece']:.3f}",
    ]


def classes(records: dict[str, Record]) -> str:
    """The papers' table of one evaluation, with the confusion counts beside it."""
    ((_, one),) = records.items()
    names = one.get("classes", list(EMOTIONS))
    keys = ("precision", "sensitivity", "specificity", "f1", "accuracy")
    titles = ["class", "precision", "sensitivity", "specificity", "F1"]
    titles += ["one-vs-rest accuracy", "n", *(f"as {name}" for name in names)]
    rows = []
    for name, counts in zip(names, one["confusion"], strict=True):
        row = one["per_class"][name]
        values = [f"{row[key]:.3f}" for key in keys]
        rows.append([name, *values, str(row["n"]), *map(str, counts)])
    return markdown(titles, rows)


def ratios(records: dict[str, Record]) -> str:
    """Errors of the simulated staff's ratios, one row per run."""
    titles = ["model", "set", "staff x readings", "stress: raw", "least squares"]
    titles += ["corrected", "coverage raw", "corrected", "happiness: raw"]
    titles += ["least squares", "corrected", "coverage raw", "corrected"]
    keys = ["mae_raw", "mae_pacc", "mae_corrected"]
    keys += ["coverage_raw", "coverage_corrected"]
    keys += [f"happiness_{key}" for key in keys]
    rows = [
        [
            f"`{one['model']}`",
            TITLES[name.rpartition(".")[2]],
            f"{one['staff']} x {one['readings']}",
            *(_with_interval(one, key) for key in keys),
        ]
        for name, one in records.items()
    ]
    return markdown(titles, rows)


def _with_interval(one: Record, key: str) -> str:
    """A figure of `simulate_ratios`, with its interval where it has one."""
    if one[key] is None:
        return "-"
    bounds = one.get(f"{key}_interval")
    span = f" ({bounds[0]:.3f}-{bounds[1]:.3f})" if bounds else ""
    return f"{one[key]:.3f}{span}"


def corruptions(records: dict[str, Record]) -> str:
    from bench.corruptions import table
    from inference.training.robustness import Robustness

    ((_, one),) = records.items()
    return table([Robustness(**row) for row in one["conditions"]])


def gate(records: dict[str, Record]) -> str:
    from bench.gate import text

    return "\n\n".join(text(one) for one in records.values())


def detectors(records: dict[str, Record]) -> str:
    from inference.training.detectors import Found, Row, markdown

    ((_, one),) = records.items()
    rows = []
    for row in one["detectors"]:
        found = {name: Found(**counts) for name, counts in row["variants"].items()}
        rows.append(Row(row["name"], found, row["missing"]))
    return markdown(rows)


def inference(records: dict[str, Record]) -> str:
    from bench.inference import text

    return "\n\n".join(text(one) for found in records.values() for one in found)


def training(records: dict[str, Record]) -> str:
    """How each network was trained, from its folder's record.json."""
    titles = ["model", "best epoch", "PublicTest accuracy", "temperature"]
    rows = []
    for name, one in records.items():
        rows.append(
            [
                f"`{name}`",
                f"{one['best_epoch']} of {one['config']['epochs']}",
                percent(one["validation"]["accuracy"]),
                f"{one['temperature']:.2f}",
            ]
        )
    return markdown(titles, rows)


def architectures(records: dict[str, Record]) -> str:
    """All that `bench.architectures` has measured so far."""
    rows = records_in(DOCS / "records" / "architectures")
    return budgeted(rows) if rows else "Not measured yet."


def budgeted(rows: Sequence[Record]) -> str:
    """Networks trained under the same budget, best five classes first."""
    titles = ["network", "source", "parameters", "million multiplications", "MiB"]
    titles += ["input", "pictures seen (epochs)", "7 classes", "5 classes"]
    titles += ["ms, batch 1", "ms, batch 32"]
    ranked = sorted(rows, key=lambda row: -row["accuracy_5"])
    return f"{_budget(rows)}\n\n{markdown(titles, [_network(row) for row in ranked])}"


def _budget(rows: Sequence[Record]) -> str:
    """What every network got, in one line."""
    spans = sorted({f"{row['budget_seconds']:g}" for row in rows}, key=float)
    first = rows[0]
    return (
        f"Budget: {' or '.join(spans)} seconds of two threads each (an ensemble has "
        f"those of its members together), no pretrained weights, FER labels, seed "
        f"{first['seed']}; accuracy on PrivateTest ({first['n_7']} pictures of seven "
        f"classes, {first['n_5']} of five) without copies of training pictures; one "
        "thread for the times, per face."
    )


def _network(row: Record) -> list[str]:
    side, own = row["inputs"]["size"], row["own_size"]
    shape = f"{side} x {side} x {row['inputs']['channels']}"
    return [
        f"`{row['architecture']}`",
        row["source"],
        f"{row['parameters'] / 1e6:.2f} M",
        f"{row['multiplications'] / 1e6:.1f}",
        f"{row['mib']:.1f}",
        shape + (f" (published with {own})" if side != own else ""),
        f"{row['pictures_seen']} ({row['epochs']:.2f})",
        percent(row["accuracy_7"]),
        percent(row["accuracy_5"]),
        f"{row['ms']['1']:.2f}",
        f"{row['ms']['32']:.2f}",
    ]


def quantify(table: str) -> Callable[[dict[str, Record]], str]:
    """A table of bench.quantify, which loads the engine only when it is run."""

    def made(records: dict[str, Record]) -> str:
        import bench.quantify

        ((_, one),) = records.items()
        text: str = getattr(bench.quantify, table)(one)
        return text

    return made


KINDS: dict[str, Callable[[dict[str, Record]], str]] = {
    "evaluations": evaluations,
    "classes": classes,
    "ratios": ratios,
    "corruptions": corruptions,
    "gate": gate,
    "detectors": detectors,
    "inference": inference,
    "training": training,
    "architectures": architectures,
    "ways": quantify("ways_table"),
    "ways-rule": quantify("rule_table"),
    "ways-coverage": quantify("coverage_table"),
    "ways-pictures": quantify("pictures_table"),
}
PAGES = ("models.md", "ratios.md")


def read(name: str) -> Record:
    """The record docs/records/`name`.json."""
    path = DOCS / "records" / f"{name}.json"
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def records_in(folder: Path) -> list[Record]:
    """All records in a folder, none where there is no such folder."""
    return [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    ]


def rendered(text: str) -> str:
    """`text` with every table made anew from its records."""

    def table(found: re.Match[str]) -> str:
        kind, *names = found[2].split()
        if kind not in KINDS:
            raise SystemExit(f"unknown table {kind!r}; known: {', '.join(KINDS)}")
        body = KINDS[kind]({name: read(name) for name in names})
        return f"{found[1]}\n{body}\n\n{found[3]}"

    return BLOCK.sub(table, text)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(words)
    stale = False
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        made = rendered(text)
        stale |= made != text
        if not options.check:
            (DOCS / page).write_text(made, encoding="utf-8")
    return int(options.check and stale)


if __name__ == "__main__":
    sys.exit(main())
