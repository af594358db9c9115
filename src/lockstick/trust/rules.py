"""Every rule that a lockbox is held against, under its public id.

The ids are part of the command line contract: they stand in ``verify --json``, have a section each in
docs/rules.md (written from this table), and do not change their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RULES", "Consequence", "Rule", "Severity"]


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Consequence(StrEnum):
    """What an error of a rule says about the lockbox."""

    DISTRUST = "distrust"
    UNANCHORED = "unanchored"
    UNCHECKED = "unchecked"
    STALE = "stale"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: The public id, in kebab-case.
        group: The heading it stands under in the documentation.
        meaning: What a finding of it means.
        gain: What an attacker could do, or what would go wrong, without it.
        remedy: What to do about a finding.
        severity: How much a finding weighs.
        consequence: What an error says about the lockbox.
    """

    id: str
    group: str
    meaning: str
    gain: str
    remedy: str
    severity: Severity = Severity.ERROR
    consequence: Consequence = Consequence.DISTRUST


_REBUILD = "Build the lockbox again from the repository. If the finding stays, tell whoever runs the repository."
_DAMAGED = (
    "Do not use it. Build the lockbox again; if the finding comes back with a fresh build, treat it as an attack "
    "on the repository or on the way to it."
)
_PUBLISHER = "Ask whoever publishes the lockbox to mend it in the repository, then build it again."


def _table(group: str, *rules: tuple[str, str, str, str]) -> tuple[Rule, ...]:
    return tuple(
        Rule(id=identifier, group=group, meaning=meaning, gain=gain, remedy=remedy)
        for identifier, meaning, gain, remedy in rules
    )


_READING = _table(
    "Reading a document",
    (
        "json-syntax",
        "The file is not one JSON object.",
        "The device's reader goes on with what it understood of a damaged file, so two readers may see two documents.",
        _DAMAGED,
    ),
    (
        "json-trailing-data",
        "Something follows the JSON document.",
        "Text that no signature covers could be smuggled past one reader and into another.",
        _DAMAGED,
    ),
    (
        "json-duplicate-member",
        "An object names a member twice.",
        "One reader takes the first value, another the last: the same signature would bless two meanings.",
        _DAMAGED,
    ),
    (
        "json-byte-order-mark",
        "The file starts with a byte order mark.",
        "Some readers skip it and some do not; a repository never writes one, so an editor has been at the file.",
        _REBUILD,
    ),
    (
        "json-depth",
        "The document is nested deeper than any real one.",
        "Deep nesting makes readers crash.",
        _DAMAGED,
    ),
    (
        "json-number",
        "A number is outside what server and device read alike: a fraction, an exponent, -0, or 2^53 and more.",
        "Server and device would compute different signed bytes, or read different values.",
        _PUBLISHER,
    ),
    (
        "json-escape",
        "A plain character is written as an escape.",
        "No repository writes this; it hides text from people and simple tools.",
        _REBUILD,
    ),
    (
        "non-ascii",
        "The document holds text outside ASCII.",
        "Server and device sign such text in different forms, so a genuine document may be refused in the field.",
        "Rename the package, or take the text out of its custom metadata, and define the lockbox again.",
    ),
    (
        "shape",
        "A member is missing or of another kind than the format says.",
        "Readers disagree about what a misshapen document means.",
        _PUBLISHER,
    ),
    (
        "type-unexpected",
        "The document's _type is not that of the role in whose place it lies.",
        "A signature given for one role could be used for another, where both have the same key.",
        _DAMAGED,
    ),
    (
        "version-invalid",
        "A version is not a whole number from 1.",
        "Devices compare versions to refuse old metadata; a version such as 0 or a text escapes the comparison.",
        _PUBLISHER,
    ),
    (
        "time-invalid",
        "A time is not of the form YYYY-MM-DDTHH:MM:SSZ, or is no real date.",
        "Devices compare times as text: an impossible one may never expire, and one with fractions is refused.",
        _PUBLISHER,
    ),
    (
        "document-missing",
        "A document that every lockbox needs is not there.",
        "Without it, what it would have said about the others cannot be held against them.",
        _REBUILD,
    ),
    (
        "document-name-case",
        "A file's name is that of a document but for its case or leading zeros.",
        "File systems of sticks ignore case: the device would read this file, perhaps another lockbox, in place of the one that was judged.",
        "Delete the file, or build the lockbox again onto an empty stick.",
    ),
    (
        "document-too-large",
        "A document is larger than devices read.",
        "Devices treat it as missing. Without a limit, a huge file could exhaust the memory of whoever reads it.",
        "If it is the offline-snapshot, delete lockboxes that are no longer needed; it lists all of them.",
    ),
    (
        "document-unreadable",
        "A document could not be read: a folder or a link lies in its place, or the medium failed.",
        "A link could lead a reader outside the lockbox.",
        "Check the medium, then build the lockbox again onto a good one.",
    ),
)

