"""Make the records behind the tables of the documentation anew.

    python -m bench.records --data DATA [--model NAME...] [--only PART...]

DATA holds fer2013/fer2013.csv with fer2013new.csv beside it, and jaffe/ and photos/
where those parts are asked for. Each record is what one command of the product writes
with --json; a record that is there is not made again unless --again is given.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from bench.tables import DOCS
from inference.spec import active_name

RECORDS = DOCS / "records"
MANAGE = (sys.executable, "manage.py")


def of_model(name: str, data: Path) -> dict[str, tuple[str, ...]]:
    """The commands behind the records of one model, by the record's name."""
    fer, jaffe = str(data / "fer2013"), str(data / "jaffe")
    plus = ("--labels", "ferplus")
    evaluate = (*MANAGE, "evaluate", "--model", name, "--data")
    ratios = (*MANAGE, "simulate_ratios", "--model", name, "--data")
    return {
        f"{name}.fer": (*evaluate, fer),
        f"{name}.ferplus": (*evaluate, fer, *plus),
        f"{name}.public": (*evaluate, fer, *plus, "--split", "validation"),
        f"{name}.jaffe": (*evaluate, jaffe),
        f"{name}.ratios-fer": (*ratios, fer),
        f"{name}.ratios-ferplus": (*ratios, fer, *plus),
        f"{name}.ratios-jaffe": (*ratios, jaffe),
    }


def of_active(name: str, data: Path) -> dict[str, tuple[str, ...]]:
    """Those that only the active model has: they take long."""
    fer = ("--data", str(data / "fer2013"), "--labels", "ferplus")
    python = (sys.executable, "-m")
    return {
        f"{name}.corruptions": (*python, "bench.corruptions", "--model", name, *fer),
        f"{name}.gate": (*python, "bench.gate", "--model", name, *fer),
        f"{name}.inference": (*python, "bench.inference", "--model", name, *fer),
        f"{name}.fer7": (
            *(*MANAGE, "evaluate", "--model", name),
            *("--data", str(data / "fer2013"), "--classes", "7"),
        ),
        f"{name}.quantify": (
            *(*python, "bench.quantify"),
            *("--model", name, "--data", str(data)),
        ),
    }


def of_photographs(photos: Path) -> dict[str, tuple[str, ...]]:
    """How faces are found, whatever the model."""
    words = ("inference.training.photographs", "detectors", "--data", str(photos))
    return {"detectors": (sys.executable, "-m", *words)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=Path, help="annotated photographs")
    parser.add_argument("--model", nargs="+", default=[], help="default: the active")
    parser.add_argument("--again", action="store_true", help="replace records")
    options = parser.parse_args()
    RECORDS.mkdir(exist_ok=True)
    wanted = of_photographs(options.photos) if options.photos else {}
    for name in options.model or [active_name()]:
        wanted |= of_model(name, options.data)
        wanted |= of_active(name, options.data) if name == active_name() else {}
    for record, words in wanted.items():
        path = RECORDS / f"{record}.json"
        if path.exists() and not options.again:
            continue
        print(shlex.join(words[1:]), flush=True)
        subprocess.run(
            [*words, "--json", str(path)], check=True, stdout=subprocess.DEVNULL
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
