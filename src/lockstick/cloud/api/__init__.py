"""The public API of a Torizon-style cloud: lockboxes, updates, packages and external sources, typed.

* :class:`ApiClient` has one method for each operation, in four groups.
* :class:`Endpoint` says where the API is and which edition.
* :func:`read_api_client` and :func:`api_client` say who asks.
* What is asked and answered are frozen values: :class:`LockboxDefinition`, :class:`Package` and others.

It is another way into the same account than ``credentials.zip``, with another kind of credentials: this one defines and
uploads, that one fetches (cloud-apis 1.8). Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.cloud.api.client import ApiClient
    from lockstick.cloud.api.credentials import DEFAULT_TOKEN_URL, api_client, read_api_client
    from lockstick.cloud.api.endpoint import DEFAULT_URL, Endpoint
    from lockstick.cloud.api.limits import Crowding, crowding
    from lockstick.cloud.api.model import (
        Device,
        EcuError,
        ExternalPackage,
        LaunchResult,
        NotAffected,
        Package,
        Page,
        Signature,
        SignedDocument,
        Source,
    )
    from lockstick.cloud.api.packages import MOST_UPLOADED
    from lockstick.cloud.api.planning import DefinitionPlan, LockboxContent, content_of, plan_definition
    from lockstick.cloud.api.requests import Custom, LockboxDefinition, PackageEdit, PackageFilter, Update

__all__ = [
    "DEFAULT_TOKEN_URL",
    "DEFAULT_URL",
    "MOST_UPLOADED",
    "ApiClient",
    "Crowding",
    "Custom",
    "DefinitionPlan",
    "Device",
    "EcuError",
    "Endpoint",
    "ExternalPackage",
    "LaunchResult",
    "LockboxContent",
    "LockboxDefinition",
    "NotAffected",
    "Package",
    "PackageEdit",
    "PackageFilter",
    "Page",
    "Signature",
    "SignedDocument",
    "Source",
    "Update",
    "api_client",
    "content_of",
    "crowding",
    "plan_definition",
    "read_api_client",
]

_HOME = {
    "DEFAULT_TOKEN_URL": "credentials",
    "DEFAULT_URL": "endpoint",
    "MOST_UPLOADED": "packages",
    "ApiClient": "client",
    "Crowding": "limits",
    "Custom": "requests",
    "DefinitionPlan": "planning",
    "Device": "model",
    "EcuError": "model",
    "Endpoint": "endpoint",
    "ExternalPackage": "model",
    "LaunchResult": "model",
    "LockboxContent": "planning",
    "LockboxDefinition": "requests",
    "NotAffected": "model",
    "Package": "model",
    "PackageEdit": "requests",
    "PackageFilter": "requests",
    "Page": "model",
    "Signature": "model",
    "SignedDocument": "model",
    "Source": "model",
    "Update": "requests",
    "api_client": "credentials",
    "content_of": "planning",
    "crowding": "limits",
    "plan_definition": "planning",
    "read_api_client": "credentials",
}

__getattr__ = loader(__name__, _HOME)
