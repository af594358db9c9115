"""What a ``credentials.zip`` says: where the repositories are, and who may ask them (cloud-apis 1.8).

Four members are opened: ``treehub.json``, ``tufrepo.url`` and, if there, the two initial roots. The others
(``targets.sec``, ``provision.json``, certificates) are private to other tools and are never read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from lockstick.cloud.archive import Archive, open_archive
from lockstick.cloud.loosejson import loose_object
from lockstick.errors import NotAllowedError, TransferError
from lockstick.metadata.uptane import UPTANE
from lockstick.secret import Secret
from lockstick.transfer import check_url
from lockstick.trust.evidence import Anchors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lockstick.metadata.dialect import Dialect

__all__ = ["Credentials", "OAuthClient", "read_credentials", "read_initial_roots"]

_FRESH = "download a fresh credentials.zip from the account's settings page and use that."
_RENEW = f"The secret is wrong or was revoked: {_FRESH}"
_MAX_SETTINGS = 64 << 10
_MAX_ROOT = 1 << 20
_MAX_TEXT = 4096
_CERTIFICATES = frozenset({"autoprov_credentials.p12", "client_auth.p12", "autoprov.url", "api_gateway.url"})


@dataclass(frozen=True, kw_only=True)
class OAuthClient:
    """Who asks for tokens, and where.

    Attributes:
        token_url: Where tokens are had.
        client_id: The client's name; not secret.
        client_secret: Its secret.
        scope: What to ask for, if anything.
        renewal: What to tell whoever's credentials are refused.
    """

    token_url: str
    client_id: str
    client_secret: Secret
    scope: str | None = None
    renewal: str = field(default=_RENEW, repr=False)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A read ``credentials.zip``. All addresses are checked, without a slash at their end.

    Attributes:
        oauth: Who asks for tokens; None where the account's server wants none (``no_auth``).
        repo_url: The image repository, as in ``https://api.torizon.io/repo``.
        director_url: The Director, as in ``https://api.torizon.io/director``.
        ostree_url: The server for operating-system commits, if one is named.
        image_root: The initial root of the image repository, as a trust anchor; unjudged.
        director_root: The initial root of the Director, as a trust anchor; unjudged.
        dialect: The dialect of the account's documents. Nothing in the file says it: the services that hand out
            such files have this one.
    """

    oauth: OAuthClient | None
    repo_url: str
    director_url: str
    ostree_url: str | None = None
    image_root: bytes | None = field(default=None, repr=False)
    director_root: bytes | None = field(default=None, repr=False)
    dialect: Dialect = field(default=UPTANE, repr=False)

    @property
    def anchors(self) -> Anchors:
        """The initial roots as trust anchors; either may be missing."""
        return Anchors(director=self.director_root, image_repo=self.image_root, source="file", dialect=self.dialect)


def read_credentials(path: Path) -> Credentials:
    """Read a ``credentials.zip``.

    Args:
        path: The file.

    Returns:
        What it says; nothing has been asked of any server.

    Raises:
        NotAllowedError: It is missing, not a zip file, of a kind that cannot fetch, lacks a member, or a
            member cannot be read or used. The text names the member and never quotes it.
    """
    with open_archive(path) as archive:
        settings_text = archive.read("treehub.json", limit=_MAX_SETTINGS)
        if settings_text is None:
            _refuse_kind(archive)
        url_text = archive.read("tufrepo.url", limit=_MAX_SETTINGS)
        if url_text is None:
            raise NotAllowedError(f"{path} cannot be used to fetch", why="it lacks the member tufrepo.url")
        image_root = archive.read("root.json", limit=_MAX_ROOT)
        director_root = archive.read("director.root.json", limit=_MAX_ROOT)
        settings = loose_object(settings_text)
        if settings is None:
            raise NotAllowedError(f"{path} cannot be used", why="its treehub.json is not JSON")
        reader = _Settings(archive, settings)
        repo_url, director_url = _repository_urls(path, url_text)
        return Credentials(
            oauth=reader.oauth(),
            repo_url=repo_url,
            director_url=director_url,
            ostree_url=reader.ostree_url(),
            image_root=image_root,
            director_root=director_root,
        )


