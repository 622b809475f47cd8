"""Where files lie: any object store, each sealed under its subject's key, so that an erased subject's are noise."""

import asyncio
import hashlib
from typing import Protocol
from uuid import UUID

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from shared.errors import Unavailable
from shared.ids import natural_id

SECONDS = 10.0


class Seals(Protocol):
    """As much of the service's database as blobs need."""

    async def seal_bytes(self, subject_id: UUID, plain: bytes, context: str) -> bytes: ...

    async def open_bytes(self, subject_id: UUID, sealed: bytes, context: str) -> bytes: ...


class Blobs:
    """Files by subject and id. What is written twice under one id is the same."""

    def __init__(self, url: str, seals: Seals) -> None:
        local = url.removeprefix("file://")
        self._store = LocalStore(local, mkdir=True) if local != url else from_url(url)
        self._seals = seals

    async def keep(self, subject_id: UUID, content: bytes) -> UUID:
        """Its id: named by what it is, so that a repeated command writes the same blob again, and none is left over."""
        blob_id = natural_id(subject_id, "blob", hashlib.sha256(content).hexdigest())
        await self.put(subject_id, blob_id, content)
        return blob_id

    async def put(self, subject_id: UUID, blob_id: UUID, content: bytes) -> None:
        """Durable when it returns. Unavailable where the store does not answer."""
        sealed = await self._seals.seal_bytes(subject_id, content, context_of(blob_id))
        try:
            async with asyncio.timeout(SECONDS):
                await obstore.put_async(self._store, path_of(subject_id, blob_id), sealed)
        except (BaseError, OSError, TimeoutError):
            raise Unavailable from None

    async def get(self, subject_id: UUID, blob_id: UUID) -> bytes:
        """Unavailable where the store does not answer or has lost it, ErasedSubject for an erased subject's."""
        try:
            async with asyncio.timeout(SECONDS):
                found = await obstore.get_async(self._store, path_of(subject_id, blob_id))
                sealed = bytes(await found.bytes_async())
        except (BaseError, OSError, TimeoutError):
            raise Unavailable from None
        return await self._seals.open_bytes(subject_id, sealed, context_of(blob_id))

    async def remove(self, subject_id: UUID, blob_id: UUID) -> None:
        """Nothing where it is gone already. Unavailable where the store does not answer."""
        try:
            async with asyncio.timeout(SECONDS):
                await obstore.delete_async(self._store, path_of(subject_id, blob_id))
        except (FileNotFoundError, NotFoundError):
            return
        except (BaseError, OSError, TimeoutError):
            raise Unavailable from None


def path_of(subject_id: UUID, blob_id: UUID) -> str:
    return f"{subject_id}/{blob_id}"


def context_of(blob_id: UUID) -> str:
    """What the sealed bytes are bound to: moved elsewhere they do not open."""
    return f"blob {blob_id}"
