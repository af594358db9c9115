"""The command line: one module per command. Options in, exit code out."""

from __future__ import annotations

import gc
import sys

__all__ = ["main", "verify_main"]


def main() -> None:
    """The program ``lockstick``."""
    _spare_the_collector()
    from lockstick.cli.boundary import run

    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def verify_main() -> None:
    """The program ``lockstick-verify``: ``lockstick verify`` under a name of its own."""
    _spare_the_collector()
    from lockstick.cli.boundary import run

    code = run(["verify", *sys.argv[1:]], program="lockstick-verify", single=True)
    gc.freeze()
    sys.exit(code)


def _spare_the_collector() -> None:
    """Look for cycles rarely: a command imports much, lives shortly, and leaves hardly any garbage.

    Start-up is a good part of a small verification (docs/performance.md); freezing at the end spares the
    interpreter's last collection.
    """
    gc.set_threshold(100_000, 50, 50)
