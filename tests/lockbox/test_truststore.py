"""The machine's trust store keeps what was believed, and only that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from forge import Forge, Key
from lockstick.errors import DistrustError, NotFoundError, UsageError
from lockstick.lockbox.truststore import TrustStore
from lockstick.metadata.canonical import canonical
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


def test_what_was_added_is_given_back_byte_for_byte(store: TrustStore) -> None:
    anchors = Forge().anchors()
    added = store.add("ours", anchors)
    assert store.entries() == (added,)
    assert added.anchors.director == anchors.director
    assert added.anchors.image_repo == anchors.image_repo
    assert added.anchors.source == "store"
    assert store.add("ours", anchors) == added


def test_a_name_that_is_taken_by_other_roots_is_refused(store: TrustStore) -> None:
    store.add("ours", Forge().anchors())
    for name in ("ours", "OURS"):
        with pytest.raises(UsageError, match="already has other trust anchors"):
            store.add(name, Forge(root_key=Key(seed=9)).anchors())


@pytest.mark.parametrize("name", ["", "../x", "a/b", "con", "nul.x", "dot.", ".hidden", "a b", "x" * 65])
def test_a_name_that_cannot_be_a_file_is_refused(store: TrustStore, name: str) -> None:
    with pytest.raises(UsageError):
        store.add(name, Forge().anchors())


def test_a_root_that_is_not_its_own_is_not_stored(store: TrustStore) -> None:
    anchors = Forge().anchors()
    forged = Anchors(
        director=(anchors.director or b"").replace(b"2027", b"2028"),
        image_repo=anchors.image_repo,
        source="file",
        dialect=UPTANE,
    )
    with pytest.raises(DistrustError):
        store.add("ours", forged)
    assert store.names() == ()


def test_half_a_pair_is_not_stored(store: TrustStore) -> None:
    with pytest.raises(UsageError, match="director-root"):
        store.add(
            "ours", Anchors(director=None, image_repo=Forge().anchors().image_repo, source="file", dialect=UPTANE)
        )


def test_an_entry_without_a_dialect_is_of_the_only_one_there_was(store: TrustStore, tmp_path: Path) -> None:
    added = store.add("ours", Forge().anchors())
    place = tmp_path / "trust" / "ours.json"
    document = json.loads(place.read_bytes())
    assert document.pop("dialect") == "uptane"
    place.write_text(json.dumps(document))
    assert store.entries() == (added,)
    assert added.anchors.dialect is UPTANE


@pytest.mark.parametrize("dialect", ["", "Uptane", "tuf2", 7, None, []])
def test_an_entry_of_an_unknown_dialect_is_not_believed(store: TrustStore, tmp_path: Path, dialect: Any) -> None:
    store.add("ours", Forge().anchors())
    place = tmp_path / "trust" / "ours.json"
    place.write_text(json.dumps(json.loads(place.read_bytes()) | {"dialect": dialect}))
    assert store.entries() == ()
    assert store.broken() == ("ours",)


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"not json", b'{"format":1,"dialect":"uptane","director":"!"}'])
def test_a_damaged_entry_keeps_nothing_else_from_working_and_can_be_removed(
    store: TrustStore, tmp_path: Path, damage: bytes
) -> None:
    store.add("ours", Forge().anchors())
    (tmp_path / "trust" / "theirs.json").write_bytes(damage)
    assert [entry.name for entry in store.entries()] == ["ours"]
    assert store.broken() == ("theirs",)
    with pytest.raises(DistrustError, match="cannot be read"):
        store.show("theirs")
    store.remove("theirs")
    assert store.broken() == ()


def test_leftovers_of_an_interrupted_add_are_never_believed(store: TrustStore, tmp_path: Path) -> None:
    foreign = Forge(root_key=Key(seed=9)).anchors()
    store.add("foreign", foreign)
    (tmp_path / "trust" / "foreign.json").rename(tmp_path / "trust" / "ours.new")
    assert store.entries() == ()
    ours = store.add("ours", Forge().anchors())
    assert ours.anchors.director == Forge().anchors().director


def test_what_is_not_there_cannot_be_shown_or_removed(store: TrustStore) -> None:
    for action in (store.show, store.remove):
        with pytest.raises(NotFoundError):
            action("nobody")


def test_other_files_in_the_folder_are_left_alone(store: TrustStore, tmp_path: Path) -> None:
    store.add("ours", Forge().anchors())
    (tmp_path / "trust" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "trust" / "folder").mkdir()
    assert store.names() == ("ours",)
    store.remove("ours")
    assert (tmp_path / "trust" / ".DS_Store").exists()


def test_an_unreadable_root_is_no_anchor(store: TrustStore) -> None:
    with pytest.raises(DistrustError):
        store.add(
            "ours",
            Anchors(director=canonical({}), image_repo=Forge().anchors().image_repo, source="file", dialect=UPTANE),
        )
