"""Whether a repository holds a whole operating-system commit, every object being what its name says.

This is what ``ostree fsck`` asks, for what one commit reaches (lockbox-format 5). Objects are believed only after
they were hashed, so a folder cannot hold itself, and each is looked at once however often it is named.
"""

from __future__ import annotations

import configparser
import hashlib
import io
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import MISSING, find_plain, read_capped, unreadable
from lockstick.payloads.device_problem import DeviceProblem
from lockstick.payloads.gvariant import NotNormalError
from lockstick.payloads.ostree_files import CorruptObjectError, hash_archived, hold_loose_file
from lockstick.payloads.ostree_objects import check_dirmeta, read_commit, read_dirtree
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.disk.tree import Place, Tree

__all__ = ["FETCH_FAILED", "OSTREE_PLACE", "OstreeProblem", "check_commit", "commit_problems", "device_ostree_problem"]

FETCH_FAILED = (
    "Uptane::TargetHashMismatch: The target's calculated hash did not match the hash in the metadata. "
    "(Each target download has failed)"
)
"""What the client says to whatever keeps it from fetching a commit."""

OSTREE_PLACE = ("images", "ostree")
"""Where the repository lies in a lockbox."""

_MAX_CONFIG = 65_536
_MAX_METADATA = 16 * 1024 * 1024
_MAX_OBJECTS = 5_000_000
_MAX_DEPTH = 256
_MAX_PROBLEMS = 50
_ARCHIVE = frozenset({"archive", "archive-z2"})
_BARE = frozenset({"bare", "bare-user", "bare-user-only"})
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class OstreeProblem:
    """Something wrong with a commit or its repository.

    Attributes:
        rule: The id of the rule that it breaks.
        path: What it is about, below the repository; empty for the repository itself.
        message: What is wrong.
    """

    rule: str
    path: str
    message: str


def check_commit(
    tree: Tree, repository: Place, commit: str, *, observer: Observer = SILENT, name: str = "ostree"
) -> tuple[OstreeProblem, ...]:
    """Check a commit and everything that it reaches.

    Args:
        tree: What lies on the medium.
        repository: The place of the repository in it.
        commit: The commit's digest.
        observer: Told of the progress.
        name: What to call the commit towards the observer.

    Returns:
        The problems, the first fifty at most.
    """
    problems: list[OstreeProblem] = []
    observer.file_started(name, length=0)
    for problem in commit_problems(tree, repository, commit, observer=observer, name=name):
        if len(problems) == _MAX_PROBLEMS:
            break
        problems.append(problem)
    observer.file_finished(name)
    return tuple(problems)


def device_ostree_problem(lockbox: Tree, commit: str) -> DeviceProblem | None:
    """Say what a device would say to a commit.

    Args:
        lockbox: What holds ``images/``.
        commit: The commit's digest, as signed.

    Returns:
        The problem, or None if the commit can be fetched.
    """
    for problem in commit_problems(lockbox, OSTREE_PLACE, commit):
        if problem.rule != "ostree-not-archive":
            detail = f"{problem.path}: {problem.message}" if problem.path else problem.message
            return DeviceProblem(stage="fetch", reason=FETCH_FAILED, detail=detail)
    return None


def commit_problems(
    tree: Tree, repository: Place, commit: str, *, observer: Observer = SILENT, name: str = "ostree"
) -> Iterator[OstreeProblem]:
    """Walk a commit.

    Args:
        tree: As for :func:`check_commit`.
        repository: As for :func:`check_commit`.
        commit: As for :func:`check_commit`.
        observer: As for :func:`check_commit`; told of the bytes read only.
        name: As for :func:`check_commit`.

    Yields:
        Everything that is wrong, as it is met. It never raises for anything on the medium.
    """
    if not _DIGEST.fullmatch(commit):
        yield OstreeProblem("ostree-commit-missing", "", "nothing signed names the commit by its sha256 digest")
        return
    data, problem = read_capped(tree, (*repository, "config"), _MAX_CONFIG)
    if problem:
        what = "there is no repository here" if problem == MISSING else problem
        yield OstreeProblem("ostree-repository", "config", what)
        return
    mode = _mode(data)
    if mode not in _ARCHIVE | _BARE:
        yield OstreeProblem("ostree-repository", "config", f"it names no mode of repository that is known ({mode!r})")
        return
    if mode in _BARE:
        yield OstreeProblem(
            "ostree-not-archive", "config", f"its mode is {mode}, so files must keep their permissions on the medium"
        )
    yield from _Walk(tree, repository, mode, observer, name).run(commit)


