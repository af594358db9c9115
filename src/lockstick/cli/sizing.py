"""Numbers of bytes as people write them."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["SIZE"]

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)[bB]?\s*")
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_DECIMAL, _BINARY = 1000, 1024


class _Size(click.ParamType["int"]):
    """A number of bytes: ``500MB``, ``1.5 GiB``, ``4096``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """Read it; decimal units count in thousands, those with an i in 1,024s."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not a size like 500MB or 20GB", param, ctx)
        number, unit, binary = found.groups()
        return int(float(number) * (_BINARY if binary else _DECIMAL) ** _POWERS[unit.upper()])


SIZE = _Size()
"""The type of options that take a size."""
