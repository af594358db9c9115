"""Where ``lockstick explain`` says that a chain breaks, and the word it has for it: one lockbox for each case."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cli.test_rehearse import AT, lockbox
from forge import EARLIER, LATER, Forge, Key, envelope, role, target
from lockstick.cli.boundary import run
from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from pathlib import Path

DIRECTOR = ("update", "metadata", "director")
IMAGES = ("update", "metadata", "image-repo")


@dataclass(frozen=True)
class Explained:
    """What ``explain --json`` said."""

    code: int
    told: dict[str, Any]

    @property
    def link(self) -> tuple[str | None, str | None, int]:
        """The broken link, its word, the exit code."""
        return self.told["broken"], self.told["shape"], self.code

    def rules(self, link: str) -> list[str]:
        """The rules of the findings at a link."""
        (found,) = (one for one in self.told["links"] if one["name"] == link)
        return [finding["rule"] for finding in found["findings"]]


Explain = Callable[..., Explained]


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The roots of the forge's account; the machine's own store is empty."""
    monkeypatch.setenv("LOCKSTICK_TRUST_STORE", str(tmp_path / "store"))
    folder = tmp_path / "roots"
    folder.mkdir()
    anchors = Forge().anchors()
    (folder / "director-root.json").write_bytes(anchors.director or b"")
    (folder / "image-root.json").write_bytes(anchors.image_repo or b"")
    return folder


