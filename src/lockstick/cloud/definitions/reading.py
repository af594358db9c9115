"""A lockbox as a file says that it should be: the file that lives in git.

::

    lockbox: line-a              # optional; must be the name that is defined
    expires: 90d                 # optional; a date, a time or a span
    packages:
      - firmware-1.0.bin         # a package by its id
      - name: kiosk app          # or by name and version
        version: "1.10"
        hardware-ids: [docker-compose]   # optional: what it must be for
        metadata: {ticket: K-12}         # optional: said of it in this lockbox

1. Nothing is guessed: a key that is not known, comes twice or has a value of another type is an error, with its line.
2. A text is a text for every reader of YAML (:mod:`lockstick.cloud.definitions.values`).
3. No packages are an error: emptying a lockbox is a command of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from lockstick.cloud.definitions.expiry import Expiry, read_expiry
from lockstick.cloud.definitions.tree import Node, ProblemError, Scalar, Sequence, read_tree
from lockstick.cloud.definitions.values import json_of, members_of, text_of, typed
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MAX_FILE", "MAX_PACKAGES", "Definition", "Wanted", "read_definition"]

MAX_FILE = 256 << 10
"""The most bytes of a definition."""

MAX_PACKAGES = 1000
"""The most packages of a definition. A lockbox that devices read holds fewer."""

_TOP = ("lockbox", "expires", "packages")
_PACKAGE = ("id", "name", "version", "hardware-ids", "metadata")
_LONGEST = 253
_LONGEST_HARDWARE_ID = 200
_LONGEST_EXPIRY = 40
_CUTOFF = 0.5


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A package as a definition names it: by its id, or by name and version.

    Attributes:
        package_id: Its id, or None.
        name: Its name, or None.
        version: Its version, or None.
        hardware_ids: What it must be for.
        metadata: What is said of it in this lockbox: any JSON.
        line: Where the definition names it.
    """

    package_id: str | None = None
    name: str | None = None
    version: str | None = None
    hardware_ids: tuple[str, ...] = ()
    metadata: object = None
    line: int = 0

    def __str__(self) -> str:
        if self.package_id is not None:
            return f"the package {self.package_id!r}"
        return f"the package {self.name!r} {self.version}"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a lockbox should be.

    Attributes:
        lockbox: Its name, if the file says it.
        expires: When it is to end; None for what the service thinks right.
        packages: What is to be in it, in the file's order.
        origin: Where this was read, for errors.
    """

    lockbox: str | None
    expires: Expiry | None
    packages: tuple[Wanted, ...] = field(repr=False)
    origin: str


def read_definition(data: bytes, *, origin: str) -> Definition:
    """Read a definition.

    Args:
        data: The bytes of the file.
        origin: The file, for errors.

    Raises:
        UsageError: It is none. The error names the line, and the key or value that was probably meant.
    """
    try:
        return _definition(data, origin)
    except ProblemError as error:
        where = origin if error.line is None else f"{origin}, line {error.line}"
        raise UsageError(
            f"{where}: {error.problem}",
            remedy=error.remedy or "Correct it. 'lockstick lockboxes define --help' says what belongs there.",
        ) from None


def _definition(data: bytes, origin: str) -> Definition:
    if len(data) > MAX_FILE:
        raise ProblemError(f"it has more than {MAX_FILE} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(
            f"it is not UTF-8 text at byte {error.start}", data.count(b"\n", 0, error.start) + 1
        ) from None
    root = read_tree(text)
    if root is None or (isinstance(root, Scalar) and not root.value):
        raise ProblemError("it is empty", remedy="Write at least 'packages:' and the packages below it.")
    members = members_of(root, "the definition")
    _refuse_unknown(members.items(), _TOP, "the definition")
    if "packages" not in members:
        raise ProblemError(
            "the key 'packages' is missing",
            remedy="Write 'packages:' and the packages below it, one a line after '- '.",
        )
    return Definition(
        lockbox=text_of(members["lockbox"][0], "the lockbox's name", longest=_LONGEST)
        if "lockbox" in members
        else None,
        expires=_expiry(members["expires"][0]) if "expires" in members else None,
        packages=_packages(members["packages"][0]),
        origin=origin,
    )


def _expiry(node: Node) -> Expiry:
    # A date without quotes is a date to YAML; here it is a date as well, so there is nothing to warn of.
    if not isinstance(node, Scalar):
        raise ProblemError(f"'expires' is {typed(node)}", node.line, remedy="Write a date or a span, as in 90d.")
    if len(node.value) > _LONGEST_EXPIRY:
        raise ProblemError("'expires' is too long for a date or a span", node.line)
    try:
        return read_expiry(node.value)
    except ValueError as error:
        raise ProblemError(
            f"'expires' is neither a date nor a span: {node.value!r}", node.line, remedy=str(error)
        ) from None


def _packages(node: Node) -> tuple[Wanted, ...]:
    if not isinstance(node, Sequence):
        raise ProblemError(
            f"'packages' is {typed(node)}, not a list", node.line, remedy="Begin each package with '- ' on its line."
        )
    if not node.items:
        raise ProblemError(
            "there are no packages in it",
            node.line,
            remedy="Name some. To empty a lockbox, use 'lockstick lockboxes revoke'.",
        )
    if len(node.items) > MAX_PACKAGES:
        raise ProblemError(f"there are more than {MAX_PACKAGES} packages in it", node.line)
    seen: dict[object, int] = {}
    found = []
    for item in node.items:
        one = _package(item)
        key = one.package_id or (one.name, one.version)
        if key in seen:
            raise ProblemError(f"{one} is in it twice", one.line, remedy=f"It is in line {seen[key]}, too; keep one.")
        seen[key] = one.line
        found.append(one)
    return tuple(found)


def _unclear(texts: Mapping[Literal["id", "name", "version"], str]) -> str:
    if len(texts) == 1:
        ((there, text),) = texts.items()
        return f"the package with the {there} {text!r} lacks its {'version' if there == 'name' else 'name'}"
    return f"a package has {_and(texts) or 'neither id nor name'}"


def _package(node: Node) -> Wanted:
    if isinstance(node, Scalar):
        return Wanted(package_id=text_of(node, "the package's id", longest=_LONGEST), line=node.line)
    members = members_of(node, "the package")
    _refuse_unknown(members.items(), _PACKAGE, "a package")
    texts = {
        name: text_of(members[name][0], f"the package's {name}", longest=_LONGEST)
        for name in ("id", "name", "version")
        if name in members
    }
    if texts.keys() not in ({"id"}, {"name", "version"}):
        raise ProblemError(
            _unclear(texts),
            node.line,
            remedy="Name it by its 'id', or by its 'name' and 'version'.",
        )
    return Wanted(
        package_id=texts.get("id"),
        name=texts.get("name"),
        version=texts.get("version"),
        hardware_ids=_hardware_ids(members["hardware-ids"][0]) if "hardware-ids" in members else (),
        metadata=json_of(members["metadata"][0], "the metadata") if "metadata" in members else None,
        line=node.line,
    )


def _hardware_ids(node: Node) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        raise ProblemError(
            f"'hardware-ids' is {typed(node)}, not a list", node.line, remedy="Write them as in [verdin-imx8mp]."
        )
    return tuple(text_of(one, "the hardware id", longest=_LONGEST_HARDWARE_ID) for one in node.items)


def _refuse_unknown(members: Iterable[tuple[str, tuple[Node, int]]], known: tuple[str, ...], what: str) -> None:
    for name, (_, line) in members:
        if name not in known:
            meant = get_close_matches(_folded(name), known, n=1, cutoff=_CUTOFF)
            raise ProblemError(
                f"{what} has no key {name[:60]!r}",
                line,
                remedy=f"Did you mean '{meant[0]}'?" if meant else f"The keys are: {', '.join(known)}.",
            )


def _folded(name: str) -> str:
    """Write a key as keys are written here: ``hardwareIds`` and ``hardware_ids`` are meant as ``hardware-ids``."""
    spread = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name[:60])
    return spread.replace("_", "-").strip("-")


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)
