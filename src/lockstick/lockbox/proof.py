"""Holding the bytes of packages against what was signed about them."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lockstick.disk.hashing import hash_place
from lockstick.disk.plainfile import find_plain
from lockstick.errors import MediaError
from lockstick.payloads.coverage import unchecked_part
from lockstick.payloads.kind import Kind, kind_of
from lockstick.payloads.parts import Parts, check_parts, parts_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lockstick.disk.tree import Place, Tree
    from lockstick.progress import Observer
    from lockstick.trust.expected import ExpectedPackage
    from lockstick.trust.findings import Ledger

__all__ = ["Measured", "measure", "report_package"]

NO_PARTS = Parts()


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known about the bytes of one package.

    Attributes:
        problem: Why they could not be read (``missing``, or other words), or empty.
        length: How many bytes there are.
        digests: Their digests by algorithm; empty where the length already tells that they are wrong.
        parts: What was found about the rest of the payload: images, or the objects of a commit.
    """

    problem: str = ""
    length: int = 0
    digests: Mapping[str, str]
    parts: Parts = NO_PARTS


def measure(tree: Tree, packages: Sequence[ExpectedPackage], observer: Observer) -> dict[str, Measured]:
    """Read and hash the bytes of packages, several at once, the largest first.

    Args:
        tree: Where they lie.
        packages: Which; packages without a safe path are left out, except for commits, which have none.
        observer: Told of the progress.

    Returns:
        Target name to what was found.
    """
    wanted = [package for package in packages if package.path or kind_of(package) is Kind.OSTREE]
    found = {package.target: find_plain(tree, _place(package)) for package in wanted}
    sizes = {package.target: _work(tree, package, *found[package.target]) for package in wanted}
    observer.phase("hashing", total_bytes=sum(sizes.values()), files=len(wanted))
    wanted.sort(key=lambda package: -sizes[package.target])
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        stopped = threading.Event()
        work = partial(_measure_one, tree, observer=observer, stopped=stopped.is_set)
        results: Iterator[Measured] = pool.map(work, wanted, [found[package.target] for package in wanted])
        try:
            return {package.target: result for package, result in zip(wanted, results, strict=True)}
        except BaseException:
            stopped.set()
            raise


def _place(package: ExpectedPackage) -> Place:
    return ("images", *package.path)


def _work(tree: Tree, package: ExpectedPackage, size: int, problem: str) -> int:
    """How many bytes of a package will be read, at most; a file of another length is not read at all."""
    is_read = kind_of(package) is not Kind.OSTREE and not problem and size == package.length and package.hashes
    return (size if is_read else 0) + parts_size(tree, package)


def _measure_one(
    tree: Tree,
    package: ExpectedPackage,
    found: tuple[int, str],
    *,
    observer: Observer,
    stopped: Callable[[], bool],
) -> Measured:
    if kind_of(package) is Kind.OSTREE:
        return Measured(digests={}, parts=check_parts(tree, package, observer=observer, stopped=stopped))
    length, problem = found
    if problem:
        return Measured(problem=problem, digests={})
    if length != package.length or not package.hashes:
        return Measured(length=length, digests={})
    try:
        digests = hash_place(
            tree, _place(package), length, package.hashes, observer=observer, name=package.target, stopped=stopped
        )
    except MediaError as error:
        return Measured(problem=str(error), digests={})
    good = all(digests.get(algorithm) == digest for algorithm, digest in package.hashes.items())
    parts = check_parts(tree, package, observer=observer, stopped=stopped) if good else NO_PARTS
    return Measured(length=length, digests=digests, parts=parts)


def report_package(package: ExpectedPackage, measured: Measured | None, ledger: Ledger) -> bool:
    """Report what is wrong with the bytes of one package.

    Args:
        package: What was signed.
        measured: What was found; None if nobody looked (an unsafe name).
        ledger: Where findings go.

    Returns:
        True if the bytes are the signed ones and nothing about the package was left unchecked.
    """
    part = unchecked_part(kind_of(package))
    if part:
        ledger.report("payload-not-checked", package.target, f"{part} cannot be checked by this version")
    if measured is None:
        return False
    ledger.include(measured.parts.findings)
    if kind_of(package) is Kind.OSTREE:
        return not part and measured.parts.sound
    if measured.problem == "missing":
        ledger.report("package-missing", package.target, "its bytes are not in the lockbox")
        return False
    if measured.problem:
        ledger.report("package-unreadable", package.target, measured.problem)
        return False
    if measured.length != package.length:
        ledger.report(
            "package-length", package.target, f"{package.length} bytes were signed, {measured.length} are there"
        )
        return False
    good = bool(package.hashes)
    for algorithm, digest in package.hashes.items():
        actual = measured.digests.get(algorithm, "")
        if actual != digest:
            good = False
            ledger.report(
                "package-hash", package.target, f"{algorithm} {digest[:16]}… was signed, {actual[:16]}… is there"
            )
    return good and not part and measured.parts.sound
