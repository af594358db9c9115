"""The operations on packages of others and where they come from (cloud-apis 1.2, X1 to X3)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lockstick.cloud.api.calls import Call
from lockstick.cloud.api.paging import all_of
from lockstick.cloud.api.reading import read_external_package, read_page, read_source
from lockstick.cloud.api.shapes import table
from lockstick.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lockstick.cloud.api.caller import Caller
    from lockstick.cloud.api.model import ExternalPackage, Page, Source

__all__ = ["Sources"]

_PATH = "packages_external"
_ENDING = ".json"


class Sources:
    """External sources.

    Args:
        caller: Makes the calls; the errors of its methods come through here.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def page(
        self, *, id_contains: str | None = None, offset: int | None = None, limit: int | None = None
    ) -> Page[ExternalPackage]:
        """Give a part of the external packages. The service calls this one old: listing all packages shows them too.

        Args:
            id_contains: A part of the id.
            offset: How many to leave out at first.
            limit: How many to give at most; None for what the service thinks right.
        """
        fields = [("offset", offset), ("limit", limit), ("idContains", id_contains)]
        query = [(name, str(value)) for name, value in fields if value is not None]
        call = Call(path=(_PATH,), query=query, subject="the external packages of the account")
        return self._caller.read(call, partial(read_page, read=read_external_package))

    def all(self, *, id_contains: str | None = None) -> Iterator[ExternalPackage]:
        """Give all external packages, part after part as they are needed."""
        return all_of(
            lambda offset, limit: self.page(id_contains=id_contains, offset=offset, limit=limit),
            lambda one: one.package.package_id,
        )

    def info(self) -> Mapping[str, Source]:
        """Give what is known of every source, by its name."""
        call = Call(path=(_PATH, "info"), subject="the external sources of the account")
        try:
            return self._caller.read(call, partial(table, where="the answer", read=read_source))
        except NotFoundError:
            return {}

    def refresh(self, name: str) -> None:
        """Let the service look for what is new at a source.

        The editions and their descriptions do not agree whether ``.json`` belongs to the name (cloud-apis 1.2, X3), so
        the other spelling is tried where the given one is not known.

        Args:
            name: The source, as :meth:`info` names it.

        Raises:
            NotFoundError: There is no such source.
            TransferError: The service cannot refresh it now.
        """
        other = name.removesuffix(_ENDING) if name.endswith(_ENDING) else name + _ENDING
        try:
            self._caller.call(self._refreshing(name, name))
        except NotFoundError:
            self._caller.call(self._refreshing(other, name))

    def _refreshing(self, spelt: str, name: str) -> Call:
        return Call(
            path=(_PATH, "refresh", spelt),
            subject=f"the external source {name!r}",
            doing="refresh",
            done="refreshed",
            remedy="See which sources there are, and whether this one can be refreshed.",
        )
