"""Lockboxes that the real device client has judged (beside the checkout, where they are at hand)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from conftest import SHARED
from lockstick.cli.boundary import run
from lockstick.instant import parse_instant
from lockstick.lockbox.anchors import AnchorChoice, read_folder
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.verify import verify
from lockstick.trust.findings import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.lockbox.outcome import VerifyOutcome

CASES = SHARED / "device-verdicts"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the recorded verdicts are not beside this checkout")

ACCEPTED_BY_THE_DEVICE_REFUSED_BY_THE_STANDARD = {
    "clock_in_the_past": "clock-behind",
    "lockbox_target_more_hwids_than_image": "target-hardware-id",
    "lockbox_version_zero": "version-invalid",
    "lockbox_with_empty_delegations": "lockbox-delegates",
    "target_name_with_spaces_unicode": "non-ascii",
}
"""Lockboxes that the device installs although the standard, or the format's rules for verifiers, forbid it."""

DEVICE_ONLY = {
    "compose_image_roots_v1_only": "a brand-new secondary lacks roots; warned of",
    "compose_roots_v1_only": "a brand-new secondary lacks roots; warned of",
    "compose_wrong_platform": "the application is complete for linux/arm64, and the device is another",
    "never_registered_device_compose": "the device lacks its registration",
    "hwid_not_on_device": "nothing is wrong with it; it is for other hardware",
    "never_registered_device": "the device lacks its registration",
    "sec_new_device_prov_v2_bundle_no_roots": "a brand-new secondary lacks roots; warned of",
    "sec_new_device_prov_v2_bundle_only_2": "a brand-new secondary lacks roots; warned of",
}
"""Lockboxes that are sound and refused for the state of one device: not verify's question."""


def cases() -> list[str]:
    if not CASES.is_dir():
        return []
    return sorted(
        case.name
        for case in CASES.iterdir()
        if (case / "case.json").is_file() and not case.name.startswith("sequence-")
    )


def judged(case: Path) -> tuple[dict[str, Any], VerifyOutcome]:
    recorded = json.loads((case / "case.json").read_text())
    outcome = verify(
        find_lockbox(case).tree,
        anchors=AnchorChoice(given=read_folder(case / "provision")),
        at=parse_instant(recorded["at"]),
        clock=time.monotonic,
    )
    return recorded, outcome


def errors(outcome: VerifyOutcome) -> set[str]:
    return {finding.rule for finding in outcome.findings if finding.severity == "error"}


@pytest.mark.parametrize("name", cases())
def test_verify_is_never_more_lenient_than_the_device(name: str) -> None:
    recorded, outcome = judged(CASES / name)
    if name in ACCEPTED_BY_THE_DEVICE_REFUSED_BY_THE_STANDARD:
        assert recorded["verdict"] == "PASS"
        assert outcome.verdict not in (Verdict.VERIFIED, Verdict.EXPIRED)
        assert ACCEPTED_BY_THE_DEVICE_REFUSED_BY_THE_STANDARD[name] in errors(outcome)
    elif recorded["verdict"] == "PASS" or name in DEVICE_ONLY:
        assert errors(outcome) == set()
        assert outcome.verdict is Verdict.VERIFIED
    elif "Expired" in recorded.get("client_error", ""):
        assert outcome.verdict is Verdict.EXPIRED
        assert errors(outcome) == {"expired"}
    else:
        assert outcome.verdict is Verdict.REJECTED


def test_an_expired_offline_snapshot_is_refused_although_the_device_goes_by_its_stored_one() -> None:
    case = CASES / "sequence-expired_older_offsnap_same_lockbox_version"
    recorded = json.loads((case / "case.json").read_text())
    assert recorded["steps"][1]["verdict"] == "PASS"
    outcome = verify(
        find_lockbox(case / "step-1").tree,
        anchors=AnchorChoice(given=read_folder(case / "provision")),
        at=parse_instant(recorded["at"]),
        clock=time.monotonic,
    )
    assert outcome.verdict is Verdict.EXPIRED


