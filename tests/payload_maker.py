"""Applications and operating-system commits as a sound lockbox holds them, for tests to break one thing at a time."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME = "registry.example.com/ns/app"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def tar(members: Mapping[str, bytes], more: Callable[[tarfile.TarFile], None] = lambda _: None) -> bytes:
    """An archive that ends with exactly two blocks of zeros."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        more(archive)
        end = archive.offset
    return target.getvalue()[:end] + bytes(1024)


@dataclass
class Image:
    """One image for one platform."""

    layers: tuple[bytes, ...] = (b"a layer", b"another")
    architecture: str = "amd64"
    name: str = NAME

    @property
    def config(self) -> bytes:
        return dumped(
            {
                "architecture": self.architecture,
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer)}" for layer in self.layers]},
            }
        )

    @property
    def manifest(self) -> bytes:
        return dumped(self.manifest_document())

    def manifest_document(self) -> dict[str, Any]:
        return {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": {"digest": f"sha256:{sha256(self.config)}", "size": len(self.config)},
            "layers": [],
        }

    @property
    def digest(self) -> str:
        return sha256(self.manifest)

    @property
    def tag(self) -> str:
        return f"{self.name}:digest_sha256_{self.digest}"

    def list_entry(self) -> dict[str, Any]:
        return {
            "Config": f"{sha256(self.config)}.json",
            "RepoTags": [self.tag],
            "Layers": [f"{sha256(layer)}/layer.tar" for layer in self.layers],
        }

    def members(self, **changes: Any) -> dict[str, bytes]:
        layers = {f"{sha256(layer)}/layer.tar": layer for layer in self.layers}
        entry = self.list_entry() | changes
        return {**layers, f"{sha256(self.config)}.json": self.config, "manifest.json": dumped([entry])}


def image_index(*images: Image, **changes: Any) -> bytes:
    entries = [
        {
            "mediaType": DOCKER_MANIFEST,
            "digest": f"sha256:{image.digest}",
            "platform": {"os": "linux", "architecture": image.architecture},
        }
        for image in images
    ]
    return dumped({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": entries} | changes)


@dataclass
class App:
    """An application: a compose file, manifests by file name, archives by file name."""

    compose: bytes
    manifests: dict[str, bytes] = field(default_factory=dict)
    archives: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, image: Image) -> App:
        """An application of one service with one image."""
        app = cls(service(image.name, image.digest))
        app.add(image)
        return app

    @classmethod
    def of_index(cls, *images: Image, present: tuple[Image, ...] | None = None) -> App:
        """An application whose image is for several platforms, some of which may be missing."""
        index = image_index(*images)
        app = cls(service(NAME, sha256(index)))
        app.manifests[f"{sha256(index)}.json"] = index
        for image in images if present is None else present:
            app.add(image)
        return app

    def add(self, image: Image) -> None:
        self.manifests[f"{image.digest}.json"] = image.manifest
        self.archives[f"{image.digest}.tar"] = tar(image.members())

    @property
    def digest(self) -> str:
        return sha256(self.compose)

    def write(self, root: Path) -> Path:
        """Write it where a lockbox has it; gives the root back."""
        for folder, files in (
            (root / "metadata" / "docker" / f"{self.digest}.manifests", self.manifests),
            (root / "images" / f"{self.digest}.images", self.archives),
            (root / "images", {"app.yml": self.compose}),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (folder / name).write_bytes(data)
        return root


def service(name: str, digest: str, *more: str) -> bytes:
    lines = ["services:", "  app:", f"    image: {name}@sha256:{digest}", *more, "version: '2.4'"]
    return "\n".join([*lines, ""]).encode()


# --- operating-system commits ------------------------------------------------------------------


def variant(fixed: bytes, *parts: bytes) -> bytes:
    """A tuple in GVariant's normal form, as long as it stays below 64 KiB."""
    body = fixed + b"".join(parts)
    ends = [len(fixed) + sum(len(part) for part in parts[: index + 1]) for index in range(len(parts) - 1)]
    width = 1 if len(body) + len(ends) < 256 else 2
    return body + b"".join(end.to_bytes(width, "little") for end in reversed(ends))


def variant_array(*elements: bytes) -> bytes:
    body = b"".join(elements)
    ends = [sum(len(element) for element in elements[: index + 1]) for index in range(len(elements))]
    width = 1 if len(body) + len(ends) < 256 else 2
    return body + b"".join(end.to_bytes(width, "little") for end in ends)


class Repository:
    """An OSTree repository in archive mode, written object by object."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "images" / "ostree"
        self.path.mkdir(parents=True)
        (self.path / "config").write_text("[core]\nrepo_version=1\nmode=archive-z2\n")

    def place(self, digest: str, kind: str) -> Path:
        return self.path / "objects" / digest[:2] / f"{digest[2:]}.{kind}"

    def put(self, digest: str, kind: str, data: bytes) -> str:
        place = self.place(digest, kind)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return digest

    def file(self, content: bytes, *, mode: int = 0o100644, target: bytes = b"", **changes: Any) -> str:
        digest = self.file_digest(content, mode=mode, target=target)
        compressor = zlib.compressobj(wbits=-15)
        packed = compressor.compress(content) + compressor.flush() if not target else b""
        size = changes.get("size", len(content))
        head = variant(struct.pack(">QIIII", size, 0, 0, mode, 0), target + b"\0", b"")
        return self.put(digest, "filez", struct.pack(">I4x", len(head)) + head + packed)

    @staticmethod
    def file_digest(content: bytes, *, mode: int = 0o100644, target: bytes = b"") -> str:
        head = variant(struct.pack(">IIII", 0, 0, mode, 0), target + b"\0", b"")
        return sha256(struct.pack(">I4x", len(head)) + head + content)

    def dirmeta(self, mode: int = 0o40755) -> str:
        data = struct.pack(">III", 0, 0, mode)
        return self.put(sha256(data), "dirmeta", data)

    def dirtree(self, files: Mapping[str, str], folders: Mapping[str, tuple[str, str]] | None = None) -> str:
        data = variant(
            b"",
            variant_array(*(variant(b"", name.encode() + b"\0", bytes.fromhex(one)) for name, one in files.items())),
            variant_array(
                *(
                    variant(b"", name.encode() + b"\0", bytes.fromhex(tree), bytes.fromhex(meta))
                    for name, (tree, meta) in (folders or {}).items()
                )
            ),
        )
        return self.put(sha256(data), "dirtree", data)

    def commit(self, tree: str, meta: str) -> str:
        head = (b"", b"", b"", b"a subject\0", b"\0")
        time = bytes(-sum(len(part) for part in head) % 8) + struct.pack(">Q", 1_790_000_000)
        data = variant(b"", *head, time + bytes.fromhex(tree), bytes.fromhex(meta))
        return self.put(sha256(data), "commit", data)

    def sound(self) -> str:
        """A commit of two folders, two files and a link."""
        meta = self.dirmeta()
        below = self.dirtree({"data": self.file(b"x" * 1000), "link": self.file(b"", mode=0o120777, target=b"data")})
        return self.commit(self.dirtree({"hello": self.file(b"hello")}, {"usr": (below, meta)}), meta)
