"""Runs the entry point against a simulated repository and shows what the suite would see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from conformance.lockstick_tuf_client import main

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.simulator import Repository

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Driver:
    """One client with its two folders."""

    def __init__(self, repository: Repository, base: str, folder: Path) -> None:
        self.repository = repository
        self.base = base
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        self._root_file = folder / "first"
        self.metadata.mkdir()
        self.targets.mkdir()

    def init(self, raw: bytes | None = None, now: datetime = NOW) -> int:
        self._root_file.write_bytes(self.repository.files["metadata/1.root.json"] if raw is None else raw)
        return main(["--metadata-dir", str(self.metadata), "init", str(self._root_file)], now=now)

    def refresh(self, now: datetime = NOW) -> int:
        self.repository.requests.clear()
        url = f"{self.base}/metadata"
        return main(["--metadata-url", url, "--metadata-dir", str(self.metadata), "refresh"], now=now)

    def download(self, *names: str, now: datetime = NOW) -> int:
        self.repository.requests.clear()
        options = ["--metadata-dir", str(self.metadata), "--metadata-url", f"{self.base}/metadata/"]
        for name in names:
            options += ["--target-name", name]
        options += ["--target-dir", str(self.targets), "--target-base-url", f"{self.base}/targets/", "download"]
        return main(options, now=now)

    def stored(self, role: str) -> bytes | None:
        file = self.metadata / f"{role}.json"
        return file.read_bytes() if file.exists() else None

    @property
    def versions(self) -> dict[str, int]:
        """Role to version of everything that the suite would take for metadata."""
        return {
            unquote(file.name.removesuffix(".json")): json.loads(file.read_bytes())["signed"]["version"]
            for file in sorted(self.metadata.glob("*.json"))
        }

    @property
    def downloads(self) -> dict[str, bytes]:
        """Target to bytes of everything that the suite would find: hidden files are none of it."""
        return {unquote(file.name): file.read_bytes() for file in self.targets.glob("[!.]*")}

    @property
    def requests(self) -> list[str]:
        return list(self.repository.requests)
