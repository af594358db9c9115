"""Typed settings: what the shell around the library decided, handed down as one value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "default_settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where this machine keeps what belongs to the user.

    Attributes:
        trust_folder: The trust store.
    """

    trust_folder: Path


def default_settings() -> Settings:
    """The settings of this machine and user, by the platform's own conventions.

    Returns:
        The settings. No folder is made.
    """
    from platformdirs import user_data_path  # noqa: PLC0415 - only needed where no setting is given

    return Settings(trust_folder=Path(user_data_path("lockstick", appauthor=False)) / "trust")
