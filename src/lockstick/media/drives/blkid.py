"""What blkid says of file systems, where lsblk knows none: it asks udev, and there may be no udev (containers)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.media.drives.loose import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockstick.media.drives.lsblk import Node
    from lockstick.media.running import Run

__all__ = ["fill_in", "read_blkid"]

_MOST_DEVICES = 64


def fill_in(nodes: Sequence[Node], run: Run) -> tuple[Node, ...]:
    """Ask blkid where lsblk knows of no file system on any drive. Without the right to read the drives it is silent.

    Args:
        nodes: What lsblk says.
        run: The seam to programs.

    Returns:
        The same, with file systems, labels and UUIDs where blkid knows them.
    """
    family = [one for node in nodes for one in node.family()]
    if any(one.file_system for one in family):
        return tuple(nodes)
    paths = [one.path for one in family if one.size and not one.children and one.path.startswith("/dev/")]
    known: dict[str, dict[str, str]] = {}
    for path in paths[:_MOST_DEVICES]:  # one by one: it goes no further than the first that it may not read
        try:
            ran = run(("blkid", "--probe", "--output", "export", path))
        except MediaError:
            break
        if ran.is_missing:
            break
        known[path] = read_blkid(ran.out).get(path, {})
    return tuple(_filled(node, known) for node in nodes)


def read_blkid(output: str) -> dict[str, dict[str, str]]:
    """Read ``blkid --output export``.

    Args:
        output: What it wrote: for each device lines ``NAME=value``, the first of them ``DEVNAME``.

    Returns:
        Device to name to value; what makes no sense is left out.
    """
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in output.split("\n"):
        name, equals, value = line.partition("=")
        if name == "DEVNAME":
            current = found.setdefault(value, {})
        elif equals:
            current[name] = _unescaped(value)
    return found


def _filled(node: Node, known: Mapping[str, Mapping[str, str]]) -> Node:
    said = known.get(node.path, {})
    return replace(
        node,
        file_system=node.file_system or text(said.get("TYPE")),
        version=node.version or text(said.get("VERSION")),
        label=node.label or text(said.get("LABEL")),
        uuid=node.uuid or text(said.get("UUID")),
        children=tuple(_filled(child, known) for child in node.children),
    )


def _unescaped(value: str) -> str:
    """Undo the backslashes that blkid puts before what a shell would read otherwise."""
    plain, is_escaped = [], False
    for character in value:
        if character == "\\" and not is_escaped:
            is_escaped = True
            continue
        plain.append(character)
        is_escaped = False
    return "".join(plain)
