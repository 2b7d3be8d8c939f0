"""Which model a command uses that can be told one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.spec import load_spec
from monitor.services import serving

if TYPE_CHECKING:
    from pathlib import Path

    from django.core.management.base import BaseCommand

HELP = (
    "name or folder; default: the model in use, as MODEL, the database or, without "
    "one, inference/models/active says"
)


def folder_asked(command: BaseCommand, asked: str) -> Path:
    """The folder of the model asked for, else of the one in use, said on stderr.

    Raises ModelError.
    """
    folder, why = serving.at_hand(asked)
    if not asked:
        command.stderr.write(f"model {load_spec(folder).version}, {why}", str)
    return folder
