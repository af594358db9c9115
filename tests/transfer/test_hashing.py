"""Hashing what is on disk: right, streaming, in parallel, and without the HTTP library."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.errors import MediaError
from lockstick.transfer import hash_file, hash_files
from lockstick.transfer.hashing import Digester
from transfer.ground import Notes, noise

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_a_file_is_hashed_with_every_algorithm_asked_for(tmp_path: Path, size: int) -> None:
    data = noise(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    notes = Notes()
    assert hash_file(path, ("sha256", "sha512"), observer=notes, name="it") == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "sha512": hashlib.sha512(data).hexdigest(),
    }
    assert notes.done == {"it": size}
    assert notes.finished == ["it"]


def test_many_files_come_back_in_the_order_they_were_given(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}" for n in range(20)]
    for n, path in enumerate(paths):
        path.write_bytes(noise(n * 1000, n))
    expected = tuple({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in paths)
    assert hash_files(paths) == expected
    assert hash_files(paths, workers=7) == expected
    assert hash_files([]) == ()


def test_a_file_that_is_not_there_is_the_mediums_fault(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    with pytest.raises(MediaError, match="gone cannot be read"):
        hash_files([tmp_path / "there", tmp_path / "gone"])


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        hash_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes there")
def test_a_pipe_under_a_files_name_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match="not a regular file"):
        hash_file(tmp_path / "pipe")


def test_an_unknown_algorithm_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="md5"):
        hash_file(tmp_path / "any", ("md5",))


@given(st.lists(st.binary()))
def test_a_digest_does_not_depend_on_how_the_bytes_came(pieces: list[bytes]) -> None:
    digester = Digester(["sha256"])
    for piece in pieces:
        digester.update(piece)
        assert len(digester.digests()["sha256"]) == 64
    assert digester.digests() == {"sha256": hashlib.sha256(b"".join(pieces)).hexdigest()}


def test_hashing_does_not_load_the_http_library() -> None:
    code = "import sys; from lockstick.transfer import hash_files, Download; sys.exit('httpx' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_room_offers_exactly_what_it_says() -> None:
    import lockstick.transfer as room  # noqa: PLC0415 - the module itself is under test

    assert sorted(room.__all__) == room.__all__
    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = room.nothing
