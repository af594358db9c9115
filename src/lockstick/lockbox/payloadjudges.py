"""Who judges the inside of payloads for a rehearsal."""

from __future__ import annotations

from lockstick.lockbox.devicemedia import PayloadJudges
from lockstick.payloads.device_compose import device_compose_problem
from lockstick.payloads.ostree_repo import device_ostree_problem

__all__ = ["DEVICE_JUDGES"]

DEVICE_JUDGES = PayloadJudges(compose=device_compose_problem, ostree=device_ostree_problem)
"""Those who know what the device client would say."""
