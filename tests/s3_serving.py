"""An S3 server on loopback: OpenStack Swift with its S3 interface, all of its services in one process.

Started by ``s3_server.py``, as ``python s3_serving.py FOLDER``. Prints its port when it is ready, and ends when its
standard input does. What it keeps, and a log of all requests, are below the folder.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")  # of libraries that tell each other about their age

import eventlet  # noqa: E402 - warns when it is imported
import eventlet.patcher  # noqa: E402
import eventlet.wsgi  # noqa: E402

eventlet.monkey_patch(os=False)

from swift.common import constraints, storage_policy, utils  # noqa: E402 - after the patching
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.swob import Request  # noqa: E402
from swift.common.wsgi import SwiftHttpProtocol, loadapp  # noqa: E402

_ROOM = Path(sys.argv[1])
_COMMON = """
[swift-hash]
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""
_STORAGE = """
[DEFAULT]
devices = {room}
swift_dir = {room}
mount_check = false
fallocate_reserve = 0
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{kind}
"""
_FRONT = """
[DEFAULT]
swift_dir = {room}
[pipeline:main]
pipeline = catch_errors s3api tempauth bulk slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_team_filler = filler-secret .admin
user_team_reader = reader-secret
user_team_stranger = stranger-secret
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
"""


def _serve() -> None:
    (_ROOM / "disk").mkdir()
    (_ROOM / "swift.conf").write_text(_COMMON, encoding="ascii")
    utils.set_swift_dir(str(_ROOM))
    utils.validate_hash_conf()
    constraints.reload_constraints()
    storage_policy.reload_storage_policies()
    silence = io.StringIO()
    kinds = ("account", "container", "object")
    sockets = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in (*kinds, "proxy")}
    for kind in kinds:
        _make_ring(kind, sockets[kind].getsockname()[1])
        (_ROOM / f"{kind}.conf").write_text(_STORAGE.format(room=_ROOM, kind=kind), encoding="utf-8")
        app = loadapp(str(_ROOM / f"{kind}.conf"), global_conf={"log_name": kind})
        eventlet.spawn(eventlet.wsgi.server, sockets[kind], app, silence, protocol=SwiftHttpProtocol)
    (_ROOM / "proxy.conf").write_text(_FRONT.format(room=_ROOM), encoding="utf-8")
    app = loadapp(str(_ROOM / "proxy.conf"), global_conf={"log_name": "proxy"})
    for name in ("team", "team+segments"):
        _make_bucket(app, name)
    eventlet.patcher.original("threading").Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{sockets['proxy'].getsockname()[1]}\n")
    sys.stdout.flush()
    with (_ROOM / "requests.log").open("w", buffering=1, encoding="utf-8") as log:
        eventlet.wsgi.server(sockets["proxy"], app, log, protocol=SwiftHttpProtocol)


def _make_ring(kind: str, port: int) -> None:
    """Say that everything is kept once, on the one disk there is."""
    builder = RingBuilder(2, 1, 0)
    place = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"region": 1, "zone": 1, "device": "disk", "weight": 1.0, **place})
    builder.rebalance()
    builder.get_ring().save(str(_ROOM / f"{kind}.ring.gz"))


def _make_bucket(app: object, name: str) -> None:
    """Make a bucket that one key fills and another may only read."""
    environ = {
        "REQUEST_METHOD": "PUT",
        "swift.authorize": lambda _: None,
        "swift.authorize_override": True,
        "swift_owner": True,
    }
    request = Request.blank(f"/v1/AUTH_team/{name}", environ=environ, headers={"X-Container-Read": "team:reader"})
    answer = request.get_response(app)
    if answer.status_int not in {201, 202}:
        raise SystemExit(f"the bucket {name} cannot be made: {answer.status}")


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


_serve()
