"""The command line: one module per command. Options in, exit code out."""

from __future__ import annotations

import sys

__all__ = ["main", "verify_main"]


def main() -> None:
    """The program ``lockstick``."""
    from lockstick.cli.boundary import run

    sys.exit(run(sys.argv[1:]))


def verify_main() -> None:
    """The program ``lockstick-verify``: ``lockstick verify`` under a name of its own."""
    from lockstick.cli.boundary import run

    sys.exit(run(["verify", *sys.argv[1:]], program="lockstick-verify", single=True))
