"""Addresses: what an origin is, which may be asked, and what is shown of them."""

from __future__ import annotations

from lockstick.transfer.urls import parse_url
import pytest

from lockstick.errors import TransferError
from lockstick.transfer import Origin, check_url, origin_of, safe_url


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example/x", "https://api.example"),
        ("https://API.example:443/x", "https://api.example"),
        ("HTTPS://api.example:8443/", "https://api.example:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert str(origin_of(url)) == origin


def test_origins_that_differ_in_one_part_are_different() -> None:
    base = Origin("https", "a.example", 443)
    others = ["http://a.example:443", "https://b.example", "https://a.example:444", "https://a.example.b"]
    assert base == origin_of("https://a.example/any/path?any=query")
    assert base not in [origin_of(other) for other in others]


@pytest.mark.parametrize(
    "url",
    ["https://api.example/x", "http://127.0.0.1/", "http://127.9.9.9:1/", "http://localhost:2/", "http://[::1]/"],
)
def test_https_and_loopback_may_be_asked(url: str) -> None:
    assert str(check_url(url)) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/",
        "http://127.0.0.1.example/",
        "http://localhost.example/",
        "http://128.0.0.1/",
        "http://0.0.0.0/",
        "http://127.1.example@evil.example/",
        "https://user@api.example/",
        "https://:word@api.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "//api.example/",
        "/relative",
        "",
        "https://",
        "https://a b/",
        "https://api.example:99999/",
        "https://[::1/",
        "nonsense\n",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(TransferError):
        check_url(url)


def test_https_does_not_lead_back_to_plain_http() -> None:
    secure, plain = parse_url("https://a.example/"), parse_url("http://127.0.0.1/")
    with pytest.raises(TransferError, match="back to plain http"):
        check_url("http://127.0.0.1/x", after=secure)
    assert str(check_url("https://b.example/x", after=plain)) == "https://b.example/x"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?sig=canary#canary", "https://a.example/x"),
        ("https://u:canary@a.example/x", "https://a.example/x"),
        ("http://[canary", "(an address that cannot be read)"),
        ("https://a.example/" + "x" * 500, "https://a.example/" + "x" * 182 + "…"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(url: str, shown: str) -> None:
    assert safe_url(url) == shown
