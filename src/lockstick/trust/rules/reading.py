"""Rules about reading a document."""

from __future__ import annotations

from lockstick.trust.rules.rule import DAMAGED, PUBLISHER, REBUILD, Rule, errors

__all__ = ["RULES"]

_GROUP = "Reading a document"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "json-syntax",
            "The file is not one JSON object.",
            "The device's reader goes on with what it understood of a damaged file, so two readers may see two documents.",
            DAMAGED,
        ),
        (
            "json-trailing-data",
            "Something follows the JSON document.",
            "Text that no signature covers could be smuggled past one reader and into another.",
            DAMAGED,
        ),
        (
            "json-duplicate-member",
            "An object names a member twice.",
            "One reader takes the first value, another the last: the same signature would bless two meanings.",
            DAMAGED,
        ),
        (
            "json-byte-order-mark",
            "The file starts with a byte order mark.",
            "Some readers skip it and some do not; a repository never writes one, so an editor has been at the file.",
            REBUILD,
        ),
        (
            "json-depth",
            "The document is nested deeper than any real one.",
            "Deep nesting makes readers crash.",
            DAMAGED,
        ),
        (
            "json-number",
            "A number is outside what server and device read alike: a fraction, an exponent, -0, or 2^53 and more.",
            "Server and device would compute different signed bytes, or read different values.",
            PUBLISHER,
        ),
        (
            "json-escape",
            "A plain character is written as an escape.",
            "No repository writes this; it hides text from people and simple tools.",
            REBUILD,
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
            PUBLISHER,
        ),
        (
            "type-unexpected",
            "The document's _type is not that of the role in whose place it lies.",
            "A signature given for one role could be used for another, where both have the same key.",
            DAMAGED,
        ),
        (
            "version-invalid",
            "A version is not a whole number from 1.",
            "Devices compare versions to refuse old metadata; a version such as 0 or a text escapes the comparison.",
            PUBLISHER,
        ),
        (
            "time-invalid",
            "A time is not of the form YYYY-MM-DDTHH:MM:SSZ, or is no real date.",
            "Devices compare times as text: an impossible one may never expire, and one with fractions is refused.",
            PUBLISHER,
        ),
        (
            "document-missing",
            "A document that every lockbox needs is not there.",
            "Without it, what it would have said about the others cannot be held against them.",
            REBUILD,
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
    ),
)