def read_initial_roots(path: Path) -> Anchors:
    """Read the initial roots of a ``credentials.zip`` of any kind; nothing else in it is looked at.

    Args:
        path: The file.

    Returns:
        The roots of the Director and of the image repository, unjudged; either may be missing.

    Raises:
        NotAllowedError: It is missing, not a zip file, or damaged.
    """
    with open_archive(path) as archive:
        return Anchors(
            director=archive.read("director.root.json", limit=_MAX_ROOT),
            image_repo=archive.read("root.json", limit=_MAX_ROOT),
            source="file",
            dialect=UPTANE,
        )


class _Settings:
    """Takes ``treehub.json`` apart."""

    def __init__(self, archive: Archive, settings: Mapping[str, object]) -> None:
        self._archive = archive
        self._settings = settings

    def oauth(self) -> OAuthClient | None:
        """The section ``oauth2``; None where the server wants no token."""
        section = self._settings.get("oauth2")
        if section is None:
            if self._settings.get("no_auth") is True:
                return None
            if "certificate_auth" in self._settings or self._archive.names & _CERTIFICATES:
                _refuse_old_kind(self._archive)
        if not isinstance(section, dict):
            self._refuse("has no section oauth2")
        server = _checked_url(self._archive.path, "treehub.json", self._text(section, "server"))
        return OAuthClient(
            token_url=server if server.endswith("/token") else f"{server}/token",
            client_id=self._text(section, "client_id"),
            client_secret=Secret(self._text(section, "client_secret")),
            scope=None if section.get("scope") in (None, "") else self._text(section, "scope"),
        )

    def ostree_url(self) -> str | None:
        """The address of the section ``ostree``, if there is one."""
        section = self._settings.get("ostree")
        if section is None:
            return None
        if not isinstance(section, dict):
            self._refuse("has a section ostree of an unknown shape")
        return _checked_url(self._archive.path, "treehub.json", self._text(section, "server"))

    def _text(self, section: Mapping[str, object], name: str) -> str:
        value = section.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
            self._refuse(f"has no usable {name}")
        return value

    def _refuse(self, problem: str) -> NoReturn:
        raise NotAllowedError(f"{self._archive.path} cannot be used", why=f"its treehub.json {problem}")


def _refuse_old_kind(archive: Archive) -> NoReturn:
    raise NotAllowedError(
        f"{archive.path} is of the old kind that logs in with a certificate",
        why="the service now logs in with OAuth2, and the old kind holds nothing for that",
        remedy="Download a new credentials.zip from the account's settings page; devices need no change.",
    )


def _refuse_kind(archive: Archive) -> NoReturn:
    """Say which other kind of zip it is that has no ``treehub.json``."""
    if archive.names & _CERTIFICATES:
        _refuse_old_kind(archive)
    if "provision.json" in archive.names:
        raise NotAllowedError(
            f"{archive.path} can only provision devices",
            why="it lacks the member treehub.json, which says how to log in for fetching",
            remedy="Ask the account's owner for the full credentials.zip from the account's settings page.",
        )
    raise NotAllowedError(f"{archive.path} cannot be used to fetch", why="it lacks the member treehub.json")


def _repository_urls(path: Path, content: bytes) -> tuple[str, str]:
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or text.split() != [text]:
        raise NotAllowedError(f"{path} cannot be used", why="its tufrepo.url is not one line with an address")
    repo = _checked_url(path, "tufrepo.url", text)
    # A host alone may be called "repo" as well, hence the third slash.
    if not repo.endswith("/repo") or repo.count("/") < len(("https:", "", "host")):
        raise NotAllowedError(
            f"{path} cannot be used",
            why="the address in its tufrepo.url does not end in /repo, so there is no telling where the Director is",
        )
    return repo, f"{repo.removesuffix('/repo')}/director"


def _checked_url(path: Path, member: str, text: str) -> str:
    problem = ""
    try:
        parsed = check_url(text)
    except TransferError as error:
        problem = error.why
    else:
        if not (parsed.query or parsed.fragment):
            return str(parsed).rstrip("/")
        problem = "it has a query or a fragment"
    raise NotAllowedError(f"{path} cannot be used", why=f"an address in its {member} is refused: {problem}")
