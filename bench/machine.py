"""What the numbers were measured on, and how busy it was with other things."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["describe", "load", "processors", "tools"]


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def describe() -> str:
    """Processor, system and Python, without any name of the machine."""
    return (
        f"{processors()} processors ({_processor()}), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def tools() -> dict[str, str]:
    """The programs to compare with and to measure by, as far as they are there, and what they call themselves."""
    asked = {
        "curl": ["--version"],
        "openssl": ["version"],
        "aria2c": ["--version"],
        "nginx": ["-v"],
        "xargs": [],
        "cp": [],
        "ip": [],
        "tc": [],
    }
    return {name: _version([name, *how]) if how else "" for name, how in asked.items() if shutil.which(name)}


def load() -> float:
    """How many processes wanted to run during the last minute."""
    return os.getloadavg()[0]


def _version(call: list[str]) -> str:
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    # Each in its own words, and nginx where others complain; a number with dots is common to them all.
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", done.stdout + done.stderr)
    return f"{call[0]} {found.group()}" if found else call[0]


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.processor() or "of unknown kind"
