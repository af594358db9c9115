"""What credentials can do, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from lockstick.cloud.credentials import Credentials
    from lockstick.cloud.login import KeptProfile, Profile
    from lockstick.cloud.permissions import Permission

__all__ = ["api_json", "api_text", "clock_text", "file_json", "file_text", "skew_seconds"]

_NOTABLE_SKEW = 60.0
_WORDS = {
    "lockboxes-read": "list and show lockboxes",
    "lockboxes-change": "define and delete lockboxes",
    "packages-read": "list packages",
    "packages-change": "upload, edit and delete packages",
    "updates-change": "launch and cancel updates",
    "sources-read": "list external sources",
    "director-read": "fetch lockboxes",
    "images-read": "fetch the list of packages, and packages",
}


def api_json(
    profile: Profile, permissions: Sequence[Permission], *, source: str, kept: KeptProfile | None
) -> dict[str, object]:
    """Write what an API client can do.

    Args:
        profile: The credentials; nothing secret of them is written.
        permissions: What was found.
        source: Where they come from: ``options``, ``environment`` or ``profile``.
        kept: The profile as it is kept, if they are one's.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "client_id": profile.oauth.client_id,
        "api_url": profile.endpoint.url,
        "token_url": profile.oauth.token_url,
        "source": source,
        "profile": None if kept is None else kept.name,
        "kept_in": None if kept is None else kept.kept_in,
        "file": None if kept is None or kept.file is None else str(kept.file),
        "permissions": [_json(one) for one in permissions],
    }


def api_text(profile: Profile, permissions: Sequence[Permission], *, found: str) -> Iterator[str]:
    """Write the same for a person; ``found`` says where the credentials come from."""
    yield f"API client {printable(profile.oauth.client_id)} at {profile.endpoint.url}"
    yield f"  from {printable(found)}"
    yield from _text(permissions)


def file_json(file: Path, credentials: Credentials, permissions: Sequence[Permission]) -> dict[str, object]:
    """Write what a ``credentials.zip`` can do, as JSON."""
    return {
        "file": str(file),
        "client_id": None if credentials.oauth is None else credentials.oauth.client_id,
        "repo_url": credentials.repo_url,
        "director_url": credentials.director_url,
        "permissions": [_json(one) for one in permissions],
    }


def file_text(file: Path, credentials: Credentials, permissions: Sequence[Permission]) -> Iterator[str]:
    """Write the same for a person."""
    who = "without login" if credentials.oauth is None else printable(credentials.oauth.client_id)
    yield f"{printable(str(file))}: {who} at {credentials.repo_url}"
    yield from _text(permissions)


def skew_seconds(skew: timedelta | None) -> float | None:
    """By how many seconds the service's clock is ahead of this machine's, as JSON."""
    return None if skew is None else round(skew.total_seconds(), 1)


def clock_text(skew: timedelta | None) -> str:
    """Say what is wrong with the clock; nothing if it is right or nobody knows."""
    seconds = 0.0 if skew is None else skew.total_seconds()
    if abs(seconds) <= _NOTABLE_SKEW:
        return ""
    way = "behind" if seconds > 0 else "ahead of"
    return f"This machine's clock is {abs(seconds):.0f} s {way} the service's: set it, or tokens may be refused."


def _json(permission: Permission) -> dict[str, object]:
    return {"what": permission.what, "allowed": permission.allowed, "why": permission.why}


def _text(permissions: Sequence[Permission]) -> Iterator[str]:
    for one in permissions:
        may = {True: "may    ", False: "may not", None: "unclear"}[one.allowed]
        why = f" ({printable(one.why)})" if one.why else ""
        yield f"  {may}  {_WORDS.get(one.what, one.what)}{why}"
