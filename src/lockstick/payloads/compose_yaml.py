"""A compose file as YAML means it: what a container engine would run (lockbox-format 6.2).

The file comes from a medium, so it is never turned into objects: the tree of nodes is looked at, in which an alias
is shared instead of repeated. A file of a few lines that would grow without bounds stays a file of a few lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.payloads.compose_lines import ServiceImage
from lockstick.payloads.yaml_tree import Mapping, Node, Scalar, Sequence, YamlTreeError, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AmbiguousComposeError", "read_yaml"]

_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_MAX_MERGED = 50_000
_MAX_BRACKETS = 100  # the YAML reader's effort grows with the square of them
_OTHER_LINE_ENDS = ("\x85", "\u2028", "\u2029")  # line ends to YAML 1.1, characters to a device


class AmbiguousComposeError(Exception):
    """A compose file is not YAML, or no compose file, or readers of YAML would disagree about it."""


def read_yaml(data: bytes, *, quickly: bool = True) -> dict[str, ServiceImage]:
    """Read the services of a compose file as YAML.

    Args:
        data: Its bytes, at most as many as a device reads.
        quickly: False to use the slow parser even where the quick one is there; they agree.

    Returns:
        Every service, also those without an image, to what it runs.

    Raises:
        AmbiguousComposeError: It cannot be read in exactly one way.
    """
    merger = _Merger()
    top = merger.members(_tree(_text(data), quickly=quickly), "the file")
    if "include" in top:
        raise AmbiguousComposeError("it includes other files, which are not in a lockbox")
    if "services" not in top:
        raise AmbiguousComposeError("it has no services")
    services = merger.members(top["services"], "services")
    return {name: _service(name, node, merger) for name, node in services.items()}


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AmbiguousComposeError(f"it is not UTF-8 text at byte {error.start}") from None
    if "\r" in text.replace("\r\n", "") or any(mark in text for mark in _OTHER_LINE_ENDS):
        raise AmbiguousComposeError("it holds characters that end a line for some readers only")
    if any(line.count("[") + line.count("{") > _MAX_BRACKETS for line in text.split("\n")):
        raise AmbiguousComposeError(f"a line opens more than {_MAX_BRACKETS} brackets")
    return text


def _tree(text: str, *, quickly: bool) -> Node | None:
    try:
        return read_tree(text, quickly=quickly)
    except YamlTreeError as error:
        raise AmbiguousComposeError(str(error)) from None


class _Merger:
    """Gives members of mappings, and what these merge in. A mapping that many merge in is taken apart once."""

    def __init__(self) -> None:
        self._split_ones: dict[int, tuple[dict[str, Node], list[Node]]] = {}
        self._visits = 0

    def members(self, node: Node | None, what: str) -> dict[str, Node]:
        """The members of a mapping that merges nothing in."""
        members, merged = self._split(node, what)
        if merged:
            raise AmbiguousComposeError(f"{what} takes in members from elsewhere (<<)")
        return members

    def with_merged(self, node: Node, what: str) -> Iterator[dict[str, Node]]:
        """The members of a mapping, then of what it merges in, each node once: merges can be nested without end."""
        waiting = [node]  # the next one last
        seen: set[int] = set()
        while waiting:
            current = waiting.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            members, merged = self._split(current, what)
            self._visits += len(merged)
            if self._visits > _MAX_MERGED:
                raise AmbiguousComposeError(f"it takes in members from elsewhere (<<) more than {_MAX_MERGED} times")
            yield members
            waiting.extend(reversed(merged))

    def _split(self, node: Node | None, what: str) -> tuple[dict[str, Node], list[Node]]:
        if id(node) not in self._split_ones:
            self._split_ones[id(node)] = _split(node, what)
        return self._split_ones[id(node)]


def _split(node: Node | None, what: str) -> tuple[dict[str, Node], list[Node]]:
    """The own members of a mapping, and the nodes that it merges in."""
    if not isinstance(node, Mapping):
        raise AmbiguousComposeError(f"{what} is not a mapping")
    members: dict[str, Node] = {}
    merged: list[Node] = []
    for key, value in node.pairs:
        if not isinstance(key, Scalar):
            raise AmbiguousComposeError(f"{what} has a member whose name is no text")
        if key.tag == _MERGE:
            merged.extend(value.items if isinstance(value, Sequence) else [value])
            continue
        name = key.value
        if name in members:
            raise AmbiguousComposeError(f"{what} names {name!r} twice")
        members[name] = value
    return members, merged


def _service(name: str, node: Node, merger: _Merger) -> ServiceImage:
    what = f"the service {name!r}"
    found: dict[str, Node] = {}
    for members in merger.with_merged(node, what):
        for key in ("image", "platform"):
            if key in members:
                found.setdefault(key, members[key])
    return ServiceImage(
        image=_scalar(found["image"], what) if "image" in found else "",
        platform=_scalar(found["platform"], what) if "platform" in found else None,
    )


def _scalar(node: Node, what: str) -> str:
    if not isinstance(node, Scalar) or node.tag != _STRING:
        raise AmbiguousComposeError(f"{what} has an image or a platform that is no text")
    return node.value
