"""`python -m monitor.agent --config agent.toml`; see docs/devices.md."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from monitor.agent.agent import Agent
from monitor.agent.camera import CameraProblem, camera_for
from monitor.agent.clock import Clock
from monitor.agent.settings import SettingsProblem, load
from monitor.agent.spool import Spool

UNUSABLE = 78  # EX_CONFIG: systemd is told not to start it again


def main(argv: list[str] | None = None) -> int:
    asked = _arguments().parse_args(argv)
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        settings = load(asked.config)
        agent = Agent(
            settings,
            camera_for(settings.camera),
            Spool(settings.spool, settings.limits),
            Clock(),
        )
    except SettingsProblem as exc:
        sys.stderr.write(f"{exc}\n")
        return UNUSABLE
    try:
        if asked.check:
            return check(agent)
        if asked.once:
            return once(agent)
        agent.run(_until_told())
    finally:
        agent.spool.close()
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m monitor.agent",
        description="Takes pictures when they are due and sends them to the server.",
    )
    parser.add_argument("--config", type=Path, required=True, help="agent.toml")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="try camera, server, clock")
    how.add_argument(
        "--once", action="store_true", help="take one picture now, send all, and end"
    )
    return parser


def _until_told() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def once(agent: Agent) -> int:
    """0 when a picture was taken and nothing waits any more."""
    taken = agent.capture()
    while agent.spool.entries() and agent.clock.now() >= agent.quiet_until:
        agent.send_one()
    return 0 if taken and not agent.spool.entries() else 1


def check(agent: Agent) -> int:
    """Say what works; each line that does not says what to do."""
    say = sys.stdout.write
    good = True
    try:
        shot = agent.camera.take()
        say(f"camera: a picture of {len(shot.data) // 1000} kB\n")
    except CameraProblem as exc:
        say(f"camera: {exc}\n")
        good = False
    answered = agent.heartbeat() or (agent.quiet_until == 0 and agent.heartbeat())
    if answered:
        say(f"server: accepts this device ({agent.settings.server})\n")
    else:
        say("server: see the warning above\n")
    ahead = agent.clock.ahead
    if ahead:
        say(
            f"clock: ahead of the server by {ahead:.0f} s; it is made up for, but set"
            " it (timedatectl set-ntp true)\n"
        )
    elif answered:
        say("clock: agrees with the server\n")
    say(f"stored: {len(agent.spool.entries())} pictures wait in {agent.spool.folder}\n")
    return 0 if good and answered else 1


if __name__ == "__main__":
    sys.exit(main())
