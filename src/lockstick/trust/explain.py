"""The chain from a trust anchor to the bytes of one package, link by link, with the findings at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.trust.director import OFFLINE_SNAPSHOT
from lockstick.trust.findings import Finding, Verdict, verdict_of
from lockstick.trust.image_repo import IMAGE_SNAPSHOT
from lockstick.trust.names import collisions
from lockstick.trust.rules import Severity
from lockstick.trust.shapes import Shape, shape_of
from lockstick.trust.signatures import good_signers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import MetaEntry, RoleKeys, Root
    from lockstick.metadata.targets import Target
    from lockstick.trust.judge import Judgement

__all__ = ["Explanation", "Link", "explain"]

_MATCHING = {f"target-{name}" for name in ("unknown", "length", "hash", "without-hash", "hardware-id", "format")}


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the chain.

    Attributes:
        name: What it is.
        says: What it says, in words; empty if it could not be reached.
        findings: What was found there.
    """

    name: str
    says: str
    findings: tuple[Finding, ...]

    @property
    def fails(self) -> bool:
        """True if a finding here is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The chain of one package.

    Attributes:
        target: The target's name.
        links: From the anchor to the bytes.
        verdict: The verdict about this chain alone.
    """

    target: str
    links: tuple[Link, ...]
    verdict: Verdict

    @property
    def broken(self) -> Link | None:
        """The first link that fails; if none does, the first that could not be reached."""
        failing = next((link for link in self.links if link.fails), None)
        return failing or next((link for link in self.links if not link.says), None)

    @property
    def shape(self) -> Shape | None:
        """What the break usually means, or None."""
        return None if self.broken is None else shape_of(finding.rule for finding in self.broken.findings)


def explain(
    judgement: Judgement,
    target: str,
    *,
    extra: Sequence[Finding] = (),
    payload: Sequence[Finding] = (),
    bytes_say: str = "",
) -> Explanation:
    """Lay out the chain of one package.

    Args:
        judgement: The judgement of the lockbox's metadata.
        target: The target's name.
        extra: Further findings about documents.
        payload: Findings about the package's bytes.
        bytes_say: What is known of the bytes, in words; empty if nobody looked.

    Returns:
        The chain.
    """
    package = next((one for one in judgement.packages if one.target == target), None)
    findings = (*judgement.findings, *extra)
    links = (
        *_director(judgement, target, findings),
        *_images(judgement, target, findings),
        Link(name="the bytes on the medium", says=bytes_say, findings=tuple(payload)),
    )
    verdict = verdict_of(tuple(finding for link in links for finding in link.findings))
    if verdict is Verdict.VERIFIED and (package is None or not package.agreed or not all(link.says for link in links)):
        verdict = Verdict.REJECTED
    return Explanation(target=target, links=links, verdict=verdict)


def _director(judgement: Judgement, target: str, findings: Sequence[Finding]) -> tuple[Link, ...]:
    trail = judgement.trail
    lockbox = trail.lockbox.document if trail.lockbox is not None else None
    file = lockbox.name.removeprefix("director/") if lockbox is not None else ""
    entry = trail.targets.get(target)
    clashes = {
        group[0] for group in collisions(one.target for one in judgement.packages if one.path) if target in group
    }
    rest = _Sorter(findings)
    root = trail.director_roots[-1] if trail.director_roots else None
    return (
        *_roots("director", trail.director_roots, judgement.director_anchor, judgement.anchor_source, rest),
        _document(
            "the offline-snapshot",
            trail.offline_snapshot,
            _role(root, "offline-snapshot"),
            rest.about(OFFLINE_SNAPSHOT),
        ),
        Link(
            name="its entry for the lockbox",
            says=_entry(trail.listing, file),
            findings=rest.take(lambda one: one.subject.startswith("director/") and one.rule.startswith("listing-")),
        ),
        # Whatever else was found about the Director's documents breaks the lockbox: a device reads them all.
        _document(
            "the lockbox",
            lockbox,
            _role(root, "offline-updates"),
            rest.take(lambda one: one.subject == "director" or one.subject.startswith("director/")),
        ),
        Link(
            name="its entry for the package",
            says=_target(entry),
            findings=rest.take(
                lambda one: (
                    (one.subject == target and one.rule not in _MATCHING)
                    or (one.rule == "target-name-collision" and one.subject in clashes)
                )
            ),
        ),
    )


