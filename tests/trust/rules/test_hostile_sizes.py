"""Documents that would keep a reader busy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from forge import LATER, Forge, envelope, evidence, role
from lockstick.trust.findings import Verdict, verdict_of
from trust.rules.scenarios import change_file, judged

if TYPE_CHECKING:
    from lockstick.trust.evidence import Anchors, Evidence
    from lockstick.trust.judge import Judgement


def quickly(found: tuple[Evidence, Anchors]) -> Judgement:
    """Judge in no time: whatever lies on a stick must not keep its reader busy.

    Each of these once took from ten seconds to hours; the bound leaves room for a busy machine.
    """
    started = time.perf_counter()
    judgement = judged(found)
    assert time.perf_counter() - started < 5
    assert verdict_of(judgement.findings) is Verdict.REJECTED
    return judgement


def test_an_unterminated_string_of_escapes_takes_no_time() -> None:
    quickly(change_file("director", "box.json", lambda _: b"[" * 33 + b"]" * 33 + b'"' + b'\\"' * 30_000))
    quickly(change_file("image-repo", "targets.json", lambda _: b"[" * 33 + b"]" * 33 + b'"' + b'\\"' * 2_000_000))


def test_a_million_signatures_take_no_time() -> None:
    junk = b'{"signatures":[' + b"1," * 1_000_000 + b'1],"signed":'
    quickly(change_file("image-repo", "targets.json", lambda raw: junk + raw.split(b'"signed":')[1]))


def test_one_signature_many_times_is_verified_not_at_all() -> None:
    forge = Forge()
    forge.targets["filler"] = "x" * 4_000_000
    director, image_repo = forge.documents()
    image_repo["targets.json"]["signatures"] *= 90
    judgement = quickly((evidence(director, image_repo), forge.anchors()))
    assert "signature-duplicate" in {finding.rule for finding in judgement.findings}


def test_delegations_that_nobody_signed_are_not_followed() -> None:
    """A graph in which every role delegates to every other has more paths than anybody can walk."""
    forge = Forge(image_targets={})
    key = forge.other_key
    names = [f"r{index}" for index in range(25)]
    everybody = {
        "keys": {key.keyid: key.public},
        "roles": [{"name": name, "paths": ["*"], "terminating": False} | role(key) for name in names],
    }
    body = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1, "delegations": everybody}
    for name in names:
        forge.delegated[name] = envelope(body, key)
    forge.targets["delegations"] = everybody
    quickly((forge.evidence(), forge.anchors()))
    director, image_repo = forge.documents()
    image_repo["targets.json"] = envelope(forge.targets, key)
    quickly((evidence(director, image_repo), forge.anchors()))
