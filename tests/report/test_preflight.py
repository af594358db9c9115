"""What was found out about a stick, as it is shown."""

from __future__ import annotations

import json
from pathlib import Path

from lockstick.media.load import Load
from lockstick.media.preflight import Contents, FoundLockbox, Wishes, check
from lockstick.report.preflight import preflight_json, preflight_text
from media.preflight.ground import BOX, GIB, file, stick


def test_a_stick_that_will_do_is_told_in_two_lines() -> None:
    assert list(preflight_text(stick(), ())) == [
        "/media/kim/STICK: FIT",
        "  FAT32, 8.6 GB, 7.5 GB free, clusters of 4096 bytes, label STICK, Acme Thumb",
    ]


def test_each_remark_says_what_is_the_matter_and_what_to_do() -> None:
    medium = stick(is_dirty=True)
    text = "\n".join(preflight_text(medium, check(medium, BOX, Wishes(label="OTHER"))))
    assert "NOT FIT" in text.splitlines()[0]
    assert text.index("error   label:") < text.index("warning dirty:")
    assert "-> Unmount it and change it: fatlabel /dev/sdb1 OTHER" in text
    assert text.endswith("  1 error(s), 1 warning(s)")


def test_warnings_and_notes_do_not_make_it_unfit() -> None:
    medium = stick(is_dirty=True)
    lines = list(preflight_text(medium, check(medium, BOX, Wishes())))
    assert lines[0].endswith("FIT, with warnings")
    medium = stick(is_dirty=None)
    assert next(iter(preflight_text(medium, check(medium, BOX, Wishes())))).endswith(": FIT")


def test_names_from_a_stick_cannot_steer_a_terminal() -> None:
    boxes = (FoundLockbox(place=("\x1b[2J",), names=("\x1b[31m",)),)
    medium = stick(contents=Contents(lockboxes=boxes), label="\x1b[5m")
    remarks = check(medium, Load(files=(file("update/\x1b[2Ja", 5 * GIB),)), Wishes())
    assert "\x1b" not in "\n".join(preflight_text(medium, remarks))


def test_the_same_as_json() -> None:
    medium = stick(mount=Path("/media/kim/STICK/sub"), is_dirty=None, label=None)
    remarks = check(medium, BOX, Wishes())
    said = json.loads(json.dumps(preflight_json(medium, remarks)))
    assert said["fit"] is False
    assert (said["bytes_free"], said["cluster"], said["dirty"], said["label"]) == (7 * GIB, 4096, None, None)
    assert [one["check"] for one in said["remarks"]] == ["no-mount-point", "dirty-unknown"]
    assert said["remarks"][0].keys() == {"check", "weight", "subject", "message", "remedy"}
    assert preflight_json(stick(), ())["fit"] is True
