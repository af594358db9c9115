"""What platforms say about a mounted medium: one module for each, behind one protocol."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lockstick.errors import UsageError

if TYPE_CHECKING:
    from lockstick.media.preflight.probes.seam import Probe

__all__ = ["probe_of"]


def probe_of(platform: str = sys.platform) -> Probe:
    """Give the probe of a platform.

    Args:
        platform: As in ``sys.platform``.

    Returns:
        One that asks the running system.

    Raises:
        UsageError: There is none for it.
    """
    # Each is imported where it is needed: the others may lack what it stands on.
    if platform == "linux":
        from lockstick.media.preflight.probes.linux import linux_probe  # noqa: PLC0415

        return linux_probe()
    if platform == "darwin":
        from lockstick.media.preflight.probes.macos import macos_probe  # noqa: PLC0415

        return macos_probe()
    if platform == "win32":
        from lockstick.media.preflight.probes.windows import windows_probe  # noqa: PLC0415

        return windows_probe()
    raise UsageError(f"Lockstick does not know how to look at sticks on {platform}")
