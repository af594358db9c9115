"""Sticks for the tests: real file systems on loop devices and over FUSE, and one of our own that misbehaves on demand.

All of them are context managers that leave nothing mounted behind, whatever happens, and skip the test with a reason
where this machine cannot do it. ``fixtures.py`` has the usual ones ready; every test below ``tests/`` may ask for them.
"""

from media.ground.misbehaving import BadStick, bad_stick
from media.ground.mounting import Stick, exfat, ext4, fat32, squashfs

__all__ = ["BadStick", "Stick", "bad_stick", "exfat", "ext4", "fat32", "squashfs"]
