"""How many mutants the tests noticed, module by module, and which they did not: read from the folder ``mutants``.

The exit code is 1 if fewer than 90 % of those that were tried were noticed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_FOLDER = Path("mutants/src")
_GOAL = 0.9
_SURVIVED = 0
_NO_TESTS = 33


def main() -> int:
    """Print the table."""
    tried_all = noticed_all = 0
    survivors: list[str] = []
    for path in sorted(_FOLDER.glob("lockstick/*/*.meta")):
        codes: dict[str, int | None] = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        tried = {name: code for name, code in codes.items() if code is not None}
        left = [name for name, code in tried.items() if code in (_SURVIVED, _NO_TESTS)]
        if not tried:
            continue
        survivors += left
        tried_all += len(tried)
        noticed_all += len(tried) - len(left)
        module = path.relative_to(_FOLDER).name.removesuffix(".meta")
        print(f"{path.parent.name}/{module}: {len(tried) - len(left)} of {len(tried)} noticed, {len(codes)} in all")
    if not tried_all:
        print("nothing was tried yet", file=sys.stderr)
        return 1
    share = noticed_all / tried_all
    print(f"{noticed_all} of {tried_all} noticed: {share:.1%}")
    print(*survivors, sep="\n")
    return 0 if share >= _GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
