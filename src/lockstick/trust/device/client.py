"""One iteration of the device client: check, fetch, install (lockbox-format 1.4, 3).

1. Check: the Director's documents; new targets, and an early end if there are none; the image repository's
   documents; a match for every new target. A failed match makes the device forget the Director's documents, any
   earlier failure does not.
2. Fetch: the stored documents are checked again, now with the expiry of the image repository's snapshot; then every
   package is fetched. A failure makes the device forget the Director's documents.
3. Install: the other ECUs check the medium on their own; packages are handed over. A failure makes the device forget
   the Director's documents, and so does a new operating system.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from lockstick.trust.device.director import DirectorChoice, update_director
from lockstick.trust.device.fetching import fetch
from lockstick.trust.device.images import Images, update_images
from lockstick.trust.device.installing import SilentError, install
from lockstick.trust.device.matching import Finder
from lockstick.trust.device.memory import DeviceMemory, EcuMemory
from lockstick.trust.device.newness import new_targets
from lockstick.trust.device.outcome import DeviceVerdict, Stage, Step
from lockstick.trust.device.refusal import REASONS, RefusedError
from lockstick.trust.device.rootwalk import import_root
from lockstick.trust.device.situation import Situation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lockstick.trust.device.media import Media, Payloads
    from lockstick.trust.device.profile import DeviceProfile
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["Device", "Provisioned"]


_DEADLY = frozenset({"crash", "compose-crash"})


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """The roots that a device was made with; either may be missing."""

    director: bytes | None
    image_repo: bytes | None


class Device:
    """A device that remembers.

    Args:
        profile: What it is.
        provisioned: The roots it was made with; those in the memory count if there are any.
        memory: What it remembers; changed by every iteration.
    """

    def __init__(self, profile: DeviceProfile, provisioned: Provisioned, memory: DeviceMemory | None = None) -> None:
        self.profile = profile
        self.memory = memory if memory is not None else DeviceMemory()
        self._refused_root: RefusedError | None = None
        try:
            import_root(self.memory.primary.director, provisioned.director, profile.client)
            import_root(self.memory.primary.image_repo, provisioned.image_repo, profile.client)
        except RefusedError as error:
            self._refused_root = error
        for one in profile.secondaries:
            own = self.memory.secondaries.setdefault(one.serial, EcuMemory())
            if one.has_provisioned_roots and not own.director.roots and not own.image_repo.roots:
                own.director.roots.update(self.memory.primary.director.roots)
                own.image_repo.roots.update(self.memory.primary.image_repo.roots)

    def iterate(self, media: Media, payloads: Payloads, at: datetime) -> Step:
        """Offer a medium to the device.

        Args:
            media: The medium's documents.
            payloads: The medium's payloads.
            at: The time on the device.

        Returns:
            What it says. Nothing is raised for anything that lies on the medium.
        """
        if self._refused_root is not None:
            return _failed("", Stage.IMPORT_ROOT, self._refused_root)
        now = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        situation = Situation(media, self.profile.client, self.profile.ecus, now)
        return _Iteration(self, situation, payloads).run()


class _Iteration:
    def __init__(self, device: Device, situation: Situation, payloads: Payloads) -> None:
        self._profile = device.profile
        self._memory = device.memory
        self._situation = situation
        self._payloads = payloads
        self._lockbox = ""

    def run(self) -> Step:
        try:
            choice = self._check_director()
            new = new_targets(choice.targets, self._memory.installed, self._profile)
            if not new:
                return self._nothing_new(choice)
            images = update_images(self._memory.primary.image_repo, self._situation)
        except RefusedError as error:
            return _failed(self._lockbox or error.lockbox, Stage.METADATA, error)
        stage = Stage.METADATA
        try:
            self._match(images, new)
            stage = Stage.FETCH
            self._fetch(images, new)
            stage = Stage.INSTALL
            install(new, self._payloads, self._profile, self._memory, self._situation)
        except RefusedError as error:
            if error.code in _DEADLY:
                # A dead client forgets nothing.
                return _step(self._lockbox, DeviceVerdict.CRASH, None, error)
            self._memory.forget_director()
            return _failed(self._lockbox, stage, error)
        except SilentError as problem:
            return _failed(self._lockbox, Stage.COMPOSE, RefusedError("compose", str(problem)))
        if self._profile.ostree and any(self._profile.serial in target.ecus for target in new):
            self._memory.forget_director()
        return Step(lockbox=self._lockbox, verdict=DeviceVerdict.PASS)

    def _check_director(self) -> DirectorChoice:
        memory = self._memory
        try:
            choice = update_director(memory.primary.director, self._situation, memory.seen)
        finally:
            if "offline-snapshot" in memory.primary.director.documents:
                # From here on the device's own copy is known, not only its number.
                memory.seen = None
        self._lockbox = choice.lockbox
        return choice

    def _nothing_new(self, choice: DirectorChoice) -> Step:
        if any(target.ecus for target in choice.targets):
            reason, remedy = "everything in it is installed already", ""
        elif choice.targets:
            reason = "nothing in it is for this device's hardware ids"
            remedy = "Compare the packages' hardware ids with the device's; case counts."
        else:
            reason, remedy = "the lockbox is empty: it was revoked", "Build a lockbox that still has packages."
        return Step(
            lockbox=self._lockbox,
            verdict=DeviceVerdict.NOUPDATE,
            stage=Stage.METADATA,
            reason=reason,
            remedy=remedy,
        )

    def _match(self, images: Images, targets: Sequence[DeviceTarget]) -> None:
        finder = Finder(images, self._memory.delegations, self._situation)
        for target in targets:
            finder.find(target)

    def _fetch(self, images: Images, targets: Sequence[DeviceTarget]) -> None:
        if images.snapshot.header.expired(self._situation.now):
            raise RefusedError("expired", "image-repo snapshot")
        failures: list[RefusedError] = []
        for target in targets:
            try:
                fetch(target, self._payloads, self._profile, self._memory)
            except RefusedError as error:
                if error.code in _DEADLY:
                    raise
                failures.append(error)
        if failures:
            raise failures[0]


def _failed(lockbox: str, stage: Stage, error: RefusedError) -> Step:
    return _step(lockbox, DeviceVerdict.FAIL, stage, error)


def _step(lockbox: str, verdict: DeviceVerdict, stage: Stage | None, error: RefusedError) -> Step:
    return Step(
        lockbox=lockbox,
        verdict=verdict,
        stage=stage,
        reason=error.text,
        remedy=REASONS[error.code].remedy,
        kind=error.reason.kind,
    )
