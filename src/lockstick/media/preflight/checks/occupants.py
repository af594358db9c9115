"""Checks of what lies on the stick already, and of what the load would bring along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind
from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.preflight.checks.words import listed, path
from lockstick.media.preflight.contents import is_litter, order_of_choice
from lockstick.media.preflight.filesystems import fold, traits_of
from lockstick.media.remarks import Weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import FoundLockbox, Medium, Wishes
    from lockstick.media.remarks import Remark

__all__ = ["check_occupants"]

_WORK = ".lockstick"
_RECEIPT = "lockstick-receipt.json"


def check_occupants(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    """Say what lies there already that somebody should know of.

    Args:
        medium: What is known of the stick.
        load: What is to lie on it.
        wishes: What the user wants.

    Yields:
        Remarks.
    """
    folding = traits_of(medium.file_system, is_case_sensitive=medium.is_case_sensitive).folding

    def same(one: str, other: str) -> bool:
        return fold(one, folding) == fold(other, folding)

    yield from _check_lockboxes(medium, wishes, same)
    yield from _check_load(load, wishes)
    yield from _check_in_the_way(medium, wishes, same)
    yield from _check_litter(medium, load)
    for place in medium.contents.unfinished:
        if place in {(), (wishes.folder,)}:
            yield CHECKS["unfinished-run"].says(
                path((*place, _WORK)),
                "an unfinished run is there",
                "Nothing: what is still of use is used, after it was checked.",
            )
            break
    if not medium.contents.is_whole:
        yield CHECKS["contents-unknown"].says(
            medium.mount,
            "not everything that lies there could be looked at",
            "Keep lockboxes on a stick of their own.",
        )


def _check_lockboxes(medium: Medium, wishes: Wishes, same: Callable[[str, str], bool]) -> Iterator[Remark]:
    for box in medium.contents.lockboxes:
        shown = path(box.place) if box.place else str(medium.mount)
        is_ours = len(box.place) == 1 and same(box.place[0], wishes.folder)
        if is_ours:
            yield CHECKS["lockbox-replaced"].says(
                shown, f"{_what(box)} is there already", "Nothing: it is replaced once the new one is proven."
            )
        else:
            yield CHECKS["lockbox-elsewhere"].says(
                shown,
                f"{_what(box)} lies there too; a device that looks there takes it, whatever is in {wishes.folder!r}",
                f"Remove {path((*box.place, 'metadata'))} unless it is meant for other devices.",
            )
        if len(box.names) > 1:
            yield CHECKS["several-lockboxes"].says(
                shown,
                f"{len(box.names)} lockboxes are in one folder ({listed(box.names)}); a device takes {box.names[0]!r}",
                "Nothing: they are replaced." if is_ours else "Keep one lockbox in a folder.",
                Weight.NOTE if is_ours else Weight.WARNING,
            )


def _what(box: FoundLockbox) -> str:
    return f"the lockbox {box.names[0]!r}" if box.names else "a folder 'metadata', as a lockbox has it,"


def _check_load(load: Load, wishes: Wishes) -> Iterator[Remark]:
    director = (wishes.folder, "metadata", "director")
    files = frozenset(file.place[-1] for file in load.files if file.place[:-1] == director)
    names = order_of_choice(files, None)
    if len(names) > 1:
        yield CHECKS["several-lockboxes"].says(
            path(director),
            f"{len(names)} lockboxes would lie in one folder ({listed(names)}); a device takes the first that its "
            f"account lists, most likely {names[0]!r}",
            "Write a lockbox that is alone in its folder.",
            Weight.WARNING,
        )


def _check_in_the_way(medium: Medium, wishes: Wishes, same: Callable[[str, str], bool]) -> Iterator[Remark]:
    check = CHECKS["folder-in-use"]
    for entry in medium.contents.top:
        if same(entry.name, wishes.folder):
            if entry.kind is not EntryKind.FOLDER:
                yield check.says(
                    entry.name, "a file (or link) lies where the lockbox is to go", "Rename or remove it first."
                )
            elif entry.name in medium.contents.foreign:
                yield check.says(
                    entry.name,
                    "this folder holds other things and no lockbox",
                    "Move them elsewhere, or rename the folder; Lockstick removes nothing that it does not know.",
                )
        elif same(entry.name, _WORK) and entry.kind is not EntryKind.FOLDER:
            yield check.says(entry.name, "a file (or link) lies where the work goes on", "Rename or remove it first.")
        elif same(entry.name, _RECEIPT) and entry.kind is not EntryKind.FILE:
            yield check.says(entry.name, "a folder (or link) lies where the receipt goes", "Rename or remove it first.")


def _check_litter(medium: Medium, load: Load) -> Iterator[Remark]:
    check = CHECKS["litter"]
    within = [path(place) for place in medium.contents.litter if len(place) > 1]
    top = [path(place) for place in medium.contents.litter if len(place) == 1]
    if within:
        yield check.says(
            within[0],
            f"files that systems leave behind lie between the documents of a lockbox: {listed(within)}",
            "Nothing: devices pass over them. On a Mac, 'dot_clean -m' removes them.",
            Weight.NOTE,
        )
    if top:
        yield check.says(
            top[0],
            f"files that systems or interrupted programs left behind: {listed(top)}",
            "Remove them if nobody needs them; devices pass over them.",
            Weight.NOTE,
        )
    brought = [path(file.place) for file in load.files if is_litter(file.place[-1])]
    if brought:
        yield check.says(
            brought[0],
            f"the lockbox brings files along that systems leave behind: {listed(brought)}",
            "Remove them from its folder; nothing signed speaks of them.",
            Weight.WARNING,
        )
