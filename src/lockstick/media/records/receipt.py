"""What a receipt says: which lockbox, onto which stick, verified how, when. Its JSON is a contract (docs/cli.md).

A receipt that is read comes from a stick, so it is hostile until its signature is checked; it is read strictly.
Members that are not known here are kept. A receipt says nothing of the machine or the person that wrote it, unless
they gave an operator's name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.errors import DistrustError
from lockstick.instant import format_instant
from lockstick.media.records.reading import Members, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "CarriedLockbox",
    "Checking",
    "Receipt",
    "Roots",
    "Speeds",
    "Stick",
    "from_json",
    "to_json",
]

FORMAT = "lockstick-receipt"
"""What the member ``format`` of every receipt says."""

FORMAT_VERSION = 1
"""The version of the format that is written; a change that old readers would misread gets the next number."""

_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OUTCOMES = ("written", "failed")


@dataclass(frozen=True, kw_only=True)
class CarriedLockbox:
    """The lockbox that was written.

    Attributes:
        name: Its name.
        version: Its version.
        good_until: The last second in which everything in it is valid.
        weakest: The document that expires then.
        documents: One digest over all its signed documents (:mod:`lockstick.media.records.documents`).
        extra: Members that are not known here.
    """

    name: str
    version: int
    good_until: datetime
    weakest: str
    documents: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Roots:
    """By which roots it was judged.

    Attributes:
        director: Digest of the Director's trust anchor, or None.
        image_repo: Digest of the image repository's trust anchor, or None.
        source: Where they came from: ``file``, ``store``, ``first-use`` or ``none``.
        extra: Members that are not known here.
    """

    director: str | None
    image_repo: str | None
    source: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Stick:
    """What the stick said of itself.

    Attributes:
        vendor: Who made it; empty if not known.
        model: Its model; empty if not known.
        serial: Its serial number; empty if it has none.
        size: The drive's size in bytes; 0 if not known.
        port: The port that it was in; empty if not known.
        label: The volume's label; empty if it has none.
        uuid: The volume's serial number or UUID; empty if not known.
        volume_size: The volume's size in bytes; 0 if not known.
        file_system: The volume's file system; empty if not known.
        extra: Members that are not known here.
    """

    vendor: str = ""
    model: str = ""
    serial: str = ""
    size: int = 0
    port: str = ""
    label: str = ""
    uuid: str = ""
    volume_size: int = 0
    file_system: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Checking:
    """How it was verified after it was written.

    Attributes:
        verdict: What ``verify`` said of what was read back.
        at: The time that it judged by.
        findings: The rules of its findings.
        bytes_hashed: How many bytes of packages were read back and hashed.
        cache: How the system's cache was kept out of the reading: ``direct``, ``dropped-and-checked``, ``dropped``
            or ``none``.
        files: How many files were read in which way.
        extra: Members that are not known here.
    """

    verdict: str
    at: datetime
    findings: tuple[str, ...]
    bytes_hashed: int
    cache: str
    files: Mapping[str, int]
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Speeds:
    """How much was written and how fast, in bytes and bytes a second.

    Attributes:
        bytes_written: Bytes that were written.
        bytes_kept: Bytes that lay there already and were kept after they were checked.
        write: The speed of writing, flushing included; None if nothing was written.
        read_back: The speed of reading back; None if nothing was read.
        extra: Members that are not known here.
    """

    bytes_written: int
    bytes_kept: int
    write: int | None
    read_back: int | None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The record of one write onto one stick.

    Attributes:
        id: 32 random hexadecimal digits: no two receipts share them.
        tool: The version of this program.
        outcome: ``written`` (proven by read-back) or ``failed``.
        why: For a failure: what went wrong; otherwise empty.
        began: When it began.
        ended: When it ended.
        lockbox: What was written; None if that is not known, because it failed early.
        roots: By which roots it was judged.
        stick: Onto what.
        checking: How it was verified; None if it never came to that.
        speeds: How much and how fast.
        operator: Who wrote it, if the user wants to say so; empty otherwise.
        signed_by: The id of the key that signs it; None if nobody signs it.
        extra: Members that are not known here.
    """

    id: str
    tool: str
    outcome: str
    why: str = ""
    began: datetime
    ended: datetime
    lockbox: CarriedLockbox | None
    roots: Roots
    stick: Stick
    checking: Checking | None
    speeds: Speeds
    operator: str = ""
    signed_by: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


