"""docs/rehearse.md says what the code says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from docs.pages import DOCS, fences, section
from lockstick.lockbox.devicestate import StateFile
from lockstick.lockbox.jsonfile import Fields
from lockstick.lockbox.profiles import read_fleet, read_profile
from lockstick.trust.device.limits import CLIENTS, DEFAULT_CLIENT, Client
from lockstick.trust.device.memory import SeenSnapshot
from lockstick.trust.device.outcome import DeviceVerdict, Stage

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "rehearse.md"


def shown(client: Client) -> list[str]:
    rsa = ", ".join(str(bits) for bits in sorted(client.rsa_bits))
    assert client.root == client.lockbox
    return [
        f"{client.root:,} bytes",
        f"{client.offline_snapshot:,} bytes",
        f"{client.snapshot:,} bytes",
        f"{client.targets:,} bytes",
        str(client.last_root or "none"),
        str(client.delegation_depth),
        f"{rsa} bit",
        "{} to {}".format(*client.thresholds),
    ]


def test_the_table_of_limits_is_that_of_the_clients() -> None:
    head, _, *rows = re.findall(r"^\| (.*) \|$|^\|(-.*)\|$", section(PAGE, "Limits"), re.MULTILINE)
    assert re.findall(r"`(.*?)`", head[0]) == list(CLIENTS)
    columns = zip(*(row[0].split(" | ")[1:] for row in rows), strict=True)
    assert [list(column) for column in columns] == [shown(client) for client in CLIENTS.values()]
    assert DEFAULT_CLIENT.name in section(PAGE, "The device profile")


def test_verdicts_and_stages_are_the_ones_there_are() -> None:
    text = section(PAGE, "What it plays")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(DeviceVerdict)
    assert re.findall(r"^\d\. \*\*([a-z-]+)\*\*", text, re.MULTILINE) == [stage.value for stage in Stage]


def test_the_files_shown_can_be_read(tmp_path: Path) -> None:
    profile, number, numbers, full = (json.loads(text) for text in fences(PAGE, "json"))
    (tmp_path / "press.json").write_text(json.dumps(profile))
    press = read_profile(tmp_path / "press.json")
    listed = next(text for text in fences(PAGE, "text") if text.startswith("name,"))
    (tmp_path / "fleet.csv").write_text(listed)
    assert read_fleet(tmp_path / "fleet.csv")[0] == press
    assert StateFile(Fields("state", number)).memory("any").seen == SeenSnapshot(41)
    assert StateFile(Fields("state", numbers)).memory("any").seen == SeenSnapshot(41, {"line-a": 7})
    memory = StateFile(Fields("state", full)).memory(press.serial)
    assert memory.installed[press.serial].name == "firmware-1.0.bin"
    assert memory.primary.director.roots == memory.primary.image_repo.roots
