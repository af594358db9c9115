from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.ground import SECRET, TREEHUB, good_members, treehub, write_zip
from lockstick.cloud import Credentials, read_credentials
from lockstick.cloud.archive import MAX_ARCHIVE_BYTES, MAX_MEMBERS
from lockstick.errors import NotAllowedError
from lockstick.sandbox import CANARY, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

OPENED = {"treehub.json", "tufrepo.url", "root.json", "director.root.json"}


def read(folder: Path, **changes: bytes | str | None) -> Credentials:
    return read_credentials(write_zip(folder / "credentials.zip", good_members(**changes)))


def refusal(folder: Path, **changes: bytes | str | None) -> NotAllowedError:
    with pytest.raises(NotAllowedError) as caught:
        read(folder, **changes)
    error = caught.value
    assert error.exit_code == 7
    assert SECRET not in f"{error} {error.remedy} {error!r}"
    return error


# --- what is read -----------------------------------------------------------------------------------


def test_everything_needed_for_fetching_is_read(tmp_path: Path) -> None:
    credentials = read(tmp_path, treehub__json=treehub(scope="none"))
    assert credentials.oauth is not None
    assert credentials.oauth.token_url == "https://login.test/oauth2/token"
    assert credentials.oauth.client_id == "garage-tools_1"
    assert credentials.oauth.client_secret.reveal() == SECRET
    assert credentials.oauth.scope == "none"
    assert credentials.repo_url == "https://api.test/repo"
    assert credentials.director_url == "https://api.test/director"
    assert credentials.ostree_url == "https://trees.test/treehub/api/v3"
    assert credentials.image_root == b"image root"
    assert credentials.director_root == b"director root"


def test_the_zip_of_the_rehearsal_cloud_is_read(sandbox: Sandbox) -> None:
    credentials = read_credentials(sandbox.credentials_path)
    assert credentials.repo_url == f"{sandbox.api_url}/repo"
    assert credentials.director_url == f"{sandbox.api_url}/director"
    assert credentials.oauth is not None
    assert credentials.oauth.client_secret.reveal() == sandbox.client_secret()


@pytest.mark.parametrize("server", ["https://a.test/x/token", "https://a.test/x/token/", "https://a.test/x"])
def test_the_token_path_is_appended_once(server: str, tmp_path: Path) -> None:
    credentials = read(tmp_path, treehub__json=treehub(server=server))
    assert credentials.oauth is not None
    assert credentials.oauth.token_url == "https://a.test/x/token"


@pytest.mark.parametrize(
    "text", ["https://api.test/a/repo", " https://api.test/a/repo/ \r\n", "\ufeffhttps://api.test/a/repo"]
)
def test_the_director_lies_beside_the_repository(text: str, tmp_path: Path) -> None:
    credentials = read(tmp_path, tufrepo__url=text)
    assert credentials.repo_url == "https://api.test/a/repo"
    assert credentials.director_url == "https://api.test/a/director"


def test_roots_and_system_server_may_be_missing(tmp_path: Path) -> None:
    settings = json.dumps({"oauth2": TREEHUB["oauth2"]})
    credentials = read(tmp_path, root__json=None, director__root__json=None, treehub__json=settings)
    assert (credentials.image_root, credentials.director_root, credentials.ostree_url) == (None, None, None)


def test_a_server_that_wants_no_token_needs_no_client(tmp_path: Path) -> None:
    settings = {"no_auth": True, "ostree": TREEHUB["ostree"]}
    assert read(tmp_path, treehub__json=json.dumps(settings)).oauth is None


def test_plain_http_is_fine_on_loopback(tmp_path: Path) -> None:
    credentials = read(tmp_path, tufrepo__url="http://127.0.0.1:8443/repo")
    assert credentials.director_url == "http://127.0.0.1:8443/director"


# --- what is not read -------------------------------------------------------------------------------