_SIGNING = _table(
    "Keys, signatures, thresholds",
    (
        "key-type-unsupported",
        "A key is of a type other than RSA or Ed25519.",
        "Devices refuse the whole document, even where the key is not used.",
        _PUBLISHER,
    ),
    (
        "key-size-unsupported",
        "An RSA key has another size than 2048, 3072 or 4096 bit.",
        "Short keys can be broken; devices can use no other sizes.",
        _PUBLISHER,
    ),
    ("key-malformed", "A key cannot be read.", "Nobody can say what it signs.", _PUBLISHER),
    (
        "key-duplicate",
        "A role lists one key under several key ids.",
        "One stolen key would count as several and reach a threshold alone.",
        _PUBLISHER,
    ),
    (
        "threshold-invalid",
        "A role's threshold is not a number from 1 to 1000.",
        "A threshold of 0 would bless unsigned documents.",
        _PUBLISHER,
    ),
    (
        "threshold-unmet",
        "Fewer different keys than the role needs have signed the document.",
        "Anybody could write the document: a forged lockbox, an altered list of packages.",
        _DAMAGED,
    ),
    (
        "signature-invalid",
        "A signature by a key of the role does not verify.",
        "The document, or the signature, is not what was signed.",
        _DAMAGED,
    ),
    (
        "signature-duplicate",
        "Two signatures name the same key.",
        "A careless reader counts one key twice towards the threshold; devices refuse the document.",
        _DAMAGED,
    ),
    (
        "signature-malformed",
        "A signature entry cannot be read.",
        "The device decodes such text in its own way; nobody can say what it would accept.",
        _DAMAGED,
    ),
    (
        "signature-method-unknown",
        "A signature names a method other than ed25519, rsassa-pss or rsassa-pss-sha256.",
        "Devices refuse the whole document.",
        _PUBLISHER,
    ),
    (
        "signature-method-mismatch",
        "A signature names a method that its key cannot have used.",
        "Confusing a reader about the method is a classic way around a check.",
        _DAMAGED,
    ),
    (
        "role-missing",
        "The root does not say who signs for a role.",
        "Without names nobody can be held to anything; devices refuse every document of that role.",
        "For the offline roles: define a lockbox once, so that the Director adds them to its root, and build again.",
    ),
)

_ROOTS = _table(
    "Roots",
    (
        "anchor-invalid",
        "A trust anchor is not a root document that is signed by its own keys.",
        "Everything else hangs on it.",
        "Get the root from the account's credentials.zip or from the device's image and give it with --trust.",
    ),
    (
        "root-version-mismatch",
        "The number in a root's file name is not the version in it.",
        "Roots could be swapped or skipped.",
        _DAMAGED,
    ),
    (
        "root-gap",
        "A root between two others is missing.",
        "Devices stop silently before the gap and judge everything by an old root, with keys that may be withdrawn.",
        _REBUILD,
    ),
    (
        "root-fork",
        "A root has the version of the trust anchor but is another document.",
        "Two roots of one version mean that somebody else signs with stolen root keys, or that the anchor is of another account.",
        "Compare both with the publisher's over another channel before you believe either.",
    ),
    (
        "root-unreachable",
        "A root stands behind one that was not accepted.",
        "Whatever it says does not count.",
        _DAMAGED,
    ),
    (
        "root-copy-differs",
        "root.json is not the same document as the newest numbered root.",
        "Tools that read the copy would believe other keys than the device does.",
        _REBUILD,
    ),
    (
        "root-behind-snapshot",
        "The image repository's snapshot was made with a newer root than the newest one here.",
        "Keys that the newer root withdrew would still be believed.",
        _REBUILD,
    ),
)

_LISTING = _table(
    "Snapshots and what they list",
    (
        "listing-missing",
        "A document is not listed by the snapshot that should list it.",
        "An old or foreign document could be mixed into a new set.",
        _REBUILD,
    ),
    (
        "listing-version",
        "A document has another version than its snapshot lists.",
        "An old document, with a known flaw, could be mixed into a new set.",
        "Usually the lockbox was defined again while it was built. Build it again.",
    ),
    (
        "listing-hash",
        "A document has another hash than its snapshot lists.",
        "Two documents of one version could be exchanged for each other; the device does not notice for lockboxes.",
        _DAMAGED,
    ),
    (
        "listing-length",
        "A document has another length than its snapshot lists.",
        "As for listing-hash.",
        _DAMAGED,
    ),
)

