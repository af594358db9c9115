#!/usr/bin/env python3
r"""Lockstick's TUF engine as a client that the public conformance suite for TUF clients can drive.

    lockstick_tuf_client.py --metadata-dir D init ROOTFILE
    lockstick_tuf_client.py --metadata-dir D --metadata-url U refresh
    lockstick_tuf_client.py --metadata-dir D --metadata-url U --target-name T … --target-base-url B \
        --target-dir X download

Every failure is exit 1. The dialect is TUF 1.0, always: it is pinned by this being the program.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

from lockstick.disk.hashing import hash_file
from lockstick.errors import LockstickError, MediaError, NotAllowedError, NotFoundError
from lockstick.metadata.tuf import TUF
from lockstick.transfer.documents import DocumentReader
from lockstick.transfer.engine import fetch_all
from lockstick.transfer.model import Download
from lockstick.transfer.policy import Policy
from lockstick.trust.tuf.files import CLIENT_LIMITS, metadata_name, target_name
from lockstick.trust.tuf.refusal import RefusedError
from lockstick.trust.tuf.search import find_target
from lockstick.trust.tuf.trusted import TrustedMetadata

if TYPE_CHECKING:
    from lockstick.metadata.targets import Delegation, Target, Targets


POLICY = Policy(attempts=3)


class Shelf:
    """A folder of files that are replaced whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, limit: int) -> bytes | None:
        """The file's bytes; None if there is none, or none that anybody here has written."""
        try:
            with (self._folder / name).open("rb") as file:
                # Asked for as many bytes as there are: room for all that are asked for is made at once.
                size = os.fstat(file.fileno()).st_size
                return file.read(size) if size <= limit else None
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        # The unfinished file is hidden and has another ending: everything that ends in .json is taken for metadata.
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(self._folder / name)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise


