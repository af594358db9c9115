"""Reading small JSON files that people write: with a cap, and with errors that name the file and the member."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar, cast

from lockstick.disk.trouble import media_error
from lockstick.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Fields", "read_json_file", "read_text_file"]

Kind = TypeVar("Kind")
_WORDS = {str: "a text", bool: "true or false", int: "a whole number", dict: "an object", list: "a list"}


class Fields:
    """The members of an object in a file; whoever asks for one says what it must be. Other members are ignored.

    Args:
        where: What to call the object in an error.
        value: What lies in its place.

    Raises:
        UsageError: If it is no object.
    """

    def __init__(self, where: str, value: object) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise UsageError(f"{where} is not an object", remedy="Write it as docs/rehearse.md shows.")
        self.members = cast("dict[str, object]", value)

    def get(self, name: str, kind: type[Kind], default: Kind | None = None) -> Kind:
        """A member of a kind.

        Args:
            name: The member.
            kind: What it must be.
            default: What it is if it is absent; None if it must be there.

        Returns:
            Its value.

        Raises:
            UsageError: If it is missing or something else.
        """
        if name not in self.members:
            if default is None:
                raise UsageError(f"{self.where} has no member {name!r}", remedy="Write it as docs/rehearse.md shows.")
            return default
        value = self.members[name]
        # To Python, true is a number as well.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise UsageError(
                f"{self.where}: {name!r} is not {_WORDS[kind]}", remedy="Write it as docs/rehearse.md shows."
            )
        return value

    def below(self, name: str) -> Fields:
        """The object that is a member; an empty one if it is absent.

        Raises:
            UsageError: If the member is something else.
        """
        return Fields(f"{self.where}: {name!r}", self.members.get(name, {}))


def read_text_file(path: Path, limit: int) -> str:
    """Read a text file, with or without a byte order mark.

    Args:
        path: The file.
        limit: The largest size in bytes.

    Returns:
        Its text.

    Raises:
        NotFoundError: If it is missing.
        MediaError: If it cannot be read.
        UsageError: If it is too large or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}", remedy="Check the path.") from error
    except OSError as error:
        raise media_error(error, path, "read") from error
    if len(data) > limit:
        raise UsageError(f"{path} is too large", why=f"such a file has at most {limit} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a text in UTF-8", remedy="Save it as UTF-8.") from error


def read_json_file(path: Path, limit: int) -> Fields:
    """Read a JSON file that holds one object.

    Args:
        path: The file.
        limit: The largest size in bytes.

    Returns:
        Its members.

    Raises:
        LockstickError: As :func:`read_text_file`; also UsageError if it is not JSON or not an object.
    """
    text = read_text_file(path, limit)
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON", why=str(error), remedy="Correct it at that place.") from error
    return Fields(str(path), value)