def to_json(receipt: Receipt) -> bytes:
    """Write a receipt.

    Args:
        receipt: The receipt.

    Returns:
        The bytes to sign and to keep: JSON in ASCII, for people to read as well.
    """
    document = {"format": FORMAT, "version": FORMAT_VERSION} | _receipt(receipt)
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def from_json(data: bytes) -> Receipt:
    """Read a receipt. Nothing is proven by that.

    Args:
        data: All its bytes, by whomever.

    Returns:
        The receipt.

    Raises:
        DistrustError: If it is no receipt, of a newer format, or not to be read in one way only.
    """
    members = read_object(data, "the receipt")
    members.one_of("format", (FORMAT,))
    version = members.count("version")
    if version != FORMAT_VERSION:
        raise DistrustError(
            "this receipt cannot be read",
            why=f"its format has the version {version}, and this program knows version {FORMAT_VERSION}",
            remedy="Use a newer Lockstick.",
        )
    return Receipt(
        id=members.matching("id", _ID),
        tool=members.text("tool"),
        outcome=members.one_of("outcome", _OUTCOMES),
        why=members.text("why"),
        began=members.time("began"),
        ended=members.time("ended"),
        lockbox=members.maybe("lockbox", lambda found: _read_lockbox(found.below("lockbox"))),
        roots=_read_roots(members.below("roots")),
        stick=_read_stick(members.below("stick")),
        checking=members.maybe("checking", lambda found: _read_checking(found.below("checking"))),
        speeds=_read_speeds(members.below("speeds")),
        operator=members.text("operator"),
        signed_by=members.maybe("signed_by", lambda found: found.matching("signed_by", _SHA256)),
        extra=members.left,
    )


def _receipt(receipt: Receipt) -> dict[str, object]:
    lockbox, roots, stick = receipt.lockbox, receipt.roots, receipt.stick
    checking, speeds = receipt.checking, receipt.speeds
    return {
        "id": receipt.id,
        "tool": receipt.tool,
        "outcome": receipt.outcome,
        "why": receipt.why,
        "began": format_instant(receipt.began),
        "ended": format_instant(receipt.ended),
        "lockbox": None
        if lockbox is None
        else {
            "name": lockbox.name,
            "version": lockbox.version,
            "good_until": format_instant(lockbox.good_until),
            "weakest": lockbox.weakest,
            "documents": lockbox.documents,
            **lockbox.extra,
        },
        "roots": {"director": roots.director, "image_repo": roots.image_repo, "source": roots.source, **roots.extra},
        "stick": {
            "vendor": stick.vendor,
            "model": stick.model,
            "serial": stick.serial,
            "size": stick.size,
            "port": stick.port,
            "label": stick.label,
            "uuid": stick.uuid,
            "volume_size": stick.volume_size,
            "file_system": stick.file_system,
            **stick.extra,
        },
        "checking": None
        if checking is None
        else {
            "verdict": checking.verdict,
            "at": format_instant(checking.at),
            "findings": list(checking.findings),
            "bytes_hashed": checking.bytes_hashed,
            "cache": checking.cache,
            "files": dict(checking.files),
            **checking.extra,
        },
        "speeds": {
            "bytes_written": speeds.bytes_written,
            "bytes_kept": speeds.bytes_kept,
            "write": speeds.write,
            "read_back": speeds.read_back,
            **speeds.extra,
        },
        "operator": receipt.operator,
        "signed_by": receipt.signed_by,
        **receipt.extra,
    }


def _read_lockbox(members: Members) -> CarriedLockbox:
    return CarriedLockbox(
        name=members.text("name"),
        version=members.count("version"),
        good_until=members.time("good_until"),
        weakest=members.text("weakest"),
        documents=members.matching("documents", _SHA256),
        extra=members.left,
    )


def _read_roots(members: Members) -> Roots:
    return Roots(
        director=members.digest("director"),
        image_repo=members.digest("image_repo"),
        source=members.text("source"),
        extra=members.left,
    )


def _read_stick(members: Members) -> Stick:
    return Stick(
        vendor=members.text("vendor"),
        model=members.text("model"),
        serial=members.text("serial"),
        size=members.count("size"),
        port=members.text("port"),
        label=members.text("label"),
        uuid=members.text("uuid"),
        volume_size=members.count("volume_size"),
        file_system=members.text("file_system"),
        extra=members.left,
    )


def _read_checking(members: Members) -> Checking:
    return Checking(
        verdict=members.text("verdict"),
        at=members.time("at"),
        findings=members.texts("findings"),
        bytes_hashed=members.count("bytes_hashed"),
        cache=members.text("cache"),
        files=members.counts("files"),
        extra=members.left,
    )


def _read_speeds(members: Members) -> Speeds:
    return Speeds(
        bytes_written=members.count("bytes_written"),
        bytes_kept=members.count("bytes_kept"),
        write=members.maybe("write", lambda found: found.count("write")),
        read_back=members.maybe("read_back", lambda found: found.count("read_back")),
        extra=members.left,
    )
