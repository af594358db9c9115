"""Who judges the inside of payloads for a rehearsal."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lockstick.errors import UsageError
from lockstick.lockbox.devicemedia import PayloadJudges

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.lockbox.devicemedia import Judged

__all__ = ["device_judges"]


def device_judges() -> PayloadJudges:
    """Everybody who is there; a payload of a kind that nobody knows raises."""
    compose, ostree = "lockstick.payloads.device_compose", "lockstick.payloads.ostree_repo"
    return PayloadJudges(
        compose=import_module(compose).device_compose_problem if find_spec(compose) else _no_compose,
        ostree=import_module(ostree).device_ostree_problem if find_spec(ostree) else _no_ostree,
    )


def _no_compose(_lockbox: Path, _compose: bytes, _digest: str, _platform: str) -> Judged | None:
    raise UsageError("this version cannot rehearse compose applications")


def _no_ostree(_lockbox: Path, _commit: str) -> Judged | None:
    raise UsageError("this version cannot rehearse operating-system commits")
