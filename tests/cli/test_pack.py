"""Packing from outside: real programs write and read, and every command takes the file in place of the folder."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from media.ground import fat32, squashfs
from media.images.ground import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Result, Runner

NEEDS = {"squashfs": ("mksquashfs",), "tar": (), "img": ("mkfs.fat", "mcopy")}
NAMES = {"squashfs": "torizon-lockbox.squashfs", "tar": "kiosk.tar.zst", "img": "kiosk.img"}


@pytest.fixture
def pack(build: Runner, lockstick: Runner, roots: Path, tmp_path: Path) -> Callable[..., Result]:
    """Pack ``kiosk`` into ``images/``."""
    assert build().code == 0
    (tmp_path / "images").mkdir()

    def invoke(name: str, *more: str | Path) -> Result:
        needs(*NEEDS[name])
        output = ("--output", tmp_path / "images")
        return lockstick("pack", tmp_path / "out", "--format", name, *output, "--trust", roots, *more)

    return invoke


@pytest.mark.parametrize("name", NEEDS)
def test_an_image_is_verified_inspected_explained_and_rehearsed_like_its_folder(
    pack: Callable[..., Result], lockstick: Runner, roots: Path, tmp_path: Path, name: str
) -> None:
    result = pack(name, "--json")
    assert result.code == 0, result.err
    document = result.json()
    image = tmp_path / "images" / NAMES[name]
    assert document["output"] == str(image)
    assert document["size"] == image.stat().st_size
    assert [path.name for path in image.parent.iterdir()] == [image.name]
    image = image.rename(tmp_path / "renamed")  # the content tells
    (tmp_path / "device.json").write_text(json.dumps({"primary": {"hardware_id": "verdin-imx8mp", "serial": "1"}}))
    device = ("--device", tmp_path / "device.json", "--provisioned", roots)
    package = lockstick("inspect", tmp_path / "out", "--json").json()["packages"][0]["target"]
    for command in (
        ("verify", "--trust", roots),
        ("inspect",),
        ("explain", package, "--trust", roots),
        ("rehearse", *device),
    ):
        word, *rest = command
        folder, file = (lockstick(word, place, *rest, "--json") for place in (tmp_path / "out", image))
        assert (file.code, bare(file.json())) == (folder.code, bare(folder.json())), word


def bare(value: object) -> object:
    """A document without times and places."""
    if isinstance(value, dict):
        return {name: bare(one) for name, one in value.items() if name not in {"at", "seconds"}} | (
            {"lockbox": ""} if isinstance(value.get("lockbox"), str) else {}
        )
    return [bare(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", NEEDS)
def test_one_flipped_byte_of_a_package_is_noticed_in_every_image(
    pack: Callable[..., Result], lockstick: Runner, roots: Path, tmp_path: Path, name: str
) -> None:
    noise = next(path for path in (tmp_path / "out" / "images").rglob("firmware*"))
    assert pack(name).code == 0
    image = tmp_path / "images" / NAMES[name]
    raw = bytearray(image.read_bytes())
    at = raw.find(noise.read_bytes()[1000:1032])
    if at < 0:  # it was compressed
        at = len(raw) // 2
    raw[at] ^= 1
    image.write_bytes(raw)
    result = lockstick("verify", image, "--trust", roots, "--json")
    if name == "tar":  # the damage is in a frame with headers, so nobody can say what the archive holds
        assert result.code == 6
        assert "the image is damaged" in result.json()["error"]["why"]
        return
    assert result.code == 3
    assert "package-hash" in {finding["rule"] for finding in result.json()["findings"]}


def test_only_verified_lockboxes_are_packed(pack: Callable[..., Result], lockstick: Runner, tmp_path: Path) -> None:
    late = pack("tar", "--at", "2099-01-01T00:00:00Z")
    assert late.code == 4
    assert "is not packed" in late.err
    assert lockstick("pack", tmp_path / "out", "--format", "tar", "--output", tmp_path / "images").code == 3  # no roots
    next((tmp_path / "out" / "images").rglob("*.bin")).write_bytes(b"tampered")
    assert pack("tar").code == 3
    assert list((tmp_path / "images").iterdir()) == []


def test_a_dry_run_writes_nothing_and_an_image_is_replaced_only_when_asked(
    pack: Callable[..., Result], tmp_path: Path
) -> None:
    planned = pack("tar", "--dry-run", "--json")
    assert planned.code == 0
    assert planned.json()["replaces"] is False
    assert list((tmp_path / "images").iterdir()) == []
    assert pack("tar").code == 0
    image = tmp_path / "images" / NAMES["tar"]
    first = image.read_bytes()
    image.write_bytes(b"something of the user's")
    assert pack("tar").code == 2
    assert image.read_bytes() == b"something of the user's"
    assert pack("tar", "--force", "--dry-run").code == 0
    assert pack("tar", "--force").code == 0
    assert image.read_bytes() == first


@pytest.mark.parametrize(
    "more",
    [
        ("tar", "--label", "STICK"),
        ("squashfs", "--size", "1GB"),
        ("img", "--label", "far too long a label"),
        ("tar", "--output", "nowhere/at/all/x"),
    ],
)
def test_what_makes_no_sense_is_refused(pack: Callable[..., Result], tmp_path: Path, more: tuple[str, ...]) -> None:
    assert pack(*more).code in (2, 6)
    assert list((tmp_path / "images").iterdir()) == []


# --- squashfs with a signature -------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    needs("openssl")
    made = tmp_path / "key.pem"
    options = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-aes256", "-pass", "pass:sesame")
    subprocess.run(["openssl", "genpkey", *options, "-out", made], check=True, capture_output=True)
    return made


def test_the_automounters_own_check_accepts_the_signature(
    pack: Callable[..., Result], key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, image = tmp_path / "public.pem", tmp_path / "images" / NAMES["squashfs"]
    subprocess.run(["openssl", "pkey", "-in", key, "-passin", "pass:sesame", "-pubout", "-out", public], check=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert pack("squashfs", "--sign", key).code == 2  # nobody to ask
    monkeypatch.setenv("LOCKSTICK_SIGN_PASSPHRASE", "wrong")
    assert pack("squashfs", "--sign", key).code == 2
    monkeypatch.setenv("LOCKSTICK_SIGN_PASSPHRASE", "sesame")
    assert pack("tar", "--sign", key).code == 2
    assert list((tmp_path / "images").iterdir()) == []
    result = pack("squashfs", "--sign", key, "--json")
    assert result.code == 0, result.err
    signature = image.with_name(image.name + ".sig")
    assert result.json()["signature"] == str(signature)
    assert "sesame" not in result.out + result.err
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, image], check=True)
    image.unlink()
    assert pack("squashfs").code == 2
    assert signature.exists()
    assert pack("squashfs", "--force").code == 0
    assert not signature.exists(), "a signature of another image was left beside it"


# --- other programs read what was packed ---------------------------------------------------------


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_ordinary_tar_unpacks_a_stick(
    pack: Callable[..., Result], lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    needs("tar", "zstd")
    assert pack("tar").code == 0
    (tmp_path / "stick").mkdir()
    image = tmp_path / "images" / NAMES["tar"]
    subprocess.run(["tar", "--zstd", "-x", "-f", image, "-C", tmp_path / "stick"], check=True)
    assert files_below(tmp_path / "stick" / "update") == files_below(tmp_path / "out")
    assert lockstick("verify", tmp_path / "stick", "--trust", roots).code == 0


def test_the_kernel_mounts_the_squashfs_as_a_device_does(
    pack: Callable[..., Result], lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    assert pack("squashfs").code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    with squashfs(tmp_path / "ground", empty) as stick:
        stick.eject()
        shutil.copyfile(tmp_path / "images" / NAMES["squashfs"], stick.image)
        subprocess.run(["losetup", "-c", stick.device], check=True)
        stick.insert()
        assert {path.name for path in stick.mount.iterdir()} == {"images", "metadata"}
        assert lockstick("verify", stick.mount, "--trust", roots).code == 0


def test_a_fat_driver_mounts_the_disk_image(
    pack: Callable[..., Result], lockstick: Runner, roots: Path, tmp_path: Path
) -> None:
    assert pack("img", "--size", "60MiB").code == 0
    raw = (tmp_path / "images" / NAMES["img"]).read_bytes()
    with fat32(tmp_path / "ground", 64 << 20) as stick:
        stick.eject()
        stick.image.write_bytes(raw[1 << 20 :])  # the driver knows no partitions
        stick.insert()
        assert lockstick("verify", stick.mount, "--trust", roots).code == 0
        # This driver shows short names in capitals whatever they are; Linux and Windows do not.
        shown, packed = files_below(stick.mount / "update"), files_below(tmp_path / "out")
        assert {name.casefold(): raw for name, raw in shown.items()} == {
            name.casefold(): raw for name, raw in packed.items()
        }


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_while_a_program_writes_leaves_nothing(pack: Callable[..., Result], roots: Path, tmp_path: Path) -> None:
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "mksquashfs").write_text(f"#!/bin/sh\nsleep 0.3\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    (slow / "mksquashfs").chmod(0o755)
    words = ("pack", tmp_path / "out", "--format", "squashfs", "--output", tmp_path / "images", "--trust", roots)
    environment = {**os.environ, "PATH": f"{slow}{os.pathsep}{os.environ['PATH']}"}
    with subprocess.Popen(
        [sys.executable, "-m", "lockstick", *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        end = time.monotonic() + 20
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < end
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130, said
    assert list((tmp_path / "images").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
