"""Which folders may become a lockbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError
from lockstick.lockbox.layout import MEDIA_FOLDER, WORK_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["refuse_foreign"]


def refuse_foreign(output: Path) -> None:
    """Refuse an output folder that a build would mix its files into.

    Args:
        output: The folder; it need not exist.

    Raises:
        UsageError: If it is a file, or holds other things and no lockbox.
        MediaError: If it cannot be read.
    """
    try:
        names = {entry.name for entry in output.iterdir()} if output.exists() else set()
    except NotADirectoryError:
        raise UsageError(f"{output} is a file", remedy="Name a folder for the output.") from None
    except OSError as error:
        raise media_error(error, output, "read") from error
    if names and not names & {WORK_FOLDER, "metadata", "images"}:
        inner = output / MEDIA_FOLDER
        is_stick = any((inner / name).is_dir() for name in ("metadata", WORK_FOLDER))
        raise UsageError(
            f"{output} is not empty and holds no lockbox",
            why="a build would mix its files with what is there",
            remedy=f"Did you mean {inner}?"
            if is_stick
            else "Name a new or empty folder, or one that an earlier build wrote.",
        )
