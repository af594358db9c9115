from __future__ import annotations

import pytest

from lockstick.disk.leftovers import is_left_behind


@pytest.mark.parametrize("name", ["._app.bin", ".DS_Store", "THUMBS.DB", "ehthumbs.db", "Desktop.ini"])
def test_what_desktops_leave(name: str) -> None:
    assert is_left_behind(name)


@pytest.mark.parametrize("name", ["_.app", ".ds_store.json", "thumbs", "app.part", ""])
def test_what_may_be_anybodys(name: str) -> None:
    assert not is_left_behind(name)
