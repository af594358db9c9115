"""What a Director publishes, held against a lockbox that was verified before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge import AT, EARLIER, Forge, Key, envelope
from lockstick.metadata.canonical import canonical
from lockstick.trust.currency import Answer, compare_published, judge_published
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.judge import judge
from lockstick.trust.trail import Trail


def forge(snapshot: int = 7, lockbox: int = 3, *, comment: str = "", is_empty: bool = False) -> Forge:
    made = Forge(lockbox_targets={}) if is_empty else Forge()
    made.offline_snapshot["version"], made.lockbox["version"] = snapshot, lockbox
    if comment:
        made.lockbox["custom"] = {"comment": comment}
    return made


def without_lockbox(snapshot: int) -> dict[str, bytes]:
    made = forge(snapshot)
    files = dict(made.evidence().director.files)
    del files["box.json"]
    emptied = made.offline_snapshot | {"meta": {"another.json": {"version": 1}}}
    return files | {"offline-snapshot.json": canonical(envelope(emptied, made.offline_key))}


def here(made: Forge | None = None) -> Trail:
    made = made or forge()
    return judge(made.evidence(), made.anchors(), AT).trail


def asked(published: Forge | dict[str, bytes], medium: Forge | None = None) -> tuple[Answer, Verdict, list[str]]:
    files = published if isinstance(published, dict) else published.evidence().director.files
    found = judge_published(files, "box", Forge().anchors(), AT)
    assert verdict_of(found.findings) is Verdict.VERIFIED, found.findings
    ledger = Ledger()
    answer = compare_published(here(medium), found.trail, "box", ledger)
    return answer, verdict_of(ledger.findings), [f"{one.rule} {one.subject}: {one.message}" for one in ledger.findings]


def test_what_is_published_just_so_is_current() -> None:
    assert asked(forge()) == (Answer.CURRENT, Verdict.VERIFIED, [])


def test_a_newer_version_of_the_lockbox_supersedes_it() -> None:
    answer, verdict, found = asked(forge(8, 4))
    assert (answer, verdict) == (Answer.SUPERSEDED, Verdict.EXPIRED)
    assert found == [
        "superseded director/offline-snapshot.json: this is version 7; the cloud publishes version 8",
        "superseded director/box.json: this is version 3; the cloud publishes version 4",
    ]


def test_a_newer_offline_snapshot_alone_supersedes_it_and_says_that_the_lockbox_is_the_same() -> None:
    answer, verdict, found = asked(forge(8))
    assert (answer, verdict) == (Answer.SUPERSEDED, Verdict.EXPIRED)
    (one,) = found
    assert one.startswith("superseded director/offline-snapshot.json: this is version 7; ")
    assert one.endswith("the cloud publishes version 8, and in it this lockbox as it is")


def test_one_that_was_revoked_since_is_superseded_by_an_empty_one() -> None:
    answer, verdict, found = asked(forge(8, 4, is_empty=True))
    assert (answer, verdict) == (Answer.REVOKED, Verdict.EXPIRED)
    assert found[1].endswith("the cloud publishes version 4, which is empty: it was revoked")


def test_an_empty_lockbox_that_was_published_anew_was_not_revoked_since() -> None:
    assert asked(forge(8, 4, is_empty=True), forge(is_empty=True))[0] is Answer.SUPERSEDED


def test_an_empty_lockbox_that_is_published_is_current() -> None:
    empty = forge(8, 4, is_empty=True)
    files = forge(8, 4, is_empty=True).evidence().director.files
    assert asked(dict(files), empty)[0] is Answer.CURRENT


def test_one_that_a_newer_offline_snapshot_does_not_list_was_deleted() -> None:
    answer, verdict, found = asked(without_lockbox(8))
    assert (answer, verdict) == (Answer.DELETED, Verdict.EXPIRED)
    assert [one.split()[0] for one in found] == ["superseded", "listing-vanished"]


def test_one_that_was_deleted_and_defined_afresh_is_superseded_though_its_version_is_lower() -> None:
    answer, verdict, found = asked(forge(9, 1, comment="afresh"))
    assert (answer, verdict) == (Answer.SUPERSEDED, Verdict.EXPIRED)
    assert len(found) == 1
    assert "as it is" not in found[0]


@pytest.mark.parametrize("published", [forge(6), forge(6, 2)], ids=["same lockbox", "older lockbox"])
def test_a_cloud_that_shows_an_older_state_says_nothing_of_what_is_current(published: Forge) -> None:
    answer, verdict, found = asked(published)
    assert (answer, verdict) == (Answer.DISAGREES, Verdict.UNCHECKED)
    assert found[0] == "cloud-behind director/offline-snapshot.json: this is version 7; the cloud publishes version 6"


def test_a_missing_lockbox_under_an_older_offline_snapshot_is_not_believed_to_be_deleted() -> None:
    answer, verdict, found = asked(without_lockbox(6))
    assert (answer, verdict) == (Answer.DISAGREES, Verdict.UNCHECKED)
    assert [one.split()[0] for one in found] == ["cloud-behind"]


def test_another_content_of_the_same_version_is_refused() -> None:
    answer, verdict, found = asked(forge(comment="for other eyes"))
    assert (answer, verdict) == (Answer.DISAGREES, Verdict.REJECTED)
    assert [one.partition(":")[0] for one in found] == [
        "cloud-differs director/offline-snapshot.json",
        "cloud-differs director/box.json",
    ]


def test_another_content_is_noticed_though_the_offline_snapshot_lists_no_hash() -> None:
    def bare(comment: str) -> Forge:
        made = forge(comment=comment)
        made.offline_snapshot["meta"]["box.json"] = {"version": 3}
        return made

    assert asked(bare("one"), bare("one"))[0] is Answer.CURRENT
    answer, verdict, found = asked(bare("other"), bare("one"))
    assert (answer, verdict) == (Answer.DISAGREES, Verdict.REJECTED)
    assert [one.partition(":")[0] for one in found] == ["cloud-differs director/box.json"]


def test_a_lockbox_that_is_listed_and_kept_back_is_not_current() -> None:
    files = dict(forge().evidence().director.files)
    del files["box.json"]
    assert asked(files)[:2] == (Answer.DISAGREES, Verdict.REJECTED)


def test_what_is_published_is_judged_by_the_given_anchors_alone() -> None:
    foreign = forge(8, 4)
    foreign.root_key = foreign.offline_key = Key(seed=77)
    foreign.__post_init__()
    found = judge_published(foreign.evidence().director.files, "box", Forge().anchors(), AT)
    assert verdict_of(found.findings) is Verdict.REJECTED


def test_without_an_anchor_nothing_that_is_published_is_believed() -> None:
    nobody = replace(Forge().anchors(), director=None)
    found = judge_published(forge().evidence().director.files, "box", nobody, AT)
    assert verdict_of(found.findings) is Verdict.UNANCHORED


def test_a_newer_root_is_reached_by_its_chain() -> None:
    made = forge(8, 4)
    made.director_roots.append(dict(made.director_roots[1], version=3))
    found = judge_published(made.evidence().director.files, "box", Forge().anchors(), AT)
    assert found.findings == ()
    assert found.trail.director_roots[-1].document.version == 3


def test_what_has_expired_is_said_to_have() -> None:
    made = forge(8, 4)
    made.offline_snapshot["expires"] = EARLIER
    found = judge_published(made.evidence().director.files, "box", Forge().anchors(), AT)
    assert verdict_of(found.findings) is Verdict.EXPIRED


@pytest.mark.parametrize("missing", ["1.root.json", "offline-snapshot.json"])
def test_nothing_is_believed_of_half_a_set(missing: str) -> None:
    made = forge()
    files = {name: raw for name, raw in made.evidence().director.files.items() if name != missing}
    if missing == "1.root.json":
        files = {name: b"{}" if name.endswith("root.json") else raw for name, raw in files.items()}
    assert verdict_of(judge_published(files, "box", made.anchors(), AT).findings) is Verdict.REJECTED


def test_a_document_that_no_device_would_read_is_not_read_here_either() -> None:
    files = dict(forge().evidence().director.files) | {"box.json": b" " * 65_537}
    found = judge_published(files, "box", Forge().anchors(), AT)
    assert "document-too-large" in {one.rule for one in found.findings}
    assert found.trail.lockbox is None


def test_only_genuine_documents_are_compared() -> None:
    with pytest.raises(ValueError, match="genuine"):
        compare_published(Trail(), here(), "box", Ledger())
    with pytest.raises(ValueError, match="genuine"):
        compare_published(here(), Trail(), "box", Ledger())
    with pytest.raises(ValueError, match="genuine"):
        compare_published(replace(here(), lockbox=None), here(), "box", Ledger())