def _images(judgement: Judgement, target: str, findings: Sequence[Finding]) -> tuple[Link, ...]:
    trail = judgement.trail
    rest = _Sorter(findings)
    root = trail.image_roots[-1] if trail.image_roots else None
    roots = _roots("image-repo", trail.image_roots, judgement.image_anchor, judgement.anchor_source, rest)
    snapshot = _document(
        "the image repository's snapshot",
        trail.snapshot,
        _role(root, "snapshot"),
        rest.about(IMAGE_SNAPSHOT, "image-repo/timestamp.json"),
    )
    top = _document(
        "the image repository's targets",
        None if trail.top is None else trail.top.document,
        _role(root, "targets"),
        rest.take(
            lambda one: (
                one.subject == "image-repo/targets.json"
                or (one.subject.startswith("image-repo/") and one.rule == "document-name-case")
            )
        ),
    )
    steps = tuple(
        _document(
            f"delegated by {step.delegator.document.name} to {step.delegation.name}",
            None if step.role is None else step.role.document,
            step.delegation.signers,
            rest.about(f"image-repo/{step.delegation.name}.json"),
        )
        for step in trail.routes.get(target, ())
    )
    entry = Link(
        name="the image repository's entry for the package",
        says=_target(trail.found.get(target)),
        findings=rest.take(lambda one: one.subject == target and one.rule in _MATCHING),
    )
    return (*roots, snapshot, top, *steps, entry)


class _Sorter:
    """Hands out each finding once, to the first link that it is about."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._left = list(dict.fromkeys(findings))

    def take(self, is_wanted: Callable[[Finding], bool]) -> tuple[Finding, ...]:
        taken = tuple(finding for finding in self._left if is_wanted(finding))
        self._left = [finding for finding in self._left if finding not in taken]
        return taken

    def about(self, *subjects: str) -> tuple[Finding, ...]:
        return self.take(lambda finding: finding.subject in subjects)


def _roots(repository: str, roots: Sequence[Root], digest: str | None, source: str, rest: _Sorter) -> tuple[Link, Link]:
    anchor = rest.take(
        lambda one: (
            one.subject in ("anchor", f"{repository} trust anchor")
            or (repository in one.subject.split(" and ") and one.rule in ("anchor-missing", "anchor-unknown"))
        )
    )
    chain = rest.take(
        lambda one: (
            (one.subject.startswith(f"{repository}/") and one.subject.endswith("root.json"))
            or (one.subject == repository and one.rule.startswith("root-"))
        )
    )
    versions = " to ".join(dict.fromkeys(str(root.document.version) for root in (*roots[:1], *roots[-1:])))
    signers = _role(roots[-1], "root") if roots else None
    says = ""
    if roots and signers is not None:
        keys = ", ".join(keyid[:16] for keyid in signers.listed)
        until = format_instant(roots[-1].document.expires)
        says = f"version {versions}; {signers.threshold} of the keys {keys} must sign; expires {until}"
    return (
        Link(
            name=f"the {repository} trust anchor",
            says="" if digest is None else f"{digest[:16]}, from: {source}",
            findings=anchor,
        ),
        Link(name=f"the {repository} roots", says=says, findings=chain),
    )


def _role(root: Root | None, role: str) -> RoleKeys | None:
    return None if root is None else root.roles.get(role)


def _document(name: str, document: Document | None, signers: RoleKeys | None, findings: tuple[Finding, ...]) -> Link:
    says = ""
    if document is not None and signers is not None:
        keys = ", ".join(keyid[:16] for keyid in good_signers(document, signers)) or "nobody who may"
        until = format_instant(document.expires)
        signed = f"signed by {keys} ({signers.threshold} needed)"
        says = f"{document.name} version {document.version}; {signed}; expires {until}"
    return Link(name=name, says=says, findings=findings)


def _entry(listing: Mapping[str, MetaEntry], file: str) -> str:
    entry = listing.get(file)
    return "" if entry is None else f"{file} version {entry.version}"


def _target(target: Target | None) -> str:
    if target is None:
        return ""
    digests = ", ".join(f"{algorithm} {digest}" for algorithm, digest in target.hashes.items())
    hardware = ", ".join(target.hardware_ids) or "none"
    return f"{target.length} bytes; {digests}; hardware ids: {hardware}"
