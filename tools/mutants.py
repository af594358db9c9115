"""How many mutants the tests noticed, room by room and module by module, and which they did not.

Read from the folder ``mutants``. The exit code is 1 if fewer than 90 % of those that were tried were noticed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

_FOLDER = Path("mutants/src/lockstick")
_GOAL = 0.9
_SURVIVED = 0
_NO_TESTS = 33


def main() -> int:
    """Print the tables."""
    in_all: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    survivors: list[str] = []
    for path in sorted(_FOLDER.rglob("*.meta")):
        codes: dict[str, int | None] = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        done = {name: code for name, code in codes.items() if code is not None}
        left = [name for name, code in done.items() if code in (_SURVIVED, _NO_TESTS)]
        room = path.parent.relative_to(_FOLDER).as_posix()
        for count, number in ((in_all, len(codes)), (tried, len(done)), (noticed, len(done) - len(left))):
            count[room] += number
        survivors += left
        if done:
            module = path.name.removesuffix(".meta")
            print(f"{room}/{module}: {len(done) - len(left)} of {len(done)} noticed, {len(codes)} in all")
    if not tried.total():
        print("nothing was tried yet", file=sys.stderr)
        return 1
    print(*survivors, sep="\n")
    for room in sorted(room for room in in_all if in_all[room]):
        share = noticed[room] / (tried[room] or 1)
        print(f"{room}: {in_all[room]} in all, {tried[room]} tried, {noticed[room]} noticed: {share:.1%}")
    share = noticed.total() / tried.total()
    print(f"{noticed.total()} of {tried.total()} noticed, {in_all.total()} in all: {share:.1%}")
    return 0 if share >= _GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
