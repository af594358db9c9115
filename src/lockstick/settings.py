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
        profile_folder: The credentials of API clients, or where they are kept.
        store_folder: The content store: verified bytes, which can be fetched again.
        store_limit: How many bytes a build leaves in the content store at most.
        register_file: The register of sticks.
        receipt_key_file: The user's private key for receipts; there may be none.
    """

    trust_folder: Path
    profile_folder: Path
    store_folder: Path
    register_file: Path
    receipt_key_file: Path
    store_limit: int = 20_000_000_000


def default_settings() -> Settings:
    """The settings of this machine and user, by the platform's own conventions.

    Returns:
        The settings. No folder is made.
    """
    from platformdirs import user_cache_path, user_data_path  # noqa: PLC0415 - only needed where no setting is given

    data = Path(user_data_path("lockstick", appauthor=False))
    return Settings(
        trust_folder=data / "trust",
        profile_folder=data / "profiles",
        store_folder=Path(user_cache_path("lockstick", appauthor=False)) / "store",
        register_file=data / "register.db",
        receipt_key_file=data / "receipts" / "key.pem",
    )
