"""Hashing what is on disk: right, streaming, and without the network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.disk.hashing import Digester, hash_file
from lockstick.errors import MediaError
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


def test_a_file_that_is_not_there_is_the_mediums_fault(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="gone cannot be read"):
        hash_file(tmp_path / "gone")


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


def test_hashing_does_not_load_the_network() -> None:
    heavy = {"httpx", "lockstick.transfer.line", "lockstick.transfer.network"}
    code = f"import sys; import lockstick.disk.hashing; sys.exit(len({heavy} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)
