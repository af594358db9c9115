"""Where the bytes of a package are (cloud-apis 1.8, item 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from lockstick.errors import DistrustError, TransferError
from lockstick.transfer import check_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.credentials import Credentials

__all__ = ["PackageSource", "locate"]

# The services write this address where a package has none.
_PLACEHOLDERS = frozenset({"https://example.com", "https://example.com/"})


@dataclass(frozen=True, kw_only=True)
class PackageSource:
    """Where to fetch a package from.

    Attributes:
        url: Its address; may redirect.
        authenticated: Whether the token goes with the first request. Without it the address is somebody
            else's, and the authority must not be offered at all, not even where it is the same origin.
    """

    url: str
    authenticated: bool


def locate(credentials: Credentials, target: str, custom: Mapping[str, object]) -> PackageSource:
    """Say where a target's bytes are; nothing is asked of any server.

    Args:
        credentials: They name the image repository.
        target: The target's name. A slash in it stays a slash of the address.
        custom: The image repository's ``custom`` member of the target; ``uri`` may be absent or null.

    Returns:
        The address from ``uri`` if there is one, else the one in the image repository.

    Raises:
        DistrustError: The name would lead to another place on the server, or ``uri`` is not a text.
        TransferError: ``uri`` is an address that is not asked: plain http, or not an address.
    """
    uri = custom.get("uri")
    if uri is not None and not isinstance(uri, str):
        raise DistrustError(f"the uri of the package {target!r} is not a text")
    if uri and uri not in _PLACEHOLDERS:
        try:
            return PackageSource(url=str(check_url(uri)), authenticated=False)
        except TransferError as error:
            raise TransferError(
                f"the package {target!r} cannot be fetched from the address that its metadata gives",
                why=error.why,
                remedy="Correct the package's uri in the image repository.",
            ) from None
    segments = target.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise DistrustError(f"the target name {target[:80]!r} has an empty, '.' or '..' part")
    path = "/".join(quote(segment, safe="") for segment in segments)
    return PackageSource(url=f"{credentials.repo_url}/api/v1/user_repo/targets/{path}", authenticated=True)
