"""Who gives a command."""

from __future__ import annotations

import os
import pwd


def account() -> str:
    """The account of the machine; there is no login on the command line."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user {os.getuid()}"  # containers have users without a name
    return f"command line, {name}"