def test_only_four_members_are_ever_opened(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = zipfile.ZipFile.open

    def spying(self: zipfile.ZipFile, name: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(name if isinstance(name, str) else name.filename)
        return original(self, name, *args, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "open", spying)
    credentials = read_credentials(sandbox.credentials_path)
    assert set(opened) == OPENED
    assert CANARY not in repr(vars(credentials))


def test_damage_in_a_private_member_goes_unnoticed(tmp_path: Path) -> None:
    marker = b"0123456789-private-member"
    path = tmp_path / "credentials.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in good_members(targets__sec=marker).items():
            archive.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(marker, marker[::-1]))
    assert read_credentials(path).repo_url == "https://api.test/repo"


def test_names_that_point_elsewhere_are_harmless(tmp_path: Path) -> None:
    members = good_members() | {"/etc/treehub.json": "x", "../../tufrepo.url": "x", "C:\\root.json": "x", "a/": ""}
    before = sorted(tmp_path.parent.rglob("*"))
    path = write_zip(tmp_path / "credentials.zip", members)
    assert read_credentials(path).image_root == b"image root"
    assert sorted(tmp_path.parent.rglob("*")) == sorted([*before, path])


# --- what is refused --------------------------------------------------------------------------------


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="there is no credentials file"):
        read_credentials(tmp_path / "credentials.zip")


def test_a_folder_is_not_credentials(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="not a file"):
        read_credentials(tmp_path)


def test_a_file_that_the_system_will_not_give_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="cannot be read") as caught:
        read_credentials(tmp_path / ("x" * 5000))
    assert caught.value.why


@pytest.mark.parametrize("content", [b"", b"PK", b"garbage", b"\x00" * 1000, b"PK\x05\x06" + b"\xff" * 18])
def test_a_file_that_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "credentials.zip"
    path.write_bytes(content)
    with pytest.raises(NotAllowedError, match="not a zip file"):
        read_credentials(path)


def test_the_file_of_an_api_client_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    path.write_text(json.dumps({"token_endpoint": "https://a.test", "client_id": "tzn_api_1", "secret": SECRET}))
    with pytest.raises(NotAllowedError, match="API client") as caught:
        read_credentials(path)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("member", ["treehub.json", "tufrepo.url"])
def test_a_missing_member_is_named(member: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, **{member.replace(".", "__"): None, "provision__json": None})
    assert f"lacks the member {member}" in str(error)


@pytest.mark.parametrize("certificate", ["autoprov_credentials.p12", "client_auth.p12"])
def test_the_old_certificate_kind_is_explained(certificate: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "credentials.zip", {certificate: b"x", "autoprov.url": "x", "tufrepo.url": "x"})
    with pytest.raises(NotAllowedError, match="certificate") as caught:
        read_credentials(path)
    assert "Download a new credentials.zip" in caught.value.remedy


def test_the_old_kind_is_explained_when_it_has_a_treehub_without_oauth2(tmp_path: Path) -> None:
    settings = json.dumps({"certificate_auth": {}, "ostree": TREEHUB["ostree"]})
    assert "old kind" in str(refusal(tmp_path, treehub__json=settings))


