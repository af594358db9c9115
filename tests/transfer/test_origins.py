"""Addresses: what an origin is, which may be asked, and what is shown of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.errors import TransferError
from lockstick.transfer import Origin, check_url, origin_of, safe_url
from lockstick.transfer.urls import UrlError, parse_url


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


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://a.example/x y/é?q=a b&é", "https://a.example/x%20y/%C3%A9?q=a%20b&%C3%A9"),
        ("https://a.example/%2F%zz?%", "https://a.example/%2F%25zz?%25"),
        ("https://a.example:443", "https://a.example"),
        ("HTTPS://A.Example:8443/X#part", "https://a.example:8443/X"),
        ("https://[::0001]:1/", "https://[::1]:1/"),
        ("https://a.example/a\\b", "https://a.example/a%5Cb"),
    ],
)
def test_an_address_is_read_once_and_used_as_it_was_read(written: str, read: str) -> None:
    assert str(parse_url(written)) == read
    assert parse_url(read) == parse_url(str(parse_url(read)))


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example\\@b.example/",
        "https://a.example:b@c/",
        "https://[::1%25eth0]/",
        "https://[127.0.0.1]/",
        "https://[::1]x/",
        "https://a.example:0/",
        "https://a.example:-1/",
        "https://a.example:1:2/",
        "https://a\u2044b.example/",
        "https://a.example/\ud800",
        "https://" + "a" * 70_000,
        "https://a.example/\tb",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(TransferError):
        check_url(text)


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/b", "https://a.example/b"),
        ("b?c", "https://a.example/x/b?c"),
        ("//b.example/y", "https://b.example/y"),
        ("../z", "https://a.example/z"),
        ("https://c.example", "https://c.example"),
    ],
)
def test_a_redirect_is_resolved_against_where_it_came_from(location: str, leads_to: str) -> None:
    assert str(parse_url("https://a.example/x/y?q").join(location)) == leads_to


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://a.example/{text}", f"https://a.example{text}/x"):
        try:
            url = parse_url(candidate)
        except UrlError:
            continue
        assert parse_url(str(url)) == replace(url, fragment=None, has_user=False)
        assert url.target.isascii()
        assert not set(url.target + url.authority) & set(" \r\n\t")
