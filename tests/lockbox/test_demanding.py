"""Whatever is not verified is refused, in words that say why and what to do."""

from __future__ import annotations

import pytest

from lockstick.errors import DistrustError, LockstickError, NotCurrentError
from lockstick.lockbox.demanding import require_verified
from lockstick.trust.findings import Ledger, verdict_of


def refused(*rules: str, renewal: str = "") -> LockstickError:
    ledger = Ledger()
    for number, rule in enumerate(rules):
        ledger.report(rule, f"file-{number}", "something is wrong")
    with pytest.raises(LockstickError) as caught:
        require_verified(verdict_of(ledger.findings), ledger.findings, "the lockbox is not written", renewal=renewal)
    return caught.value


def test_what_is_verified_goes_on_whatever_warnings_there_are() -> None:
    ledger = Ledger()
    ledger.report("file-unlisted", "notes.txt", "nothing signed speaks of this file")
    require_verified(verdict_of(ledger.findings), ledger.findings, "the lockbox is not written")


def test_the_worst_is_told_first_and_not_all() -> None:
    error = refused("expired", "package-missing", "package-missing", "package-missing", "package-missing")
    assert isinstance(error, DistrustError)
    assert error.what == "the lockbox is not written: it is rejected"
    assert error.why.startswith("package-missing: file-1: something is wrong; ")
    assert error.why.endswith("; and 2 more")
    assert error.remedy


def test_what_is_only_expired_may_be_renewed() -> None:
    error = refused("expired", renewal="Renew it.")
    assert isinstance(error, NotCurrentError)
    assert (error.what, error.remedy) == ("the lockbox is not written: it is expired", "Renew it.")
    assert refused("package-missing", "expired", renewal="Renew it.").remedy != "Renew it."


def test_what_a_newer_one_replaced_has_not_expired() -> None:
    error = refused("superseded")
    assert isinstance(error, NotCurrentError)
    assert error.what.endswith("it is superseded")
    assert refused("superseded", "expired").what.endswith("it is expired")
