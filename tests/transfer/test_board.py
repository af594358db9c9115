"""The board and the bytes of a file, in the moments between two steps of a worker: no byte is given away twice."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from lockstick.transfer import Policy, client_factory
from lockstick.transfer.board import Board
from lockstick.transfer.job import Job
from lockstick.transfer.journal import journal_path
from lockstick.transfer.line import Line
from lockstick.transfer.origins import check_url, origin_of
from lockstick.transfer.partial import Partial
from lockstick.transfer.spans import Spans
from lockstick.transfer.validators import Validator
from transfer.ground import Want, noise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1 << 20
POLICY = Policy(connections=4, start_connections=4, min_piece=MIB, max_piece=MIB)


class Watched(Spans):
    """Spans that let something happen right after they were looked at for the first time."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile: Callable[[], None] | None = meanwhile

    def __iter__(self) -> Iterator[tuple[int, int]]:
        found = list(super().__iter__())
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return iter(found)


@pytest.fixture
def line() -> Line:
    return Line(client_factory(trust_env=False), policy=POLICY, clock=time.monotonic)


@pytest.fixture
def job(want: Want) -> Iterator[Job]:
    url = check_url("http://127.0.0.1/")
    job = Job(0, want(noise(8 * MIB)), url, origin_of(url))
    job.partial = Partial(job.download, policy=POLICY, clock=time.monotonic, check=lambda: None)
    yield job
    job.partial.close()


@pytest.fixture
def board(job: Job) -> Board:
    board = Board([job], policy=POLICY, clock=time.monotonic)
    assert board.take(None) is job
    board.opened(job)
    job.takes_ranges = True
    return board


def test_bytes_that_come_while_pieces_are_given_out_are_not_given_out_again(board: Board, job: Job, line: Line) -> None:
    first = board.claim(job, line)
    assert first is not None

    def receive() -> None:
        job.opened.write(memoryview(job_bytes), 0)
        board.advance(first, len(job_bytes))

    def meanwhile() -> None:
        thread.start()
        thread.join(0.3)

    job_bytes = noise(8 * MIB)[:100_000]
    thread = threading.Thread(target=receive)
    job.opened.have = Watched(meanwhile)
    second = board.claim(job, line)
    thread.join()
    assert second is not None
    assert second.position == MIB
    assert first.position == len(job_bytes)


def test_whoever_takes_a_whole_file_is_not_helped_before_it_begins_at_zero(board: Board, job: Job, line: Line) -> None:
    claim = board.claim(job, line)
    assert claim is not None
    assert board.take_all(claim)
    assert board.claim(job, line) is None


def test_bytes_that_were_hashed_are_not_written_over(job: Job) -> None:
    partial = job.opened
    partial.write(memoryview(b"right"), 0)
    partial.write(memoryview(b"later"), 100)
    for offset in (0, 4, 98, 104):
        with pytest.raises(AssertionError, match="there already"):
            partial.write(memoryview(b"wrong"), offset)
    partial.write(memoryview(b"between"), 5)
    assert job.download.partial.read_bytes()[:12] == b"rightbetween"
    assert job.download.partial.read_bytes()[100:] == b"later"


def test_what_was_discarded_gets_no_journal_from_those_who_still_write(job: Job) -> None:
    partial = job.opened
    partial.validator = Validator("etag", '"x"')
    partial.discard()
    partial.write(memoryview(b"late"), 0)
    partial.flush()
    assert not journal_path(job.download.partial).exists()


@pytest.mark.parametrize(
    ("files", "used", "allowed"),
    [
        (250, 0.9, [4, 2, 2]),  # many small files, and our own processor is what limits them
        (250, 0.2, [16, 16, 16]),  # the line is what limits them
        (2, 0.9, [16, 16, 16]),  # large files: hashing and writing several of them is worth the processor
    ],
)
def test_many_small_files_that_keep_the_processor_busy_get_fewer_connections(
    want: Want, files: int, used: float, allowed: list[int]
) -> None:
    now = processor = 0.0
    url = check_url("https://files.example/")
    # Of sizes with which a run begins with many connections.
    data = bytes(256 << 10)
    jobs = [Job(number, want(data, f"f{number}"), url, origin_of(url)) for number in range(files * 3 + 1)]
    policy = Policy(connections=16, start_connections=8)
    board = Board(jobs, policy=policy, clock=lambda: now, processor=lambda: processor)
    budget = jobs[0].budget
    seen = []
    for second in range(3):
        budget.active, budget.came = budget.allowed, 1000
        now, processor = now + 1.0, processor + used
        board.done(jobs[second * files : (second + 1) * files])
        board.tick()
        seen.append(budget.allowed)
    assert seen == allowed


def test_a_run_of_many_small_files_begins_with_few_connections(want: Want) -> None:
    url = check_url("https://files.example/")
    policy = Policy(connections=16, start_connections=8)

    def begun(sizes: list[int]) -> int:
        jobs = [Job(n, want(bytes(size), f"f{n}"), url, origin_of(url)) for n, size in enumerate(sizes)]
        return Board(jobs, policy=policy, clock=lambda: 0.0).allowed

    assert begun([1000] * 100) == 2
    assert begun([1000] * 20) == 8
    assert begun([1000] * 100 + [64 * MIB]) == 8
