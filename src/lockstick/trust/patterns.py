"""Which target names a delegation may speak of (lockbox-format 3.7; TUF 1.0, 4.5)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from lockstick.metadata.malformed import MalformedError

if TYPE_CHECKING:
    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.targets import Delegation

__all__ = ["check_pattern", "matches", "matches_by_component", "speaks_of"]

_MAX_PATTERN = 512
_TREACHEROUS = ("\\", "[:", "[.", "[=")


class _Set(NamedTuple):
    """A bracket expression."""

    negated: bool
    ranges: tuple[tuple[str, str], ...]

    def takes(self, character: str) -> bool:
        """Say whether the expression stands for a character."""
        return any(low <= character <= high for low, high in self.ranges) is not self.negated


class _Any:
    """A question mark."""


class _Star:
    """A star."""


_Token = str | _Set | _Any | _Star
_ANY = _Any()
_STAR = _Star()
_NOTHING = _Set(negated=False, ranges=())


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that readers understand differently.

    Args:
        pattern: A pattern from a delegation's ``paths``.

    Raises:
        MalformedError: ``delegation-pattern`` if it is very long, or holds a backslash or a character class:
            libraries differ in these, and one reader would search where another does not.
    """
    if len(pattern) > _MAX_PATTERN:
        raise MalformedError("delegation-pattern", f"a pattern has {len(pattern)} characters; {_MAX_PATTERN} are read")
    found = next((part for part in _TREACHEROUS if part in pattern), None)
    if found is not None:
        raise MalformedError("delegation-pattern", f"the pattern {pattern[:60]!r} holds {found!r}")


def speaks_of(delegation: Delegation, name: str, dialect: Dialect) -> bool:
    """Say whether a delegation may speak of a target.

    Args:
        delegation: The delegation.
        name: The target's name.
        dialect: The dialect of the delegator, which says what a pattern means.

    Returns:
        True if one of its patterns, or of its beginnings of hashes, fits the name.
    """
    fits = matches if dialect.stars_cross_slashes else matches_by_component
    if any(fits(pattern, name) for pattern in delegation.paths):
        return True
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return any(digest.startswith(prefix) for prefix in delegation.hash_prefixes)


def matches_by_component(pattern: str, name: str) -> bool:
    """Say whether a name fits a pattern whose stars and question marks end at slashes (TUF 1.0, 4.5).

    Args:
        pattern: A pattern from a delegation's ``paths``.
        name: A target's name.

    Returns:
        True if there are as many components on both sides and each fits its counterpart by :func:`matches`.
    """
    patterns, names = pattern.split("/"), name.split("/")
    return len(patterns) == len(names) and all(map(matches, patterns, names))


def matches(pattern: str, name: str) -> bool:
    """Say whether a name fits a pattern by the rules of POSIX ``fnmatch`` without flags.

    ``*`` and ``?`` match slashes too, leading dots are nothing special, brackets and backslashes work, and
    case counts. Written out because Python's own ``fnmatch`` knows no backslash, and because patterns come
    from documents: the time taken is at most the product of both lengths.

    Args:
        pattern: A pattern from a delegation's ``paths``.
        name: A target's name.

    Returns:
        True if the whole name fits.
    """
    tokens = _tokens(pattern)
    position = token = 0
    star_token, star_position = -1, 0
    while position < len(name):
        if token < len(tokens) and isinstance(tokens[token], _Star):
            star_token, star_position = token, position
            token += 1
        elif token < len(tokens) and _fits(tokens[token], name[position]):
            token += 1
            position += 1
        elif star_token >= 0:
            # Let the last star take one character more and try again from there.
            star_position += 1
            token, position = star_token + 1, star_position
        else:
            return False
    return all(isinstance(rest, _Star) for rest in tokens[token:])


def _fits(token: _Token, character: str) -> bool:
    match token:
        case str():
            return token == character
        case _Set():
            return token.takes(character)
        case _Any():
            return True
        case _Star():
            return False


def _tokens(pattern: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    # Once a bracket is not closed, none behind it is: asking again each time would take the square of the length.
    may_close = True
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            tokens.append(_STAR)
        elif character == "?":
            tokens.append(_ANY)
        elif character == "\\":
            # Nothing fits a pattern that ends in a backslash.
            tokens.append(pattern[position] if position < len(pattern) else _NOTHING)
            position += 1
        elif character == "[" and may_close and (found := _bracket(pattern, position)) is not None:
            expression, position = found
            tokens.append(expression)
        else:
            may_close = may_close and character != "["
            tokens.append(character)
    return tokens


def _bracket(pattern: str, start: int) -> tuple[_Set, int] | None:
    """Read the bracket expression that opens before ``start``; None if it is never closed: a plain character then.

    A backslash at the very end cuts off what it escapes; the caller meets it again, and lets nothing fit.

    Returns:
        The expression, and the position behind it.
    """
    negated = pattern[start : start + 1] in ("!", "^")
    first = position = start + 1 if negated else start
    ranges: list[tuple[str, str]] = []
    while position < len(pattern):
        # A closing bracket in the first place stands for itself.
        if pattern[position] == "]" and position > first:
            return _Set(negated, tuple(ranges)), position + 1
        low, position = _member(pattern, position)
        high = low
        if pattern[position : position + 1] == "-" and pattern[position + 1 : position + 2] not in ("]", ""):
            high, position = _member(pattern, position + 1)
        ranges.append((low, high))
    return None


def _member(pattern: str, position: int) -> tuple[str, int]:
    """One character of a bracket expression, escaped or not, and the position behind it; empty if it is cut off."""
    if pattern[position] == "\\":
        position += 1
    return pattern[position : position + 1], position + 1
