"""From nodes to values, without YAML's surprises.

To one reader of YAML ``version: 1.10`` is the number 1.1, ``country: no`` is false, ``1:30`` is ninety, and a date is
no text; to another it is not. So what is to be a text must be one for all of them, and what is to be JSON must be the
same JSON for all of them. Everything else is refused, with what to write instead.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from lockstick.cloud.definitions.tree import Mapping, Node, ProblemError, Scalar, Sequence

if TYPE_CHECKING:
    import yaml

__all__ = ["json_of", "kind_of", "members_of", "text_of", "typed"]

_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
# Numbers and truth values of YAML 1.2, or of the words of 1.1, that the library takes for texts.
_ELSEWHERE = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[yYnN]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_NAMES = {
    "bool": "a truth value",
    "int": "a number",
    "float": "a number",
    "null": "nothing",
    "timestamp": "a date",
    "merge": "a merge",
    "value": "a default",
}


@cache
def _resolver() -> yaml.resolver.Resolver:
    import yaml  # noqa: PLC0415 - only definitions need it

    return yaml.resolver.Resolver()


def kind_of(node: Scalar) -> str:
    """Say what YAML may take a simple value for: ``text``, or in words what else."""
    if not node.is_plain:
        return "text"
    import yaml  # noqa: PLC0415 - as above

    tag = str(_resolver().resolve(yaml.ScalarNode, node.value, (True, False)))  # type: ignore[no-untyped-call]
    if tag != _TEXT:
        return _NAMES.get(tag.rpartition(":")[2], "no text")
    return "a number or a truth value" if _ELSEWHERE.fullmatch(node.value) else "text"


def typed(node: Node) -> str:
    """Say in words what a node is."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    kind = kind_of(node)
    return "a text" if kind == "text" else kind


def text_of(node: Node, what: str, *, longest: int) -> str:
    """Read a text that every reader of YAML takes for the same one.

    Args:
        node: The node.
        what: What it is, for errors: ``the version``.
        longest: The most characters it may have.

    Raises:
        ProblemError: It is something else, empty, too long or not printable.
    """
    if not isinstance(node, Scalar):
        raise ProblemError(f"{what} is {typed(node)}, not a text", node.line)
    kind = kind_of(node)
    if kind == "nothing":
        raise ProblemError(f"{what} is empty", node.line)
    if kind != "text":
        raise ProblemError(
            f"{what} {node.value[:60]!r} is {kind} to YAML, not a text",
            node.line,
            remedy=f'Put it in quotes: "{node.value[:60]}".',
        )
    if not 0 < len(node.value) <= longest:
        raise ProblemError(f"{what} is empty or longer than {longest} characters", node.line)
    if not node.value.isprintable() or node.value != node.value.strip():
        raise ProblemError(f"{what} holds characters that cannot be seen, or has blanks around it", node.line)
    return node.value


def members_of(node: Node, what: str) -> dict[str, tuple[Node, int]]:
    """Read the members of a mapping.

    Returns:
        Name to value and the line of the name.

    Raises:
        ProblemError: It is none, or a name is no text, or comes twice.
    """
    if not isinstance(node, Mapping):
        raise ProblemError(f"{what} is {typed(node)}, not a mapping", node.line)
    members: dict[str, tuple[Node, int]] = {}
    for key, value in node.pairs:
        if not isinstance(key, Scalar):
            raise ProblemError(f"a key of {what} is {typed(key)}, not a text", key.line)
        if kind_of(key) == "a merge":
            raise ProblemError(
                f"{what} merges something in (<<)", key.line, remedy="Write out what is meant: nothing is merged."
            )
        name = text_of(key, f"a key of {what}:", longest=253)
        if name in members:
            raise ProblemError(
                f"{what} has the key {name[:60]!r} twice",
                key.line,
                remedy=f"It is in line {members[name][1]}, too; keep one of them.",
            )
        members[name] = (value, key.line)
    return members


def json_of(node: Node, what: str) -> object:
    """Read any JSON that every reader of YAML takes for the same, and that can be signed.

    Args:
        node: The node; no deeper than the tree is read.
        what: What it is, for errors.

    Raises:
        ProblemError: It is something else.
    """
    if isinstance(node, Sequence):
        return [json_of(one, what) for one in node.items]
    if isinstance(node, Mapping):
        return {name: json_of(value, what) for name, (value, _) in members_of(node, what).items()}
    kind = kind_of(node)
    if kind == "text":
        try:
            node.value.encode()
        except UnicodeEncodeError:
            raise ProblemError(f"a text in {what} holds half a character", node.line) from None
        return node.value
    if node.value in _WORDS:
        return _WORDS[node.value]
    if _INTEGER.fullmatch(node.value):
        return int(node.value)
    remedy = f'Put it in quotes: "{node.value[:60]}".'
    if kind == "a truth value":
        remedy = f'Write true or false, or put it in quotes: "{node.value[:60]}".'
    raise ProblemError(
        f"in {what}, {node.value[:60]!r} is {kind} that readers of YAML do not agree about, or that cannot be signed",
        node.line,
        remedy=remedy,
    )
