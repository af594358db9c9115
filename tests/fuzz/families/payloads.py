"""What lies behind packages: compose files, manifests, image archives, operating-system commits."""

from __future__ import annotations

import io
import zlib
from contextlib import suppress
from functools import cache

from families.target import Target, emptied, folder, split
from lockstick.disk.tree import FolderTree
from lockstick.payloads.compose_lines import read_lines
from lockstick.payloads.compose_yaml import AmbiguousComposeError, read_yaml
from lockstick.payloads.container_json import UnclearJsonError, is_json_for_a_device, parse_json
from lockstick.payloads.device_compose import device_compose_problem
from lockstick.payloads.gvariant import NotNormalError
from lockstick.payloads.image_archive import read_archive
from lockstick.payloads.image_reference import device_reference, strict_reference
from lockstick.payloads.manifest import ManifestError, read_manifest
from lockstick.payloads.ostree_files import CorruptObjectError, hash_archived
from lockstick.payloads.ostree_objects import FileHeader, check_dirmeta, read_commit, read_dirtree
from lockstick.payloads.ostree_repo import device_ostree_problem
from lockstick.payloads.parts import check_parts, parts_size
from lockstick.trust.expected import ExpectedPackage
from payload_maker import App, Image, Repository, image_index, service, sha256, tar

__all__ = ["TARGETS"]

_AMD, _ARM = Image(), Image(architecture="arm64")


def compose_file(data: bytes) -> None:
    """A compose file by its lines and as YAML; where both of the library's parsers take it, they read the same."""
    read_lines(data)
    found = []
    for quickly in (True, False):
        with suppress(AmbiguousComposeError):
            found.append(read_yaml(data, quickly=quickly))
    if found[1:] and found[0] != found[1]:
        raise AssertionError("two parsers of YAML give two applications")
    for one in found[0].values() if found else ():
        strict_reference(one.image)
        device_reference(one.image)


def container_json(data: bytes) -> None:
    """JSON of the container world, strictly and as a device does."""
    is_json_for_a_device(data)
    with suppress(UnclearJsonError):
        parse_json(data)


def manifest(data: bytes) -> None:
    """A manifest under the name of its own digest, and the application that it belongs to."""
    root = emptied("manifest")
    digest = sha256(data)
    _check_app(App(service("registry.example.com/a", digest), {f"{digest}.json": data}))
    with suppress(ManifestError):
        (root / f"{digest}.json").write_bytes(data)
        read_manifest(FolderTree(root), (), digest)


def image_archive(data: bytes) -> None:
    """An image archive: alone, and in an application."""
    path = folder() / "archive.tar"
    path.write_bytes(data)
    table = read_archive(FolderTree(path.parent), (path.name,), len(data))
    if sum(len(document) for document in table.documents.values()) > len(data):
        raise AssertionError("more documents than bytes")
    app = App.of(_AMD)
    app.archives[f"{_AMD.digest}.tar"] = data
    _check_app(app)


def image_document(data: bytes) -> None:
    """The list of an archive, or the configuration of its image, whose digest everything else names truly."""
    choice, rest = split(data, 2)
    members = _AMD.members()
    if choice:
        members["manifest.json"] = rest
    else:
        members[f"{sha256(_AMD.config)}.json"] = rest
    app = App.of(_AMD)
    app.archives[f"{_AMD.digest}.tar"] = tar(members)
    _check_app(app)


def application(data: bytes) -> None:
    """A compose file beside the parts of a sound application."""
    app = App.of_index(_AMD, _ARM)
    app.compose = data
    _check_app(app)


def _check_app(app: App) -> None:
    tree = FolderTree(app.write(emptied("app")))
    package = _package("app.yml", length=len(app.compose), digest=app.digest, hardware_id="docker-compose")
    parts_size(tree, package)
    check_parts(tree, package)
    device_compose_problem(tree, app.compose, app.digest, "linux/amd64")


def _package(target: str, *, length: int, digest: str, hardware_id: str) -> ExpectedPackage:
    return ExpectedPackage(
        target=target,
        path=(target,) if length else (),
        name="",
        version="",
        target_format="BINARY" if length else "OSTREE",
        hardware_ids=(hardware_id,),
        length=length,
        hashes={"sha256": digest},
        custom={},
        agreed=True,
    )


def ostree_object(data: bytes) -> None:
    """Bytes as if they were of every kind of object."""
    for read in (read_commit, read_dirtree, check_dirmeta, FileHeader.read):
        with suppress(NotNormalError):
            read(data)
    with suppress(CorruptObjectError):
        hash_archived(io.BytesIO(data), len(data))


def ostree_repository(data: bytes) -> None:
    """A repository with one hostile object under the name of its own digest, or a hostile configuration."""
    choice, rest = split(data, 6)
    repository = Repository(emptied("ostree"))
    meta = repository.dirmeta()
    tree, file = repository.dirtree({}), repository.file(b"x")
    digest = sha256(rest)
    if choice == 0:
        commit = repository.put(digest, "commit", rest)
    elif choice == 1:
        commit = repository.commit(repository.put(digest, "dirtree", rest), meta)
    elif choice == 2:
        commit = repository.commit(tree, repository.put(digest, "dirmeta", rest))
    elif choice == 3:
        repository.put(file, "filez", rest)
        commit = repository.commit(repository.dirtree({"x": file}), meta)
    else:
        commit = repository.commit(repository.dirtree({"x": file}), meta)
        (repository.path / "config").write_bytes(rest)
        repository.put(file, "file", b"x")
    lying = FolderTree(repository.root)
    check_parts(lying, _package("os", length=0, digest=commit, hardware_id="board"))
    device_ostree_problem(lying, commit)


@cache
def _objects() -> dict[str, bytes]:
    repository = Repository(emptied("seeds"))
    repository.sound()
    places = sorted(repository.path.glob("objects/*/*"))
    return {place.suffix: place.read_bytes() for place in places}


def _compose_seeds() -> list[bytes]:
    more = """x-a: &a {image: "x", platform: !!str linux/arm64}
services:
  one:
    <<: [*a, {image: b}]
    command: ["a", 'b', |
      c]
  two: *a
# end
"""
    return [
        App.of(_AMD).compose,
        App.of_index(_AMD, _ARM).compose,
        more.encode(),
        b"%YAML 1.1\n---\nservices: {}\n...\n",
    ]


def _repository_seeds() -> list[bytes]:
    kinds = (".commit", ".dirtree", ".dirmeta", ".filez")
    return [*(bytes([index]) + _objects()[kind] for index, kind in enumerate(kinds)), b"\4[core]\nmode=bare-user\n"]


def _object_seeds() -> list[bytes]:
    compressor = zlib.compressobj(wbits=-15)
    return [*_objects().values(), compressor.compress(bytes(1000)) + compressor.flush()]


TARGETS = {
    "compose_file": Target(compose_file, _compose_seeds),
    "container_json": Target(container_json, lambda: [_AMD.manifest, image_index(_AMD, _ARM), _AMD.config]),
    "manifest": Target(manifest, lambda: [_AMD.manifest, image_index(_AMD, _ARM)]),
    "image_archive": Target(image_archive, lambda: [tar(_AMD.members()), tar({"a" * 90: b"x"})]),
    "image_document": Target(image_document, lambda: [b"\0" + _AMD.config, b"\1" + _AMD.members()["manifest.json"]]),
    "application": Target(application, _compose_seeds),
    "ostree_object": Target(ostree_object, _object_seeds),
    "ostree_repository": Target(ostree_repository, _repository_seeds),
}
