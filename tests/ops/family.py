"""A supervisor over commands of a test: python -m tests.ops.family LOGS NAME=COMMAND...

Prints READY when the supervisor says so; the commands are lines of shell.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from config.supervisor import Command, Supervisor, say


def main(logs: str, *children: str) -> int:
    pairs = [child.split("=", 1) for child in children]
    commands = [Command(name, ("sh", "-c", line)) for name, line in pairs]
    supervisor = Supervisor(commands, logs=Path(logs), env=dict(os.environ), grace=3)
    return supervisor.run(ready_within=5, on_ready=lambda: say("READY"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
