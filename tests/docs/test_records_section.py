"""The section on records in docs/sticks.md: its commands are typed on a desk with two written sticks."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from docs.pages import DOCS, console, section
from docs.terminal import Terminal, plain
from lockstick.cli.options import settings
from lockstick.cli.recording import signing_key
from lockstick.disk.tree import FolderTree
from lockstick.media.records.documents import documents_digest
from lockstick.media.records.keeping import keep
from lockstick.media.records.register import Register
from lockstick.media.records.signing import make_key, store_key
from media.records.ground import lockbox, receipt, speeds, stick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = DOCS / "sticks.md"
SHOWN_REGISTER = "~/.local/share/lockstick/register.db"


@contextmanager
def desk(folder: Path) -> Iterator[Terminal]:
    """A desk with a key, and a stick that was written after another one, which had slowed down by then."""
    mount = folder / "stick"
    for repository in ("director", "image-repo"):
        place = mount / "update" / "metadata" / repository
        place.mkdir(parents=True)
        (place / "1.root.json").write_text(f"the root of the {repository}")
    store_key(settings().receipt_key_file, make_key())
    register = Register.at(settings().register_file)
    now = datetime.now(UTC).replace(microsecond=0)
    older = lockbox(good_until=now + timedelta(days=12, hours=3))
    newer = lockbox(
        version=4,
        good_until=now + timedelta(days=33, hours=3),
        documents=documents_digest(FolderTree(mount), ("update",)),
    )
    old = stick(label="LINE-2", serial="4C531001550212117283")
    for speed in (21_000_000, 19_500_000, 8_400_000):
        one = receipt(lockbox=older, stick=old, began=now, ended=now, speeds=speeds(speed))
        assert keep(one, None, register, signing_key()).remarks == ()
    one = replace(receipt(lockbox=newer, began=now, ended=now), id="7f3c0a5d" * 4)
    assert keep(one, mount, register, signing_key()).remarks == ()
    with Terminal(folder) as terminal:
        yield terminal


@pytest.mark.skipif(os.name != "posix", reason="the outputs shown are those of a POSIX shell")
def test_what_the_section_on_records_shows_is_what_is_printed(tmp_path: Path) -> None:
    text = section(PAGE, "Records")
    typed = [shown for shown in console(PAGE) if f"$ {shown.command}" in text]
    assert len(typed) == 4
    with desk(tmp_path) as terminal:
        for shown in typed:
            output = terminal.type(shown.command).replace(str(settings().register_file), SHOWN_REGISTER)
            assert plain(output) == plain(shown.output), f"$ {shown.command}"
            assert terminal.code == 0
