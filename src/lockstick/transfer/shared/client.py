"""What is used of the S3 library's client: a narrow border, as the library has no types of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["S3Client"]


class S3Client(Protocol):
    """The operations, named and spelled as in S3's own reference; each raises the library's errors."""

    def head_object(self, **request: object) -> Mapping[str, Any]:
        """Ask about an object."""

    def get_object(self, **request: object) -> Mapping[str, Any]:
        """Read an object."""

    def list_objects_v2(self, **request: object) -> Mapping[str, Any]:
        """List one page of a bucket."""

    def delete_object(self, **request: object) -> Mapping[str, Any]:
        """Remove an object."""

    def put_object(self, **request: object) -> Mapping[str, Any]:
        """Write an object."""

    def create_multipart_upload(self, **request: object) -> Mapping[str, Any]:
        """Begin an object that is written in parts."""

    def upload_part(self, **request: object) -> Mapping[str, Any]:
        """Write one part."""

    def complete_multipart_upload(self, **request: object) -> Mapping[str, Any]:
        """Make an object of the parts."""

    def abort_multipart_upload(self, **request: object) -> Mapping[str, Any]:
        """Throw the parts away."""

    def generate_presigned_url(self, operation: str, *, Params: Mapping[str, str], ExpiresIn: int) -> str:  # noqa: N803
        """Sign an address; no server is asked."""

    def close(self) -> None:
        """Let go of the connections."""
