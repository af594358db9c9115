"""Lockstick's engine as a program of its own, without metadata: fetch a list of files.

Usage: engine.py LIST OUTPUT [--connections N] [--told FILE]

The list is JSON: name, url, length and sha256 of each file. What ``--told`` names gets the seconds that fetching alone
took, without starting Python.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from lockstick.transfer import Download, Policy, fetch_all


def main() -> None:
    """Fetch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("list", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--connections", type=int, help="the most at once (default: the engine's own)")
    parser.add_argument("--told", type=Path, help="write the seconds of fetching into this file")
    options = parser.parse_args()
    parts = options.output / ".parts"
    downloads = [
        Download(
            name=item["name"],
            url=item["url"],
            length=item["length"],
            digests={"sha256": item["sha256"]},
            destination=options.output / item["name"],
            partial=parts / item["name"],
        )
        for item in json.loads(options.list.read_bytes())
    ]
    policy = Policy() if options.connections is None else Policy.of(options.connections)
    began = time.perf_counter()
    fetch_all(downloads, policy=policy)
    if options.told is not None:
        options.told.write_text(f"{time.perf_counter() - began:.6f}")


if __name__ == "__main__":
    main()
