"""Uploads: read in pieces, proven, and refused before they start where they cannot be taken."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from lockstick.cloud.api import MOST_UPLOADED
from lockstick.cloud.api.file_body import FileBody
from lockstick.errors import DistrustError, MediaError, TransferError, UsageError
from lockstick.sandbox import Fault, Replace, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloud.api.conftest import Maker
    from lockstick.cloud.api import ApiClient, Package
    from lockstick.progress import Phase
    from lockstick.sandbox import Sandbox

CONTENT = bytes(range(256)) * 3000  # three pieces, the last of them not full
UPLOAD = "/api/v2beta/packages"
MIB = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tool.bin"
    path.write_bytes(CONTENT)
    return path


def upload(api: ApiClient, path: Path, version: str = "1") -> Package:
    return api.packages.upload(path, name="tool", version=version, hardware_ids=["a", "b"])


class Progress:
    """An observer that adds up."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int | None, int | None]] = []
        self.steps: list[int] = []
        self.files: list[str] = []
        self.messages: list[str] = []

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        self.phases.append((name, total_bytes, files))

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        self.files.append(f"{name} {length}")

    def advanced(self, name: str, count: int) -> None:
        self.steps.append(count)

    def file_finished(self, name: str) -> None:
        self.files.append(f"{name} done")

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        pass

    def message(self, text: str) -> None:
        self.messages.append(text)


def test_a_file_arrives_with_all_that_is_said_of_it(api: ApiClient, sandbox: Sandbox, file: Path) -> None:
    package = upload(api, file)
    assert (package.package_id, package.size, package.kind) == ("tool-1", len(CONTENT), "BINARY")
    assert package.hardware_ids == ("a", "b")
    assert package.hashes["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (sandbox.blobs / package.hashes["sha256"]).read_bytes() == CONTENT


def test_an_empty_file_is_a_package_too(api: ApiClient, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert upload(api, tmp_path / "empty").size == 0


def test_progress_is_told_as_it_goes_and_taken_back_when_it_starts_over(
    make: Maker, sandbox: Sandbox, file: Path
) -> None:
    progress = Progress()
    # Asked to come back later when the whole body is there: this fault reads it first.
    sandbox.faults.add(Fault(kind=Status(status=420, retry_after=1), match=UPLOAD, method="POST"))
    upload(make(observer=progress), file)
    assert progress.phases == [("uploading", len(CONTENT), 1)]
    assert progress.files == [f"tool.bin {len(CONTENT)}", "tool.bin done"]
    assert sum(progress.steps) == len(CONTENT)
    assert max(progress.steps) < len(CONTENT)
    assert min(progress.steps) < 0


def test_the_same_package_again_says_what_to_do(api: ApiClient, file: Path) -> None:
    upload(api, file)
    with pytest.raises(UsageError, match="could not upload the package 'tool' 1") as known:
        upload(api, file)
    assert "entity_already_exists" in known.value.why
    assert "another version" in known.value.remedy


def test_a_lost_answer_is_not_answered_by_a_second_upload(api: ApiClient, sandbox: Sandbox, file: Path) -> None:
    sandbox.faults.add(Fault(kind=Status(status=502), match=UPLOAD, method="POST"))
    with pytest.raises(TransferError, match="it is not known whether the package 'tool' 1 was uploaded"):
        upload(api, file)
    assert len(sandbox.requests.matching(UPLOAD, method="POST")) == 1


@pytest.mark.parametrize(("size", "sha256"), [(len(CONTENT), "0" * 64), (1, hashlib.sha256(CONTENT).hexdigest())])
def test_something_else_than_was_sent_is_noticed(
    api: ApiClient, sandbox: Sandbox, file: Path, size: int, sha256: str
) -> None:
    body = f'{{"name":"tool","version":"1","packageId":"tool-1","size":{size},"hashes":{{"sha256":"{sha256}"}}}}'
    sandbox.faults.add(Fault(kind=Replace(body=body.encode()), match=UPLOAD))
    with pytest.raises(DistrustError, match="stored as something else"):
        upload(api, file)


SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    "answer",
    [
        {"hashes": {}},
        {"hashes": {"sha512": "0" * 128}},
        {"name": "fool"},
        {"version": "2"},
        {"hardwareIds": ["a", "c"]},
        {"hardwareIds": ["a"]},
    ],
)
def test_a_service_that_does_not_say_what_it_stored_or_says_it_of_something_else_is_not_believed(
    api: ApiClient, sandbox: Sandbox, file: Path, answer: dict[str, object]
) -> None:
    right = {
        "name": "tool",
        "version": "1",
        "packageId": "tool-1",
        "size": len(CONTENT),
        "hashes": {"sha256": SHA256},
        "hardwareIds": ["b", "a"],
    }
    sandbox.faults.add(Fault(kind=Replace(body=json.dumps(right).encode()), match=UPLOAD, times=1))
    assert upload(api, file).package_id == "tool-1"
    sandbox.faults.add(Fault(kind=Replace(body=json.dumps(right | answer).encode()), match=UPLOAD, times=1))
    with pytest.raises(DistrustError, match="stored as something else"):
        upload(api, file)


def restore_time(file: Path) -> None:
    status = file.stat()
    file.write_bytes(bytes(len(CONTENT)))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            restore_time, marks=pytest.mark.skipif(sys.platform == "win32", reason="no time that nobody can set")
        ),
        lambda file: file.write_bytes(CONTENT[:-1]),
        lambda file: file.write_bytes(CONTENT + b"x"),
        lambda file: os.utime(file, (1, 1)),
        lambda file: file.write_bytes(b""),
    ],
)
def test_a_file_that_changes_on_its_way_is_not_uploaded(
    make: Maker, sandbox: Sandbox, file: Path, change: Callable[[Path], object]
) -> None:
    class Changing(Progress):
        def advanced(self, name: str, count: int) -> None:
            super().advanced(name, count)
            if len(self.steps) == 1:
                change(file)

    with pytest.raises(MediaError, match="changed while it was being sent"):
        upload(make(observer=Changing()), file)
    assert sandbox.state.package("tool-1") is None


