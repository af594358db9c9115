"""What becomes of a verification when the cloud is asked; the cloud is a dictionary here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cli.test_rehearse import lockbox
from forge import AT, EARLIER, Forge
from lockstick.errors import DistrustError, NotCurrentError, TransferError
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.online import ask_online
from lockstick.lockbox.seen import SeenFiles
from lockstick.lockbox.verify import verify
from lockstick.trust.currency import Answer
from lockstick.trust.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.progress import Observer
    from lockstick.trust.evidence import Anchors
    from lockstick.trust.memory import Seen


class Cloud:
    """Publishes what a forge signs, or fails."""

    name = "https://cloud.example/director"

    def __init__(self, forge: Forge | Exception) -> None:
        self._forge = forge

    def published(self, lockbox: str, observer: Observer) -> Mapping[str, bytes]:
        assert lockbox == "box"
        if isinstance(self._forge, Exception):
            raise self._forge
        return self._forge.evidence().director.files


@pytest.fixture
def outcome(tmp_path: Path) -> VerifyOutcome:
    forge = Forge()
    folder = lockbox(tmp_path / "stick", forge)
    return verify(
        find_lockbox(folder).tree, anchors=AnchorChoice(given=forge.anchors()), at=AT, clock=iter((0.0, 1.0)).__next__
    )


def asked(outcome: VerifyOutcome, cloud: Forge | Exception) -> VerifyOutcome:
    return ask_online(outcome, cloud=Cloud(cloud), at=AT)


class Memory(SeenFiles):
    """Remembers which versions of the offline-snapshot it was told of."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [], say=print)
        self.told: list[int] = []

    def remember(self, anchors: Anchors, now: Seen) -> None:
        assert anchors == Forge().anchors()
        self.told.append(now.documents["director/offline-snapshot.json"])


def remembered(outcome: VerifyOutcome, cloud: Forge | Exception, folder: Path) -> list[int]:
    memory = Memory(folder)
    ask_online(outcome, cloud=Cloud(cloud), at=AT, memory=memory)
    return memory.told


def at_version(snapshot: int, expires: str = "2027-06-01T00:00:00Z") -> Forge:
    forge = Forge()
    forge.offline_snapshot |= {"version": snapshot, "expires": expires}
    return forge


def newest_root(expires: str) -> Forge:
    """A cloud whose lockboxes are as before, and whose newest root the medium has not seen."""
    forge = Forge()
    forge.director_roots.append(dict(forge.director_roots[1], version=3, expires=expires))
    return forge


def test_a_current_lockbox_keeps_its_verdict(outcome: VerifyOutcome) -> None:
    told = asked(outcome, Forge())
    assert told.verdict is Verdict.VERIFIED
    assert told.findings == outcome.findings
    assert told.online is not None
    assert (told.online.answer, told.online.error) == (Answer.CURRENT, None)


def test_a_newer_root_alone_does_not_make_a_lockbox_old(outcome: VerifyOutcome) -> None:
    told = asked(outcome, newest_root("2027-06-01T00:00:00Z"))
    assert told.verdict is Verdict.VERIFIED
    assert told.online is not None
    assert told.online.answer is Answer.CURRENT


def test_published_documents_that_have_run_out_do_not_say_what_is_current(outcome: VerifyOutcome) -> None:
    told = asked(outcome, newest_root(EARLIER))
    assert told.verdict is Verdict.VERIFIED
    assert told.online is not None
    assert told.online.answer is None
    assert isinstance(told.online.error, NotCurrentError)
    assert "director/3.root.json" in told.online.error.why


def test_published_documents_that_have_run_out_still_show_something_newer(outcome: VerifyOutcome) -> None:
    forge = newest_root(EARLIER)
    forge.offline_snapshot["version"] += 1
    told = asked(outcome, forge)
    assert told.verdict is Verdict.EXPIRED
    assert told.online is not None
    assert told.online.answer is Answer.SUPERSEDED


@pytest.mark.parametrize("error", [TransferError("no line"), DistrustError("too long")])
def test_a_failure_leaves_the_verdict_alone_and_is_kept(outcome: VerifyOutcome, error: Exception) -> None:
    told = asked(outcome, error)
    assert (told.verdict, told.findings) == (outcome.verdict, outcome.findings)
    assert told.online is not None
    assert told.online.error is error


def test_a_mistake_of_ours_is_not_taken_for_an_answer(outcome: VerifyOutcome) -> None:
    with pytest.raises(ZeroDivisionError):
        asked(outcome, ZeroDivisionError())


def test_what_is_remembered_is_what_was_verified_and_what_is_published(outcome: VerifyOutcome, tmp_path: Path) -> None:
    assert remembered(outcome, Forge(), tmp_path) == [7, 7]
    assert remembered(outcome, TransferError("no line"), tmp_path) == [7]
    assert remembered(outcome, at_version(8), tmp_path) == [8]


def test_nothing_is_remembered_where_the_cloud_disagrees(outcome: VerifyOutcome, tmp_path: Path) -> None:
    assert remembered(outcome, at_version(6), tmp_path) == []


def test_expired_documents_are_not_remembered(outcome: VerifyOutcome, tmp_path: Path) -> None:
    assert remembered(outcome, at_version(8, EARLIER), tmp_path) == []
    expired = replace(outcome, verdict=Verdict.EXPIRED)
    assert remembered(expired, TransferError("no line"), tmp_path) == []


def test_a_lockbox_that_has_expired_can_be_the_current_one(outcome: VerifyOutcome) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    expired = replace(outcome, verdict=Verdict.EXPIRED, at=at)
    told = ask_online(expired, cloud=Cloud(Forge()), at=at)
    assert told.online is not None
    assert (told.online.answer, told.online.error) == (Answer.CURRENT, None)


def test_a_lockbox_without_a_name_is_not_asked_about(outcome: VerifyOutcome) -> None:
    told = ask_online(replace(outcome, lockbox=None), cloud=Cloud(AssertionError()), at=AT)
    assert told.online is not None
    assert (told.online.answer, told.online.error) == (None, None)
