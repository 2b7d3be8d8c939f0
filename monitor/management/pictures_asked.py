"""Which labelled pictures a command reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


def add_pictures(parser: CommandParser) -> None:
    """--data, --crops and --split."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="a folder of class folders, fer2013.csv, or a folder that holds it",
    )
    parser.add_argument(
        "--crops",
        action="store_true",
        help="the pictures are tight face crops already (those of fer2013.csv "
        "always are); without this they go through face detection",
    )
    parser.add_argument(
        "--split",
        help="train, validation, test or all; default: test, or all where the "
        "data has no splits",
    )
