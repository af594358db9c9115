"""Finding the packages that a definition names, with as few questions as the service understands."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from lockstick.cloud.api.requests import PackageFilter
from lockstick.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lockstick.cloud.api.model import Package
    from lockstick.cloud.api.packages import Packages
    from lockstick.cloud.definitions.reading import Wanted

__all__ = ["find_packages", "look_up"]

_AT_ONCE = 20
_SHOWN = 5


def look_up(packages: Packages, ids: Iterable[str], named: Iterable[tuple[str, str]] = ()) -> dict[str, Package]:
    """Ask for packages by their ids, and by names and versions.

    Args:
        packages: Whom to ask.
        ids: Ids.
        named: Names and versions.

    Returns:
        Id to package: what there is of them, and maybe others.

    Raises:
        LockstickError: Whatever the service does.
    """
    found: dict[str, Package] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        some = [one for one in wanted[start : start + _AT_ONCE] if one not in found]
        if not some:
            continue
        got = {one.package_id: one for one in packages.all(PackageFilter(package_ids=some))}
        found |= got
        if got.keys() - set(some):
            break  # a service that does not know the filter has given everything
    for name, version in dict.fromkeys(named):
        found |= {one.package_id: one for one in packages.all(PackageFilter(name=name, version=version))}
    return found


def find_packages(packages: Packages, wanted: Sequence[Wanted], known: Mapping[str, Package]) -> tuple[Package, ...]:
    """Give the package for each that is wanted.

    Args:
        packages: Whom to ask for what may have been meant, where one is not there.
        wanted: What is wanted.
        known: What :func:`look_up` found.

    Returns:
        The packages in the same order, each once.

    Raises:
        NotFoundError: Some are not there.
        UsageError: One is ambiguous, named twice, or not for the hardware that it should be for.
    """
    found = [(one, list(_fitting(one, known))) for one in wanted]
    missing = [one for one, fits in found if not fits]
    if missing:
        raise _missing(packages, missing)
    chosen: dict[str, Package] = {}
    for one, fits in found:
        if len(fits) > 1:
            ids = ", ".join(repr(package.package_id) for package in fits[:_SHOWN])
            raise UsageError(f"{one} may be any of several", why=f"there are {ids}", remedy="Name it by its id.")
        (package,) = fits
        if package.package_id in chosen:
            raise UsageError(
                f"the package {package.package_id!r} is named twice", why="by its id, and by its name and version"
            )
        _check_hardware(one, package)
        chosen[package.package_id] = package
    return tuple(chosen.values())


def _fitting(wanted: Wanted, known: Mapping[str, Package]) -> Iterator[Package]:
    if wanted.package_id is not None:
        if wanted.package_id in known:
            yield known[wanted.package_id]
        return
    for package in known.values():
        if (package.name, package.version) == (wanted.name, wanted.version):
            yield package


def _check_hardware(wanted: Wanted, package: Package) -> None:
    lacking = [one for one in wanted.hardware_ids if one not in package.hardware_ids]
    if lacking:
        raise UsageError(
            f"{wanted} is not for the hardware id {lacking[0]!r}",
            why=f"the account has it for {', '.join(package.hardware_ids) or 'none'}",
            remedy="Correct the definition, or what the package is for: lockstick packages edit --hardware-id.",
        )


def _missing(packages: Packages, missing: Sequence[Wanted]) -> NotFoundError:
    every = {one.package_id: one for one in packages.all()}
    first, others = missing[0], _also(missing[1:])
    if first.package_id is not None:
        near = get_close_matches(first.package_id, every, n=1)
    else:
        versions = [one.version for one in every.values() if one.name == first.name]
        if versions:
            listed = ", ".join(versions[-_SHOWN:])
            return NotFoundError(
                f"there is no version {first.version} of the package {first.name!r}",
                why=f"there is {listed}{others}",
                remedy="Correct the version, or upload it: lockstick packages upload.",
            )
        near = get_close_matches(f"{first.name}-{first.version}", every, n=1)
    return NotFoundError(
        f"there is no {str(first).removeprefix('the ')}",
        why=f"the account's {len(every)} packages are others{others}",
        remedy=f"Did you mean {near[0]!r}?" if near else "'lockstick packages list' says which there are.",
    )


def _also(missing: Sequence[Wanted]) -> str:
    if not missing:
        return ""
    shown = ", ".join(str(one).removeprefix("the package ") for one in missing[:_SHOWN])
    return f"; also missing: {shown}" + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
