"""Something done now and then while the real work goes on elsewhere."""

from __future__ import annotations

import threading
import time

from lockstick.cli.ticker import Ticker


def test_it_ticks_in_a_thread_of_its_own_until_the_end() -> None:
    seen: list[threading.Thread] = []
    twice = threading.Event()

    def tick() -> None:
        seen.append(threading.current_thread())
        if len(seen) > 1:
            twice.set()

    with Ticker(0.01, tick):
        assert twice.wait(10)
    count = len(seen)
    time.sleep(0.05)
    assert len(seen) == count
    assert threading.current_thread() not in seen
    assert not seen[0].is_alive()


def test_the_end_does_not_wait_for_the_next_tick() -> None:
    started = time.monotonic()
    with Ticker(60, lambda: None):
        pass
    assert time.monotonic() - started < 30