def _mode(data: bytes) -> str:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(data.decode("utf-8"))
        return parser.get("core", "mode", fallback="bare")
    except (configparser.Error, UnicodeDecodeError):
        return ""


class _ObjectError(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class _Walk:
    """One walk through what a commit reaches, breadth first and without recursion."""

    def __init__(self, tree: Tree, repository: Place, mode: str, observer: Observer, name: str) -> None:
        self._tree = tree
        self._objects = (*repository, "objects")
        self._mode = mode
        self._observer = observer
        self._name = name

    def run(self, commit: str) -> Iterator[OstreeProblem]:
        waiting: deque[tuple[str, str, int]] = deque([(commit, "commit", 0)])
        seen = {(bytes.fromhex(commit), "commit")}
        while waiting:
            digest, kind, depth = waiting.popleft()
            try:
                named = self._look(digest, kind, depth)
            except _ObjectError as error:
                yield OstreeProblem(error.rule, self._shown(digest, kind), str(error))
                continue
            for below, of_kind in named:
                key = (bytes.fromhex(below), of_kind)
                if key not in seen:
                    seen.add(key)
                    waiting.append((below, of_kind, depth + 1))
            if len(seen) > _MAX_OBJECTS:
                yield OstreeProblem("ostree-repository", "", f"the commit has more than {_MAX_OBJECTS} objects")
                return

    def _look(self, digest: str, kind: str, depth: int) -> list[tuple[str, str]]:
        """Prove one object and say what it names."""
        if depth > _MAX_DEPTH:
            raise _ObjectError("ostree-object-corrupt", f"it lies deeper than {_MAX_DEPTH} folders")
        if kind == "file":
            self._prove_file(digest)
            return []
        data = self._prove_metadata(digest, kind)
        try:
            if kind == "commit":
                commit = read_commit(data)
                return [(commit.tree, "dirtree"), (commit.meta, "dirmeta")]
            if kind == "dirtree":
                folder = read_dirtree(data)
                named = [(one, "file") for one in folder.files]
                for tree, meta in folder.folders:
                    named += [(tree, "dirtree"), (meta, "dirmeta")]
                return named
            check_dirmeta(data)
        except NotNormalError as error:
            raise _ObjectError("ostree-object-corrupt", str(error)) from None
        return []

    def _prove_metadata(self, digest: str, kind: str) -> bytes:
        data, problem = read_capped(self._tree, self._place(digest, kind), _MAX_METADATA)
        if problem == MISSING:
            rule = "ostree-commit-missing" if kind == "commit" else "ostree-object-missing"
            raise _ObjectError(rule, "the commit needs it, and it is not in the repository")
        if problem:
            raise _ObjectError("ostree-object-corrupt", problem)
        self._observer.advanced(self._name, len(data))
        if hashlib.sha256(data).hexdigest() != digest:
            raise _ObjectError("ostree-object-corrupt", "its bytes have another digest than its name says")
        return data

    def _prove_file(self, digest: str) -> None:
        try:
            found = self._hold(self._place(digest, "file"), digest)
        except CorruptObjectError as error:
            raise _ObjectError("ostree-object-corrupt", str(error)) from None
        except OSError as error:
            raise _ObjectError("ostree-object-corrupt", unreadable(error)) from None
        if found is None:
            raise _ObjectError("ostree-object-missing", "the commit needs it, and it is not in the repository")
        is_right, size = found
        if not is_right:
            raise _ObjectError("ostree-object-corrupt", "its content has another digest than its name says")
        self._observer.advanced(self._name, size)

    def _hold(self, place: Place, digest: str) -> tuple[bool, int] | None:
        """Hold a file against its digest: whether it is the one, and its size; None if it is not there."""
        if self._mode not in _ARCHIVE:
            return hold_loose_file(self._tree, place, digest, keeps_xattr=self._mode == "bare-user")
        size, problem = find_plain(self._tree, place)
        if problem == MISSING:
            return None
        if problem:
            raise CorruptObjectError(problem)
        with io.BufferedReader(self._tree.open(place)) as stream:
            return hash_archived(stream, size) == digest, size

    def _place(self, digest: str, kind: str) -> Place:
        suffix = "filez" if kind == "file" and self._mode in _ARCHIVE else kind
        return (*self._objects, digest[:2], f"{digest[2:]}.{suffix}")

    def _shown(self, digest: str, kind: str) -> str:
        return "objects/" + "/".join(self._place(digest, kind)[-2:])
