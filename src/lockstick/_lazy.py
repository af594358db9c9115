"""Loading public names when they are first used, so that importing a package costs nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["loader"]


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package.

    Args:
        package: The package's ``__name__``.
        homes: Public name to the module below the package that has it, as ``module`` or ``module:other_name``.

    Returns:
        The function; it raises AttributeError for any other name.
    """

    def load(name: str) -> Any:  # noqa: ANN401 - each package types its names for type checkers
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, other = homes[name].partition(":")
        return getattr(import_module(f"{package}.{module}"), other or name)

    return load