_LOCKBOX = _table(
    "The lockbox",
    (
        "lockbox-missing",
        "No lockbox lies among the Director's documents.",
        "There is nothing to install.",
        "Check that this is the right folder, or build the lockbox again.",
    ),
    (
        "lockbox-several",
        "Several listed lockboxes lie side by side.",
        "A device takes the first by name and silently ignores the others: not the one you meant, perhaps.",
        "Put one lockbox on one medium.",
    ),
    (
        "lockbox-name",
        "A lockbox name holds characters that no server gives.",
        "A name with slashes makes a device open files elsewhere.",
        _PUBLISHER,
    ),
    (
        "lockbox-name-reserved",
        "A lockbox is named like a role, in any case.",
        "Devices refuse the lockbox, and for some names every lockbox of the account.",
        "Delete that lockbox in the cloud and define it under another name.",
    ),
    (
        "lockbox-delegates",
        "The lockbox has a list of delegations.",
        "A lockbox that delegates could let others decide what is installed.",
        _PUBLISHER,
    ),
    (
        "hardware-id-twice",
        "Two targets are for one hardware id.",
        "Devices with that hardware id refuse the whole lockbox.",
        "Define the lockbox with one package for each hardware id.",
    ),
)

_IMAGES = _table(
    "Delegations and targets",
    (
        "delegation-name",
        "A delegated role has a name that no server gives.",
        "The name becomes a file name and could lead elsewhere.",
        _PUBLISHER,
    ),
    (
        "delegation-pattern",
        "A delegation's pattern is very long, or holds a backslash or a character class.",
        "Readers understand such patterns differently: one would search a role where another does not.",
        _PUBLISHER,
    ),
    (
        "delegation-depth",
        "A delegation lies deeper than five levels.",
        "Devices do not follow it and refuse the lockbox.",
        _PUBLISHER,
    ),
    (
        "target-unknown",
        "The image repository does not list a target of the lockbox.",
        "Whoever holds the Director's key alone could have anything installed.",
        "Upload the package to the account, or share its source, and define the lockbox again.",
    ),
    (
        "target-length",
        "Lockbox and image repository give a target different lengths.",
        "As for target-unknown.",
        _PUBLISHER,
    ),
    (
        "target-hash",
        "Lockbox and image repository give a target different hashes.",
        "As for target-unknown.",
        _PUBLISHER,
    ),
    (
        "target-without-hash",
        "Lockbox and image repository have no known hash of a target in common.",
        "Its bytes could be anything.",
        _PUBLISHER,
    ),
    (
        "target-hardware-id",
        "The lockbox wants a target on hardware for which the image repository does not list it.",
        "Software could be put on hardware that it breaks.",
        "Add the hardware id to the package, or take it out of the lockbox.",
    ),
    (
        "target-empty",
        "A target has no bytes but is not an operating-system commit.",
        "The device's update process dies when it fetches it.",
        "Delete the empty package and upload it with its content.",
    ),
    (
        "target-format",
        "A target's format and its length, or the formats in both repositories, do not go together.",
        "The device would take a file for a commit, or a commit for a file.",
        _PUBLISHER,
    ),
    (
        "target-name-unsafe",
        "A target's name could lead outside its folder.",
        "The device follows it: a file outside the lockbox would be read, or one elsewhere overwritten by a careless tool.",
        "Do not use it, and ask the publisher how this name came about.",
    ),
    (
        "target-name-unportable",
        "A target's name cannot be a file name on FAT, exFAT or Windows.",
        "The stick would lack the file, or hold it under another name.",
        "Upload the package again under another name.",
    ),
    (
        "target-name-collision",
        "Names of two targets differ only in case, or one is a folder of the other.",
        "On a stick they are one file: one of the packages would overwrite the other.",
        "Upload one of the packages again under another name.",
    ),
)

_PAYLOAD = _table(
    "Payloads",
    (
        "package-missing",
        "The bytes of a package are not there.",
        "The device would fail in the middle of the update.",
        "Build the lockbox again; what is there already is kept.",
    ),
    (
        "package-length",
        "A package has another length than was signed.",
        "Altered software would be carried to the device.",
        "Build the lockbox again; the damaged file is fetched anew. If it comes back, suspect the medium.",
    ),
    (
        "package-hash",
        "A package has another hash than was signed.",
        "Altered software would be carried to the device.",
        "Build the lockbox again; the damaged file is fetched anew. If it comes back, suspect the medium.",
    ),
    (
        "package-unreadable",
        "A package could not be read: a folder or a link lies in its place, or the medium failed.",
        "A link could lead the reader outside the lockbox.",
        "Check the medium, then build the lockbox again onto a good one.",
    ),
)

