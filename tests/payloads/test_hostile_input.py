"""Whatever stands in an archive or a compose file: readers end with what is wrong, soon, and hold little in memory."""

from __future__ import annotations

import tarfile
import time
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstick.disk.plainfile import obstacle, read_capped
from lockstick.disk.tree import FolderTree
from lockstick.payloads.compose_lines import read_lines
from lockstick.payloads.compose_yaml import AmbiguousComposeError, read_yaml
from lockstick.payloads.container_json import UnclearJsonError, parse_json
from lockstick.payloads.image_archive import read_archive
from payload_maker import App, Image, tar

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.payloads.image_archive import ArchiveTable

SOUND = tar(Image().members())
IN_A_FOLDER = [HealthCheck.function_scoped_fixture]


def read(path: Path) -> ArchiveTable:
    size = path.stat().st_size if path.exists() else 0
    return read_archive(FolderTree(path.parent), (path.name,), size)


@given(data=st.binary(max_size=2000))
@settings(deadline=1000, suppress_health_check=IN_A_FOLDER)
def test_no_bytes_make_the_reader_of_archives_raise(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    table = read(path)
    assert table.error or table.trailing or not table.members


@given(
    edits=st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=5),
    cut=st.integers(0, len(SOUND)),
    sums=st.booleans(),
)
@settings(deadline=1000, suppress_health_check=IN_A_FOLDER, max_examples=200)
def test_no_change_of_an_archive_makes_its_reader_raise(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int, *, sums: bool
) -> None:
    data = bytearray(SOUND[: cut or None])
    for position, value in edits:
        if position < len(data):
            data[position] = value
            head = position - position % 512
            if sums and len(data) >= head + 512:
                total = sum(data[head : head + 148]) + 8 * 32 + sum(data[head + 156 : head + 512])
                data[head + 148 : head + 156] = b"%06o\0 " % total
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    table = read(path)
    assert sum(len(document) for document in table.documents.values()) <= len(data)


@given(st.binary(max_size=600) | st.text(alphabet="ab:&*!|>-<?[]{}'\"#%@ \n", max_size=300).map(str.encode))
@settings(deadline=1000)
def test_no_bytes_make_the_readers_of_compose_files_raise_anything_else(data: bytes) -> None:
    read_lines(data)
    with suppress(AmbiguousComposeError):
        read_yaml(data)


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:0123456789eE+-.nulltrue', max_size=200).map(str.encode))
@settings(deadline=1000)
def test_no_bytes_make_the_reader_of_documents_raise_anything_else(data: bytes) -> None:
    with suppress(UnclearJsonError):
        parse_json(data)


@pytest.mark.parametrize(
    "text",
    [
        b"services: !!python/object/apply:os.system ['true']\n",
        b"services:\n  a: !!python/name:os.system\n",
        b"services: &a\n  a: *a\n",
        b"services:\n  a: &a\n    <<: *a\n",
        b"? [a]\n: b\n",
        b"services:\n  ? [a]\n  : b\n",
        b"services:\n  a:\n    image: 2026-01-01\n",
        b"services:\n  a:\n    image: [x]\n",
        b"services:\n  a: [x]\n",
        b"\xef\xbb\xbfservices:\n  a:\n    image: \x00\n",
        b"%YAML 9.9\n---\nservices: {}\n",
        b"[" * 100_000,
        b"- " * 2_000_00,
    ],
)
def test_strange_compose_files_are_read_or_refused_and_never_carried_out(text: bytes) -> None:
    try:
        services = read_yaml(text)
    except AmbiguousComposeError:
        return
    assert all(service.image == "" for service in services.values())


def test_an_archive_of_many_members_is_left_early(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT)
    path = tmp_path / "a.tar"
    path.write_bytes(header * 20_000)
    began = time.monotonic()
    assert read(path).error
    assert time.monotonic() - began < 5


def test_a_large_archive_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    info = tarfile.TarInfo("layer.tar")
    info.size = 256 << 20
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.USTAR_FORMAT))
        file.truncate(512 + info.size + 1024)
    tracemalloc.start()
    table = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (table.error, table.trailing, len(table.members)) == ("", "", 1)
    assert peak < 8 << 20


def test_what_is_no_file_or_lies_behind_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"12345")
    assert read_capped(FolderTree(tmp_path), ("file",), 5) == (b"12345", "")
    assert read_capped(FolderTree(tmp_path), ("file",), 4) == (b"", "it is larger than 4 bytes")
    assert obstacle(tmp_path, tmp_path / "nothing") == "missing"
    assert obstacle(tmp_path, tmp_path / "file" / "below") == "missing"
    assert obstacle(tmp_path, tmp_path / "folder") != ""
    assert obstacle(tmp_path, tmp_path / "a\0b") != ""
    assert read(tmp_path / "folder").error
    assert read(tmp_path / "nothing").error
    try:
        (tmp_path / "link").symlink_to(tmp_path / "file")
    except OSError:
        return  # Windows, without the right to make links
    assert read_capped(FolderTree(tmp_path), ("link",), 5)[1] == "a link lies in its place or on the way to it"


def test_the_maker_of_these_tests_makes_what_the_standard_reader_reads(tmp_path: Path) -> None:
    app = App.of(Image())
    (path,) = [app.write(tmp_path) / "images" / f"{app.digest}.images" / name for name in app.archives]
    with tarfile.open(path) as archive:
        assert [member.name for member in read(path).members] == archive.getnames()
