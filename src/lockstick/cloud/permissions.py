"""What credentials can do, found out by trying: with requests that change nothing, whatever is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.errors import NotAllowedError, NotFoundError

if TYPE_CHECKING:
    from lockstick.cloud.session import CloudSession
    from lockstick.progress import Observer

__all__ = ["Permission", "try_credentials"]

_MAX_ROOT = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Whether something may be done.

    Attributes:
        what: A name that stays, as in ``packages-read``.
        allowed: True, False, or None where the answer does not tell.
        why: What was answered, where it is not that it may be done.
    """

    what: str
    allowed: bool | None
    why: str = ""


def try_credentials(session: CloudSession, observer: Observer) -> tuple[Permission, ...]:
    """Find out what a ``credentials.zip`` can do, by fetching the first root of both repositories.

    The first one by its number: asking for the newest makes the service renew it (cloud-apis 1.7).

    Args:
        session: A session with it.
        observer: Told of retries.

    Returns:
        ``director-read`` and ``images-read``. Both are needed to build.

    Raises:
        NotAllowedError: The client or its secret is wrong or revoked.
        TransferError: A service cannot be reached, fails, or answers nonsense.
    """
    credentials = session.credentials
    # A token first, so that a refusal of the client is told from that of a document.
    session.authority.headers(credentials.repo_url)
    found = []
    with session.reader(observer) as reader:
        for what, url in (
            ("director-read", f"{credentials.director_url}/api/v1/admin/repo/1.root.json"),
            ("images-read", f"{credentials.repo_url}/api/v1/user_repo/1.root.json"),
        ):
            try:
                reader.read(url, limit=_MAX_ROOT, name=f"the first root ({what})")
            except NotAllowedError as error:
                found.append(Permission(what=what, allowed=False, why=error.why))
            except NotFoundError as error:
                found.append(Permission(what=what, allowed=None, why=error.why))
            else:
                found.append(Permission(what=what, allowed=True))
    return tuple(found)
