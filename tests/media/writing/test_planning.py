"""What is kept, written and dropped: decided from facts alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstick.lockbox.consignment import Piece, is_named_by_content, is_ours
from lockstick.media.writing.planning import NEXT, Lying, make_plan

PLACES = st.sampled_from([("images", name) for name in "abcd"])
DIGESTS = st.sampled_from([{}, {"sha256": "1" * 64}, {"sha256": "2" * 64}, {"sha512": "3" * 128}])
SIZES = st.sampled_from([0, 5, 9])
PIECES = st.lists(
    st.builds(Piece, place=PLACES, size=SIZES, digests=DIGESTS), max_size=4, unique_by=lambda piece: piece.place
)
LYING = st.lists(
    st.builds(
        Lying,
        pool=st.sampled_from([NEXT, "update", "old"]),
        place=PLACES,
        size=SIZES,
        claim=DIGESTS,
        is_same=st.just(False),
    ),
    max_size=8,
    unique_by=lambda one: (one.pool, one.place),
)


@given(PIECES, LYING)
def test_every_file_is_ready_moved_or_written_and_everything_else_goes(pieces: list[Piece], lying: list[Lying]) -> None:
    plan = make_plan(pieces, lying)
    placed = [*plan.ready, *(one.piece for one in plan.moves), *(one.piece for one in plan.writes)]
    assert sorted(piece.place for piece in placed) == sorted(piece.place for piece in pieces)
    kept = {(NEXT, piece.place) for piece in plan.ready} | {(one.pool, one.piece.place) for one in plan.moves}
    kept |= {
        (NEXT, one.piece.place) for one in plan.writes if one.begun or (NEXT, one.piece.place) in _begun(plan, lying)
    }
    gone = {(one.pool, one.place) for one in (*plan.drops, *plan.obsolete)}
    assert kept | gone == {(one.pool, one.place) for one in lying}
    assert not kept & gone
    assert all(one.pool == NEXT for one in plan.drops)
    assert all(one.pool != NEXT for one in plan.obsolete)


def _begun(plan: object, lying: list[Lying]) -> set[tuple[str, tuple[str, ...]]]:
    """Files of no length may be begun, too, and are then not dropped."""
    dropped = {(one.pool, one.place) for one in plan.drops}  # type: ignore[attr-defined]
    return {(one.pool, one.place) for one in lying if one.pool == NEXT and not one.size} - dropped


@given(PIECES, LYING)
def test_only_what_has_the_right_length_and_a_right_claim_is_not_written(
    pieces: list[Piece], lying: list[Lying]
) -> None:
    plan = make_plan(pieces, lying)
    facts = {(one.pool, one.place): one for one in lying}
    for pool, piece in [*((NEXT, piece) for piece in plan.ready), *((one.pool, one.piece) for one in plan.moves)]:
        one = facts[pool, piece.place]
        assert one.size == piece.size
        assert any(one.claim.get(name) == digest for name, digest in piece.digests.items())
        assert all(one.claim.get(name, digest) == digest for name, digest in piece.digests.items())


def test_a_part_is_kept_for_its_name_alone_only_if_that_is_a_digest() -> None:
    tar = ("images", f"{'a' * 64}.images", f"{'b' * 64}.tar")
    config = ("images", "ostree", "config")
    pieces = [Piece(place=tar, size=5), Piece(place=config, size=5)]
    plan = make_plan(pieces, [Lying(pool="update", place=one.place, size=5) for one in pieces])
    assert [move.piece.place for move in plan.moves] == [tar]
    assert [one.piece.place for one in plan.writes] == [config]
    assert is_named_by_content(("images", "ostree", "objects", "0f", f"{'c' * 62}.filez"))
    assert not is_named_by_content(("images", "ostree", "objects", "0f", "..", "config"))


def test_a_file_that_was_begun_is_gone_on_with_by_the_same_lockbox() -> None:
    piece = Piece(place=("images", "a"), size=9, digests={"sha256": "1" * 64})
    lying = Lying(pool=NEXT, place=piece.place, size=4, is_same=True, allocated=4096)
    (one,) = make_plan([piece], [lying]).writes
    assert (one.begun, one.allocated) == (4, 4096)
    (one,) = make_plan([piece], [Lying(pool=NEXT, place=piece.place, size=4)]).writes
    assert (one.begun, one.allocated) == (0, 0)


def test_what_is_ours_in_an_older_lockbox_and_what_is_somebody_elses() -> None:
    ours = ["metadata/director/box.json", "images/ostree/refs/x", ".lockstick/partial/x", "metadata/._director"]
    theirs = ["update-logs.db", "images/notes.txt", "metadata/notes.txt", "metadata/director/deep/x.json"]
    assert all(is_ours(tuple(name.split("/"))) for name in ours)
    assert not any(is_ours(tuple(name.split("/"))) for name in theirs)
