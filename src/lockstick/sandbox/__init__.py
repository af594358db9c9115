"""A small Torizon-style cloud on loopback: for rehearsal, for the demo, and as every test's real server.

It behaves as cloud-apis 1.7 and 1.8 say a real one does, and misbehaves on demand. Needs the ``sandbox``
extra; nothing but ``cli/`` and tests may import it.

Typical use in a test::

    with Sandbox.start(tmp_path / "cloud", now=lambda: WHEN) as cloud:
        cloud.define_lockbox("kiosk")
        cloud.faults.add(Fault(match="/objects/*", kind=Drop(after=1000), times=2))
        ...
        assert not [r for r in cloud.requests.matching(origin="store") if r.had_authorization]
"""

from lockstick.sandbox.cloud import Sandbox, SandboxOptions
from lockstick.sandbox.credentials import CANARY
from lockstick.sandbox.director import RefusedError
from lockstick.sandbox.faults import (
    Alter,
    Chunked,
    Drip,
    Drop,
    Fault,
    FaultTable,
    Hang,
    Headers,
    IgnoreRange,
    Meanwhile,
    Overpromise,
    Redirect,
    Replace,
    Resize,
    Retag,
    ShiftRange,
    Stall,
    Status,
)
from lockstick.sandbox.image_repo import Delegation
from lockstick.sandbox.packages import SEEDS, Package
from lockstick.sandbox.publisher import Publisher
from lockstick.sandbox.requestlog import LoggedRequest, RequestLog
from lockstick.sandbox.signing import RoleKey, sign
from lockstick.sandbox.state import PackageRecord
from lockstick.sandbox.wire import served

__all__ = [
    "CANARY",
    "SEEDS",
    "Alter",
    "Chunked",
    "Delegation",
    "Drip",
    "Drop",
    "Fault",
    "FaultTable",
    "Hang",
    "Headers",
    "IgnoreRange",
    "LoggedRequest",
    "Meanwhile",
    "Overpromise",
    "Package",
    "PackageRecord",
    "Publisher",
    "Redirect",
    "RefusedError",
    "Replace",
    "RequestLog",
    "Resize",
    "Retag",
    "RoleKey",
    "Sandbox",
    "SandboxOptions",
    "ShiftRange",
    "Stall",
    "Status",
    "served",
    "sign",
]
