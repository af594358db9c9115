"""YAML is read without recursion and within limits, and the same with either of the library's parsers."""

from __future__ import annotations

import time

import pytest

from lockstick.payloads.compose_lines import MAX_COMPOSE, ServiceImage
from lockstick.payloads.compose_yaml import AmbiguousComposeError, read_yaml
from lockstick.payloads.yaml_tree import MAX_DEPTH, MAX_NODES, Mapping, Scalar, Sequence, YamlTreeError, read_tree

each_parser = pytest.mark.parametrize("quickly", [True, False])


@each_parser
def test_a_document_becomes_a_tree_in_which_an_alias_is_shared(*, quickly: bool) -> None:
    tree = read_tree("a: &x [1, '1', !!str 1]\n? b\n: *x\n", quickly=quickly)
    assert isinstance(tree, Mapping)
    (a, one), (b, other) = tree.pairs
    assert isinstance(one, Sequence)
    assert one is other
    assert [(part.value, part.tag.rpartition(":")[2]) for part in (a, b, *one.items) if isinstance(part, Scalar)] == [
        ("a", "str"),
        ("b", "str"),
        ("1", "int"),
        ("1", "str"),
        ("1", "str"),
    ]


@each_parser
@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_text_without_a_document_has_no_tree(text: str, *, quickly: bool) -> None:
    assert read_tree(text, quickly=quickly) is None


@each_parser
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: *b\n", "alias"),
        ("- &a 1\n- &a 2\n", "anchor"),
        ("a\n---\nb\n", "document"),
        ("a: [\n", "not YAML"),
        ("[a?b]\n", "YAML|question mark"),
        ("a: \x07\n", "U\\+0007"),
        ("a: \x7f\n", "U\\+007F"),
        ("\ufeffa: b\n", "U\\+FEFF"),
    ],
)
def test_what_is_not_one_clear_document_is_refused(text: str, why: str, *, quickly: bool) -> None:
    with pytest.raises(YamlTreeError, match=why):
        read_tree(text, quickly=quickly)


@pytest.mark.parametrize(("before", "after"), [("[", "]"), ("- ", "")])
def test_depth_has_a_limit(before: str, after: str) -> None:
    read_tree(before * MAX_DEPTH + after * MAX_DEPTH)
    with pytest.raises(YamlTreeError, match="deeper"):
        read_tree(before * (MAX_DEPTH + 1) + after * (MAX_DEPTH + 1))


def test_the_number_of_parts_has_a_limit() -> None:
    read_tree("- a\n" * (MAX_NODES - 1))
    with pytest.raises(YamlTreeError, match="parts"):
        read_tree("- a\n" * MAX_NODES)


@each_parser
def test_a_file_of_nothing_but_brackets_does_not_end_the_process(*, quickly: bool) -> None:
    with pytest.raises(YamlTreeError, match="deeper"):
        read_tree("[\n" * 500_000, quickly=quickly)


@pytest.mark.parametrize(
    "line",
    ["- a\n", "? a\n", "- [a,a,a,a,a,a,a,a]\n", "#\n", "x: &a {}\n", "[\n", "a,\n", " a\n", "- !!str a\n", "- - - -\n"],
)
def test_the_largest_compose_file_takes_no_time(line: str) -> None:
    text = "services:\n" + line * (MAX_COMPOSE // len(line))
    before = time.process_time()
    with pytest.raises(AmbiguousComposeError):
        read_yaml(text.encode())
    assert time.process_time() - before < 3  # half a second here, with the parser in C that PyYAML usually brings


def test_merging_the_same_members_everywhere_takes_no_time() -> None:
    members = "".join(f"  key{number}: value\n" for number in range(12_000))
    services = "".join(f"  s{number}:\n    <<: *a\n    image: x\n" for number in range(3_000))
    before = time.process_time()
    found = read_yaml(f"x: &a\n{members}services:\n{services}".encode())
    assert found["s2999"] == ServiceImage(image="x", platform=None)
    assert time.process_time() - before < 3


def test_the_number_of_merged_members_has_a_limit() -> None:
    maps = "".join(f"  k{number}: &k{number} {{}}\n" for number in range(2_000))
    names = ",\n ".join(f"*k{number}" for number in range(2_000))
    services = "".join(f"  s{number}:\n    <<: *l\n" for number in range(30))
    with pytest.raises(AmbiguousComposeError, match="more than"):
        read_yaml(f"x:\n{maps}l: &l [{names}]\nservices:\n{services}".encode())


@pytest.mark.parametrize("quickly", [True, False])
def test_a_character_that_no_unicode_has_is_refused(*, quickly: bool) -> None:
    with pytest.raises(YamlTreeError):
        read_tree('a: "\\UFFFFFFFF"', quickly=quickly)
