"""One YAML document as a tree of nodes, read event by event under limits of its own.

The library's own builder of trees recurses, in C where it can: a file of nothing but brackets would end the process.
It also has no limits. Here nothing recurses, an alias is shared instead of repeated, and whatever is nested more
deeply or has more parts than any compose file is left as soon as that shows. What is told apart by the two parsers of
the library, the quick one and the slow one that is everywhere, is refused before either sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml

__all__ = ["MAX_DEPTH", "MAX_NODES", "Mapping", "Node", "Scalar", "Sequence", "YamlTreeError", "read_tree"]

MAX_DEPTH = 64
"""The deepest nesting that is read; compose files stay below ten. Ours, as devices do not read YAML."""

MAX_NODES = 50_000
"""The most mappings, sequences and scalars that are read: half a second for the quick parser. Ours, as above."""


class YamlTreeError(Exception):
    """A text is not one YAML document, or one beyond the limits."""


@dataclass(frozen=True, eq=False)
class Scalar:
    """A text, number or other simple value.

    Attributes:
        value: Its text.
        written_tag: The tag that is written before it, or None.
        implicit: Whether its form decides what it is, without quotes and with them.
    """

    value: str
    written_tag: str | None
    implicit: tuple[bool, bool]

    @property
    def tag(self) -> str:
        """What it is."""
        import yaml  # noqa: PLC0415 - as below

        if self.written_tag not in (None, "!"):
            return str(self.written_tag)
        resolver = yaml.resolver.Resolver()
        return str(resolver.resolve(yaml.ScalarNode, self.value, self.implicit))  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)
class Sequence:
    """A list."""

    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Mapping:
    """Members in their order; nobody has looked for repeated ones yet."""

    pairs: list[tuple[Node, Node]] = field(default_factory=list)


Node: TypeAlias = "Scalar | Sequence | Mapping"


def read_tree(text: str, *, quickly: bool = True) -> Node | None:
    """Read a text that holds one YAML document.

    Args:
        text: The text.
        quickly: False to use the slow parser even where the quick one is there.

    Returns:
        Its root, or None if there is no document.

    Raises:
        YamlTreeError: It is something else, or too much.
    """
    import yaml  # noqa: PLC0415 - only lockboxes with applications need it

    if (found := _NOT_ALIKE.search(text)) is not None:
        raise YamlTreeError(f"it holds the character U+{ord(found[0]):04X}, which readers of YAML do not agree about")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if quickly else yaml.SafeLoader
    try:
        return _Builder().build(yaml.parse(text, Loader=loader))
    except yaml.YAMLError as error:
        raise YamlTreeError(f"it is not YAML: {' '.join(str(error).split())[:200]}") from None
    except (RecursionError, ValueError, OverflowError) as error:
        raise YamlTreeError(f"it cannot be read as YAML: {type(error).__name__}") from None


# Control characters, surrogates and byte order marks: each parser has its own list of what may not be there.
_NOT_ALIKE = re.compile("[^\\t\\n\\r\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]")

_QUOTES = ("'", '"', "|", ">")


class _Builder:
    def __init__(self) -> None:
        self._anchors: dict[str, Node] = {}
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        self._count = 0
        self._in_brackets = 0
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        import yaml  # noqa: PLC0415 - as above

        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlTreeError("it is not YAML: it holds more than one document")
            elif isinstance(event, yaml.ScalarEvent):
                if self._in_brackets and event.style not in _QUOTES and "?" in event.value:
                    raise YamlTreeError("a text in brackets holds a question mark without quotes")
                self._put(Scalar(event.value, event.tag, event.implicit), event.anchor)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(str(event.anchor))
            elif isinstance(event, yaml.SequenceStartEvent):
                self._begin(Sequence(), event)
            elif isinstance(event, yaml.MappingStartEvent):
                self._begin(Mapping(), event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._keys.pop()
                self._in_brackets = max(0, self._in_brackets - 1)
        return self._root

    def _begin(self, node: Sequence | Mapping, event: yaml.CollectionStartEvent) -> None:
        self._put(node, event.anchor)
        if len(self._open) >= MAX_DEPTH:
            raise YamlTreeError(f"it is nested deeper than {MAX_DEPTH} levels")
        self._open.append(node)
        self._keys.append(None)
        # Within brackets there is nothing but brackets.
        self._in_brackets += bool(event.flow_style)

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise YamlTreeError(f"it is not YAML: an alias in it means nothing ({anchor[:60]!r})")
        self._attach(self._anchors[anchor])

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            if anchor in self._anchors:
                raise YamlTreeError(f"it is not YAML: two parts of it have one anchor ({anchor[:60]!r})")
            self._anchors[anchor] = node
        self._attach(node)

    def _attach(self, node: Node) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise YamlTreeError(f"it has more than {MAX_NODES} parts")
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
