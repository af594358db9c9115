"""Lockboxes as files in git say that they should be: read, compared with what is there, assessed, published.

* :mod:`~lockstick.cloud.definitions.reading` turns the bytes of a file into a :class:`Definition`. It is pure and
  strict, and stands on ``tree`` (YAML as nodes), ``values`` (texts and JSON) and ``expiry`` (dates and spans).
* :mod:`~lockstick.cloud.definitions.lookup` finds the packages that it names.
* :mod:`~lockstick.cloud.definitions.assessing` says what it would do, and what devices or the service would refuse.
* :mod:`~lockstick.cloud.definitions.publishing` ties these to an account; ``comparing`` does so for two lockboxes.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.cloud.definitions.assessing import Assessment, assess
    from lockstick.cloud.definitions.comparing import Side, compare, defined_side, published_side
    from lockstick.cloud.definitions.expiry import Date, Expiry, Span, read_expiry
    from lockstick.cloud.definitions.publishing import prepare, prepare_revocation, publish, wanted_packages
    from lockstick.cloud.definitions.reading import Definition, Wanted, read_definition

__all__ = [
    "Assessment",
    "Date",
    "Definition",
    "Expiry",
    "Side",
    "Span",
    "Wanted",
    "assess",
    "compare",
    "defined_side",
    "prepare",
    "prepare_revocation",
    "publish",
    "published_side",
    "read_definition",
    "read_expiry",
    "wanted_packages",
]

_HOME = {
    "Assessment": "assessing",
    "Date": "expiry",
    "Definition": "reading",
    "Expiry": "expiry",
    "Side": "comparing",
    "Span": "expiry",
    "Wanted": "reading",
    "assess": "assessing",
    "compare": "comparing",
    "defined_side": "comparing",
    "prepare": "publishing",
    "prepare_revocation": "publishing",
    "publish": "publishing",
    "published_side": "comparing",
    "read_definition": "reading",
    "read_expiry": "expiry",
    "wanted_packages": "publishing",
}

__getattr__ = loader(__name__, _HOME)
