"""``lockstick rehearse`` as it is typed."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from forge import LATER, PAYLOAD, Forge, envelope, target
from lockstick.cli.boundary import run
from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-06-01T00:00:00Z"


def lockbox(folder: Path, forge: Forge, data: bytes = PAYLOAD) -> Path:
    director, image_repo = forge.documents()
    for name, documents in (("director", director), ("image-repo", image_repo)):
        place = folder / "update" / "metadata" / name
        place.mkdir(parents=True)
        for file, document in documents.items():
            (place / file).write_bytes(canonical(document))
    (folder / "update" / "images").mkdir()
    for file in forge.lockbox["targets"]:
        (folder / "update" / "images" / file).write_bytes(data)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    forge = Forge()
    new = lockbox(tmp_path / "new", forge)
    assert new.is_dir()
    older = Forge()
    older.offline_snapshot["version"], older.lockbox["version"] = 6, 2
    lockbox(tmp_path / "old", older)
    broken = Forge(lockbox_targets={"b.bin": target(b"b")}, image_targets={"b.bin": target(b"b")})
    for body in (broken.offline_snapshot, broken.lockbox, broken.snapshot, broken.targets):
        body["version"] += 9
    lockbox(tmp_path / "broken", broken, b"x")
    (tmp_path / "roots").mkdir()
    anchors = forge.anchors()
    assert anchors.director is not None
    assert anchors.image_repo is not None
    (tmp_path / "roots" / "director-root.json").write_bytes(anchors.director)
    (tmp_path / "roots" / "image-root.json").write_bytes(anchors.image_repo)
    (tmp_path / "board.json").write_text('{"primary": {"hardware_id": "board", "serial": "p1"}}')
    (tmp_path / "other.json").write_text('{"primary": {"hardware_id": "other", "serial": "p2"}}')
    (tmp_path / "fleet.csv").write_text("name,hardware_id,serial\nthird,board,p3\n")
    return tmp_path


def rehearse(site: Path, *arguments: str) -> int:
    named = [str(site / one) if (site / one).exists() or one.startswith("state") else one for one in arguments]
    return run(["rehearse", *named, "--provisioned", str(site / "roots"), "--at", AT])


def steps(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str | None]]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return [(step["verdict"], step["stage"]) for step in document["steps"]]


def test_a_story_is_told_step_by_step(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse(site, "old", "new", "--device", "board.json", "--json") == 0
    assert steps(capsys) == [("PASS", None), ("NOUPDATE", "metadata")]


def test_the_worst_step_gives_the_exit_code(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse(site, "new", "old", "--device", "board.json", "--json") == 4
    assert steps(capsys) == [("PASS", None), ("FAIL", "metadata")]
    assert rehearse(site, "new", "old", "broken", "--device", "board.json", "--json") == 3
    assert steps(capsys)[-1] == ("FAIL", "fetch")


def test_a_state_continues_the_story(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse(site, "new", "--device", "board.json", "--state", "state.json") == 0
    assert "PASS: box in" in capsys.readouterr().out
    assert rehearse(site, "old", "--device", "board.json", "--state", "state.json") == 4
    out = capsys.readouterr().out
    assert "FAIL at metadata" in out
    assert "This device has seen a newer offline-snapshot" in out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"primary": {"hardware_id": "board", "serial": "p1"}}', "it is a device profile"),
        ('{"primary": {}, "secondaries": {}}', "it is a device profile"),
        ('{"offline_snapshot_verison": 41}', "no member of it says what a device has seen"),
        ('{"lockboxes": {"line-a": 7}}', "no member of it says what a device has seen"),
    ],
    ids=["profile", "secondaries", "misspelt", "no number"],
)
def test_a_file_that_is_no_state_is_refused_and_left_as_it_is(
    site: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    (site / "state.json").write_text(text)
    assert rehearse(site, "new", "--device", "board.json", "--state", "state.json") == 2
    told = capsys.readouterr().err
    assert "state.json is not a device state" in told
    assert f"because: {why}\n" in told
    assert (site / "state.json").read_text() == text


def test_an_empty_state_is_the_beginning_of_a_story(site: Path) -> None:
    (site / "state.json").write_text("{}")
    assert rehearse(site, "new", "--device", "board.json", "--state", "state.json") == 0
    assert rehearse(site, "old", "--device", "board.json", "--state", "state.json") == 4


def test_a_state_may_be_a_single_number(site: Path) -> None:
    (site / "state.json").write_text('{"offline_snapshot_version": 41}')
    assert rehearse(site, "new", "--device", "board.json", "--state", "state.json") == 4
    (site / "state.json").write_text('{"offline_snapshot_version": 6}')
    assert rehearse(site, "new", "--device", "board.json", "--state", "state.json") == 0


def test_several_devices_have_stories_of_their_own(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ("--device", "board.json", "--device", "other.json", "--fleet", "fleet.csv")
    assert rehearse(site, "new", *named, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    told = [(one["device"], one["steps"][0]["verdict"]) for one in document["devices"]]
    assert told == [("board", "PASS"), ("other", "NOUPDATE"), ("third", "PASS")]


def test_without_a_device_nothing_is_rehearsed(site: Path) -> None:
    assert rehearse(site, "new") == 2
    assert rehearse(site, "new", "--device", "board.json", "--device", "board.json") == 2


def test_the_roots_may_be_those_of_a_credentials_zip(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Members of that name are what a device is made with; nothing else in the zip is looked at."""
    forge = Forge()
    for name, key in (("ours", forge.root_key), ("theirs", forge.other_key)):
        with zipfile.ZipFile(site / f"{name}.zip", "w") as archive:
            archive.writestr("director.root.json", canonical(envelope(forge.director_roots[0], key)))
            archive.writestr("root.json", canonical(envelope(forge.image_roots[0], forge.image_root_key)))
    with zipfile.ZipFile(site / "none.zip", "w") as archive:
        archive.writestr("treehub.json", "{}")
    with_zip = ["rehearse", str(site / "new"), "--device", str(site / "board.json"), "--at", AT, "--json"]
    assert run([*with_zip, "--provisioned", str(site / "ours.zip")]) == 0
    assert steps(capsys) == [("PASS", None)]
    assert run([*with_zip, "--provisioned", str(site / "theirs.zip")]) == 3
    assert steps(capsys) == [("FAIL", "import-root")]
    assert run([*with_zip, "--provisioned", str(site / "none.zip")]) == 8
    assert "there are no roots in" in json.loads(capsys.readouterr().out)["error"]["what"]
    assert run([*with_zip, "--provisioned", str(site / "board.json")]) == 7


def test_the_provisioned_roots_decide(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forge = Forge()
    (site / "roots" / "director-root.json").write_bytes(
        canonical(envelope(forge.director_roots[0] | {"expires": LATER}, forge.other_key))
    )
    assert rehearse(site, "new", "--device", "board.json", "--json") == 3
    assert steps(capsys) == [("FAIL", "import-root")]
