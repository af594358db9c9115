"""A power cut after so many disk calls, for whatever writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    import pytest

__all__ = ["DISK_CALLS", "is_done_before"]

DISK_CALLS = ("rename", "replace", "unlink", "mkdir", "rmdir", "open", "fsync", "ftruncate")


class _PowerCut(BaseException):
    """No cleaning up that the program might do counts."""


def is_done_before(
    cut: int, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch, more: Sequence[tuple[ModuleType, str]] = ()
) -> bool:
    """Act, and cut the power at some disk call.

    Args:
        cut: After how many calls.
        act: What to do.
        monkeypatch: Puts the calls back.
        more: Functions of modules that count as disk calls, too.

    Returns:
        True if it was done before the cut.
    """
    count = 0

    def counting(original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > cut:
                raise _PowerCut
            return original(*arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for module, name in (*((os, name) for name in DISK_CALLS), *more):
            patch.setattr(module, name, counting(getattr(module, name)))
        try:
            act()
        except _PowerCut:
            return False
    return True
