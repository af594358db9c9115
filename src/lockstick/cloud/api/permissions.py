"""What an API client may do, found out by trying.

Reading is tried by reading. Changing is tried with a request whose body is no JSON: whoever may not change anything is
refused for that, and whoever may is refused for the body, of which nothing can be understood and so nothing be done.
That a service looks at who asks before it looks at what is asked is usual, and promised nowhere: "may" is what the
answer says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cloud.api.calls import Call
from lockstick.cloud.api.packages import Packages
from lockstick.cloud.permissions import Permission
from lockstick.errors import NotAllowedError, NotFoundError, UsageError
from lockstick.transfer.outgoing import GET, Outgoing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.cloud.api.caller import Caller
    from lockstick.transfer.outgoing import Method

__all__ = ["ApiPermissions"]

_NOBODY = "lockstick-whoami"
_UNREADABLE = b"{"
_FORBIDDEN = 403
_ALLOWED = (200, 201, 204, 400, 404, 409, 415, 416, 422)


class ApiPermissions:
    """What may be done.

    Args:
        caller: Makes the calls.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def all(self) -> tuple[Permission, ...]:
        """Try everything.

        Returns:
            ``lockboxes-read``, ``lockboxes-change``, ``packages-read``, ``packages-change``, ``updates-change`` and
            ``sources-read``.

        Raises:
            NotAllowedError: The client or its secret is wrong or revoked.
            UsageError: There is no API at the address.
            TransferError: The service cannot be reached, fails, or answers nonsense.
        """
        self._caller.log_in()
        # The one that every account answers, and the same in both editions; read as what it must be.
        packages = self._packages()
        return (
            self._try("lockboxes-read", ("lockboxes",)),
            self._try("lockboxes-change", ("lockboxes", _NOBODY), _unreadable("POST")),
            packages,
            self._try("packages-change", ("packages", _NOBODY), _unreadable("PATCH")),
            self._try("updates-change", ("updates",), _unreadable("POST")),
            self._try("sources-read", ("packages_external", "info")),
        )

    def _packages(self) -> Permission:
        what = "packages-read"
        try:
            Packages(self._caller).page(limit=1)
        except NotAllowedError as error:
            return Permission(what=what, allowed=False, why=error.why)
        except NotFoundError as error:
            raise UsageError(
                f"there is no API at {self._caller.endpoint.url}",
                why=error.why,
                remedy="Check the address of the API.",
            ) from None
        return Permission(what=what, allowed=True)

    def _try(self, what: str, path: Sequence[str], sent: Outgoing = GET) -> Permission:
        call = Call(path=path, subject="what may be done", what=sent, is_probe=True)
        try:
            status = self._caller.call(call).status
        except NotAllowedError as error:
            return Permission(what=what, allowed=False, why=error.why)
        if status in _ALLOWED:
            return Permission(what=what, allowed=True)
        return Permission(what=what, allowed=False if status == _FORBIDDEN else None, why=f"answered {status}")


def _unreadable(method: Method) -> Outgoing:
    return Outgoing.of(method, _UNREADABLE, "application/json")
