#!/usr/bin/env python3
"""Entry point; without an active virtual environment it uses the one of bin/setup."""

import os
import sys
from pathlib import Path

VENV = Path(__file__).resolve().parent / ".venv"


def main() -> None:
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        python = VENV / "bin" / "python"
        if Path(sys.prefix) == VENV or not python.exists():
            sys.exit("Django is not installed here: run bin/setup first.")
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 - our own interpreter

    from config.env import select_settings

    select_settings()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
