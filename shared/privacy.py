"""Encryption per subject, keys that can be destroyed, and everything that stands on the service's master key."""

import base64
import hmac
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared import tagged
from shared.aggregate import SERVICE_SUBJECT
from shared.clock import monotonic
from shared.databases import answering
from shared.errors import NotFound

KEY_BYTES, NONCE_BYTES, KEY_ID_BYTES = 32, 12, 8
CACHE_SECONDS = 60.0
CACHED_KEYS = 50_000

CLEAR, SEALED = b"\x00", b"\x01"
"""The first byte of stored data: plain bytes, or key id ‖ nonce ‖ AES-256-GCM ciphertext."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class DataError(Exception):
    """What is stored cannot be read, and retrying does not mend it: it parks. The message holds no values."""


class MissingKey(DataError):
    """A subject's key is neither there nor destroyed by a tombstone."""


class BrokenSeal(DataError):
    """Sealed bytes do not open at this place: changed, moved from elsewhere, or of another key."""


class ErasedSubject(NotFound):
    """The subject's key was destroyed: folds and reads pass over its data, nothing new is written for it."""

    def __init__(self, subject_id: UUID) -> None:
        self.subject_id = subject_id
        super().__init__()


class BadToken(ValueError):
    """A page token that was not made for this caller and query."""


class KeyEncryption(Protocol):
    """The KMS port: unwraps a service's master key, once, at start."""

    async def master_key(self, service: str) -> bytes:
        """32 bytes."""