def test_a_zip_that_only_provisions_is_explained(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "credentials.zip", {"provision.json": "{}"})
    with pytest.raises(NotAllowedError, match="only provision"):
        read_credentials(path)


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "{",
        "[]",
        "null",
        f'"{SECRET}',
        "[" * 100_000,
        b"\xff\xfe\x00",
        f'{{"oauth2": {SECRET}}}',
        "{}",
        '{"oauth2": []}',
        '{"oauth2": "x", "no_auth": true}',
        treehub(client_id=None),
        treehub(client_secret=None),
        treehub(server=None),
        treehub(client_secret=""),
        treehub(client_secret=7),
        treehub(client_secret=SECRET + "\nX-Header: 1"),
        treehub(client_secret=SECRET * 1000),
        treehub(scope=["a"]),
        treehub(server="not an address"),
        treehub(server="ftp://login.test"),
        treehub(server=f"https://user:{SECRET}@login.test"),
        treehub(server=f"https://login.test/?secret={SECRET}"),
        treehub(server="https://login.test/#x"),
        treehub(server="http://login.test/oauth2"),
        treehub(server="http://127.0.0.1.login.test/oauth2"),
        json.dumps({**TREEHUB, "ostree": {}}),
        json.dumps({**TREEHUB, "ostree": 5}),
        json.dumps({**TREEHUB, "ostree": {"server": "http://trees.test"}}),
    ],
)
def test_an_unusable_treehub_json_is_refused_without_being_quoted(settings: str | bytes, tmp_path: Path) -> None:
    assert "treehub.json" in str(refusal(tmp_path, treehub__json=settings))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "https://api.test/repo\nhttps://evil.test/repo",
        "https://api.test/re po",
        b"\xff\xff",
        "api.test/repo",
        "https://api.test/other",
        "https://repo",
        "http://api.test/repo",
        "https://user:pass@api.test/repo",
        "https://api.test/repo?x=1",
        "https://[::1/repo",
    ],
)
def test_an_unusable_tufrepo_url_is_refused(text: str | bytes, tmp_path: Path) -> None:
    assert "tufrepo.url" in str(refusal(tmp_path, tufrepo__url=text))


@pytest.mark.parametrize("member", sorted(OPENED))
def test_a_member_that_unpacks_to_too_much_is_refused(member: str, tmp_path: Path) -> None:
    assert "longer than" in str(refusal(tmp_path, **{member.replace(".", "__"): b" " * (2 << 20)}))


@pytest.mark.parametrize("member", sorted(OPENED))
def test_a_member_that_lies_about_its_size_is_refused(member: str, tmp_path: Path) -> None:
    long, short = 2 << 20, 10
    path = write_zip(tmp_path / "credentials.zip", good_members(**{member.replace(".", "__"): b" " * long}))
    path.write_bytes(path.read_bytes().replace(long.to_bytes(4, "little"), short.to_bytes(4, "little")))
    with pytest.raises(NotAllowedError, match=member):
        read_credentials(path)


@pytest.mark.parametrize("member", sorted(OPENED))
def test_a_member_that_is_there_twice_is_refused(member: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "credentials.zip", good_members())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(member, "another")
    with pytest.raises(NotAllowedError, match=f"{member} twice"):
        read_credentials(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "credentials.zip", good_members())
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"treehub.json") - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(NotAllowedError, match="encrypted"):
        read_credentials(path)


def test_unusual_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "credentials.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in good_members().items():
            archive.writestr(name, content)
    with pytest.raises(NotAllowedError, match="unusual"):
        read_credentials(path)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "credentials.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in good_members().items():
            archive.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(b"garage-tools_1", b"garage-tools_2"))
    with pytest.raises(NotAllowedError, match="damaged"):
        read_credentials(path)


def test_a_zip_with_very_many_members_is_refused(tmp_path: Path) -> None:
    members = good_members() | {f"extra-{number}": "" for number in range(MAX_MEMBERS)}
    with pytest.raises(NotAllowedError, match="members"):
        read_credentials(write_zip(tmp_path / "credentials.zip", members))


def test_a_very_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "credentials.zip"
    with path.open("wb") as file:
        file.truncate(MAX_ARCHIVE_BYTES + 1)
    with pytest.raises(NotAllowedError, match="is not a credentials"):
        read_credentials(path)


def _archive_bytes() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in good_members().items():
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = _archive_bytes()


@given(
    changes=st.dictionaries(st.integers(0, len(GOOD) - 1), st.integers(0, 255), min_size=1, max_size=8),
    length=st.integers(0, len(GOOD)) | st.just(len(GOOD)),
)
def test_damage_of_any_kind_ends_in_a_clear_refusal_or_in_no_harm(
    changes: dict[int, int], length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(GOOD)
    for position, value in changes.items():
        data[position] = value
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(data[:length])
    try:
        credentials = read_credentials(path)
    except NotAllowedError as error:
        assert SECRET not in f"{error} {error.remedy}"  # noqa: PT017 -- either outcome is right
    else:
        assert SECRET not in repr(credentials)
