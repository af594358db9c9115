"""Whether a stick will do, before a byte is written to it: facts, and checks that judge them.

``look_at`` gathers the facts through a probe, which is the seam to the platform; ``check`` is pure.
"""

from lockstick.media.preflight.checking import check
from lockstick.media.preflight.facts import Contents, Facts, FoundLockbox, Medium, Platform, ReadOnlyBy, Wishes
from lockstick.media.preflight.looking import look_at
from lockstick.media.preflight.probes import probe_of

__all__ = [
    "Contents",
    "Facts",
    "FoundLockbox",
    "Medium",
    "Platform",
    "ReadOnlyBy",
    "Wishes",
    "check",
    "look_at",
    "probe_of",
]
