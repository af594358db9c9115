"""Every check of a medium, with its public id; docs/sticks.md lists them, and a test holds the list to this one."""

from __future__ import annotations

from dataclasses import dataclass

from lockstick.media.remarks import Remark, Weight

__all__ = ["CHECKS", "Check"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        id: Its name in kebab-case; public and stable.
        weights: How bad what it finds can be, the worst first.
        asks: What it asks, in one sentence.
    """

    id: str
    weights: tuple[Weight, ...]
    asks: str

    def says(self, subject: object, message: str, remedy: str, weight: Weight | None = None) -> Remark:
        """Make a remark.

        Args:
            subject: What it is about.
            message: What is the matter.
            remedy: What to do.
            weight: How bad it is; the worst that this check knows unless given.

        Returns:
            The remark.

        Raises:
            ValueError: The check does not list that weight.
        """
        if weight is None:
            weight = self.weights[0]
        if weight not in self.weights:
            raise ValueError(f"{self.id} lists no weight {weight.value}")
        return Remark(check=self.id, weight=weight, subject=str(subject), message=message, remedy=remedy)


_E, _W, _N = Weight.ERROR, Weight.WARNING, Weight.NOTE

CHECKS: dict[str, Check] = {
    name: Check(name, weights, asks)
    for name, weights, asks in (
        # room
        ("space", (_E, _W), "Does everything fit, each file and folder rounded up to whole clusters?"),
        ("space-unknown", (_N,), "Is it known how much room there is, and in what pieces it is given out?"),
        ("file-count", (_E,), "Does the file system take as many files and folders?"),
        ("file-size", (_E,), "Is a file larger than the file system can hold (4 GiB on FAT32, 2 GiB on FAT16)?"),
        ("folder-size", (_E,), "Has a folder more names than FAT can hold, or the top folder of FAT12 and FAT16?"),
        # names
        ("name-characters", (_E,), "Has a name characters that the file system does not take?"),
        ("name-end", (_E, _W), "Does a name end with a dot or a space that gets lost?"),
        ("name-reserved", (_E, _W), "Is a name one that Windows keeps for itself (`CON`, `NUL`, `COM1`)?"),
        ("name-length", (_E,), "Is a name too long?"),
        ("name-charset", (_E, _N), "Can the medium, as it is mounted, take names beyond ASCII?"),
        ("name-short", (_E, _W), "Are names cut to eight letters and three, or turned into small letters?"),
        ("names-collide", (_E,), "Are two names one to the file system, which does not tell case or forms of accents?"),
        ("path-length", (_E, _W), "Is a path too long for this system?"),
        # writing at all
        ("read-only", (_E,), "Can it be written to, and if not: is it the switch, an option, or errors?"),
        ("not-permitted", (_E,), "May this user write there?"),
        ("slow-mount", (_N,), "Is it mounted so that every byte waits for the medium (`sync`)?"),
        # soundness
        ("dirty", (_W,), "Was it pulled out the last time without being ejected?"),
        ("dirty-unknown", (_N,), "Could that be found out?"),
        ("file-system-errors", (_W,), "Has the file system noted errors about itself?"),
        # the right place
        ("system-disk", (_E,), "Does the running system live on it?"),
        ("no-mount-point", (_E, _W), "Is it the top of a stick, and not just a folder that is called like one?"),
        ("not-removable", (_E, _W), "Is it a drive that a person can take out?"),
        ("drive-unknown", (_N,), "Is it known which drive it is on?"),
        ("network-share", (_E, _W), "Is it a share on a network?"),
        ("no-medium", (_E, _W), "Is it a file system in memory or of the system's own?"),
        ("nested-mount", (_E, _W), "Is another file system mounted inside it, over it, or is it inside another stick?"),
        # what devices can read
        ("file-system", (_W, _N), "Is it a file system that devices can read?"),
        ("file-system-unknown", (_N,), "Is it known which file system it is?"),
        ("encrypted", (_W,), "Is it encrypted, so that a device cannot open it?"),
        ("label", (_E, _N), "Has it the label that the devices look for?"),
        ("label-impossible", (_E,), "Can the file system hold that label (FAT and exFAT: 11 characters)?"),
        ("label-twice", (_W,), "Has another file system on the same drive the same label?"),
        # what lies there
        ("lockbox-replaced", (_N,), "Is there a lockbox already?"),
        ("lockbox-elsewhere", (_W,), "Is there one in another folder, which other devices would take?"),
        ("several-lockboxes", (_W, _N), "Are several lockboxes in one folder, of which a device takes the first?"),
        ("folder-in-use", (_E,), "Does something else lie where the lockbox is to go?"),
        ("unfinished-run", (_N,), "Is an unfinished run there?"),
        ("litter", (_W, _N), "Are there files that systems leave behind (`._*`, `.DS_Store`, `*.part`)?"),
        ("contents-unknown", (_N,), "Could everything that lies there be looked at?"),
    )
}