class LocalKeyFile:
    """Master keys in local files ``<service>.key``: for demo and development; settings refuse it in production."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def master_key(self, service: str) -> bytes:
        key = (self._folder / f"{service}.key").read_bytes()
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected {KEY_BYTES} bytes in {service}.key, found {len(key)}")
        return key


class ServiceKey:
    """What is derived from one service's master key, each purpose with a key of its own (HKDF-SHA-256)."""

    def __init__(self, service: str, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise ValueError(f"expected a master key of {KEY_BYTES} bytes, found {len(master)}")
        self.service = service
        self._master = master
        self._fingerprint = self.derived("fingerprint")
        self._blind = self.derived("blind index")
        self._pages = AESGCM(self.derived("page token"))
        self._wrapping = AESGCM(self.derived("subject keys"))

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, e.g. identity's link key."""
        info = f"portal\x1f{self.service}\x1f{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._master)

    def fingerprint(self, request: bytes) -> bytes:
        """The HMAC that is stored with a command: tells a repeat from another request under the same key."""
        return hmac.digest(self._fingerprint, request, "sha256")

    def blind(self, purpose: str, value: str) -> UUID:
        """The blind index of a normalised value (a version 8 UUID): equal values meet, nobody reads them back."""
        digest = hmac.digest(self._blind, f"{purpose}\x1f{value}".encode(), "sha256")
        bits = int.from_bytes(digest[:16], "big")
        return UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62)

    def page_token(self, keyset: str, context: str) -> str:
        """A keyset sealed to ``context`` (caller and query)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._pages.encrypt(nonce, keyset.encode(), context.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open_page_token(self, token: str, context: str) -> str:
        """The keyset; BadToken for anything that ``page_token`` did not make for the same ``context``."""
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            return self._pages.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode()).decode()
        except (InvalidTag, ValueError):
            raise BadToken("expected a page token of this caller and query") from None

    def wrap(self, subject_id: UUID, key_id: int, key: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, self._wrapped_place(subject_id, key_id))

    def unwrap(self, subject_id: UUID, key_id: int, wrapped: bytes) -> bytes:
        """BrokenSeal where it was not wrapped by this service for this subject."""
        try:
            return self._wrapping.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], self._wrapped_place(subject_id, key_id)
            )
        except (InvalidTag, ValueError):
            raise BrokenSeal(f"expected a key wrapped for subject {subject_id} of {self.service}") from None

    def _wrapped_place(self, subject_id: UUID, key_id: int) -> bytes:
        return f"{self.service}\x1f{subject_id}\x1f{key_id}".encode()


class SubjectKey:
    """One subject's key, unwrapped. ``place`` is the associated data: where the bytes belong."""

    __slots__ = ("_cipher", "_prefix")

    def __init__(self, key_id: int, key: bytes) -> None:
        self._prefix = SEALED + key_id.to_bytes(KEY_ID_BYTES, "big")
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, place: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._prefix + nonce + self._cipher.encrypt(nonce, plain, self._prefix + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """BrokenSeal for bytes that were changed or moved, MissingKey for those of a key that is gone."""
        head = len(self._prefix)
        if sealed[:1] != SEALED:
            raise BrokenSeal("expected sealed data, found another format")
        if sealed[:head] != self._prefix:
            raise MissingKey("expected the key that sealed this, found another key of the subject")
        try:
            return self._cipher.decrypt(
                sealed[head : head + NONCE_BYTES], sealed[head + NONCE_BYTES :], self._prefix + place
            )
        except (InvalidTag, ValueError):
            raise BrokenSeal("expected data sealed for this place") from None


class ClearKey:
    """Stands where the service itself is the subject: data are kept in clear, and say so."""

    def seal(self, plain: bytes, place: bytes) -> bytes:
        return CLEAR + plain

    def open(self, sealed: bytes, place: bytes) -> bytes:
        if sealed[:1] != CLEAR:
            raise BrokenSeal("expected data in clear, found another format")
        return sealed[1:]


Key = SubjectKey | ClearKey

_CLEAR_KEY = ClearKey()


@dataclass(frozen=True, slots=True)
class _Cached:
    key: SubjectKey
    until: float


class SubjectKeys:
    """The keys of one service's subjects: wrapped in the second database, tombstones beside the events."""

    def __init__(
        self, service_key: ServiceKey, events: Pool, keys: Pool, clock: Callable[[], float] = monotonic
    ) -> None:
        self.service_key = service_key
        self._events, self._keys, self._clock = events, keys, clock
        self._cache: dict[UUID, _Cached] = {}
        self._erased: set[UUID] = set()

    def at_hand(self, subject_ids: Iterable[UUID]) -> dict[UUID, Key] | None:
        """The subjects' keys, without waiting; None where one is not cached."""
        now = self._clock()
        found: dict[UUID, Key] = {}
        for subject_id in subject_ids:
            cached = self._cache.get(subject_id)
            if cached is not None and cached.until > now:
                found[subject_id] = cached.key
            elif subject_id == SERVICE_SUBJECT:
                found[subject_id] = _CLEAR_KEY
            else:
                return None
        return found

    async def for_writing(self, subject_ids: Collection[UUID]) -> dict[UUID, Key]:
        """The subjects' keys, made and committed where there are none yet; ErasedSubject under a tombstone."""
        found, missing = await self.look_up(subject_ids)
        if len(found) == len(subject_ids):
            return found
        for subject_id in subject_ids:
            if subject_id in missing:
                found[subject_id] = await self._make(subject_id)
            elif subject_id not in found:
                raise ErasedSubject(subject_id)
        return found

    async def for_reading(self, subject_ids: Iterable[UUID]) -> dict[UUID, Key]:
        """The keys by subject, erased ones left out; MissingKey where one is absent without a tombstone."""
        found, missing = await self.look_up(subject_ids)
        if missing:
            raise MissingKey(f"expected a key or a tombstone of subject {min(missing)}, found neither")
        return found

    async def look_up(self, subject_ids: Iterable[UUID]) -> tuple[dict[UUID, Key], set[UUID]]:
        """The keys by subject, and who has neither key nor tombstone; one query for all that is not cached."""
        found: dict[UUID, Key] = {}
        wanted = []
        now = self._clock()
        for subject_id in set(subject_ids):
            cached = self._cache.get(subject_id)
            if subject_id == SERVICE_SUBJECT:
                found[subject_id] = _CLEAR_KEY
            elif cached is not None and cached.until > now:
                found[subject_id] = cached.key
            elif subject_id not in self._erased:
                wanted.append(subject_id)
        if wanted:
            found.update(await self._fetch(wanted))
        absent = [subject_id for subject_id in wanted if subject_id not in found]
        return found, set(absent) - await self._tombstones(absent) if absent else set()

    async def erase(self, subject_id: UUID) -> None:
        """Destroys the subject's key, for ever. The tombstone comes first, so that a crash between is finished."""
        if subject_id == SERVICE_SUBJECT:
            raise ValueError("expected a person's subject id, found the service's own")
        await _execute(self._events, "SELECT put_up_tombstone($1)", subject_id)
        self._erased.add(subject_id)
        self._cache.pop(subject_id, None)
        await _execute(self._keys, "DELETE FROM subject_keys WHERE subject_id = $1", subject_id)

    async def apply_tombstones(self) -> int:
        """Destroys keys that a restore, or a crash, brought back; the number. Before serving, at each start."""
        rows = await _fetch(self._events, "SELECT subject_id FROM tombstones")
        self._erased.update(row["subject_id"] for row in rows)
        gone = await _fetch(
            self._keys, "DELETE FROM subject_keys WHERE subject_id = ANY($1) RETURNING 1", list(self._erased)
        )
        return len(gone)

    async def _make(self, subject_id: UUID) -> SubjectKey:
        key_id, key = secrets.randbits(63), secrets.token_bytes(KEY_BYTES)
        await _execute(
            self._keys,
            "INSERT INTO subject_keys (subject_id, key_id, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            subject_id, key_id, self.service_key.wrap(subject_id, key_id, key),
        )  # fmt: skip
        # Looked for again, after the key is committed: an erasure that came between has left its tombstone by
        # now, or will delete this key after it.
        if await self._tombstones([subject_id]):
            await _execute(self._keys, "DELETE FROM subject_keys WHERE subject_id = $1", subject_id)
            raise ErasedSubject(subject_id)
        made = await self._fetch([subject_id])
        if subject_id not in made:
            raise ErasedSubject(subject_id)
        return made[subject_id]

    async def _fetch(self, subject_ids: Sequence[UUID]) -> dict[UUID, SubjectKey]:
        asked_at = self._clock()
        rows = await _fetch(
            self._keys, "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE subject_id = ANY($1)", subject_ids
        )
        found = {}
        for row in rows:
            plain = self.service_key.unwrap(row["subject_id"], row["key_id"], row["wrapped"])
            found[row["subject_id"]] = SubjectKey(row["key_id"], plain)
        self._remember(found, asked_at + CACHE_SECONDS)
        return found

    def _remember(self, keys: Mapping[UUID, SubjectKey], until: float) -> None:
        """Kept in order of asking, hence of expiry: what is stale or too much lies in front."""
        now = self._clock()
        for subject_id, key in keys.items():
            self._cache.pop(subject_id, None)
            if subject_id not in self._erased:
                self._cache[subject_id] = _Cached(key, until)
        while self._cache:
            oldest = next(iter(self._cache))
            if self._cache[oldest].until > now and len(self._cache) <= CACHED_KEYS:
                break
            del self._cache[oldest]

    async def _tombstones(self, subject_ids: Collection[UUID]) -> set[UUID]:
        rows = await _fetch(
            self._events, "SELECT subject_id FROM tombstones WHERE subject_id = ANY($1)", list(subject_ids)
        )
        erased = {row["subject_id"] for row in rows}
        self._erased |= erased
        for subject_id in erased:
            self._cache.pop(subject_id, None)
        return erased


async def _fetch(pool: Pool, sql: str, *arguments: object) -> list[asyncpg.Record]:
    with answering():
        return await pool.fetch(sql, *arguments)


async def _execute(pool: Pool, sql: str, *arguments: object) -> None:
    with answering():
        await pool.execute(sql, *arguments)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sealed bytes with whose they are and where they belong (``context``: table and row, say)."""

    subject_id: UUID
    sealed: bytes
    context: str


class Sealer:
    """Seals what is personal outside the events, under the subject's key: columns of rows, effects, blobs."""

    def __init__(self, keys: SubjectKeys) -> None:
        self._keys = keys

    async def seal(self, subject_id: UUID, values: Mapping[str, Any], context: str) -> bytes:
        """One mapping (dates, UUIDs, decimals and tuples come back as such); ErasedSubject under a tombstone."""
        return await self.seal_bytes(subject_id, tagged.dumps(dict(values)), context)

    async def open_many(self, envelopes: Sequence[Envelope]) -> list[dict[str, Any] | None]:
        """The mappings, in order, None for an erased subject; MissingKey or BrokenSeal where one does not open."""
        keys = await self._keys.for_reading(envelope.subject_id for envelope in envelopes)
        return [
            tagged.loads(key.open(envelope.sealed, self._place(envelope.context)))
            if (key := keys.get(envelope.subject_id)) is not None
            else None
            for envelope in envelopes
        ]

    async def open(self, subject_id: UUID, sealed: bytes, context: str) -> dict[str, Any] | None:
        return (await self.open_many([Envelope(subject_id, sealed, context)]))[0]

    async def seal_bytes(self, subject_id: UUID, plain: bytes, context: str) -> bytes:
        """Bytes as they are, e.g. a blob."""
        keys = await self._keys.for_writing([subject_id])
        return keys[subject_id].seal(plain, self._place(context))

    async def open_bytes(self, subject_id: UUID, sealed: bytes, context: str) -> bytes:
        """ErasedSubject under a tombstone."""
        keys = await self._keys.for_reading([subject_id])
        if subject_id not in keys:
            raise ErasedSubject(subject_id)
        return keys[subject_id].open(sealed, self._place(context))

    def _place(self, context: str) -> bytes:
        return f"{self._keys.service_key.service}\x1frow\x1f{context}".encode()
