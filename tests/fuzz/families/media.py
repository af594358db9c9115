"""Whole folders as they may lie on a stick: what any command says of them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from families.documents import PLACES, lockbox_files, place_seeds
from families.target import Target, emptied, split
from forge import AT, PAYLOAD, Forge
from lockstick.errors import LockstickError
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.explain import explain
from lockstick.lockbox.inspect import inspect
from lockstick.lockbox.layout import Layout, find_lockbox
from lockstick.lockbox.places import listed_places
from lockstick.lockbox.rehearse import rehearse
from lockstick.lockbox.replaced import find_replaced
from lockstick.lockbox.verify import verify
from lockstick.metadata.uptane import UPTANE
from lockstick.report.explain import explain_json, explain_text
from lockstick.report.inspect import inspect_json, inspect_text
from lockstick.report.rehearse import rehearse_json, rehearse_text
from lockstick.report.verify_json import verify_json
from lockstick.report.verify_text import verify_text
from lockstick.trust.device.client import Provisioned
from lockstick.trust.device.memory import DeviceMemory
from lockstick.trust.device.profile import DeviceProfile
from lockstick.trust.evidence import Anchors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["TARGETS"]

_BOARD = DeviceProfile(name="board", hardware_id="board", serial="p1")


def medium(data: bytes) -> None:
    """A lockbox with one document replaced: verified, explained, inspected, rehearsed, and told of in full."""
    choice, rest = split(data, len(PLACES))
    root = _write(emptied("medium"), lockbox_files())
    repository, name = PLACES[choice]
    (root / "metadata" / repository / name).write_bytes(rest)
    _look(root, lockbox_files())


def stick(data: bytes) -> None:
    """A folder of whatever names: lines of ``kind path``, kind being a letter for file, folder, link or document."""
    files = _small_lockbox()
    root = _write(emptied("medium"), files)
    for line in data.split(b"\n")[:50]:
        kind, path = line[:1], line[1:]
        if not path or path.startswith(b"/") or b".." in path.split(b"/"):
            continue
        place = os.path.join(os.fsencode(root), path)  # noqa: PTH118 - a name of bytes
        with suppress(OSError, ValueError):
            os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
            if kind == b"d":
                os.makedirs(place, exist_ok=True)  # noqa: PTH103
            elif kind == b"l":
                os.symlink(b"../" + path, place)  # noqa: PTH211
            else:
                content = files["director"]["box.json"] if kind == b"b" else path
                with open(place, "wb") as file:  # noqa: PTH123
                    file.write(content)
    _look(root, files)


@cache
def _small_lockbox() -> dict[str, dict[str, bytes]]:
    """A lockbox with few signatures, for targets whose documents stay as they are."""
    forge = Forge()
    found = forge.evidence()
    return {"director": dict(found.director.files), "image-repo": dict(found.image_repo.files)}


def _write(folder: Path, files: dict[str, dict[str, bytes]]) -> Path:
    root = folder / "update"
    for repository, documents in files.items():
        place = root / "metadata" / repository
        place.mkdir(parents=True)
        for name, raw in documents.items():
            (place / name).write_bytes(raw)
    (root / "images").mkdir()
    (root / "images" / "fw.bin").write_bytes(PAYLOAD)
    (root / "images" / "feed-os").write_bytes(b"os")
    return root


def _look(root: Path, files: dict[str, dict[str, bytes]]) -> None:
    director, image = files["director"]["1.root.json"], files["image-repo"]["1.root.json"]
    given = AnchorChoice(given=Anchors(director=director, image_repo=image, source="file", dialect=UPTANE))
    known = Anchors(director=director, image_repo=image, source="store", dialect=UPTANE)
    stored = AnchorChoice(stored=(known,), on_first_use=True)
    with suppress(LockstickError):
        find_lockbox(root.parent)
    layout = Layout(root)
    tree = layout.tree
    for anchors in (given, stored):
        outcome = verify(tree, anchors=anchors, at=AT, clock=lambda: 0.0)
        _told(verify_json(outcome), verify_text(outcome, verbose=True))
    with suppress(LockstickError):
        chain = explain(tree, "fw.bin", anchors=given, at=AT)
        _told(explain_json(chain), explain_text(chain))
    contents = inspect(tree)
    _told(inspect_json(contents), inspect_text(contents))
    listed_places(layout)
    find_replaced(layout, None)
    memory = DeviceMemory()
    stories = rehearse(
        [(root, tree), (root, tree)],
        [_BOARD],
        provisioned=Provisioned(director=director, image_repo=image),
        memory=lambda _: memory,
        at=AT,
    )
    _told(rehearse_json(stories, fleet=False), rehearse_text(stories))


def _told(document: dict[str, object], lines: Iterable[str]) -> None:
    json.dumps(document).encode("ascii")
    for line in lines:
        line.encode("utf-8", "backslashreplace")


def _stick_seeds() -> list[bytes]:
    return [
        b"fmetadata/director/x.json\nbmetadata/director/Other.json\ndimages/d\nlimages/l\nfimages/\xff\xfe",
        b"f.lockstick/places.json\nfmetadata/image-repo/._x.json\nbmetadata/director/99999999999999999999.root.json",
        b"fmetadata/docker/aa.manifests/x.json\nfimages/aa.images/x.tar\nfimages/ostree/config\nlmetadata/docker/l",
    ]


TARGETS = {"medium": Target(medium, place_seeds), "stick": Target(stick, _stick_seeds)}
