"""Secrets that would be recognised anywhere, and a place where every command can be run with them and searched after.

A new command is found by the tests of ``test_every_command.py`` by itself. It needs one line in :data:`WAYS`.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import signal
import stat
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from lockstick.sandbox import CANARY, Fault, Sandbox
from lockstick.sandbox.fleet import DEVICES
from lockstick.sandbox.publisher import API_CLIENT_ID, CLIENT_ID
from media.records.ground import receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest

API_SECRET = "canary+api&secret/=%2F'7"
REPO_SECRET = "canary+repo&secret/=%2F'8"
PASSPHRASE = 'canary passphrase ü "9'
_TOKEN = "canary-token-{}-of-the-rehearsal"
_SHOWN = 300


def forms(secret: str) -> set[bytes]:
    """Every form in which a secret travels or might be written down."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), quote_plus(secret).encode(), quote(secret).encode()}
    found |= {json.dumps(secret)[1:-1].encode(), repr(secret)[1:-1].encode(), raw.hex().encode()}
    for client in (API_CLIENT_ID, CLIENT_ID):
        found.add(base64.b64encode(f"{client}:{secret}".encode()))
    # Base64 of something around it: without the characters at both ends that depend on the neighbours.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        found.add(encoded[4 if before else 0 : -2])
    return found


def _repeated(secret: str) -> list[str]:
    """The forms in which a server might repeat what it was sent."""
    encoded = base64.b64encode(secret.encode()).decode()
    return [quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret), encoded]


ALL = {one: forms(one) for one in (API_SECRET, REPO_SECRET, PASSPHRASE, CANARY)}
# Of a token no part may be seen either, as one leads to all.
ALL[_TOKEN] = forms("canary-token-")


def told(text: bytes) -> list[str]:
    """Which secrets a text tells."""
    return [name for name, looks in ALL.items() if any(look in text for look in looks)]


@dataclass
class Watch:
    """What this process starts, and with which words and variables."""

    children: list[bytes] = field(default_factory=list)
    is_on: bool = False


_WATCH = Watch()
_IS_WATCHING: list[bool] = []


