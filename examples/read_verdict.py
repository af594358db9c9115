#!/usr/bin/env python3
"""Hand out a stick only if it is verified, and holds the lockbox that was meant.

    python examples/read_verdict.py DIR NAME VERSION

DIR is the stick, NAME the lockbox, VERSION the lowest version that will do. Trust anchors are those of this
machine, or those that LOCKSTICK_TRUST names. The exit code is that of ``lockstick verify``, and 1 if the lockbox
is verified but another one, or too old. Needs nothing but Python and ``lockstick`` on the path.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def verify(folder: str) -> tuple[int, dict[str, Any]]:
    """Run ``lockstick verify --json`` and give its exit code and its document (empty after a usage error)."""
    done = subprocess.run(  # noqa: S603 - the folder is one argument, and no shell reads it
        ["lockstick", "verify", folder, "--json"],  # noqa: S607 - whichever the user has on the path
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def main(folder: str, name: str, version: int) -> int:
    """Say in a few lines whether the stick may be handed out."""
    code, document = verify(folder)
    if "error" in document:
        print(f"NO: {document['error']['what']}. {document['error']['remedy']}")
    elif code:
        print(f"NO: {document.get('verdict', 'not a lockbox')}")
        for finding in document.get("findings", []):
            if finding["severity"] == "error":
                print(f"  {finding['rule']}: {finding['subject']}: {finding['message']}")
    elif document["lockbox"]["name"] != name or document["lockbox"]["version"] < version:
        found = document["lockbox"]
        print(f"NO: it is {found['name']} version {found['version']}, not {name} version {version} or later")
        code = 1
    else:
        found = document["lockbox"]
        print(f"YES: {found['name']} version {found['version']}, good until {document['weakest']['expires']}")
        for package in document["packages"]:
            print(f"  {package['digest']}  {package['target']}")
    return code


if __name__ == "__main__":
    if len(sys.argv) != 4:  # noqa: PLR2004 - the program and its three arguments
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