@pytest.mark.parametrize("name", cases())
def test_the_exit_code_is_the_contracts(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    case = CASES / name
    recorded = json.loads((case / "case.json").read_text())
    verdict = judged(case)[1].verdict
    code = run(["verify", str(case / "update"), "--trust", str(case / "provision"), "--at", recorded["at"], "--json"])
    assert json.loads(capfd.readouterr().out)["verdict"] == verdict.value
    assert code == {"verified": 0, "expired": 4, "rejected": 3, "unchecked": 3}[verdict.value]


def test_the_recorded_cases_are_all_here() -> None:
    assert len(cases()) > 70


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("lockbox_bad_signature_bytes", "signature-invalid"),
        ("lockbox_wrong_key", "threshold-unmet"),
        ("lockbox_signed_by_targets_key", "threshold-unmet"),
        ("root_v2_signed_by_new_key_only", "threshold-unmet"),
        ("isnap_hash_of_targets_wrong", "listing-hash"),
        ("isnap_hash_of_raw_pretty_bytes", "listing-hash"),
        ("isnap_version_of_targets_wrong", "listing-version"),
        ("root_version_in_file_differs_from_name", "root-version-mismatch"),
        ("offsnap_missing", "document-missing"),
        ("itargets_missing", "document-missing"),
        ("delegation_not_in_snapshot", "listing-missing"),
        ("director_root_without_offline_roles", "role-missing"),
        ("image_flipped_byte", "package-hash"),
        ("image_appended", "package-length"),
        ("image_truncated", "package-length"),
        ("image_missing", "package-missing"),
        ("compose_four_space_indent", "compose-not-canonical"),
        ("compose_last_service_at_end_without_newline", "compose-not-canonical"),
        ("compose_single_quoted_image", "compose-not-canonical"),
        ("compose_tag_and_digest", "compose-image-reference"),
        ("compose_tarball_layer_flipped", "image-archive-hash"),
        ("tar_extra_tag", "image-archive-layout"),
        ("tar_gzipped_layer", "image-archive-hash"),
        ("tar_oci_layout_as_docker_25", "image-archive-layout"),
        ("ostree-dirtree_corrupt", "ostree-object-corrupt"),
        ("ostree-file_corrupt", "ostree-object-corrupt"),
        ("two_targets_same_hwid", "hardware-id-twice"),
        ("empty_binary_target", "target-empty"),
        ("rsa_olpc_canonical_root", "anchor-invalid"),
        ("foreign_director_root_on_device", "root-fork"),
    ],
)
def test_the_reason_is_the_one_that_was_built_in(name: str, rule: str) -> None:
    assert rule in errors(judged(CASES / name)[1])


def test_real_director_documents_verify_at_their_time_and_not_after_their_root_expired(tmp_path: Path) -> None:
    """Real signatures of a Torizon Director; the image repository is not part of the sample."""
    folder = SHARED / "real-director" / "director"
    director = tmp_path / "metadata" / "director"
    director.mkdir(parents=True)
    for document in folder.iterdir():
        (director / document.name).write_bytes(document.read_bytes())
    provision = tmp_path / "provision"
    provision.mkdir()
    (provision / "director-root.json").write_bytes((folder / "1.root.json").read_bytes())

    def at(time_text: str) -> VerifyOutcome:
        return verify(
            find_lockbox(tmp_path).tree,
            anchors=AnchorChoice(given=read_folder(provision)),
            at=parse_instant(time_text),
            clock=time.monotonic,
        )

    def about_director(outcome: VerifyOutcome) -> set[tuple[str, str]]:
        return {
            (finding.rule, finding.subject)
            for finding in outcome.findings
            if finding.severity == "error" and finding.subject.startswith("director")
        }

    good = at("2024-01-01T20:01:00Z")
    assert about_director(good) == set()
    assert good.lockbox is not None
    assert (good.lockbox.name, good.lockbox.version) == ("test1", 1)
    assert ("expired", "director/3.root.json") in about_director(at("2024-07-02T00:00:00Z"))


def test_the_example_lockbox_is_verified_with_all_its_payloads() -> None:
    example = SHARED / "example-lockbox"
    anchors = AnchorChoice(on_first_use=True)
    outcome = verify(
        find_lockbox(example).tree, anchors=anchors, at=parse_instant("2026-11-21T09:00:00Z"), clock=time.monotonic
    )
    assert errors(outcome) == set()
    assert outcome.verdict is Verdict.VERIFIED
    assert {package.kind.value: package.ok for package in outcome.packages} == {
        "binary": True,
        "compose": True,
        "ostree": True,
    }