def _audit(event: str, details: tuple[Any, ...]) -> None:
    if not _WATCH.is_on or event not in {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.spawn"}:
        return
    environment = next((one for one in reversed(details) if isinstance(one, dict)), None)
    words = [one for one in details if not isinstance(one, dict)]
    _WATCH.children.append(repr((words, dict(os.environ) if environment is None else environment)).encode())


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch what is started. Nothing that is started by Python can be missed: it is told before it happens."""
    if not _IS_WATCHING:
        _IS_WATCHING.append(True)
        sys.addaudithook(_audit)  # cannot be taken away again
    _WATCH.children.clear()
    _WATCH.is_on = True
    try:
        yield _WATCH
    finally:
        _WATCH.is_on = False


class Site:
    """A user's machine: a home, a folder to work in, one for temporary files; and a rehearsal cloud.

    Args:
        root: A folder of its own. Whatever a command writes, it writes below it.
        cloud: The cloud; its secrets are the canaries.
        monkeypatch: Sets variables and seams.
    """

    def __init__(self, root: Path, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.cloud = root, cloud
        self.is_over = threading.Event()
        self.issued: list[str] = []
        self._numbers = itertools.count()
        self._wrongs: list[Callable[[], Fault]] = []
        self.api_url = f"{cloud.api_url}/api/v2beta"
        self.work = root / "work"
        for folder in (root / "home", self.work, root / "tmp"):
            folder.mkdir(exist_ok=True)
        monkeypatch.setenv("HOME", str(root / "home"))
        monkeypatch.setenv("USERPROFILE", str(root / "home"))
        monkeypatch.setenv("TMPDIR", str(root / "tmp"))
        monkeypatch.setattr("tempfile.tempdir", None)
        monkeypatch.chdir(self.work)
        monkeypatch.setattr("lockstick.sandbox.tokens.secrets", SimpleNamespace(token_urlsafe=self._new_token))
        self.set_secrets(API_SECRET, REPO_SECRET)
        cloud.write_credentials()
        # All that commands may be given secrets by, at once: every child that inherits them is seen.
        monkeypatch.setenv("LOCKSTICK_CLIENT_SECRET", API_SECRET)
        monkeypatch.setenv("LOCKSTICK_RECEIPTS_PASSPHRASE", PASSPHRASE)
        monkeypatch.setenv("LOCKSTICK_SIGN_PASSPHRASE", PASSPHRASE)

    def set_secrets(self, api: str, repository: str) -> None:
        """Let the cloud know other secrets of its two clients."""
        for client, secret in ((API_CLIENT_ID, api), (CLIENT_ID, repository)):
            self.cloud.state._run("UPDATE client SET secret = ? WHERE id = ?", secret, client)

    def log_in(self) -> None:
        """Keep a profile, as ``login`` does."""
        from lockstick.cli.api_access import profiles  # noqa: PLC0415 - after the variables are set
        from lockstick.cloud.api import Endpoint, read_api_client  # noqa: PLC0415
        from lockstick.cloud.login import Profile  # noqa: PLC0415

        profile = Profile(oauth=read_api_client(self.cloud.api_client_path), endpoint=Endpoint.of(self.api_url))
        profiles().put("default", profile, "file")

    def keep_a_receipt(self) -> Path:
        """Let a stick have been written, with a receipt that is signed by a protected key."""
        from lockstick.cli.boundary import run  # noqa: PLC0415
        from lockstick.cli.options import settings  # noqa: PLC0415
        from lockstick.cli.recording import signing_key  # noqa: PLC0415
        from lockstick.media.records.keeping import keep  # noqa: PLC0415
        from lockstick.media.records.register import Register  # noqa: PLC0415

        mount = self.work / "mount"
        mount.mkdir()
        assert run(["receipts", "key", "--protect", "--quiet"]) == 0
        keep(receipt(), mount, Register.at(settings().register_file), signing_key())
        return mount

    def key_file(self) -> Path:
        """A private key for signing images, protected by the passphrase."""
        path = self.work / "sign.pem"
        protection = BestAvailableEncryption(PASSPHRASE.encode())
        path.write_bytes(generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
        return path

    def _new_token(self, _length: int) -> str:
        """Give the next token, of which whatever misbehaves knows from now on."""
        self.issued.append(_TOKEN.format(next(self._numbers)))
        if self._wrongs:
            self.cloud.faults.clear()
            self.cloud.faults.add(*(wrong() for wrong in self._wrongs))
        return self.issued[-1]

    def go_wrong(self, *wrongs: Callable[[], Fault]) -> None:
        """Let servers misbehave, anew whenever there is a new token that they might repeat."""
        self._wrongs += wrongs
        self.cloud.faults.add(*(wrong() for wrong in wrongs))

    def start_over(self) -> None:
        """Let another run begin, to which the tokens of earlier ones mean nothing."""
        self.issued.clear()

    def echo(self, how: str = "plain") -> bytes:
        """An answer that repeats what a server was sent: the secret, and the tokens of this run.

        Args:
            how: ``plain``; ``cut`` where the text is cut in the middle of a secret; ``code`` as a code of an error;
                ``encoded`` in the other forms.
        """
        known = [API_SECRET, *self.issued]
        said = " ".join(known)
        code = "echo"
        if how == "cut":
            said = "x" * (_SHOWN - len(known[-1]) // 2) + known[-1]
        elif how == "code":
            code = known[-1]
        elif how == "encoded":
            said = " ".join(form for one in known for form in _repeated(one))
        return json.dumps({"code": code, "msg": said, "error": code, "error_description": said, said: said}).encode()

    def readable_by_others(self) -> Iterator[tuple[Path, bytes]]:
        """Every file that somebody else could read, with what is in it."""
        yield from self._files(self.root, is_open=True)

    def places_of_secrets(self) -> set[str]:
        """The files that hold a secret, whoever may read them."""
        return {
            path.relative_to(self.root).as_posix()
            for path, content in self._files(self.root, is_open=False)
            if told(content)
        }

    def _files(self, folder: Path, *, is_open: bool) -> Iterator[tuple[Path, bytes]]:
        for path in folder.iterdir():
            status = path.lstat()
            mode = status.st_mode
            if stat.S_ISDIR(mode):
                if not is_open or mode & (stat.S_IXGRP | stat.S_IXOTH):
                    yield from self._files(path, is_open=is_open)
            elif stat.S_ISREG(mode) and (not is_open or mode & (stat.S_IRGRP | stat.S_IROTH)):
                yield path, path.read_bytes()


def _served(site: Site) -> list[str]:
    """Stop the serving with Ctrl-C, as soon as it serves, and again if it is served again."""
    data = site.root / "another cloud"
    written = data / "api-client.json"

    def stop() -> None:
        while not site.is_over.wait(0.05):
            if written.exists():
                written.unlink()
                threading.Event().wait(1.0)
                os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=stop, daemon=True).start()
    return ["sandbox", "serve", "--data", str(data), "--package-size", "1KiB"]


def _credentials(site: Site) -> list[str]:
    return ["--credentials", str(site.cloud.credentials_path)]


def _build(site: Site) -> list[str]:
    return ["build", "kiosk", *_credentials(site), "--output", "out", "--attempts", "1", "--timeout", "2"]


def _roots(site: Site) -> str:
    return str(site.cloud.credentials_path)


def _built(site: Site) -> str:
    _run(site, _build(site))
    return "out"


def _run(_site: Site, words: list[str]) -> None:
    from lockstick.cli.boundary import run  # noqa: PLC0415

    assert run([*words, "--quiet"]) == 0


def _trusted(site: Site, *words: str) -> list[str]:
    _run(site, ["trust", "add", "plant", "--from", _roots(site)])
    return ["trust", *words]


def _stored(site: Site, *words: str) -> list[str]:
    _built(site)
    return ["store", *words]


def _digest_of_stored(site: Site) -> list[str]:
    from lockstick.cli.options import settings  # noqa: PLC0415

    _built(site)
    digests = [path.name for path in settings().store_folder.rglob("*") if path.is_file() and len(path.name) == 64]
    return ["store", "path", digests[0]]


def _recorded(site: Site, *words: str) -> list[str]:
    mount = site.keep_a_receipt()
    return [word.replace("MOUNT", str(mount)) for word in words]


def _rehearse(site: Site) -> list[str]:
    folder = _built(site)
    profile = {"primary": {"hardware_id": "verdin-imx8mp", "serial": "06530142"}}
    (site.work / "device.json").write_text(json.dumps(profile))
    return ["rehearse", folder, "--device", "device.json", "--provisioned", _roots(site)]


def _pack(site: Site) -> list[str]:
    words = ["pack", _built(site), "--format", "squashfs", "--output", "one.squashfs"]
    return [*words, "--sign", str(site.key_file()), "--trust", _roots(site), "--force"]


def _write(site: Site) -> list[str]:
    (site.work / "stick").mkdir()
    words = ["write", _built(site), "--to", "stick", "--trust", _roots(site), "--i-know"]
    _run(site, ["receipts", "key", "--protect"])
    return words


def _yaml(site: Site) -> str:
    (site.work / "lockbox.yaml").write_text("packages:\n  - firmware-1.0.bin\n")
    return "lockbox.yaml"


def _upload(site: Site) -> list[str]:
    (site.work / "new.bin").write_bytes(b"new")
    words = ["packages", "upload", "new.bin", "--name", "new", "--version", "1", "--hardware-id", "board"]
    return _logged_in(site, *words)


def _launch(site: Site, *more: str) -> list[str]:
    words = ["updates", "launch", "--package", "firmware-1.0.bin", "--device", DEVICES[0].uuid, "--yes"]
    return _logged_in(site, *words, *more)


def _cancel(site: Site) -> list[str]:
    _run(site, _launch(site))
    return ["updates", "cancel", "--device", DEVICES[0].uuid]


def _login(site: Site) -> list[str]:
    return ["login", "--api-client", str(site.cloud.api_client_path), "--api-url", site.api_url, "--keep-in", "file"]


def _logged_in(site: Site, *words: str) -> list[str]:
    site.log_in()
    return [*words]


WAYS: Mapping[str, Callable[[Site], list[str]]] = {
    "demo": lambda site: ["demo", "--dir", str(site.work / "stage")],
    "build": _build,
    "verify": lambda site: ["verify", _built(site), "--trust", _roots(site), "--online", *_credentials(site)],
    "explain": lambda site: ["explain", _built(site), "firmware-1.0.bin", "--trust", _roots(site)],
    "rehearse": _rehearse,
    "inspect": lambda site: ["inspect", _built(site)],
    "pack": _pack,
    "write": _write,
    "drives": lambda _: ["drives", "--all"],
    "trust list": lambda site: _trusted(site, "list"),
    "trust add": lambda site: ["trust", "add", "site", "--from", _roots(site)],
    "trust show": lambda site: _trusted(site, "show", "plant"),
    "trust remove": lambda site: _trusted(site, "remove", "plant", "--yes"),
    "register list": lambda site: _recorded(site, "register", "list"),
    "register show": lambda site: _recorded(site, "register", "show", "PLANT"),
    "register export": lambda site: _recorded(site, "register", "export", "--format", "csv", "--file", "sticks.csv"),
    "register forget": lambda site: _recorded(site, "register", "forget", "PLANT", "--yes"),
    "receipts key": lambda _: ["receipts", "key", "--protect"],
    "receipts show": lambda site: _recorded(site, "receipts", "show", "MOUNT"),
    "receipts verify": lambda site: _recorded(site, "receipts", "verify", "MOUNT"),
    "store list": lambda site: _stored(site, "list"),
    "store path": _digest_of_stored,
    "store verify": lambda site: _stored(site, "verify"),
    "store prune": lambda site: _stored(site, "prune", "--limit", "0"),
    "login": _login,
    "whoami": lambda site: _logged_in(site, "whoami", *_credentials(site)),
    "lockboxes list": lambda site: _logged_in(site, "lockboxes", "list"),
    "lockboxes show": lambda site: _logged_in(site, "lockboxes", "show", "kiosk"),
    "lockboxes diff": lambda site: _logged_in(site, "lockboxes", "diff", "kiosk", _yaml(site)),
    "lockboxes define": lambda site: _logged_in(site, "lockboxes", "define", "kiosk", "--file", _yaml(site), "--yes"),
    "lockboxes revoke": lambda site: _logged_in(site, "lockboxes", "revoke", "kiosk", "--yes"),
    "lockboxes delete": lambda site: _logged_in(site, "lockboxes", "delete", "kiosk", "--yes"),
    "packages list": lambda site: _logged_in(site, "packages", "list"),
    "packages show": lambda site: _logged_in(site, "packages", "show", "firmware-1.0.bin"),
    "packages upload": _upload,
    "packages edit": lambda site: _logged_in(site, "packages", "edit", "firmware-1.0.bin", "--comment", "good"),
    "packages delete": lambda site: _logged_in(site, "packages", "delete", "firmware-1.0.bin", "--yes", "--force"),
    "packages sources": lambda site: _logged_in(site, "packages", "sources"),
    "packages refresh": lambda site: _logged_in(site, "packages", "refresh", "tdx-quarterly"),
    "updates launch": _launch,
    "updates cancel": _cancel,
    "logout": lambda site: _logged_in(site, "logout"),
    "sandbox serve": _served,
    "sandbox define": lambda site: ["sandbox", "define", "line-b", "--data", str(site.cloud.data)],
}
"""How to run each command so that it succeeds, with secrets wherever it takes some. What it needs is made first."""
