"""Memory: the same for any file size."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from transfer.ground import noise

if TYPE_CHECKING:
    from pathlib import Path

    from transfer.misbehaving import Request, Server, Talk

MIB = 1 << 20
BLOCKS = 160

_CHILD = """
import sys
from pathlib import Path
from lockstick.disk.hashing import hash_file
from lockstick.transfer import Download, fetch_all
url, length, digest, folder = sys.argv[1:]
wanted = [Download(name=n, url=url, length=int(length), digests={"sha256": digest},
                   destination=Path(folder, n), partial=Path(folder, n + ".part")) for n in ("a", "b")]
fetch_all(wanted)
assert all(hash_file(one.destination) == {"sha256": digest} for one in wanted)
print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_fetching_and_hashing_stay_below_the_promised_memory(server: Server, tmp_path: Path) -> None:
    block = noise(MIB)
    hasher = hashlib.sha256()
    for _ in range(BLOCKS):
        hasher.update(block)
    digest = hasher.hexdigest()

    def big(_request: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": str(BLOCKS * MIB), "ETag": '"first"'})
        for _ in range(BLOCKS):
            talk.raw(block)

    server.routes["/file"] = big
    command = [sys.executable, "-c", _CHILD, server.url("/file"), str(BLOCKS * MIB), digest, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) / 1024 < 120  # mebibytes
