"""The YAML of a definition as a tree of nodes with their lines, read strictly.

The file is written by people and kept in git, so it holds no more of YAML than such a file needs: one document of
mappings, lists and simple values. Anchors, aliases, tags and merging are refused: they make a file mean more than it
shows. Nothing recurses, and what is too deep or too much is left as soon as that shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml

__all__ = ["MAX_DEPTH", "MAX_NODES", "Mapping", "Node", "ProblemError", "Scalar", "Sequence", "read_tree"]

MAX_DEPTH = 32
"""The deepest nesting that is read."""

MAX_NODES = 20_000
"""The most mappings, lists and simple values that are read."""

# What the readers of YAML do not agree about: control characters, other line ends than \n and \r\n, half characters.
_NOT_ALIKE = re.compile(
    "\r(?!\n)|[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class ProblemError(Exception):
    """A definition cannot be used.

    Args:
        problem: A clause that names the thing.
        line: Where it is, from 1; None for the file as a whole.
        remedy: What to do about it; may be empty.
    """

    def __init__(self, problem: str, line: int | None = None, *, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.remedy = remedy


@dataclass(frozen=True, eq=False)
class Scalar:
    """A simple value.

    Attributes:
        value: Its text.
        is_plain: Whether it stands without quotes, so that its form decides what it is.
        line: Where it begins, from 1.
    """

    value: str
    is_plain: bool
    line: int


@dataclass(frozen=True, eq=False)
class Sequence:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Mapping:
    """Members in their order; nobody has looked for repeated ones yet."""

    line: int
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


Node: TypeAlias = "Scalar | Sequence | Mapping"


def read_tree(text: str) -> Node | None:
    """Read a text that holds one YAML document.

    Args:
        text: The text.

    Returns:
        Its root, or None if there is no document.

    Raises:
        ProblemError: It is something else, or too much.
    """
    import yaml  # noqa: PLC0415 - only definitions need it

    if (found := _NOT_ALIKE.search(text)) is not None:
        raise ProblemError(
            f"the character U+{ord(found[0]):04X} is in it",
            text.count("\n", 0, found.start()) + 1,
            remedy="Remove it: readers of YAML do not agree about it.",
        )
    try:
        # The parser in Python: the one in C words its errors otherwise, and is not everywhere.
        return _Builder().build(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join((error.problem or error.context or "it cannot be read").split())[:200]
        raise ProblemError(f"it is not YAML: {said}", None if mark is None else mark.line + 1) from None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise ProblemError(f"it is not YAML: {type(error).__name__}") from None


class _Builder:
    def __init__(self) -> None:
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        self._count = 0
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        import yaml  # noqa: PLC0415 - as above

        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._start(event)
            elif isinstance(event, yaml.AliasEvent):
                raise _unknown("an alias (*)", _line(event))
            elif isinstance(event, yaml.ScalarEvent):
                _refuse_extras(event)
                self._attach(Scalar(event.value, event.style is None, _line(event)))
            elif isinstance(event, yaml.CollectionStartEvent):
                _refuse_extras(event)
                kind = Sequence if isinstance(event, yaml.SequenceStartEvent) else Mapping
                self._begin(kind(_line(event)))
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._keys.pop()
        return self._root

    def _start(self, event: yaml.DocumentStartEvent) -> None:
        if event.version or event.tags:
            raise _unknown("a directive (%)", _line(event))
        if self._root is not None:
            raise ProblemError("there is more than one document in it", _line(event), remedy="Make a file of each.")

    def _begin(self, node: Sequence | Mapping) -> None:
        self._attach(node)
        if len(self._open) >= MAX_DEPTH:
            raise ProblemError(f"it is nested deeper than {MAX_DEPTH} levels", node.line)
        self._open.append(node)
        self._keys.append(None)

    def _attach(self, node: Node) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise ProblemError(f"it has more than {MAX_NODES} parts", node.line)
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            parent.pairs.append((key, node))
            self._keys[-1] = None


def _line(event: yaml.Event) -> int:
    return 0 if event.start_mark is None else int(event.start_mark.line) + 1


def _refuse_extras(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    if event.anchor is not None:
        raise _unknown("an anchor (&)", _line(event))
    if event.tag is not None:
        raise _unknown("a tag (!)", _line(event))


def _unknown(what: str, line: int) -> ProblemError:
    return ProblemError(f"{what} is in it", line, remedy="Write out what is meant: a definition means what it shows.")