_COMPOSE = _table(
    "Applications",
    (
        "compose-not-canonical",
        "A device reads something else in the compose file than it means: the device goes by the shape of lines, not by YAML.",
        "The device would report success without having loaded the images, and look for them in a network that is not there.",
        "Write the file in its canonical form (services indented by 2 spaces, image and platform by 4, no quotes, no comment on those lines), upload it again and define the lockbox again.",
    ),
    (
        "compose-image-reference",
        "A service does not give its image as name@sha256:digest, or one digest stands under two names.",
        "Without a digest the image could be anything; with a tag or a second name the device does not load it.",
        "Give every image by digest only, upload the compose file again and define the lockbox again.",
    ),
    (
        "manifest-missing",
        "The manifest of an image is not in the lockbox.",
        "The device would fail in the middle of the update.",
        _REBUILD,
    ),
    (
        "manifest-hash",
        "The manifest of an image has another digest than its name says.",
        "Another image could be put in the place of the signed one.",
        _DAMAGED,
    ),
    (
        "manifest-invalid",
        "The manifest of an image is not one that devices understand: too large, without mediaType, or a list within a list.",
        "The device would fail in the middle of the update.",
        "Push the image again with a tool that writes a mediaType, and define the lockbox again.",
    ),
    (
        "manifest-platform",
        "An image is not made for the platform that is asked for, or is listed for it twice.",
        "The device would fail in the middle of the update: it takes an image only if exactly one fits best.",
        "Publish the image for the platform of the devices, once, and define the lockbox again.",
    ),
    (
        "image-archive-missing",
        "The archive of an image is not in the lockbox.",
        "The device would fail in the middle of the update.",
        _REBUILD,
    ),
    (
        "image-archive-layout",
        "The archive of an image cannot be read, or is not laid out as devices want it (classic 'docker save', one image, one tag).",
        "The device would refuse it, or its update process would die of it.",
        _REBUILD,
    ),
    (
        "image-archive-hash",
        "A configuration or layer in the archive of an image has another digest than was signed.",
        "Altered software would be carried to the device.",
        _DAMAGED,
    ),
    (
        "image-archive-trailing-data",
        "Bytes that no digest covers follow the end of an image archive, or stand between its members.",
        "Devices hand such bytes to the container engine, some of them in the middle of the image.",
        _DAMAGED,
    ),
    (
        "image-archive-foreign-member",
        "The archive of an image holds a file, link or device that the image does not speak of.",
        "Devices hand it to the container engine although no digest covers it.",
        _DAMAGED,
    ),
)

_OSTREE = _table(
    "Operating systems",
    (
        "ostree-repository",
        "The repository of operating-system commits is not there, or cannot be read as one.",
        "The device would fail when it fetches the update.",
        _REBUILD,
    ),
    (
        "ostree-commit-missing",
        "The signed commit is not in the repository.",
        "The device would fail when it fetches the update.",
        _REBUILD,
    ),
    (
        "ostree-object-missing",
        "A file or folder of the commit is not in the repository.",
        "The device would fail when it fetches the update.",
        _REBUILD,
    ),
    (
        "ostree-object-corrupt",
        "A part of the commit has another digest than its name says, or cannot be read.",
        "Altered software would be carried to the device.",
        _DAMAGED,
    ),
)

