"""Logging in: the credentials of API clients under names of the user's choice, kept where only the user can read them.

* :class:`Profile` is one set of credentials, and where they are used.
* :class:`Profiles` keeps them, in the platform's keyring or in a private file each.
* :func:`system_keyring` finds the keyring, which is an extra.

No token is ever kept: one is asked for by each run (docs/adr/0032). Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.cloud.login.keyrings import Keyring, KeyringTrouble, system_keyring
    from lockstick.cloud.login.profile import DEFAULT_PROFILE, Profile, check_profile_name
    from lockstick.cloud.login.profiles import Keeping, KeptProfile, Profiles

__all__ = [
    "DEFAULT_PROFILE",
    "Keeping",
    "KeptProfile",
    "Keyring",
    "KeyringTrouble",
    "Profile",
    "Profiles",
    "check_profile_name",
    "system_keyring",
]

_HOME = {
    "DEFAULT_PROFILE": "profile",
    "Keeping": "profiles",
    "KeptProfile": "profiles",
    "Keyring": "keyrings",
    "KeyringTrouble": "keyrings",
    "Profile": "profile",
    "Profiles": "profiles",
    "check_profile_name": "profile",
    "system_keyring": "keyrings",
}

__getattr__ = loader(__name__, _HOME)