@pytest.fixture
def explain(roots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Explain:
    def invoke(package: str = "fw.bin", *more: str) -> Explained:
        capsys.readouterr()
        believed = more or ("--trust", str(roots))
        code = run(["explain", str(tmp_path / "box"), package, *believed, "--at", AT, "--json"])
        return Explained(code, json.loads(capsys.readouterr().out))

    return invoke


def delegating(*names: str) -> Forge:
    """A forge whose image repository leaves the packages of those names to the role ``vendor``."""
    forge = Forge()
    key = Key(seed=7)
    entries = {name: target(hardware_ids=(name,), name=name, version="2", targetFormat="BINARY") for name in names}
    body = {"_type": "Targets", "expires": LATER, "targets": entries, "version": 5}
    forge.delegated["vendor"] = envelope(body, key)
    forge.targets["delegations"] = {
        "keys": {key.keyid: key.public},
        "roles": [{"name": "vendor", "paths": ["vendor-*"], "terminating": False, **role(key)}],
    }
    forge.lockbox_targets.update({name: target(hardware_ids=(name,)) for name in names})
    return forge


def test_a_delegated_package_has_a_link_for_its_delegation(tmp_path: Path, explain: Explain) -> None:
    lockbox(tmp_path / "box", delegating("vendor-map.bin"))
    found = explain("vendor-map.bin")
    assert found.link == (None, None, 0)
    names = [link["name"] for link in found.told["links"]]
    step = "delegated by image-repo/targets.json to vendor"
    assert names.index(step) == names.index("the image repository's targets") + 1
    assert step not in [link["name"] for link in explain("fw.bin").told["links"]]


def test_a_delegation_that_another_signed_breaks_the_chain_of_its_packages_alone(
    tmp_path: Path, explain: Explain
) -> None:
    forge = delegating("vendor-map.bin")
    forge.delegated["vendor"] = envelope(forge.delegated["vendor"]["signed"], forge.other_key)
    lockbox(tmp_path / "box", forge)
    found = explain("vendor-map.bin")
    assert found.link == ("delegated by image-repo/targets.json to vendor", "attack", 3)
    assert "threshold-unmet" in found.rules("delegated by image-repo/targets.json to vendor")
    assert explain("fw.bin").link == (None, None, 0)


def test_an_expired_delegation_is_stale_for_its_packages_alone(tmp_path: Path, explain: Explain) -> None:
    forge = delegating("vendor-map.bin")
    body = forge.delegated["vendor"]["signed"] | {"expires": EARLIER}
    forge.delegated["vendor"] = envelope(body, Key(seed=7))
    lockbox(tmp_path / "box", forge)
    assert explain("vendor-map.bin").link == ("delegated by image-repo/targets.json to vendor", "stale", 4)
    assert explain("fw.bin").link == (None, None, 0)


def two_of_one_name() -> Forge:
    forge = Forge()
    for version in ("1", "2"):
        name = f"map-{version}.bin"
        forge.lockbox_targets[name] = target(hardware_ids=(f"board-{version}",))
        forge.image_targets[name] = target(
            hardware_ids=(f"board-{version}",), name="map", version=version, targetFormat="BINARY"
        )
    return forge


def test_a_package_name_of_two_targets_is_asked_about(
    tmp_path: Path, roots: Path, explain: Explain, capsys: pytest.CaptureFixture[str]
) -> None:
    lockbox(tmp_path / "box", two_of_one_name())
    assert run(["explain", str(tmp_path / "box"), "map", "--trust", str(roots), "--at", AT]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "map-1.bin, map-2.bin" in shown.err
    assert [explain(f"map-{version}.bin").link for version in "12"] == [(None, None, 0)] * 2


def test_the_name_of_a_target_goes_before_that_of_a_package(tmp_path: Path, explain: Explain) -> None:
    forge = Forge()
    forge.lockbox_targets["fw"] = target(hardware_ids=("other",))
    forge.image_targets["fw"] = target(hardware_ids=("other",), name="else", version="1", targetFormat="BINARY")
    lockbox(tmp_path / "box", forge)
    assert explain("fw").told["target"] == "fw"
    assert explain("else").told["target"] == "fw"


def test_on_first_use_the_anchors_warn_and_the_chain_holds(tmp_path: Path, explain: Explain) -> None:
    lockbox(tmp_path / "box", Forge())
    found = explain("fw.bin", "--tofu")
    assert found.link == (None, None, 0)
    assert found.rules("the director trust anchor") == ["anchor-first-use"]
    assert "from: first-use" in found.told["links"][0]["says"]


def test_without_any_anchor_the_first_link_fails(tmp_path: Path, explain: Explain) -> None:
    lockbox(tmp_path / "box", Forge())
    found = explain("fw.bin", "--quiet")
    assert found.told["verdict"] == "unanchored"
    assert found.link == ("the director trust anchor", "mistake", 3)
    assert found.rules("the director trust anchor") == ["anchor-missing"]


def test_an_account_that_the_store_does_not_know_looks_like_an_attack(
    tmp_path: Path, roots: Path, explain: Explain
) -> None:
    assert run(["trust", "add", "ours", "--from", str(roots)]) == 0
    lockbox(tmp_path / "box", Forge(root_key=Key(seed=8), image_root_key=Key(seed=9)))
    found = explain("fw.bin", "--quiet")
    assert found.link == ("the director trust anchor", "attack", 3)
    assert found.rules("the director trust anchor") == ["anchor-unknown"]


def test_roots_of_another_account_break_the_roots(tmp_path: Path, explain: Explain) -> None:
    lockbox(tmp_path / "box", Forge(root_key=Key(seed=8)))
    broken, shape, code = explain().link
    assert (broken, shape, code) == ("the director roots", "attack", 3)


@pytest.mark.parametrize(
    ("document", "link"),
    [
        ("offline_snapshot", "the offline-snapshot"),
        ("lockbox", "the lockbox"),
        ("snapshot", "the image repository's snapshot"),
        ("targets", "the image repository's targets"),
    ],
)
def test_an_expired_document_is_a_stale_link(tmp_path: Path, explain: Explain, document: str, link: str) -> None:
    forge = Forge()
    getattr(forge, document)["expires"] = EARLIER
    lockbox(tmp_path / "box", forge)
    found = explain()
    assert found.link == (link, "stale", 4)
    assert found.rules(link) == ["expired"]
    assert found.told["links"][-1]["state"] == "holds", "the bytes of an expired lockbox are looked at"


@pytest.mark.parametrize(
    ("place", "file", "link"),
    [
        (DIRECTOR, "2.root.json", "the director roots"),
        (DIRECTOR, "offline-snapshot.json", "the offline-snapshot"),
        (DIRECTOR, "box.json", "the lockbox"),
        (IMAGES, "2.root.json", "the image-repo roots"),
        (IMAGES, "snapshot.json", "the image repository's snapshot"),
        (IMAGES, "targets.json", "the image repository's targets"),
    ],
)
def test_a_document_that_is_cut_is_a_damaged_link(
    tmp_path: Path, explain: Explain, place: tuple[str, ...], file: str, link: str
) -> None:
    lockbox(tmp_path / "box", Forge())
    path = (tmp_path / "box").joinpath(*place, file)
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 0):
        path.write_bytes(whole[:length])
        assert explain().link == (link, "damaged", 3)


@pytest.mark.parametrize(
    ("place", "file", "link"),
    [
        (DIRECTOR, "offline-snapshot.json", "the offline-snapshot"),
        (DIRECTOR, "box.json", "the lockbox"),
        (IMAGES, "snapshot.json", "the image repository's snapshot"),
        (IMAGES, "targets.json", "the image repository's targets"),
        (("update", "images"), "fw.bin", "the bytes on the medium"),
    ],
)
def test_a_missing_file_is_a_damaged_link(
    tmp_path: Path, explain: Explain, place: tuple[str, ...], file: str, link: str
) -> None:
    lockbox(tmp_path / "box", Forge())
    (tmp_path / "box").joinpath(*place, file).unlink()
    assert explain().link == (link, "damaged", 3)


@pytest.mark.parametrize(
    ("place", "file", "link"),
    [
        (DIRECTOR, "2.root.json", "the director roots"),
        (DIRECTOR, "offline-snapshot.json", "the offline-snapshot"),
        # The hash that is listed for it covers its signatures.
        (DIRECTOR, "box.json", "its entry for the lockbox"),
        (IMAGES, "2.root.json", "the image-repo roots"),
        (IMAGES, "snapshot.json", "the image repository's snapshot"),
        (IMAGES, "targets.json", "the image repository's targets"),
    ],
)
def test_a_document_that_somebody_else_signed_looks_like_an_attack(
    tmp_path: Path, explain: Explain, place: tuple[str, ...], file: str, link: str
) -> None:
    forge = Forge()
    lockbox(tmp_path / "box", forge)
    path = (tmp_path / "box").joinpath(*place, file)
    path.write_bytes(canonical(envelope(json.loads(path.read_bytes())["signed"], forge.other_key)))
    assert explain().link == (link, "attack", 3)


def test_bytes_of_the_right_length_are_damaged_all_the_same(tmp_path: Path, explain: Explain) -> None:
    lockbox(tmp_path / "box", Forge())
    path = tmp_path / "box" / "update" / "images" / "fw.bin"
    path.write_bytes(path.read_bytes()[::-1])
    found = explain()
    assert found.link == ("the bytes on the medium", "damaged", 3)
    assert found.rules("the bytes on the medium") == ["package-hash"]


def test_a_lockbox_that_lists_another_file_than_the_image_repository_looks_like_an_attack(
    tmp_path: Path, explain: Explain
) -> None:
    lockbox(tmp_path / "box", Forge(lockbox_targets={"fw.bin": target(b"another")}), b"another")
    found = explain()
    assert found.link == ("the image repository's entry for the package", "attack", 3)
    assert found.told["links"][-1]["state"] == "unreached", "nobody reads bytes that nothing signed describes"


def test_the_text_ends_at_the_first_link_that_fails(
    tmp_path: Path, roots: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge = Forge()
    forge.offline_snapshot["expires"] = forge.snapshot["expires"] = EARLIER
    lockbox(tmp_path / "box", forge)
    assert run(["explain", str(tmp_path / "box"), "fw.bin", "--trust", str(roots), "--at", AT]) == 4
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["holds", "holds", "fails"]
    assert lines[-2:] == [
        "The chain breaks at the offline-snapshot.",
        "Usually this means (stale): It is old: expired, superseded, or defined again since.",
    ]
    assert not any("image" in line for line in lines)
