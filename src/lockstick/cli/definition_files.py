"""From the name of a file to the definition in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import MediaError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cloud.definitions import Definition

__all__ = ["read_file"]


def read_file(path: Path) -> Definition:
    """Read a definition, no more of it than a definition may have.

    Raises:
        MediaError: It cannot be read.
        UsageError: There is none, or it is no definition.
    """
    from lockstick.cloud.definitions.reading import MAX_FILE, read_definition

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", remedy="Name the file with the definition.") from None
    except OSError as error:
        raise MediaError(f"{path} cannot be read", why=error.strerror or "") from error
    return read_definition(data, origin=str(path))
