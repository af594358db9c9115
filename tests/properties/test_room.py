"""The estimate of room: never below what a file system takes, and few per cent above it."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from lockstick.media.load import LoadFile
from lockstick.media.preflight.cost import room_for
from lockstick.media.preflight.filesystems import Family

NAMES = st.text("abcXYZ019-_.ä\U0001f600", min_size=1, max_size=40).filter(lambda name: name.strip(".") != "")
SIZES = st.one_of(st.integers(0, 10_000), st.integers(0, 3 << 30))
CLUSTERS = st.sampled_from([512, 1024, 4096, 32 * 1024, 64 * 1024])
FILES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=4).map(tuple), SIZES, max_size=40)
WORK = (".lockstick", "journal.json")  # what every run adds


def load_files(files: dict[tuple[str, ...], int]) -> tuple[LoadFile, ...]:
    """Those that can lie beside each other: no file is a folder as well."""
    folders = {place[:depth] for place in files for depth in range(1, len(place))}
    return tuple(LoadFile(place=place, size=size) for place, size in files.items() if place not in folders)


def clusters_of_fat(files: tuple[LoadFile, ...], cluster: int, entry_units: int, fixed: int) -> int:
    """What FAT and exFAT take at least: each file and folder in whole clusters, entries of 32 bytes.

    Nothing is known here of short names or of entries that are left over: those come on top.
    """
    folders: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    total = 0
    for file in files:
        total += -(-file.size // cluster)
        for depth in range(len(file.place)):
            folders[file.place[:depth]].add(file.place[depth])
    for place, names in folders.items():
        entries = sum(fixed + -(-len(name.encode("utf-16-le")) // 2 // entry_units) for name in names)
        if place:
            total += max(1, -(-(entries * 32) // cluster))
    return total * cluster


@given(FILES, CLUSTERS)
def test_the_estimate_is_never_below_a_model_of_fat(files: dict[tuple[str, ...], int], cluster: int) -> None:
    made = load_files(files)
    assert room_for(made, cluster, Family.FAT) >= clusters_of_fat(made, cluster, 13, 1)
    assert room_for(made, cluster, Family.EXFAT) >= clusters_of_fat(made, cluster, 15, 2)


@given(FILES, CLUSTERS)
def test_the_estimate_is_few_per_cent_above_a_model_of_fat(files: dict[tuple[str, ...], int], cluster: int) -> None:
    made = load_files(files)
    folders = {file.place[:depth] for file in made for depth in range(len(file.place))}
    # One entry more for each name, in case it is longer while it is written; the run's own folder and the top one.
    names = len(made) + len(folders)
    allowed = cluster * (4 + len(folders)) + names * 32
    for family, entry_units, fixed in ((Family.FAT, 13, 1), (Family.EXFAT, 15, 2)):
        assert room_for(made, cluster, family) <= 1.02 * clusters_of_fat(made, cluster, entry_units, fixed) + allowed


@given(FILES, CLUSTERS, st.sampled_from(Family))
def test_more_files_never_need_less_room(files: dict[tuple[str, ...], int], cluster: int, family: Family) -> None:
    made = load_files(files)
    needs = [room_for(made[:count], cluster, family) for count in range(len(made) + 1)]
    assert needs == sorted(needs)


@given(FILES, CLUSTERS, st.sampled_from(Family), st.data())
def test_what_is_there_is_never_counted_as_more_than_it_is(
    files: dict[tuple[str, ...], int], cluster: int, family: Family, data: st.DataObject
) -> None:
    made = load_files(files)
    partly = tuple(
        LoadFile(place=file.place, size=file.size, there=data.draw(st.integers(0, file.size))) for file in made
    )
    lying = sum(-(-file.there // cluster) * cluster for file in partly if file.there)
    assert room_for(made, cluster, family) - lying <= room_for(partly, cluster, family) + (
        0 if family in {Family.FAT, Family.EXFAT} else len(made) * 64 * cluster
    )
    assert room_for(partly, cluster, family) <= room_for(made, cluster, family)
