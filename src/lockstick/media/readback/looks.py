"""What wrong bytes look like, held against the right ones: pure functions."""

from __future__ import annotations

from lockstick.media.readback.damage import BLOCK, Look

__all__ = ["look_of"]

_FEW_BITS = 8
_PROBE = 48
_DISTINCT = 12  # a probe of few different bytes is found anywhere
_SECTOR = 512


def look_of(right: bytes, wrong: bytes, *, around: bytes = b"", at: int = 0) -> tuple[Look, str]:
    """Say what a damaged block looks like.

    Args:
        right: What should be there.
        wrong: What is there; not the same, and not longer.
        around: The right bytes before and after the block too.
        at: Where the block begins in those.

    Returns:
        The look, and more about it.
    """
    if not any(wrong):
        return Look.ZEROS, ""
    if wrong.count(0xFF) == len(wrong):
        return Look.ONES, ""
    bits = (int.from_bytes(right[: len(wrong)]) ^ int.from_bytes(wrong)).bit_count()
    if bits <= _FEW_BITS:
        return Look.BITS, "1 bit" if bits == 1 else f"{bits} bits"
    shift = _shift(wrong, around or right, at)
    if shift is None:
        return Look.OTHER, ""
    if shift % _SECTOR:
        return Look.SHIFTED, f"by {shift:+} bytes"
    return Look.OTHER_PLACE, f"{abs(shift)} bytes {'later' if shift < 0 else 'earlier'}"


def _shift(wrong: bytes, around: bytes, at: int) -> int | None:
    """By how many bytes a content lies too late (too early, if negative); None if it does not come from there."""
    for start in (len(wrong) // 2, 0, max(len(wrong) - _PROBE, 0)):
        probe = wrong[start : start + _PROBE]
        if len(probe) < _PROBE or len(set(probe)) < _DISTINCT:
            continue
        # The nearest occurrence is the likely one.
        own = at + start
        later, earlier = around.find(probe, own), around.rfind(probe, 0, own + _PROBE)
        found = [one for one in (later, earlier) if one >= 0]
        if found:
            nearest = min(found, key=lambda one: abs(one - own))
            if nearest != own and abs(nearest - own) <= len(around) - BLOCK:
                return own - nearest
    return None
