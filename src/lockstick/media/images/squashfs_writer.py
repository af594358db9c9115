"""Writing squashfs images by mksquashfs: as automounters on devices expect them, and the same bytes every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.media.images.contents import FIXED_TIME
from lockstick.media.images.programs import find_program, run_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.media.images.contents import Contents

__all__ = ["SquashfsForm"]

_SLACK = 1 << 20
_PER_NAME = 300  # an inode, a name, and its share of tables


class SquashfsForm:
    """A squashfs image with ``metadata`` and ``images`` at its top, as it is mounted where the device looks."""

    def file_name(self, lockbox: str) -> str:  # noqa: ARG002 - devices know one name
        """The one name that devices look for (torizon/squashfs-lockboxes)."""
        return "torizon-lockbox.squashfs"

    def check(self, contents: Contents) -> None:  # noqa: ARG002 - it can hold everything
        """Return if mksquashfs is there."""
        find_program("mksquashfs", "squashfs-tools")

    def room(self, contents: Contents) -> int:
        """As much as if nothing could be compressed."""
        return contents.size + _PER_NAME * len(contents.names) + _SLACK

    def write(self, contents: Contents, root: Path, target: Path, tick: Callable[[int], None]) -> None:
        """Write the image; see :class:`~lockstick.media.images.forms.Form`."""
        tops = [root / one.place[0] for one in contents.names if len(one.place) == 1]
        options = [
            *("-noappend", "-no-progress", "-quiet", "-no-xattrs", "-no-sparse", "-all-root", "-keep-as-directory"),
            *("-comp", "gzip"),  # the one that Torizon's kernels read
            *("-mkfs-time", str(FIXED_TIME), "-all-time", str(FIXED_TIME)),
            # Permissions come from the builder's umask and mean nothing, except that some files are programs.
            *("-action", "chmod(u=rwX,go=rX)@true"),
        ]
        program = find_program("mksquashfs", "squashfs-tools")
        root_options = ["-root-mode", "755"]
        run_program(
            [program, *(top.absolute() for top in tops), target.absolute(), *options, *root_options],
            growing=target,
            tick=tick,
            has_clock=False,  # it takes the time from its options, and refuses to have both
        )
