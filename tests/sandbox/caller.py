"""A plain HTTP client of the rehearsal cloud, and signature checks that share no code with it."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from lockstick.sandbox.publisher import API_CLIENT_ID, CLIENT_ID

if TYPE_CHECKING:
    import ssl

    from lockstick.sandbox import Sandbox

CONTENT = bytes(range(256)) * 10
DIRECTOR = "/director/api/v1/admin/repo"
IMAGES = "/repo/api/v1/user_repo"


class Caller:
    """Asks the cloud things, with a token where one is due."""

    def __init__(self, cloud: Sandbox, tls: ssl.SSLContext) -> None:
        self.cloud = cloud
        self.http = httpx.Client(trust_env=False, verify=tls, timeout=10)
        self._token = ""
        self._api_token = ""

    def close(self) -> None:
        self.http.close()

    def ask_token(self, **form: str) -> httpx.Response:
        """Ask for a token with the client in the form."""
        return self.http.post(
            f"{self.cloud.api_url}/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": CLIENT_ID,
                "client_secret": self.cloud.client_secret(),
                **form,
            },
        )

    def token(self) -> str:
        if not self._token:
            self._token = str(self.ask_token().json()["access_token"])
        return self._token

    def api(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}", **more.pop("headers", {})}
        return self.http.request(method, self.cloud.api_url + path, headers=headers, **more)

    def api_token(self) -> str:
        """A token for the public API."""
        if not self._api_token:
            form = {"client_id": API_CLIENT_ID, "client_secret": self.cloud.client_secret(API_CLIENT_ID)}
            self._api_token = str(self.ask_token(**form).json()["access_token"])
        return self._api_token

    def v2beta(self, path: str, method: str = "GET", *, base: str = "v2beta", **more: Any) -> httpx.Response:
        """Ask the public API, as its own kind of client."""
        headers = {"Authorization": f"Bearer {self.api_token()}", **more.pop("headers", {})}
        return self.http.request(method, f"{self.cloud.api_url}/api/{base}{path}", headers=headers, **more)

    def director(self, path: str) -> Any:
        return self._document(f"{DIRECTOR}/{path}")

    def images(self, path: str) -> Any:
        return self._document(f"{IMAGES}/{path}")

    def locate(self, target: str, method: str = "GET") -> httpx.Response:
        return self.api(f"{IMAGES}/targets/{quote(target, safe='')}", method)

    def object(self, target: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask the object store for a package's bytes."""
        location = self.locate(target).headers["location"]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, location, headers=named)

    def _document(self, path: str) -> Any:
        answer = self.api(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def signers(document: Any, keys: dict[str, Any], keyids: list[str]) -> list[str]:
    """Give which of the keys have signed the document; a signature that is wrong fails the test."""
    good = []
    for entry in document["signatures"]:
        if entry["keyid"] in keyids:
            assert _verifies(keys[entry["keyid"]], entry, canonical(document["signed"]))
            good.append(entry["keyid"])
    return good


def role_signed(document: Any, root: Any, role: str) -> bool:
    """Say whether a document is signed by a role of a root."""
    listed = root["signed"]["roles"][role]
    good = signers(document, root["signed"]["keys"], listed["keyids"])
    return len(good) >= int(listed["threshold"])


def keyid_of(key: dict[str, Any]) -> str:
    der = _public(key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _public(key: dict[str, Any]) -> Ed25519PublicKey | RSAPublicKey:
    text = key["keyval"]["public"]
    if key["keytype"] == "ED25519":
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    return cast("RSAPublicKey", load_pem_public_key(text.encode()))


def _verifies(key: dict[str, Any], entry: dict[str, str], data: bytes) -> bool:
    public, signature = _public(key), base64.b64decode(entry["sig"], validate=True)
    try:
        if isinstance(public, RSAPublicKey):
            assert entry["method"] == "rsassa-pss-sha256"
            public.verify(signature, data, PSS(MGF1(SHA256()), 32), SHA256())
        else:
            assert entry["method"] == "ed25519"
            public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def expires(document: Any) -> datetime:
    """When a document says that it ends."""
    return datetime.fromisoformat(document["signed"]["expires"])
