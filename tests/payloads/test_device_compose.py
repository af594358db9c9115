"""Applications as a device installs them: what was recorded, and what the format says of other cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from conftest import SHARED
from lockstick.disk.tree import FolderTree
from lockstick.payloads.compose_lines import read_lines
from lockstick.payloads.device_compose import INTERNAL_ERROR, LOADING_FAILED, NOT_ALL_MAPPED, device_compose_problem
from lockstick.payloads.platforms import grade, select
from payload_maker import NAME, App, Image, dumped, image_index, service, sha256, tar

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.payloads.device_problem import DeviceProblem

CASES = SHARED / "device-verdicts"
IMAGE = Image()
ARM = Image(architecture="arm64")
Change = Callable[[App], None]


def said(app: App, root: Path, platform: str = "linux/amd64") -> DeviceProblem | None:
    return device_compose_problem(FolderTree(app.write(root)), app.compose, app.digest, platform)


def recorded() -> list[str]:
    """The cases whose verdict depends on the application, and not on roots or registration."""
    return sorted(
        path.name
        for path in (*CASES.glob("compose_*"), *CASES.glob("tar_*"))
        if (path / "update/images/docker-compose.yml").is_file() and "roots_v1" not in path.name
    )


@pytest.mark.skipif(not CASES.is_dir(), reason="the recorded verdicts are not beside this checkout")
@pytest.mark.parametrize("name", recorded())
def test_the_device_is_said_to_say_what_it_said(name: str) -> None:
    case = json.loads((CASES / name / "case.json").read_text())
    compose = (CASES / name / "update/images/docker-compose.yml").read_bytes()
    problem = device_compose_problem(
        FolderTree(CASES / name / "update"), compose, sha256(compose), case["device"]["docker_platform"]
    )
    if case["verdict"] == "PASS":
        assert problem is None
    else:
        assert problem is not None
        assert (problem.stage, problem.reason) == (case["stage"], case["client_error"])
        assert problem.detail


def changed_archive(app: App, data: bytes) -> None:
    app.archives[f"{IMAGE.digest}.tar"] = data


OVERLOOKED: dict[str, Change] = {
    "bytes behind the end": lambda app: changed_archive(app, app.archives[f"{IMAGE.digest}.tar"] + b"x" * 1000),
    "a member outside": lambda app: changed_archive(app, tar({"../x": b""} | IMAGE.members())),
    "a member that nothing speaks of": lambda app: changed_archive(app, tar({"x": b""} | IMAGE.members())),
    "one block at the end": lambda app: changed_archive(app, app.archives[f"{IMAGE.digest}.tar"][:-512]),
    "line ends of Windows": lambda app: setattr(app, "compose", app.compose.replace(b"\n", b"\r\n")),
    "marks of its own": lambda app: setattr(app, "compose", b"# mode=offline\n" + app.compose),
}


@pytest.mark.parametrize("name", OVERLOOKED)
def test_the_device_overlooks(name: str, tmp_path: Path) -> None:
    app = App.of(IMAGE)
    OVERLOOKED[name](app)
    assert said(app, tmp_path) is None


REFUSED: dict[str, Change] = {
    "no archive": lambda app: app.archives.clear(),
    "no manifest": lambda app: app.manifests.clear(),
    "another manifest": lambda app: app.manifests.update({f"{IMAGE.digest}.json": b"{}"}),
    "no tag": lambda app: changed_archive(app, tar(IMAGE.members(RepoTags=[]))),
    "no list of tags": lambda app: changed_archive(app, tar(IMAGE.members(RepoTags=None))),
    "no list": lambda app: changed_archive(app, tar({"x": b""})),
    "a list that is none": lambda app: changed_archive(app, tar(IMAGE.members() | {"manifest.json": b"{}"})),
    "a configuration twice": lambda app: changed_archive(
        app, tar(IMAGE.members() | {"manifest.json": dumped([IMAGE.list_entry()] * 2)})
    ),
    "another image": lambda app: changed_archive(app, tar(ARM.members(RepoTags=[IMAGE.tag]))),
    "another configuration": lambda app: changed_archive(
        app, tar(IMAGE.members() | {f"{sha256(IMAGE.config)}.json": b"{}"})
    ),
    "a layer less": lambda app: changed_archive(app, tar(IMAGE.members(Layers=[]))),
    "a member twice": lambda app: changed_archive(app, tar(IMAGE.members() | {"./manifest.json": b"[]"})),
    "a compressed archive": lambda app: changed_archive(app, b"\x1f\x8b" * 600),
    "no digest": lambda app: setattr(app, "compose", service(NAME, "").replace(b"@sha256:", b":1.0")),
    "a long line": lambda app: setattr(app, "compose", app.compose + b"#" * 4096),
    "a long file": lambda app: setattr(app, "compose", app.compose + b"#\n" * (2 << 20)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_device_cannot_load(name: str, tmp_path: Path) -> None:
    app = App.of(IMAGE)
    REFUSED[name](app)
    problem = said(app, tmp_path)
    assert problem is not None
    assert (problem.stage, problem.reason, problem.crash) == ("install", LOADING_FAILED, False)


def test_a_truncated_archive_kills_the_devices_program(tmp_path: Path) -> None:
    app = App.of(IMAGE)
    changed_archive(app, app.archives[f"{IMAGE.digest}.tar"][:515])
    problem = said(app, tmp_path)
    assert problem is not None
    assert problem.crash


def test_a_member_that_looks_like_json_and_is_none_is_an_internal_error_of_the_device(tmp_path: Path) -> None:
    app = App.of(IMAGE)
    changed_archive(app, tar({"x.json": b"{"} | IMAGE.members()))
    problem = said(app, tmp_path)
    assert problem is not None
    assert problem.reason == INTERNAL_ERROR
    app = App.of(IMAGE)
    changed_archive(app, tar({"x.json": b"{" * 262_145} | IMAGE.members()))
    assert said(app, tmp_path / "too large to be looked at") is None


PASSED_OVER: dict[str, Callable[[bytes], bytes]] = {
    "a comment behind the image": lambda text: text.replace(b"\nversion", b" # x\nversion"),
    "flow style": lambda _: b"services: {app: {image: x}}\n",
    "a comment behind the services": lambda text: text.replace(b"services:", b"services: # x"),
    "a service that is only built": lambda text: text.replace(b"version", b"  b:\n    build: .\nversion"),
    "no line end behind the image": lambda text: text.partition(b"\nversion")[0],
    "an image without a blank": lambda text: text.replace(b"image: ", b"image:"),
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_the_device_believes_to_have_succeeded(name: str, tmp_path: Path) -> None:
    app = App.of(IMAGE)
    app.compose = PASSED_OVER[name](app.compose)
    problem = said(app, tmp_path)
    assert problem is not None
    assert (problem.stage, problem.reason) == ("compose", NOT_ALL_MAPPED)


def test_of_two_names_for_one_digest_the_device_loads_the_first(tmp_path: Path) -> None:
    more = b"  aaa:\n    image: other@sha256:" + IMAGE.digest.encode() + b"\nversion"
    app = App.of(IMAGE)
    app.compose = app.compose.replace(b"version", more)
    problem = said(app, tmp_path)
    assert problem is not None
    assert problem.stage == "install"  # the archive has the tag of the other name
    app.compose = app.compose.replace(b"aaa", b"zzz")
    problem = said(app, tmp_path / "second")
    assert problem is not None
    assert problem.stage == "compose"


def test_the_device_takes_the_image_of_its_platform(tmp_path: Path) -> None:
    app = App.of_index(IMAGE, ARM, present=(ARM,))
    assert said(app, tmp_path, "linux/arm64") is None
    for platform in ("linux/amd64", "linux/arm/v7"):
        assert said(app, tmp_path, platform) is not None


def test_a_list_within_a_list_is_refused(tmp_path: Path) -> None:
    inner = image_index(IMAGE)
    entry = {"digest": f"sha256:{sha256(inner)}", "platform": {"os": "linux", "architecture": "amd64"}}
    outer = image_index(manifests=[entry])
    app = App(service(NAME, sha256(outer)), {f"{sha256(one)}.json": one for one in (inner, outer)})
    problem = said(app, tmp_path)
    assert problem is not None
    assert problem.detail == "getConfigDigest: single-platform manifest expected"


@pytest.mark.parametrize(
    ("requested", "offered", "selected"),
    [
        ("linux/arm64", ("linux/arm64", "linux/arm64/v8"), None),
        ("linux/arm64", ("linux/arm64/v8",), "linux/arm64/v8"),
        ("linux/arm/v7", ("linux/arm/v6", "linux/arm/v7"), "linux/arm/v7"),
        ("linux/arm/v7", ("linux/arm",), "linux/arm"),
        ("linux/arm/v7", ("linux/arm", "linux/arm/v7"), "linux/arm/v7"),
        ("linux/arm", ("linux/arm/v6", "linux/arm/v7"), None),
        ("linux/amd64", ("unknown/unknown", "linux/amd64"), "linux/amd64"),
        ("linux/amd64", ("linux/arm64",), None),
        ("linux/amd64", (), None),
    ],
)
def test_the_platform_that_fits_best_alone_is_taken(
    requested: str, offered: tuple[str, ...], selected: str | None
) -> None:
    """The table of lockbox-format 6.4."""
    assert select(requested, [(platform, platform) for platform in offered])[0] == selected


def test_platforms_fit_by_the_parts_that_both_have() -> None:
    assert [grade("linux/arm/v7", offered) for offered in ("linux", "linux/arm", "linux/arm/v7", "linux/amd64")] == [
        1,
        2,
        3,
        0,
    ]


def test_of_two_sections_of_services_the_device_takes_the_last_and_of_two_images_too() -> None:
    text = b"services:\n  a:\n    image: 1\nservices:\n  b:\n    image: 2\n    image: 3\n    platform: p\n"
    reading = read_lines(text)
    assert {name: (one.image, one.platform) for name, one in reading.services.items()} == {"b": ("3", "p")}
