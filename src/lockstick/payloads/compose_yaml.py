"""A compose file as YAML means it: what a container engine would run (lockbox-format 6.2).

The file comes from a medium, so it is never turned into objects: the tree of nodes is looked at, in which an alias
is shared instead of repeated. A file of a few lines that would grow without bounds stays a file of a few lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockstick.payloads.compose_lines import ServiceImage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AmbiguousComposeError", "read_yaml"]

_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_MAX_BRACKETS = 100  # the YAML reader's effort grows with the square of them
_OTHER_LINE_ENDS = ("\x85", "\u2028", "\u2029")  # line ends to YAML 1.1, characters to a device


class AmbiguousComposeError(Exception):
    """A compose file is not YAML, or no compose file, or readers of YAML would disagree about it."""


def read_yaml(data: bytes) -> dict[str, ServiceImage]:
    """Read the services of a compose file as YAML.

    Args:
        data: Its bytes, at most as many as a device reads.

    Returns:
        Every service, also those without an image, to what it runs.

    Raises:
        AmbiguousComposeError: It cannot be read in exactly one way.
    """
    top = _members(_tree(_text(data)), "the file")
    if "include" in top:
        raise AmbiguousComposeError("it includes other files, which are not in a lockbox")
    if "services" not in top:
        raise AmbiguousComposeError("it has no services")
    services = _members(top["services"], "services")
    return {name: _service(name, node) for name, node in services.items()}


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


def _tree(text: str) -> Any:  # noqa: ANN401 - nodes of the YAML library
    import yaml  # noqa: PLC0415 - only lockboxes with applications need it

    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise AmbiguousComposeError(f"it is not YAML: {' '.join(str(error).split())[:200]}") from None
    except (RecursionError, ValueError) as error:
        raise AmbiguousComposeError(f"it cannot be read as YAML: {type(error).__name__}") from None


def _members(node: Any, what: str) -> dict[str, Any]:  # noqa: ANN401
    """The members of a mapping that merges nothing in."""
    members, merged = _split(node, what)
    if merged:
        raise AmbiguousComposeError(f"{what} takes in members from elsewhere (<<)")
    return members


def _split(node: Any, what: str) -> tuple[dict[str, Any], list[Any]]:  # noqa: ANN401
    """The own members of a mapping, and the nodes that it merges in."""
    if getattr(node, "id", "") != "mapping":
        raise AmbiguousComposeError(f"{what} is not a mapping")
    members: dict[str, Any] = {}
    merged: list[Any] = []
    for key, value in node.value:
        if key.tag == _MERGE:
            merged.extend(value.value if value.id == "sequence" else [value])
            continue
        if key.id != "scalar":
            raise AmbiguousComposeError(f"{what} has a member whose name is no text")
        name = str(key.value)
        if name in members:
            raise AmbiguousComposeError(f"{what} names {name!r} twice")
        members[name] = value
    return members, merged


def _service(name: str, node: Any) -> ServiceImage:  # noqa: ANN401
    what = f"the service {name!r}"
    found: dict[str, Any] = {}
    for members in _with_merged(node, what):
        for key in ("image", "platform"):
            if key in members:
                found.setdefault(key, members[key])
    return ServiceImage(
        image=_scalar(found["image"], what) if "image" in found else "",
        platform=_scalar(found["platform"], what) if "platform" in found else None,
    )


def _with_merged(node: Any, what: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The members of a mapping, then of what it merges in, each node once: merges can be nested without end."""
    waiting = [node]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        members, merged = _split(current, what)
        yield members
        waiting = [*merged, *waiting]


def _scalar(node: Any, what: str) -> str:  # noqa: ANN401
    if node.id != "scalar" or node.tag != _STRING:
        raise AmbiguousComposeError(f"{what} has an image or a platform that is no text")
    return str(node.value)
