"""The types of JSON values, as the parser hands them out."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["JsonObject", "JsonValue"]

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | bool | None"
"""A strict-dialect JSON value: integers only, no fractions."""

JsonObject: TypeAlias = "dict[str, JsonValue]"
