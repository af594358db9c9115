"""Does a stick have the room that it says it has? Tried with canaries in its free space; no file is touched."""

from lockstick.media.capacity.checking import check_capacity
from lockstick.media.capacity.folder import FOLDER, remove_leftovers
from lockstick.media.capacity.outcome import CapacityOutcome, Verdict

__all__ = ["FOLDER", "CapacityOutcome", "Verdict", "check_capacity", "remove_leftovers"]