@pytest.mark.parametrize(("name", "version"), [("", "1"), ("tool", "")])
def test_a_package_without_a_name_or_version_is_not_sent(
    api: ApiClient, sandbox: Sandbox, file: Path, name: str, version: str
) -> None:
    with pytest.raises(UsageError, match="a name and a version"):
        api.packages.upload(file, name=name, version=version, hardware_ids=["x"])
    assert not sandbox.requests.matching("/api/*")


@pytest.mark.skipif(sys.platform != "linux", reason="this file is on Linux only")
def test_a_file_that_can_be_opened_and_not_read_is_the_disks_fault() -> None:
    with FileBody(Path("/proc/self/mem")) as body:
        body.length = 10  # it says 0, and nothing is mapped at its start
        with pytest.raises(MediaError, match="cannot be read"):
            list(body.pieces())


@pytest.mark.parametrize("name", ["missing", ""])
def test_what_is_no_file_is_not_uploaded(api: ApiClient, sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no such file"):
        upload(api, tmp_path / name)
    assert not sandbox.requests.matching("/api/*")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have names on POSIX only")
def test_a_pipe_is_not_waited_for(api: ApiClient, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no such file"):
        upload(api, tmp_path / "pipe")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have names on POSIX only")
def test_a_pipe_that_takes_the_place_of_a_file_just_then_is_not_waited_for(
    api: ApiClient, sandbox: Sandbox, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Path.is_file

    def look(path: Path) -> bool:
        found = looked(path)
        if path == file:
            path.unlink()
            os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "is_file", look)
    with pytest.raises(UsageError, match="cannot be uploaded"):
        upload(api, file)
    assert not sandbox.requests.matching("/api/*")


def sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize("size", [MOST_UPLOADED + 1, 3 << 30])
def test_a_file_that_the_interface_cannot_take_is_refused_before_anything_is_sent(
    api: ApiClient, sandbox: Sandbox, tmp_path: Path, size: int
) -> None:
    sandbox.requests.clear()
    with pytest.raises(UsageError, match="too large to be uploaded") as refused:
        upload(api, sparse(tmp_path / "large", size))
    assert str(size) in refused.value.why
    assert str(2**31 - 1) in refused.value.why
    for way in ("smaller", "several packages", "uptane-sign", "uri"):
        assert way in refused.value.remedy
    assert sandbox.requests.all() == []  # not even for a token


def test_a_file_that_the_storage_may_not_take_is_tried_with_a_word_of_warning(
    make: Maker, sandbox: Sandbox, tmp_path: Path
) -> None:
    progress = Progress()
    with pytest.raises(UsageError, match="could not upload") as refused:
        upload(make(observer=progress), sparse(tmp_path / "large", 512 * 10**6 + 1))
    assert "payload_too_large" in refused.value.why  # its answer is read though it does not read the body
    assert len(progress.messages) == 1
    assert "may refuse" in progress.messages[0]


# --- memory -------------------------------------------------------------------------------------------


class Sink:
    """A server that takes any body, keeps none of it, and says what came. Use as a context."""

    def __init__(self) -> None:
        self.received = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                with near:
                    self._serve(near)

    def _serve(self, near: socket.socket) -> None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += near.recv(4096)
        head, _, body = raw.partition(b"\r\n\r\n")
        length = int(next(line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")))
        digest, count = hashlib.sha256(body), len(body)
        buffer = memoryview(bytearray(MIB))
        while count < length:
            got = near.recv_into(buffer)
            digest.update(buffer[:got])
            count += got
        if b"/token" in head.split(b"\r\n")[0]:
            answer = b'{"access_token":"t","expires_in":3600,"token_type":"Bearer"}'
        else:
            self.received = count
            answer = (
                f'{{"name":"n","version":"v","packageId":"n-v","size":{count},"hashes":{{"sha256":"{digest.hexdigest()}"}}}}'
            ).encode()
        near.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


PROGRAM = """
import re, sys
from pathlib import Path
from lockstick.cloud.api import ApiClient, Endpoint, api_client, packages
from lockstick.secret import Secret
from lockstick.transfer import client_factory
packages.MOST_UPLOADED = 1 << 40
url, path = sys.argv[1:]
oauth = api_client("tzn_api_1", Secret("s"), token_url=url + "/token")
with ApiClient(oauth, endpoint=Endpoint.of(url + "/api/v2beta"), network=client_factory(trust_env=False)) as api:
    for name in ("small", "large"):
        api.packages.upload(Path(path) / name, name="n", version="v", hardware_ids=["x"])
        print(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of this very program is told there only")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Three gibibytes, with the interface's limit lifted: what refuses them is not what keeps memory flat."""
    sparse(tmp_path / "small", MIB)
    sparse(tmp_path / "large", 3 << 30)
    with Sink() as sink:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, sink.url, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert sink.received == 3 << 30
    small, large = (int(line) << 10 for line in done.stdout.split())
    assert large - small < 2 * MIB, (small, large)
    assert large < 100 * MIB
