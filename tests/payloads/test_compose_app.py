"""Applications: a sound one is verified, and each broken one is refused by the rule that names what is broken."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.payloads.compose_app import check_compose
from lockstick.payloads.compose_place import ComposePlace
from lockstick.trust.findings import Ledger
from lockstick.trust.rules import RULES
from payload_maker import NAME, App, Image, dumped, image_index, service, sha256, tar

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = Image()
ARM = Image(architecture="arm64")
Change = Callable[[App], None]
SCENARIOS: list[tuple[str, Change]] = []


def check(app: App, root: Path, *platforms: str) -> tuple[set[str], tuple[str, ...]]:
    ledger = Ledger()
    app.write(root)
    covered = check_compose(
        ComposePlace(FolderTree(root), app.digest), app.compose, "images/app.yml", ledger, platforms=platforms
    )
    return {finding.rule for finding in ledger.findings}, covered


def scenario(rule: str) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        SCENARIOS.append((rule, change))
        return change

    return register


def archive_name() -> str:
    return f"{IMAGE.digest}.tar"


def with_archive(app: App, data: bytes) -> None:
    app.archives[archive_name()] = data


def with_compose(app: App, compose: bytes) -> None:
    app.compose = compose


# --- sound ones --------------------------------------------------------------------------------


def test_a_sound_application_is_complete_for_every_platform(tmp_path: Path) -> None:
    assert check(App.of(IMAGE), tmp_path) == (set(), ("*",))


def test_an_image_for_several_platforms_needs_one_of_them(tmp_path: Path) -> None:
    assert check(App.of_index(IMAGE, ARM), tmp_path / "both") == (set(), ("linux/amd64", "linux/arm64"))
    assert check(App.of_index(IMAGE, ARM, present=(ARM,)), tmp_path / "one") == (set(), ("linux/arm64",))


def test_files_that_no_image_speaks_of_are_named_and_do_no_harm(tmp_path: Path) -> None:
    app = App.of_index(IMAGE, ARM, present=(ARM,))
    app.manifests["._x.json"] = b""
    app.archives[f"{'0' * 64}.tar"] = b""
    assert check(app, tmp_path)[0] == {"file-unlisted"}


def test_a_platform_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    app = App.of_index(IMAGE, ARM, present=(ARM,))
    assert check(app, tmp_path, "linux/arm64")[0] == set()
    assert check(app, tmp_path, "linux/amd64")[0] == {"manifest-missing"}
    assert check(app, tmp_path, "linux/arm/v7")[0] == {"manifest-platform"}


def test_two_images_must_be_complete_for_one_platform_together(tmp_path: Path) -> None:
    other = Image(layers=(b"other",), name="registry.example.com/ns/other")
    other_arm = replace(other, architecture="arm64")
    first, second = image_index(IMAGE, ARM), image_index(other, other_arm)
    lines = [
        "services:",
        "  app:",
        f"    image: {NAME}@sha256:{sha256(first)}",
        "  other:",
        f'    image: "{other.name}@sha256:{sha256(second)}"',
    ]
    app = App("\n".join([*lines, ""]).encode())
    app.manifests = {f"{sha256(first)}.json": first, f"{sha256(second)}.json": second}
    app.add(ARM)
    app.add(other)
    assert check(app, tmp_path)[0] == {"manifest-missing"}
    app.add(other_arm)
    assert check(app, tmp_path) == (set(), ("linux/arm64",))


def test_a_service_may_ask_for_a_platform_of_its_own(tmp_path: Path) -> None:
    app = App.of_index(IMAGE, ARM, present=(ARM,))
    digest = sha256(image_index(IMAGE, ARM))
    app.compose = service(NAME, digest, "    platform: linux/arm64")
    assert check(app, tmp_path / "there") == (set(), ("*",))
    app.compose = service(NAME, digest, "    platform: linux/amd64")
    assert check(app, tmp_path / "missing")[0] == {"manifest-missing"}


def test_what_docker_save_adds_is_harmless(tmp_path: Path) -> None:
    layer = sha256(b"a layer")
    linked = Image(layers=(b"a layer", b"a layer"))
    app = App.of(linked)
    members = {
        f"{layer}/VERSION": b"1.0",
        f"{layer}/json": b"{}",
        "repositories": b"{}",
        **linked.members(Layers=[f"{layer}/layer.tar", "0/layer.tar"]),
    }

    def more(archive: tarfile.TarFile) -> None:
        link = tarfile.TarInfo("0/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, f"../{layer}/layer.tar"
        archive.addfile(link)
        folder = tarfile.TarInfo(f"{layer}/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)

    app.archives[f"{linked.digest}.tar"] = tar(members, more)
    assert check(app, tmp_path)[0] == set()


def test_long_names_and_padding_to_a_whole_record_are_harmless(tmp_path: Path) -> None:
    for layout in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        long_name = "d" * 200 + "/layer.tar"
        image = Image(layers=(b"a layer",))
        members = image.members(Layers=[long_name])
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w", format=layout) as archive:
            for name, data in members.items():
                info = tarfile.TarInfo(long_name if name.endswith("layer.tar") else name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        app = App.of(image)
        app.archives[f"{image.digest}.tar"] = target.getvalue()
        assert check(app, tmp_path / str(layout))[0] == set()


# --- broken ones: the compose file -------------------------------------------------------------


@scenario("compose-not-canonical")
def four_spaces(app: App) -> None:
    with_compose(app, app.compose.replace(b"  ", b"    "))


@scenario("compose-not-canonical")
def a_comment_behind_the_image(app: App) -> None:
    with_compose(app, app.compose.replace(b"\nversion", b" # app\nversion"))


@scenario("compose-not-canonical")
def flow_style(app: App) -> None:
    with_compose(app, b"services: {app: {image: '%s@sha256:%s'}}\n" % (NAME.encode(), IMAGE.digest.encode()))


@scenario("compose-not-canonical")
def a_second_service_that_is_only_built(app: App) -> None:
    with_compose(app, app.compose.replace(b"version", b"  built:\n    build: .\nversion"))


@scenario("compose-not-canonical")
def an_image_that_comes_in_by_a_merge(app: App) -> None:
    merged = b"x-base: &base\n  image: a@sha256:%s\n" % IMAGE.digest.encode()
    with_compose(app, merged + app.compose.replace(b"version", b"  more:\n    <<: *base\nversion"))


@scenario("compose-not-canonical")
def a_service_in_a_block_of_text(app: App) -> None:
    with_compose(app, b"services:\n  real:\n    command: |\n\n  app: x\n" + app.compose)


@scenario("compose-not-canonical")
def an_image_that_only_the_device_sees(app: App) -> None:
    with_compose(app, app.compose.replace(b"version", b"    x: |\n\n    image: other@sha256:1\nversion"))


@scenario("compose-not-canonical")
def a_member_twice(app: App) -> None:
    with_compose(app, app.compose.replace(b"version", b"    image: other@sha256:1\nversion"))


@scenario("compose-not-canonical")
def no_line_end_behind_an_image(app: App) -> None:
    with_compose(app, app.compose.partition(b"\nversion")[0])


@scenario("compose-not-canonical")
def marks_of_the_device(app: App) -> None:
    with_compose(app, b"# mode=offline\n" + app.compose)


@scenario("compose-not-canonical")
def other_line_ends(app: App) -> None:
    with_compose(app, app.compose + "# a\u2028b: c\n".encode())


@scenario("compose-not-canonical")
def two_documents(app: App) -> None:
    with_compose(app, app.compose + b"---\n" + app.compose)


@scenario("compose-not-canonical")
def files_elsewhere(app: App) -> None:
    with_compose(app, app.compose + b"include: [other.yml]\n")


@scenario("compose-not-canonical")
def a_line_too_long(app: App) -> None:
    with_compose(app, app.compose + b"#" * 4096 + b"\n")


@scenario("compose-not-canonical")
def no_text(app: App) -> None:
    with_compose(app, app.compose + b"# \xff\n")


@scenario("compose-not-canonical")
def nothing_at_all(app: App) -> None:
    with_compose(app, b"")


@scenario("compose-not-canonical")
def deep_nesting(app: App) -> None:
    with_compose(app, app.compose + b"x: " + b"[" * 4000 + b"\n")


@scenario("compose-image-reference")
def a_tag_beside_the_digest(app: App) -> None:
    with_compose(app, app.compose.replace(b"@sha256", b":1.0@sha256"))


@scenario("compose-image-reference")
def no_digest(app: App) -> None:
    with_compose(app, app.compose.replace(b"@sha256:" + IMAGE.digest.encode(), b":1.0"))


@scenario("compose-image-reference")
def an_upper_case_digest(app: App) -> None:
    with_compose(app, app.compose.replace(IMAGE.digest.encode(), IMAGE.digest.upper().encode()))


@scenario("compose-image-reference")
def a_name_that_no_registry_gives(app: App) -> None:
    with_compose(app, app.compose.replace(NAME.encode(), b"../ns/app"))


@scenario("compose-image-reference")
def one_digest_under_two_names(app: App) -> None:
    more = b"  two:\n    image: other@sha256:" + IMAGE.digest.encode() + b"\nversion"
    with_compose(app, app.compose.replace(b"version", more))


# --- broken ones: manifests --------------------------------------------------------------------


def with_manifest(app: App, manifest: bytes) -> None:
    app.compose = service(NAME, sha256(manifest))
    app.manifests = {f"{sha256(manifest)}.json": manifest, f"{IMAGE.digest}.json": IMAGE.manifest}


@scenario("manifest-missing")
def no_manifest(app: App) -> None:
    app.manifests.clear()


@scenario("manifest-missing")
def no_manifest_of_the_only_platform(app: App) -> None:
    with_manifest(app, image_index(IMAGE))
    del app.manifests[f"{IMAGE.digest}.json"]


@scenario("manifest-hash")
def another_manifest(app: App) -> None:
    app.manifests[f"{IMAGE.digest}.json"] += b" "


@scenario("manifest-hash")
def another_manifest_for_one_of_two_platforms(app: App) -> None:
    with_manifest(app, image_index(IMAGE, ARM))
    app.manifests[f"{ARM.digest}.json"] = ARM.manifest + b" "


@scenario("manifest-invalid")
def a_manifest_without_a_media_type(app: App) -> None:
    document = IMAGE.manifest_document()
    del document["mediaType"]
    with_manifest(app, dumped(document))


@scenario("manifest-invalid")
def a_manifest_of_an_unknown_kind(app: App) -> None:
    with_manifest(app, dumped(IMAGE.manifest_document() | {"mediaType": "text/plain"}))


@scenario("manifest-invalid")
def a_manifest_without_a_configuration(app: App) -> None:
    with_manifest(app, dumped(IMAGE.manifest_document() | {"config": {"digest": "md5:0"}}))


@scenario("manifest-invalid")
def a_manifest_that_is_too_large(app: App) -> None:
    with_manifest(app, IMAGE.manifest + b" " * 262_144)


@scenario("manifest-invalid")
def a_manifest_that_is_no_json(app: App) -> None:
    with_manifest(app, b"{")


@scenario("manifest-invalid")
def a_manifest_that_is_a_list(app: App) -> None:
    with_manifest(app, b"[]")


@scenario("manifest-invalid")
def a_manifest_nested_deeply(app: App) -> None:
    with_manifest(app, b"[" * 100_000 + b"]" * 100_000)


@scenario("manifest-invalid")
def a_manifest_that_names_a_member_twice(app: App) -> None:
    with_manifest(app, IMAGE.manifest.replace(b"{", b'{"schemaVersion": 2, ', 1))


@scenario("manifest-invalid")
def an_index_without_platforms(app: App) -> None:
    with_manifest(app, image_index(manifests=[{"digest": f"sha256:{IMAGE.digest}"}]))


@scenario("manifest-invalid")
def an_index_without_end(app: App) -> None:
    entry = {"digest": f"sha256:{IMAGE.digest}", "platform": {"os": "linux", "architecture": "amd64"}}
    with_manifest(app, image_index(manifests=[entry] * 257))


@scenario("manifest-invalid")
def an_index_of_nothing(app: App) -> None:
    with_manifest(app, image_index(manifests={}))


@scenario("manifest-invalid")
def an_index_within_an_index(app: App) -> None:
    inner = image_index(IMAGE)
    entry = {"digest": f"sha256:{sha256(inner)}", "platform": {"os": "linux", "architecture": "amd64"}}
    with_manifest(app, image_index(manifests=[entry]))
    app.manifests[f"{sha256(inner)}.json"] = inner


@scenario("manifest-platform")
def an_image_for_no_platform(app: App) -> None:
    with_manifest(app, image_index())


@scenario("manifest-platform")
def a_platform_that_is_listed_twice(app: App) -> None:
    with_manifest(app, image_index(IMAGE, Image(layers=(b"other",))))


# --- broken ones: archives ---------------------------------------------------------------------


@scenario("image-archive-missing")
def no_archive(app: App) -> None:
    app.archives.clear()


@scenario("image-archive-missing")
def no_archive_of_the_only_platform(app: App) -> None:
    with_manifest(app, image_index(IMAGE))
    app.archives.clear()


@scenario("image-archive-layout")
def an_empty_archive(app: App) -> None:
    with_archive(app, b"")


@scenario("image-archive-layout")
def a_compressed_archive(app: App) -> None:
    with_archive(app, b"\x1f\x8b" + bytes(600))


@scenario("image-archive-layout")
def a_truncated_archive(app: App) -> None:
    with_archive(app, app.archives[archive_name()][:700])


@scenario("image-archive-layout")
def a_second_tag(app: App) -> None:
    with_archive(app, tar(IMAGE.members(RepoTags=[IMAGE.tag, f"{NAME}:latest"])))


@scenario("image-archive-layout")
def no_tag(app: App) -> None:
    with_archive(app, tar(IMAGE.members(RepoTags=None)))


@scenario("image-archive-layout")
def the_layout_of_newer_engines(app: App) -> None:
    config = f"blobs/sha256/{sha256(IMAGE.config)}"
    members = IMAGE.members(Config=config)
    members[config] = members.pop(f"{sha256(IMAGE.config)}.json")
    with_archive(app, tar(members))


@scenario("image-archive-layout")
def no_list(app: App) -> None:
    with_archive(app, tar({"repositories": b"{}"}))


@scenario("image-archive-layout")
def two_images(app: App) -> None:
    with_archive(app, tar(IMAGE.members() | {"manifest.json": dumped([IMAGE.list_entry()] * 2)}))


@scenario("image-archive-layout")
def a_list_that_engines_read_in_two_ways(app: App) -> None:
    with_archive(app, tar(IMAGE.members(config="other.json")))


@scenario("image-archive-layout")
def a_list_that_is_no_json(app: App) -> None:
    with_archive(app, tar(IMAGE.members() | {"manifest.json": b"["}))


@scenario("image-archive-layout")
def a_layer_less(app: App) -> None:
    with_archive(app, tar(IMAGE.members(Layers=[])))


@scenario("image-archive-layout")
def a_layer_that_is_not_there(app: App) -> None:
    with_archive(app, tar(IMAGE.members(Layers=["a", "b"])))


@scenario("image-archive-layout")
def a_member_twice_by_a_detour(app: App) -> None:
    with_archive(app, tar(IMAGE.members() | {"./x/../manifest.json": b"[]"}))


@scenario("image-archive-layout")
def a_header_that_asks_for_much_memory(app: App) -> None:
    info = tarfile.TarInfo("name")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    with_archive(app, info.tobuf(tarfile.GNU_FORMAT) + app.archives[archive_name()])


@scenario("image-archive-layout")
def headers_without_end(app: App) -> None:
    info = tarfile.TarInfo("name")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
    with_archive(app, (info.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")) * 50)


@scenario("image-archive-layout")
def a_member_of_a_negative_size(app: App) -> None:
    data = bytearray(app.archives[archive_name()])
    data[124:136] = b"\xff" * 12
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    with_archive(app, bytes(data))


def with_headers(
    app: App, layout: Literal[0, 1, 2], name: str, /, pax: dict[str, str] | None = None, kind: bytes = b"0"
) -> None:
    def more(archive: tarfile.TarFile) -> None:
        archive.format = layout
        info = tarfile.TarInfo(name)
        info.pax_headers, info.type = pax or {}, kind
        archive.addfile(info)

    with_archive(app, tar({"repositories": b""} | IMAGE.members(), more))


@scenario("image-archive-layout")
def an_unusual_extended_header(app: App) -> None:
    with_headers(app, tarfile.PAX_FORMAT, "oci-layout", {"GNU.sparse.name": "manifest.json"})


@scenario("image-archive-layout")
def a_header_for_all_members(app: App) -> None:
    with_headers(app, tarfile.USTAR_FORMAT, "oci-layout", kind=tarfile.XGLTYPE)


@scenario("image-archive-layout")
def a_file_that_is_called_like_a_folder(app: App) -> None:
    with_headers(app, tarfile.USTAR_FORMAT, "oci-layout/", kind=tarfile.AREGTYPE)


def with_header(app: App, start: int, data: bytes) -> None:
    archive = bytearray(app.archives[archive_name()])
    archive[start : start + len(data)] = data
    archive[148:156] = b"%06o\0 " % (sum(archive[:148]) + 8 * 32 + sum(archive[156:512]))
    with_archive(app, bytes(archive))


@scenario("image-archive-layout")
def a_dialect_of_long_ago(app: App) -> None:
    with_header(app, 257, bytes(8))


@scenario("image-archive-layout")
def a_dialect_with_a_name_where_others_have_none(app: App) -> None:
    with_header(app, 263, b"xx")


@scenario("image-archive-layout")
def something_at_the_end_of_a_header(app: App) -> None:
    with_header(app, 508, b"tar\0")


@scenario("image-archive-layout")
def something_where_one_dialect_has_times(app: App) -> None:
    with_header(app, 257, b"ustar  \0" + bytes(80) + b"123")


@scenario("image-archive-hash")
def another_layer(app: App) -> None:
    with_archive(app, tar({name: data.replace(b"another", b"Another") for name, data in IMAGE.members().items()}))


@scenario("image-archive-hash")
def another_configuration(app: App) -> None:
    name = f"{sha256(IMAGE.config)}.json"
    with_archive(app, tar(IMAGE.members() | {name: IMAGE.config + b" "}))


@scenario("image-archive-trailing-data")
def bytes_behind_the_end(app: App) -> None:
    with_archive(app, app.archives[archive_name()] + b"x")


@scenario("image-archive-trailing-data")
def bytes_far_behind_the_end(app: App) -> None:
    with_archive(app, app.archives[archive_name()].ljust(20_480, b"\0") + b"x")


@scenario("image-archive-trailing-data")
def many_zeros_behind_the_end(app: App) -> None:
    with_archive(app, app.archives[archive_name()] + bytes(600_000))


@scenario("image-archive-trailing-data")
def one_block_at_the_end(app: App) -> None:
    with_archive(app, app.archives[archive_name()][:-512])


@scenario("image-archive-trailing-data")
def no_end(app: App) -> None:
    with_archive(app, app.archives[archive_name()][:-1024])


@scenario("image-archive-trailing-data")
def bytes_in_the_padding(app: App) -> None:
    data = bytearray(app.archives[archive_name()])
    data[1023] = 1
    with_archive(app, bytes(data))


@scenario("image-archive-foreign-member")
def a_file_that_nothing_speaks_of(app: App) -> None:
    with_archive(app, tar({"extra": b"x"} | IMAGE.members()))


@scenario("image-archive-foreign-member")
def a_file_outside(app: App) -> None:
    with_archive(app, tar({"../etc/passwd": b"x"} | IMAGE.members()))


def special(kind: bytes, name: str = "extra", link: str = "") -> bytes:
    def more(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        archive.addfile(info)

    return tar(IMAGE.members(), more)


@scenario("image-archive-foreign-member")
def a_device(app: App) -> None:
    with_archive(app, special(tarfile.CHRTYPE))


@scenario("image-archive-foreign-member")
def a_hard_link(app: App) -> None:
    with_archive(app, special(tarfile.LNKTYPE, link="manifest.json"))


@scenario("image-archive-foreign-member")
def a_link_outside(app: App) -> None:
    with_archive(app, special(tarfile.SYMTYPE, link="/etc/passwd"))


@scenario("image-archive-foreign-member")
def a_folder_outside(app: App) -> None:
    with_archive(app, special(tarfile.DIRTYPE, name="/etc"))


@pytest.mark.parametrize(("rule", "change"), SCENARIOS, ids=[f"{rule}-{one.__name__}" for rule, one in SCENARIOS])
def test_every_broken_application_is_refused_by_name(rule: str, change: Change, tmp_path: Path) -> None:
    app = App.of(IMAGE)
    change(app)
    found, _ = check(app, tmp_path)
    assert rule in found
    assert RULES[rule].severity == "error"


def test_every_rule_about_applications_has_a_scenario() -> None:
    assert {rule for rule, _ in SCENARIOS} == {rule.id for rule in RULES.values() if rule.group == "Applications"}


def test_no_byte_of_an_archive_can_be_changed_into_another_content(tmp_path: Path) -> None:
    """Headers hold times and owners that mean nothing; names, sizes, kinds and contents are all covered."""
    app = App.of(IMAGE)
    data = app.archives[archive_name()]
    for position in range(0, len(data), 3):
        with_archive(app, data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        assert check(app, tmp_path)[0] != set(), position


def test_what_grows_when_it_is_expanded_is_not_expanded(tmp_path: Path) -> None:
    levels = [b"x0: &x0 {a: b}"]
    levels += [b"x%d: &x%d {<<: [%s]}" % (n, n, b", ".join([b"*x%d" % (n - 1)] * 20)) for n in range(1, 20)]
    app = App.of(IMAGE)
    app.compose = b"\n".join(levels) + b"\n" + app.compose
    assert check(app, tmp_path)[0] == set()
    app.compose += b"services2: *x19\n"
    assert check(app, tmp_path)[0] == set()
    merging = app.compose.replace(b"    image", b"    <<: *x19\n    image")
    assert check(App(merging, app.manifests, app.archives), tmp_path)[0] == set()
