"""What the primary hands on to the other ECUs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from forge import Forge, Key, envelope, role, target
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.client import Device, Provisioned
from lockstick.trust.device.media import Problem
from lockstick.trust.device.profile import SecondaryKind
from trust.device.ground import Medium, medium, say, summary, with_secondary

if TYPE_CHECKING:
    from lockstick.trust.device.outcome import Step
    from lockstick.trust.device.targets import DeviceTarget

LIMIT = with_secondary().client.root


def forged(roots: int = 4, **changes: Any) -> Forge:
    """A package for the other ECU, and Director's roots up to a version."""
    entry = target(hardware_ids=("sensor",))
    forge = Forge(lockbox_targets={"fw.bin": entry}, image_targets={"fw.bin": entry}, **changes)
    forge.director_roots += [dict(forge.director_roots[1], version=version) for version in range(3, roots + 1)]
    return forge


def made_with(forge: Forge, version: int, *, roots: bool = False) -> Device:
    """A device that was made with a later root of the Director, so that it never stored the ones before."""
    result = medium(forge)
    provisioned = Provisioned(director=result.director[f"{version}.root.json"], image_repo=forge.anchors().image_repo)
    return Device(with_secondary(roots=roots), provisioned)


def test_roots_that_the_primary_has_not_stored_are_handed_on_from_the_medium() -> None:
    forge = forged()
    result = medium(forge)
    assert say(made_with(forge, 3), result).verdict == "PASS"
    # The primary asks for none before its own, and the ECU reads the last one on its own.
    assert [result.asked.count(f"director/{version}.root.json") for version in (1, 2, 3, 4)] == [1, 1, 0, 2]


@pytest.mark.parametrize("damage", [None, b" " * (LIMIT + 1)])
@pytest.mark.parametrize("version", [1, 2])
def test_a_root_that_is_neither_stored_nor_readable_stops_the_ecu(version: int, damage: bytes | None) -> None:
    forge = forged()
    result = medium(forge)
    if damage is None:
        del result.director[f"{version}.root.json"]
    else:
        result.director[f"{version}.root.json"] = damage
    verdict, stage, reason = summary(say(made_with(forge, 3), result))
    assert (verdict, stage) == ("FAIL", "install")
    assert f"director root {version} is neither stored nor on the medium" in reason


def test_the_same_goes_for_the_image_repository() -> None:
    forge = forged(2)
    forge.image_roots.append(dict(forge.image_roots[1], version=3))
    result = medium(forge)
    provisioned = Provisioned(director=forge.anchors().director, image_repo=result.image_repo["3.root.json"])
    assert say(Device(with_secondary(), provisioned), result).verdict == "PASS"
    assert result.asked.count("image-repo/1.root.json") == 1
    del result.image_repo["2.root.json"]
    step = say(Device(with_secondary(), provisioned), result)
    assert "image-repo root 2 is neither stored nor on the medium" in step.reason


def test_an_ecu_that_has_roots_needs_none_from_before_them() -> None:
    forge = forged()
    result = medium(forge)
    del result.director["1.root.json"]
    assert say(made_with(forge, 2, roots=True), result).verdict == "PASS"


def test_a_first_root_that_an_ecu_refuses_is_the_end_of_the_handing_on() -> None:
    forge = forged()
    result = medium(forge)
    result.director["1.root.json"] = canonical(envelope(forge.director_roots[0], forge.other_key))
    step = say(made_with(forge, 3), result)
    assert summary(step) == (
        "FAIL",
        "install",
        "an ECU that never held a root cannot be brought to the current one (director root is at version 1)",
    )


def test_a_later_root_that_an_ecu_refuses_is_fatal() -> None:
    """The second root is sound in itself, but the first one's keys have not signed it."""
    forge, thief = forged(), Key(seed=77)
    stolen = forge.director_roots[1] | {"keys": {thief.keyid: thief.public}}
    stolen["roles"] = {name: role(thief) for name in stolen["roles"]}
    result = medium(forge)
    result.director["2.root.json"] = canonical(envelope(stolen, thief))
    step = say(made_with(forge, 3), result)
    assert summary(step) == (
        "FAIL",
        "install",
        "an ECU does not take the metadata (the only signature is not a good one (root))",
    )


class Choosy(Medium):
    """A medium that wants to know for which platform an application is."""

    def compose_problem(self, target: DeviceTarget, platform: str) -> Problem | None:
        return Problem(f"{target.name} for {platform}")


def test_an_application_is_looked_at_for_the_platform_of_the_device() -> None:
    entry = target(hardware_ids=("docker-compose",))
    forge = Forge(lockbox_targets={"app.yml": entry}, image_targets={"app.yml": entry})
    plain = medium(forge)
    result = Choosy(plain.director, plain.image_repo, {"app.yml": plain.files["fw.bin"]})
    profile = replace(
        with_secondary(SecondaryKind.COMPOSE, hardware_id="docker-compose"), docker_platform="linux/arm/v7"
    )
    anchors = forge.anchors()
    step: Step = say(Device(profile, Provisioned(director=anchors.director, image_repo=anchors.image_repo)), result)
    assert step.reason == "the compose application cannot be loaded (app.yml for linux/arm/v7)"
