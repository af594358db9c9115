"""A definition in a file: what it says, and everything that is refused, with its line and a remedy."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud.definitions import Date, Span, read_definition
from lockstick.cloud.definitions.reading import MAX_FILE, MAX_PACKAGES
from lockstick.cloud.definitions.tree import MAX_DEPTH, MAX_NODES
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from lockstick.cloud.definitions import Definition

WHOLE = """\
# What goes to line A.
lockbox: line-a
expires: 2027-03-01
packages:
  - firmware-1.0.bin
  - id: "sensors/co2 hub-2.3.1.bin"
  - name: kiosk app
    version: "1.10"
    hardware-ids: [docker-compose, x]
    metadata:
      ticket: K-12
      tries: 3
      urgent: true
      nothing: null
      list: [a, {b: c}]
"""


def read(text: str | bytes) -> Definition:
    return read_definition(text.encode() if isinstance(text, str) else text, origin="box.yaml")


def refusal(text: str | bytes) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert caught.value.remedy
    return caught.value.what, caught.value.remedy


def test_all_that_a_definition_can_say() -> None:
    found = read(WHOLE)
    assert (found.lockbox, found.origin) == ("line-a", "box.yaml")
    assert found.expires == Date(datetime(2027, 3, 1, tzinfo=UTC))
    by_id, quoted, named = found.packages
    assert (by_id.package_id, by_id.line, quoted.package_id) == ("firmware-1.0.bin", 5, "sensors/co2 hub-2.3.1.bin")
    assert (named.package_id, named.name, named.version) == (None, "kiosk app", "1.10")
    assert named.hardware_ids == ("docker-compose", "x")
    assert named.metadata == {
        "ticket": "K-12",
        "tries": 3,
        "urgent": True,
        "nothing": None,
        "list": ["a", {"b": "c"}],
    }
    assert (str(by_id), str(named)) == ("the package 'firmware-1.0.bin'", "the package 'kiosk app' 1.10")


@pytest.mark.parametrize(
    "text", ["packages: [a]", '{"packages": ["a"]}', "\ufeffpackages:\r\n- a\r\n", "---\npackages: ['a']\n..."]
)
def test_the_least_that_a_definition_can_say_in_any_notation(text: str) -> None:
    found = read(text)
    assert (found.lockbox, found.expires, [one.package_id for one in found.packages]) == (None, None, ["a"])


@pytest.mark.parametrize(
    ("text", "line", "key", "meant"),
    [
        ("package: [a]", 1, "package", "'packages'"),
        ("packages: [a]\nexpire: 90d", 2, "expire", "'expires'"),
        ("packages: [a]\nexpiresAt: 90d", 2, "expiresAt", "'expires'"),
        ("packages:\n- id: a\n  hardwareIds: [x]", 3, "hardwareIds", "'hardware-ids'"),
        ("packages:\n- id: a\n  hardware_ids: [x]", 3, "hardware_ids", "'hardware-ids'"),
        ("packages:\n- nam: a\n  version: b", 2, "nam", "'name'"),
        ("packages:\n- id: a\n  meta-data: 1", 3, "meta-data", "'metadata'"),
        ("packages: [a]\nqqqqq: 1", 2, "qqqqq", "lockbox, expires, packages"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(
    text: str, line: int, key: str, meant: str
) -> None:
    what, remedy = refusal(text)
    assert what.startswith(f"box.yaml, line {line}: ")
    assert repr(key) in what
    assert meant in remedy


@pytest.mark.parametrize(
    ("text", "line", "first"),
    [
        ("packages: [a]\npackages: [b]", 2, 1),
        ("packages:\n- id: a\n  id: b", 3, 2),
        ("packages:\n- id: a\n  metadata:\n    x: 1\n    x: 2", 5, 4),
        ("packages:\n- a\n- b\n- id: a", 4, 2),
        ("packages:\n- {name: a, version: '1'}\n- {name: a, version: '1'}", 3, 2),
    ],
)
def test_what_comes_twice_is_refused_with_both_lines(text: str, line: int, first: int) -> None:
    what, remedy = refusal(text)
    assert what.startswith(f"box.yaml, line {line}: ")
    assert "twice" in what
    assert f"line {first}," in remedy


TRAPS = [
    "1.10",
    "2026",
    "010",
    "1e3",
    "0o17",
    "0x1F",
    "1:30",
    "on",
    "no",
    "Yes",
    "y",
    "N",
    "2027-03-01",
    "=",
    ".inf",
    "+1",
]


@pytest.mark.parametrize("value", TRAPS)
def test_a_version_that_yaml_takes_for_something_else_is_refused_and_quotes_help(value: str) -> None:
    text = "packages:\n- name: tool\n  version: {}"
    what, remedy = refusal(text.format(value))
    assert what.startswith("box.yaml, line 3: ")
    assert f'"{value}"' in remedy
    assert read(text.format(f'"{value}"')).packages[0].version == value
    assert read(text.format(f"'{value}'")).packages[0].version == value


@pytest.mark.parametrize("value", ["1.10.2", "v1.10", "2026.09-rc1", "1.0 beta"])
def test_a_version_that_is_a_text_to_everybody_needs_no_quotes(value: str) -> None:
    assert read(f"packages:\n- name: tool\n  version: {value}").packages[0].version == value


@pytest.mark.parametrize(
    "value", ["1.5", "1e3", "010", "0x1F", "1:30", "on", "No", "2027-03-01", ".nan", "1_000", "<<", "9" * 19]
)
def test_metadata_that_readers_of_yaml_do_not_agree_about_is_refused(value: str) -> None:
    what, remedy = refusal(f"packages:\n- id: a\n  metadata:\n    key: {value}")
    assert what.startswith("box.yaml, line 4: ")
    assert "quotes" in remedy


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("-7", -7),
        ("0", 0),
        ('"no"', "no"),
        ("9" * 18, int("9" * 18)),
    ],
)
def test_metadata_is_json(value: str, means: object) -> None:
    metadata = read(f"packages:\n- id: a\n  metadata:\n    key: {value}").packages[0].metadata
    assert metadata == {"key": means}
    assert isinstance(metadata, dict)
    assert type(metadata["key"]) is type(means)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "empty"),
        ("# nothing", None, "empty"),
        ("just a text", 1, "is a text, not a mapping"),
        ("- a", 1, "not a mapping"),
        ("expires: 90d", None, "'packages' is missing"),
        ("packages:", 1, "not a list"),
        ("packages: a", 1, "not a list"),
        ("packages: {a: b}", 1, "not a list"),
        ("packages: []", 1, "no packages"),
        ("packages: [[a]]", 1, "not a mapping"),
        ("packages: ['']", 1, "empty"),
        ("packages: [' a']", 1, "blanks around"),
        ('packages: ["a\\tb"]', 1, "cannot be seen"),
        (f"packages: ['{'x' * 254}']", 1, "longer than 253"),
        ("packages:\n- {}", 2, "neither id nor name"),
        ("packages:\n- name: a", 2, "the name 'a' lacks its version"),
        ("packages:\n- version: '1'", 2, "the version '1' lacks its name"),
        ("packages:\n- {id: a, version: '1'}", 2, "has id and version"),
        ("packages:\n- id: a\n  hardware-ids: x", 3, "not a list"),
        ("packages:\n- id: a\n  hardware-ids: [1]", 3, "not a text"),
        ("packages:\n- id: [a]", 2, "is a list"),
        ("packages:\n- a: &x b", 2, "an anchor"),
        ("packages: [*x]", 1, "an alias"),
        ("packages: [!!str 1]", 1, "a tag"),
        ("packages: !x [a]", 1, "a tag"),
        ("%YAML 1.1\n---\npackages: [a]", 1, "a directive"),
        ("packages: [a]\n---\npackages: [b]", 2, "more than one document"),
        ("? [a]\n: b", 1, "a key of the definition is a list"),
        ("<<: {packages: [a]}", 1, "merges something in"),
        ("on: 1\npackages: [a]", 1, "truth value"),
        ("packages: [a\nb: c", 2, "not YAML"),
        ("packages:\n\t- a", 2, "not YAML"),
        ("packages:\n- a\x85- b", 2, "U+0085"),
        ("packages:\n- a\r- b", 2, "U+000D"),
        ("packages:\n- a\x07", 2, "U+0007"),
        (b"packages:\n- \xff", 2, "not UTF-8"),
        ('packages: ["\\ud800"]', 1, "cannot be seen"),
        ('packages:\n- id: a\n  metadata: "\\ud800"', 3, "half a character"),
    ],
)
def test_what_is_no_definition_is_refused_where_it_stops_being_one(
    text: str | bytes, line: int | None, says: str
) -> None:
    what, _ = refusal(text)
    where = "box.yaml: " if line is None else f"box.yaml, line {line}: "
    assert what.startswith(where)
    assert says in what


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("90", "span"),
        ("6m", "'6 months'"),
        ("0d", "span"),
        ("101 years", "100 years"),
        ("2027-02-30", "span"),
        ("2027-03-01T12:00:00", "time zone"),
        ("soon", "span"),
        ("", "span"),
        ("1:30", "span"),
        ("9999-12-31T23:59:59-23:00", "span"),
    ],
)
def test_an_end_that_is_neither_date_nor_span_is_refused_with_what_would_do(value: str, says: str) -> None:
    what, remedy = refusal(f"packages: [a]\nexpires: {value}")
    assert what.startswith("box.yaml, line 2: ")
    assert says in remedy
    assert "is a list" in refusal("expires: [90d]\npackages: [a]")[0]
    assert "too long" in refusal(f"expires: {'9' * 41}\npackages: [a]")[0]
    assert "neither" in refusal(f"expires: {'9' * 40}\npackages: [a]")[0]


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("90d", Span(90, "days")),
        ("90 days", Span(90, "days")),
        ("1 day", Span(1, "days")),
        ("36h", Span(36, "hours")),
        ("12w", Span(84, "days")),
        ("6 months", Span(6, "months")),
        ("1 year", Span(12, "months")),
        ("2y", Span(24, "months")),
        ("100 years", Span(1200, "months")),
        ("'90d'", Span(90, "days")),
        ("2027-03-01T12:00:00+02:00", Date(datetime(2027, 3, 1, 10, tzinfo=UTC))),
    ],
)
def test_an_end_is_a_date_or_a_span(value: str, means: object) -> None:
    assert read(f"packages: [a]\nexpires: {value}").expires == means


@pytest.mark.parametrize(
    ("span", "now", "then"),
    [
        (Span(1, "months"), datetime(2027, 1, 31, 5, tzinfo=UTC), datetime(2027, 2, 28, 5, tzinfo=UTC)),
        (Span(12, "months"), datetime(2028, 2, 29, tzinfo=UTC), datetime(2029, 2, 28, tzinfo=UTC)),
        (Span(3, "months"), datetime(2027, 11, 15, tzinfo=UTC), datetime(2028, 2, 15, tzinfo=UTC)),
        (Span(90, "days"), datetime(2027, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)),
        (Span(36, "hours"), datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, 12, tzinfo=UTC)),
    ],
)
def test_a_span_counts_from_the_time_of_publishing(span: Span, now: datetime, then: datetime) -> None:
    assert span.after(now) == then


@pytest.mark.parametrize("span", [Span(1200, "months"), Span(36_500, "days")])
def test_a_span_beyond_the_calendar_is_an_error_of_its_own(span: Span) -> None:
    with pytest.raises(ValueError, match=r"year|calendar"):
        span.after(datetime(9990, 1, 1, tzinfo=UTC))


def test_the_caps_hold() -> None:
    assert len(read("packages:\n" + "".join(f"- a{n}\n" for n in range(MAX_PACKAGES))).packages) == MAX_PACKAGES
    assert "more than" in refusal("packages:\n" + "".join(f"- a{n}\n" for n in range(MAX_PACKAGES + 1)))[0]
    assert "bytes" in refusal("packages: [a]\n" + "#" * MAX_FILE)[0]
    depth = MAX_DEPTH - 3  # the definition, the list and the package are around it
    nested = "packages:\n- id: a\n  metadata: " + "[" * depth + "]" * depth
    assert read(nested).packages[0].package_id == "a"
    assert "deeper" in refusal(nested.replace("[", "[[", 1).replace("]", "]]", 1))[0]
    many = "packages:\n- id: a\n  metadata: [{}]"
    around = 8  # keys count, too
    assert read(many.format(",".join("0" * (MAX_NODES - around)))).packages[0].line == 2
    assert "parts" in refusal(many.format(",".join("0" * (MAX_NODES - around + 1))))[0]


@pytest.mark.parametrize(
    "piece",
    [
        "#",
        "#\n",
        "[",
        "{",
        "a ",
        "[0,",
        "- 0\n",
        "k: 1\n",
        '"\\x41',
        "? ",
        "- ",
        "'",
        "a:",
        "&a ",
        "!a ",
        "|\n a\n",
        "\n",
        " ",
        "[a: 1,",
    ],
)
@pytest.mark.parametrize("start", ["", "packages: ", "packages: ['", 'packages: ["', "packages: [", "packages: |\n "])
def test_the_largest_file_is_left_soon_whatever_is_in_it(start: str, piece: str) -> None:
    text = (start + piece * MAX_FILE)[:MAX_FILE]
    began = time.process_time()
    with suppress(UsageError):
        read(text)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("code", ["00110000", "FFFFFFFF"])
def test_a_character_that_no_unicode_has_is_refused(code: str) -> None:
    what, _ = refusal(f'packages: ["\\U{code}"]\n')
    assert "it is not YAML" in what
