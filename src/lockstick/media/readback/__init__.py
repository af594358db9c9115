"""Reading back what was written to a medium: past the system's cache, and what to say where it differs."""

from lockstick.media.readback.exclusion import Exclusion, How
from lockstick.media.readback.tree import PastCacheTree

__all__ = ["Exclusion", "How", "PastCacheTree"]
