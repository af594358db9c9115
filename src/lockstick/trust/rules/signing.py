"""Rules about keys, signatures and thresholds."""

from __future__ import annotations

from lockstick.trust.rules.rule import DAMAGED, PUBLISHER, Rule, errors, warnings

__all__ = ["RULES"]

_GROUP = "Keys, signatures, thresholds"

RULES: tuple[Rule, ...] = (
    *errors(
        _GROUP,
        (
            "key-type-unsupported",
            "A key is of a type other than RSA or Ed25519.",
            "Devices refuse the whole document, even where the key is not used.",
            PUBLISHER,
        ),
        (
            "key-size-unsupported",
            "An RSA key has another size than 2048, 3072 or 4096 bit.",
            "Short keys can be broken; devices can use no other sizes.",
            PUBLISHER,
        ),
        ("key-malformed", "A key cannot be read.", "Nobody can say what it signs.", PUBLISHER),
        (
            "key-duplicate",
            "A role lists one key under several key ids.",
            "One stolen key would count as several and reach a threshold alone.",
            PUBLISHER,
        ),
        (
            "threshold-invalid",
            "A role's threshold is not a number from 1 to 1000.",
            "A threshold of 0 would bless unsigned documents.",
            PUBLISHER,
        ),
        (
            "threshold-unmet",
            "Fewer different keys than the role needs have signed the document.",
            "Anybody could write the document: a forged lockbox, an altered list of packages.",
            DAMAGED,
        ),
        (
            "signature-invalid",
            "A signature by a key of the role does not verify.",
            "The document, or the signature, is not what was signed.",
            DAMAGED,
        ),
        (
            "signature-duplicate",
            "Two signatures name the same key.",
            "A careless reader counts one key twice towards the threshold; devices refuse the document.",
            DAMAGED,
        ),
        (
            "signature-malformed",
            "A signature entry cannot be read.",
            "The device decodes such text in its own way; nobody can say what it would accept.",
            DAMAGED,
        ),
        (
            "signature-method-unknown",
            "A signature names a method other than ed25519, rsassa-pss or rsassa-pss-sha256.",
            "Devices refuse the whole document.",
            PUBLISHER,
        ),
        (
            "signature-method-mismatch",
            "A signature names a method that its key cannot have used.",
            "Confusing a reader about the method is a classic way around a check.",
            DAMAGED,
        ),
        (
            "role-missing",
            "The root does not say who signs for a role.",
            "Without names nobody can be held to anything; devices refuse every document of that role.",
            "For the offline roles: define a lockbox once, so that the Director adds them to its root, and build again.",
        ),
    ),
    *warnings(
        _GROUP,
        (
            "key-id-unusual",
            "A key id is not derived from its key by any known rule.",
            "Nothing by itself: the id is only a name.",
            "Nothing needs to be done.",
        ),
    ),
)
