from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict

import pytest

from cloud.ground import SECRET
from lockstick.cloud import OAuthClient
from lockstick.secret import Secret, without_secrets


@pytest.fixture
def secret() -> Secret:
    return Secret(SECRET)


def test_only_revealing_gives_the_text(secret: Secret) -> None:
    assert secret.reveal() == SECRET


@pytest.mark.parametrize(
    "shown",
    [
        str,
        repr,
        ascii,
        lambda s: f"{s}",
        lambda s: f"{s!r:>80}",
        lambda s: f"{s:>80}",
        lambda s: "%s %r" % (s, s),  # noqa: UP031 -- the old way to format is what is tested
        lambda s: str([s]),
        lambda s: str({"secret": s}),
        lambda s: str(OAuthClient(token_url="u", client_id="i", client_secret=s)),
    ],
)
def test_no_way_of_printing_shows_it(shown: object, secret: Secret) -> None:
    assert callable(shown)
    text = shown(secret)
    assert SECRET not in text
    assert "***" in text


@pytest.mark.parametrize(
    "copied",
    [
        json.dumps,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        vars,
        lambda s: s.__getstate__(),
        lambda s: asdict(OAuthClient(token_url="u", client_id="i", client_secret=s)),
    ],
)
def test_it_cannot_be_serialised_or_copied(copied: object, secret: Secret) -> None:
    assert callable(copied)
    with pytest.raises(TypeError) as caught:
        copied(secret)
    assert SECRET not in str(caught.value)


def test_it_equals_a_secret_with_the_same_text_and_nothing_else(secret: Secret) -> None:
    assert secret == Secret(SECRET)
    assert secret != Secret(SECRET + "x")
    assert secret != SECRET
    assert Secret("ü\ud800") == Secret("ü\ud800")


def test_it_is_no_key_of_a_table(secret: Secret) -> None:
    with pytest.raises(TypeError):
        hash(secret)


def test_a_program_that_is_started_sees_no_variable_of_ours() -> None:
    given = {"PATH": "/bin", "LOCKSTICK_CLIENT_SECRET": SECRET, "lockstick_x": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET}
    assert without_secrets(given) == {"PATH": "/bin"}
