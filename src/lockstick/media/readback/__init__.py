"""Reading back what was written to a medium: past the system's cache, and what to say where it differs."""

from lockstick.media.readback.damage import Culprit, Damage, Look, Telling
from lockstick.media.readback.exclusion import Exclusion, How
from lockstick.media.readback.finding import find_damage
from lockstick.media.readback.mending import Mending, rewrite_bad
from lockstick.media.readback.tree import PastCacheTree

__all__ = [
    "Culprit",
    "Damage",
    "Exclusion",
    "How",
    "Look",
    "Mending",
    "PastCacheTree",
    "Telling",
    "find_damage",
    "rewrite_bad",
]
