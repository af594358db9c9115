"""Putting a file into a bucket: only the bytes that its name promises, and only if nobody else has.

The rules:

1. The file is hashed while it is sent. Other bytes than the name promises never get under the name: a small file is
   hashed before it is sent, a large one before its parts become an object.
2. The server is asked to write only if nothing is there. One that does not know conditions is asked without; then
   the last of two fillers wins, with the same bytes.
3. Parts that become no object are thrown away, as they would be paid for.
"""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, UsageError
from lockstick.transfer.shared.trouble import code_of, status_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from lockstick.transfer.shared.client import S3Client
    from lockstick.transfer.shared.parts import Parts

__all__ = ["Upload"]

_CONFLICT, _EXISTS, _NOT_IMPLEMENTED = 409, 412, 501
_UNKNOWN_CONDITION = {"NotImplemented", "InvalidArgument"}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file on its way into a bucket.

    Attributes:
        client: The library's client.
        where: The bucket and the key, as S3 spells them.
        digest: The SHA-256 that the file must have, in lower-case hex.
        parts: How large files are cut.
        replace: Whether to write over what is there.
    """

    client: S3Client
    where: dict[str, str]
    digest: str
    parts: Parts
    replace: bool

    def send(self, path: Path) -> bool:
        """Send the file.

        Args:
            path: The file.

        Returns:
            Whether this call put it there; no if somebody else was quicker.

        Raises:
            DistrustError: The file has other bytes.
            MediaError: The file cannot be read.
            UsageError: The file is too large.
            botocore.exceptions.ClientError: The server refused.
            botocore.exceptions.BotoCoreError: The server cannot be reached.
        """
        try:
            with path.open("rb") as file:
                first = file.read(self.parts.size)
                if len(first) < self.parts.size:
                    return self._whole(first, path)
                length = path.stat().st_size
                if length > self.parts.size * self.parts.most:
                    raise UsageError(
                        f"{path.name} is too large for the shared store",
                        why=f"it has {length} bytes, and {self.parts.size * self.parts.most} is the most",
                        remedy="It is fetched from its origin each time, or from the machine's own store.",
                    )
                return self._in_parts(first, file, path)
        except (ClientError, BotoCoreError):
            raise
        except OSError as error:
            raise media_error(error, path, "read") from error

    def _whole(self, data: bytes, path: Path) -> bool:
        digest = hashlib.sha256(data)
        self._require(digest.hexdigest(), path)
        checksum = base64.b64encode(digest.digest()).decode("ascii")
        return self._publish(
            lambda condition: self.client.put_object(
                **self.where, Body=data, ChecksumSHA256=checksum, Metadata=self._metadata, **condition
            )
        )

    def _in_parts(self, first: bytes, file: BinaryIO, path: Path) -> bool:
        begun = {**self.where, "UploadId": self._begin()}
        try:
            digest, data = hashlib.sha256(), first
            parts: list[dict[str, object]] = []
            while data:
                digest.update(data)
                number = len(parts) + 1
                sent = self.client.upload_part(**begun, PartNumber=number, Body=data)
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
                data = file.read(self.parts.size)
            self._require(digest.hexdigest(), path)
            is_ours = self._publish(
                lambda condition: self.client.complete_multipart_upload(
                    **begun, MultipartUpload={"Parts": parts}, **condition
                )
            )
        except BaseException:
            self._abort(begun)
            raise
        if not is_ours:
            self._abort(begun)
        return is_ours

    def _begin(self) -> str:
        return str(self.client.create_multipart_upload(**self.where, Metadata=self._metadata)["UploadId"])

    def _abort(self, begun: dict[str, str]) -> None:
        with suppress(ClientError, BotoCoreError):  # a rule of the bucket may tidy up; there is nothing else to do
            self.client.abort_multipart_upload(**begun)

    @property
    def _metadata(self) -> dict[str, str]:
        return {"sha256": self.digest}

    def _publish(self, write: Callable[[dict[str, str]], object]) -> bool:
        if self.replace:
            write({})
            return True
        try:
            write({"IfNoneMatch": "*"})
        except ClientError as error:
            if status_of(error) in {_EXISTS, _CONFLICT}:
                return False
            if status_of(error) != _NOT_IMPLEMENTED and code_of(error) not in _UNKNOWN_CONDITION:
                raise
            write({})
        return True

    def _require(self, found: str, path: Path) -> None:
        if found != self.digest:
            raise DistrustError(
                f"{path.name} is not put into the shared store",
                why="its bytes are not those of its name",
                remedy="Verify this machine's store: lockstick store verify.",
            )