class Client:
    """Keeps one folder of trusted metadata in step with one repository.

    Args:
        metadata: The folder of trusted metadata.
        base: The URL of the repository's metadata, without a slash at its end.
        network: Fetches over one connection.
        now: The one time that this whole run goes by.
    """

    def __init__(self, metadata: Shelf, base: str, network: DocumentReader, now: datetime) -> None:
        anchor = metadata.read("root.json", CLIENT_LIMITS.root)
        if anchor is None:
            raise NotFoundError("there is no trusted root", remedy="Run init with a root you believe.")
        self._shelf = metadata
        self._base = base
        self._network = network
        self._trusted = TrustedMetadata(anchor, now, TUF)
        self._roles: dict[str, bytes] = {}
        """Delegated roles that were fetched by this process: fetching them again would bring nothing else."""

    def refresh(self) -> None:
        """Bring the top-level roles up to date."""
        trusted = self._trusted
        self._step_up_roots()
        trusted.end_roots()
        trusted.recall(
            timestamp=self._shelf.read("timestamp.json", CLIENT_LIMITS.timestamp),
            snapshot=self._shelf.read("snapshot.json", CLIENT_LIMITS.most),
        )
        raw = self._fetch("timestamp.json", CLIENT_LIMITS.timestamp)
        if trusted.adopt_timestamp(raw):
            self._shelf.write("timestamp.json", raw)
        if not trusted.recall_snapshot():
            raw = self._fetch_listed("snapshot", CLIENT_LIMITS.snapshot)
            trusted.adopt_snapshot(raw)
            self._shelf.write("snapshot.json", raw)
        if not self._has_stored_targets():
            raw = self._fetch_listed("targets", CLIENT_LIMITS.targets)
            trusted.adopt_targets(raw)
            self._shelf.write("targets.json", raw)

    def find(self, name: str) -> Target:
        """Find what a target's bytes must be."""
        target = find_target(self._trusted.targets, name, self._load, most_roles=CLIENT_LIMITS.delegations)
        if target is None:
            raise NotFoundError(f"no role has the target {name!r}")
        if not target.hashes:
            raise RefusedError(f"the target {name!r} is refused", why="none of its hashes is known here")
        return target

    def download(self, name: str, base: str, folder: Path) -> None:
        """Fetch a target to disk unless its bytes are there already.

        The bytes are hashed as they arrive in a hidden file, which takes the target's place once they are proven.
        """
        target = self.find(name)
        destination = folder / quote(name, safe="")
        if _is_target(destination, target):
            return
        digest = next(iter(target.hashes.values())) if self._trusted.consistent_snapshot else None
        folder.mkdir(parents=True, exist_ok=True)
        wanted = Download(
            name=name,
            url=f"{base}/{target_name(name, digest)}",
            length=target.length,
            digests=target.hashes,
            destination=destination,
            # Named by a hash, so that it is no longer than the target's own name may be, journal included.
            partial=folder / f".{hashlib.sha256(destination.name.encode()).hexdigest()}.part",
        )
        fetch_all([wanted], policy=POLICY)

    def _step_up_roots(self) -> None:
        for _ in range(CLIENT_LIMITS.root_steps):
            name = metadata_name("root", self._trusted.root.document.version + 1)
            try:
                raw = self._fetch(name, CLIENT_LIMITS.root)
            except (NotFoundError, NotAllowedError):
                return
            self._trusted.adopt_root(raw)
            self._shelf.write("root.json", raw)

    def _has_stored_targets(self) -> bool:
        raw = self._shelf.read("targets.json", CLIENT_LIMITS.most)
        if raw is None:
            return False
        try:
            self._trusted.adopt_targets(raw)
        except LockstickError:
            return False
        return True

    def _load(self, delegation: Delegation, delegator: Targets) -> Targets:
        role = delegation.name
        if role in self._roles:
            return self._trusted.delegated(self._roles[role], delegation, delegator)
        stored = metadata_name(role)
        if (raw := self._shelf.read(stored, CLIENT_LIMITS.most)) is not None:
            try:
                return self._trusted.delegated(raw, delegation, delegator)
            except LockstickError:
                pass  # an older one, or one that another delegator believed in
        raw = self._fetch_listed(role, CLIENT_LIMITS.targets)
        targets = self._trusted.delegated(raw, delegation, delegator)
        self._roles[role] = raw
        self._shelf.write(stored, raw)
        return targets

    def _fetch_listed(self, role: str, limit: int) -> bytes:
        wanted = self._trusted.wanted(role)
        version = wanted.version if self._trusted.consistent_snapshot else None
        return self._fetch(
            metadata_name(role, version), limit if wanted.length is None else min(wanted.length, CLIENT_LIMITS.most)
        )

    def _fetch(self, name: str, limit: int) -> bytes:
        return self._network.fetch(f"{self._base}/{name}", limit=limit, name=name)


def _is_target(file: Path, target: Target) -> bool:
    try:
        return file.lstat().st_size == target.length and hash_file(file, target.hashes) == target.hashes
    except (OSError, MediaError):
        return False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(description="A TUF 1.0 client for conformance tests.", allow_abbrev=False)
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url", default="")
    parser.add_argument("--target-name", action="append", default=[])
    parser.add_argument("--target-dir", type=Path)
    parser.add_argument("--target-base-url", default="")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser


def _run(options: argparse.Namespace, now: datetime) -> None:
    metadata = Shelf(options.metadata_dir)
    if options.command == "init":
        anchor = options.root.read_bytes()
        TrustedMetadata(anchor, now, TUF)
        metadata.write("root.json", anchor)
        return
    with DocumentReader(policy=POLICY) as network:
        client = Client(metadata, options.metadata_url.rstrip("/"), network, now)
        client.refresh()
        if options.command == "download":
            for name in options.target_name:
                client.download(name, options.target_base_url.rstrip("/"), options.target_dir)


def main(arguments: list[str] | None = None, *, now: datetime | None = None) -> int:
    """Run one command; the exit code is 0 or 1."""
    options = _parser().parse_args(arguments)
    try:
        _run(options, now or datetime.now(UTC))
    except (LockstickError, OSError) as error:
        sys.stderr.write(f"{options.command}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
