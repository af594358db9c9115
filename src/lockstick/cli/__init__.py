"""The command line: one module per command. Options in, exit code out."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["main", "verify_main"]

_INTERRUPTED = 130


def main() -> None:
    """The program ``lockstick``."""
    _spare_the_collector()
    from lockstick.cli.boundary import run

    code = run(sys.argv[1:])
    _leave(code)


def verify_main() -> None:
    """The program ``lockstick-verify``: ``lockstick verify`` under a name of its own."""
    _spare_the_collector()
    from lockstick.cli.boundary import run

    code = run(["verify", *sys.argv[1:]], program="lockstick-verify", single=True)
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the program. Threads may still wait for a slow medium; who interrupts once more then, waits no longer."""
    gc.freeze()
    if code == _INTERRUPTED:
        import os
        import signal

        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        # Without this, the interpreter itself is interrupted amid its ending, and says so with a traceback.
        signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    sys.exit(code)


def _spare_the_collector() -> None:
    """Look for cycles rarely: a command imports much, lives shortly, and leaves hardly any garbage.

    Start-up is a good part of a small verification (docs/performance.md); freezing at the end spares the
    interpreter's last collection.
    """
    gc.set_threshold(100_000, 50, 50)
