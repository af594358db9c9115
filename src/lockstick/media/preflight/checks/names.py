"""Checks of names: what the file system cannot hold, loses, or takes for one."""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.preflight.checks.words import MOST_NAMED, first_few, listed, path
from lockstick.media.preflight.cost import folders_of
from lockstick.media.preflight.facts import Platform
from lockstick.media.preflight.filesystems import Family, fold, traits_of
from lockstick.media.preflight.lengths import utf8_length, utf16_length
from lockstick.media.remarks import Weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lockstick.disk.tree import Place
    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import Medium, Wishes
    from lockstick.media.preflight.filesystems import Traits
    from lockstick.media.remarks import Remark

__all__ = ["check_names"]

_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in "123456789\u00b9\u00b2\u00b3"}
)
_DELETE = "\x7f"
_HARMLESS = re.compile(r"[A-Za-z0-9._-]*")
_LONGEST_PATH = {Platform.LINUX: 4095, Platform.MACOS: 1023, Platform.WINDOWS: 32_766}
_WINDOWS_WITHOUT_LONG_PATHS = 259
_WORK = ".lockstick/new/"  # what a path is longer by while it is written
_SHORT_STEM, _SHORT_END = 8, 3
_DEFAULT_CHARSET = "iso8859-1"  # of the Linux kernel's vfat, unless it was built with another one
_RENAME = "Rename the package in the repository, or take a stick with another file system (ext4)."


