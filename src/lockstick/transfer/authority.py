"""Who may speak for the user at which origin: the seam through which credentials reach a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Authority"]


class Authority(Protocol):
    """Gives the headers that belong to one URL, and is told when they were refused.

    The engine follows redirects itself and asks for every hop, so an implementation that answers by origin
    (:func:`lockstick.transfer.origins.origin_of`) never shows a token to a foreign server (cloud-apis 1.8:
    drop ``Authorization`` on the redirect). Both methods are called from several threads.
    """

    def headers(self, url: str) -> Mapping[str, str]:
        """Give the headers for a request to exactly this URL; empty when it needs none.

        May renew a token that is about to end. Whatever :class:`~lockstick.errors.LockstickError` it raises
        ends the whole transfer.
        """

    def refused(self, url: str) -> bool:
        """Learn that the URL answered 401.

        Returns:
            True when the headers have been renewed (by this call or by another thread's a moment ago), so
            that asking once more makes sense.
        """