_SPECIAL = (
    Rule(
        id="anchor-missing",
        group="Roots",
        meaning="There is no root that somebody decided to believe, so nothing can be judged by it.",
        gain="Anybody can make a repository whose signatures fit each other.",
        remedy="Give the roots with --trust (a folder or a credentials.zip), or add them to this machine with 'lockstick trust add'.",
        consequence=Consequence.UNANCHORED,
    ),
    Rule(
        id="anchor-unknown",
        group="Roots",
        meaning="It is from an account whose roots this machine does not have, although it has those of others.",
        gain="This is also what a forger's medium looks like.",
        remedy="Do not use it, and do not add roots that came with it. Ask the publisher for the roots over another channel.",
        consequence=Consequence.UNANCHORED,
    ),
    Rule(
        id="clock-behind",
        group="Freshness",
        meaning="The time to judge by is earlier than a date that was signed.",
        gain="A clock that is behind (an empty clock battery) would bless what has expired.",
        remedy="Set the clock, or give the right time with --at.",
        consequence=Consequence.UNCHECKED,
    ),
    Rule(
        id="payload-not-checked",
        group="Payloads",
        meaning="This version of Lockstick cannot check packages of this kind beyond what its message says.",
        gain="A damaged or altered container image or operating-system commit would go unnoticed until the device.",
        remedy="Do not take this lockbox for verified. The rest of the report holds.",
        consequence=Consequence.UNCHECKED,
    ),
    Rule(
        id="expired",
        group="Freshness",
        meaning="A document that devices need has expired.",
        gain="Old software with known flaws could be brought back with old signatures.",
        remedy="Define the lockbox again (or wait for the repository to renew the document), then build it again.",
        consequence=Consequence.STALE,
    ),
    Rule(
        id="superseded",
        group="Freshness",
        meaning="A document is older than one that this machine has verified before, by the same stored anchors.",
        gain="An old set of documents, with software of known flaws, could be handed out until it expires. Devices that have seen the newer one refuse it.",
        remedy="Build the lockbox again. If the repository itself was set up anew, remove its trust anchors and add the new ones.",
        consequence=Consequence.STALE,
    ),
    *(
        Rule(id=identifier, group=group, meaning=meaning, gain=gain, remedy=remedy, severity=Severity.WARNING)
        for identifier, group, meaning, gain, remedy in (
            (
                "anchor-first-use",
                "Roots",
                "The roots on the medium itself were believed, because this was asked for.",
                "Whoever made the medium decides what is genuine. Devices never do this offline.",
                "Compare the printed digests with the publisher's over another channel.",
            ),
            (
                "root-chain-incomplete",
                "Roots",
                "Roots of the chain are missing that this judgement did not need.",
                "Devices that know only an older root, and brand-new secondaries, cannot follow.",
                "Build the lockbox again: a complete build holds every root from the first.",
            ),
            (
                "root-chain-of-one",
                "Roots",
                "The newest root is version 1.",
                "Brand-new secondaries (a compose or bootloader secondary that was never online) cannot be updated.",
                "Let such devices make one online update first, or renew the root in the cloud.",
            ),
            (
                "key-id-unusual",
                "Keys, signatures, thresholds",
                "A key id is not derived from its key by any known rule.",
                "Nothing by itself: the id is only a name.",
                "Nothing needs to be done.",
            ),
            (
                "listing-without-hash",
                "Snapshots and what they list",
                "A snapshot lists a document without a hash.",
                "Two documents of one version, both signed, could be exchanged for each other.",
                "Nothing on your side: the repository leaves it out.",
            ),
            (
                "listing-vanished",
                "Snapshots and what they list",
                "The offline-snapshot no longer lists a lockbox that it listed when this machine verified it before.",
                "A lockbox could be made to disappear, and come back later in an older version.",
                "Nothing, if the lockbox was deleted on purpose; else ask whoever publishes it.",
            ),
            (
                "lockbox-empty",
                "The lockbox",
                "The lockbox lists no target.",
                "Nothing: a device finds no update in it. This is how a lockbox is revoked.",
                "If you expected packages, ask whoever defined the lockbox whether it was revoked.",
            ),
            (
                "timestamp-stale",
                "Freshness",
                "The image repository's timestamp has expired.",
                "Nothing offline: devices do not read it, and it lives for a day only.",
                "Nothing needs to be done.",
            ),
            (
                "delegation-cycle",
                "Delegations and targets",
                "A delegation leads back to a role on its own path.",
                "Readers without a limit would walk for ever.",
                _PUBLISHER,
            ),
            (
                "target-without-hardware-id",
                "Delegations and targets",
                "A target names no hardware id.",
                "Nothing: no device takes it.",
                "Give the package a hardware id and define the lockbox again.",
            ),
            (
                "target-names-ecus",
                "Delegations and targets",
                "A target names single devices.",
                "Devices that know none of the named ones refuse the whole lockbox.",
                _PUBLISHER,
            ),
            (
                "ostree-not-archive",
                "Operating systems",
                "The repository of operating-system commits keeps files with their permissions instead of in archive mode.",
                "Nothing by itself. A copy on FAT or exFAT loses the permissions, and devices refuse that copy.",
                "Leave it on a file system with permissions, or make the repository in archive mode.",
            ),
            (
                "file-unlisted",
                "Payloads",
                "A file lies in the lockbox that nothing signed speaks of.",
                "Nothing by itself: devices ignore it. It costs space, and may not be what you meant to hand out.",
                "Delete it, unless you put it there on purpose.",
            ),
        )
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            *_READING,
            *_SIGNING,
            *_ROOTS,
            *_LISTING,
            *_LOCKBOX,
            *_IMAGES,
            *_PAYLOAD,
            *_COMPOSE,
            *_OSTREE,
            *_SPECIAL,
        )
    }
)
"""All rules by id."""