def check_names(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    """Say which names cannot be written, would not be found again, or are one to the file system.

    Args:
        medium: What is known of the stick.
        load: What is to lie on it.
        wishes: What the user wants.

    Yields:
        Remarks.
    """
    del wishes
    traits = traits_of(medium.file_system, is_case_sensitive=medium.is_case_sensitive)
    folders = folders_of(file.place for file in load.files)
    places = sorted((*folder, name) for folder, names in folders.items() for name in names)
    yield from _check_characters(traits, places)
    yield from _check_ends(medium, traits, places)
    yield from _check_reserved(medium, traits, places)
    yield from _check_lengths(traits, places)
    yield from _check_charset(medium, traits, places)
    yield from _check_short(medium, places)
    yield from _check_collisions(traits, load, folders)
    yield from _check_paths(medium, sorted(file.place for file in load.files))


def _check_characters(traits: Traits, places: Iterable[Place]) -> Iterator[Remark]:
    found = []
    for place in places:
        if _HARMLESS.fullmatch(place[-1]):
            continue  # nearly all of thousands
        bad = sorted({character for character in place[-1] if _is_forbidden(character, traits)})
        if bad:
            shown = " ".join(ascii(character)[1:-1] for character in bad)
            found.append((path(place), f"its name has characters that {traits.shown} does not take: {shown}"))
    for subject, message in first_few(found):
        yield CHECKS["name-characters"].says(subject, message, _RENAME)


def _is_forbidden(character: str, traits: Traits) -> bool:
    if character in traits.forbidden or (traits.forbids_controls and (character < " " or character == _DELETE)):
        return True
    # Bytes that are no text, as Linux allows them in names: only file systems that count bytes take them.
    return "\ud800" <= character <= "\udfff" and (not traits.counts_bytes or traits.family is Family.APPLE)


def _check_ends(medium: Medium, traits: Traits, places: Iterable[Place]) -> Iterator[Remark]:
    if not traits.strips_ends and medium.platform is not Platform.WINDOWS:
        return
    # Drivers for NTFS other than Microsoft's keep such names, and only Windows cannot open them.
    is_lost = traits.family is not Family.NTFS or medium.platform is Platform.WINDOWS
    found = [
        (path(place), "its name ends with a dot or a space, which gets lost")
        for place in places
        if place[-1].rstrip(". ") != place[-1]
    ]
    for subject, message in first_few(found):
        yield CHECKS["name-end"].says(subject, message, _RENAME, Weight.ERROR if is_lost else Weight.WARNING)


def _check_reserved(medium: Medium, traits: Traits, places: Iterable[Place]) -> Iterator[Remark]:
    if not traits.has_reserved_names and medium.platform is not Platform.WINDOWS:
        return
    is_windows = medium.platform is Platform.WINDOWS
    found = [
        (
            path(place),
            "its name is one that Windows keeps for itself"
            + ("" if is_windows else "; devices with Linux read it, Windows does not"),
        )
        for place in places
        if place[-1].partition(".")[0].rstrip(" ").upper() in _RESERVED
    ]
    for subject, message in first_few(found):
        yield CHECKS["name-reserved"].says(
            subject,
            message,
            "Write the stick on Linux or macOS." if is_windows else "Do not check or copy this stick on Windows.",
            Weight.ERROR if is_windows else Weight.WARNING,
        )


def _check_lengths(traits: Traits, places: Iterable[Place]) -> Iterator[Remark]:
    unit = "bytes" if traits.counts_bytes else "characters"
    found = []
    for place in places:
        length = utf8_length(place[-1]) if traits.counts_bytes else utf16_length(place[-1])
        if length > traits.longest_name:
            found.append((path(place), f"its name has {length} {unit}, and {traits.longest_name} are the most"))
    for subject, message in first_few(found):
        yield CHECKS["name-length"].says(subject, message, "Shorten the name of the package in the repository.")


def _check_charset(medium: Medium, traits: Traits, places: Iterable[Place]) -> Iterator[Remark]:
    beyond = [place for place in places if not place[-1].isascii()]
    if not beyond or traits.family is not Family.FAT or medium.platform is not Platform.LINUX:
        return
    check = CHECKS["name-charset"]
    remedy = "Mount it with the option utf8."
    if medium.options is None or medium.driver not in {"vfat", "msdos"}:
        yield check.says(
            path(beyond[0]), "it is not known whether the medium takes names beyond ASCII", remedy, Weight.NOTE
        )
        return
    charset = _charset(medium.options)
    found = [
        (path(place), f"its name cannot be written as the stick is mounted (character set {charset})")
        for place in beyond
        if not _can_encode(place[-1], charset)
    ]
    for subject, message in first_few(found):
        yield check.says(subject, message, remedy)


def _charset(options: tuple[str, ...]) -> str:
    if "utf8" in options or "utf8=1" in options:
        return "utf-8"
    values = [option.partition("=")[2] for option in options if option.startswith("iocharset=")]
    return values[-1] if values else _DEFAULT_CHARSET


def _can_encode(name: str, charset: str) -> bool:
    try:
        codecs.encode(name, charset)
    except UnicodeError:
        return False
    except LookupError:
        return True  # a table that only the kernel knows; it is not for us to refuse it
    return True


def _check_short(medium: Medium, places: Iterable[Place]) -> Iterator[Remark]:
    check = CHECKS["name-short"]
    if medium.driver == "msdos":
        long = [path(place) for place in places if not _is_short(place[-1])]
        if long:
            yield check.says(
                medium.mount,
                f"it is mounted without long names (msdos), and {listed(long)} would be cut",
                "Mount it as vfat.",
            )
        return
    # All others of the option's values give names back as they were written (mount(8), vfat).
    if medium.driver == "vfat" and "shortname=lower" in (medium.options or ()):
        turned = [path(place) for place in places if _is_short(place[-1]) and _is_upper(place[-1])]
        if turned:
            yield check.says(
                medium.mount,
                f"as it is mounted, names in capital letters come back in small ones: {listed(turned)}",
                "Mount it with the option shortname=mixed.",
                Weight.WARNING,
            )


def _is_upper(name: str) -> bool:
    return name == name.upper() != name.lower()


def _is_short(name: str) -> bool:
    stem, _, end = name.partition(".")
    return 0 < len(stem) <= _SHORT_STEM and len(end) <= _SHORT_END and name.isascii() and " " not in name


def _check_collisions(traits: Traits, load: Load, folders: dict[Place, set[str]]) -> Iterator[Remark]:
    found: list[tuple[str, str]] = []
    for folder, names in sorted(folders.items()):
        same: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(names):
            same[fold(name, traits.folding)].append(name)
        found.extend(
            (path((*folder, alike[0])), f"{_and(alike)} are one name to {traits.shown}")
            for alike in same.values()
            if len(alike) > 1
        )
    found.extend(
        (path(file.place), "it is to be a file and a folder at once") for file in load.files if file.place in folders
    )
    for subject, message in first_few(found):
        yield CHECKS["names-collide"].says(
            subject,
            message,
            "Rename one of the packages in the repository, or take a stick with ext4, which tells them apart.",
        )


def _and(names: list[str]) -> str:
    shown = [ascii(name) if not name.isascii() else repr(name) for name in names[:MOST_NAMED]]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _check_paths(medium: Medium, places: Iterable[Place]) -> Iterator[Remark]:
    longest = _LONGEST_PATH[medium.platform]
    is_windows = medium.platform is Platform.WINDOWS
    found = []
    doubtful = []
    for place in places:
        text = f"{medium.mount}/{_WORK}{path(place)}"
        length = utf16_length(text) if is_windows else utf8_length(text)
        if length > longest:
            found.append((path(place), f"its path has {length} characters, and {longest} are the most here"))
        elif is_windows and length > _WINDOWS_WITHOUT_LONG_PATHS:
            doubtful.append(path(place))
    for subject, message in first_few(found):
        yield CHECKS["path-length"].says(subject, message, "Mount the stick at a shorter path.")
    if doubtful:
        yield CHECKS["path-length"].says(
            doubtful[0],
            f"{len(doubtful)} path(s) are longer than {_WINDOWS_WITHOUT_LONG_PATHS} characters, which Windows takes "
            "only if long paths are turned on",
            "Turn on long paths (LongPathsEnabled) in Windows, or write the stick on Linux or macOS.",
            Weight.WARNING,
        )
