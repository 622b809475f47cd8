"""Sessions: idle and absolute end on the machine's clock, one-use refresh tokens, cookies kept as hashes (R45)."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.clock import machine_now
from shared.errors import NotFound, Unauthenticated
from shared.ids import uuid7
from shared.reading import Database

IDLE = timedelta(minutes=20)
STAFF_IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
ENDED_FOR = timedelta(minutes=6)
"""How long an ended session is told of: longer than any access token lives."""
REUSE_GRACE = timedelta(seconds=30)

KEPT_FOR = timedelta(days=1)
SWEEP = """
DELETE FROM credential_sessions WHERE session_id IN (
    SELECT session_id FROM credential_sessions WHERE ends_at < $1 OR ended_at < $1 LIMIT 100
)
"""
"""Each opening sweeps more old sessions out than it adds."""

ALIVE = (
    "ended_at IS NULL AND ends_at > $1::timestamptz AND seen_at + make_interval(secs => idle_seconds) > $1::timestamptz"
)
COLUMNS = "session_id, account_id, opened_at, seen_at, factor_at, ends_at"


@dataclass(frozen=True, slots=True)
class Session:
    session_id: UUID
    account_id: UUID
    opened_at: datetime
    seen_at: datetime
    factor_at: datetime
    ends_at: datetime
    client: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session with its secret, which is not kept: a cookie for browsers, a refresh token for others."""

    session: Session
    secret: str


def new_secret() -> str:
    """256 bits, base64url."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class Sessions:
    """Rows of ``credential_sessions``. ``key`` derives a refresh token's successor, so that a retry gets the same."""

    def __init__(self, database: Database, key: bytes, clock: Callable[[], datetime] = machine_now) -> None:
        self._database, self._key, self._clock = database, key, clock

    async def open_for_browser(self, account_id: UUID, *, is_staff: bool, client: str) -> Opened:
        cookie = new_secret()
        return Opened(await self._open(account_id, is_staff, client, hashed(cookie)), cookie)

    async def open_for_tokens(self, account_id: UUID, *, is_staff: bool, client: str) -> Opened:
        session = await self._open(account_id, is_staff, client, None)
        token = new_secret()
        await self._database.execute(
            "INSERT INTO credential_refresh (hash, session_id) VALUES ($1, $2)", hashed(token), session.session_id
        )
        return Opened(session, token)

    async def by_cookie(self, cookie: str) -> Session:
        """The living session of a cookie, seen now; Unauthenticated otherwise."""
        rows = await self._database.fetch(
            f"UPDATE credential_sessions SET seen_at = $1 WHERE cookie_hash = $2 AND {ALIVE} RETURNING {COLUMNS}",  # noqa: S608  # constants
            self._clock(), hashed(cookie),
        )  # fmt: skip
        return self._one(rows)

    async def alive(self, session_id: UUID) -> Session:
        """A living session, without counting as seen; Unauthenticated otherwise."""
        rows = await self._database.fetch(
            f"SELECT {COLUMNS} FROM credential_sessions WHERE session_id = $2 AND {ALIVE}",  # noqa: S608  # constants
            self._clock(), session_id,
        )  # fmt: skip
        return self._one(rows)

    async def refresh(self, token: str) -> Opened:
        """The successor of a refresh token. Reuse within 30 s gives the same one, later reuse ends the session."""
        now, used = self._clock(), hashed(token)
        rows = await self._database.fetch(
            """
            WITH before AS (SELECT used_at FROM credential_refresh WHERE hash = $1 FOR UPDATE)
            UPDATE credential_refresh SET used_at = coalesce(credential_refresh.used_at, $2)
            FROM before WHERE hash = $1 RETURNING session_id, before.used_at
            """,
            used, now,
        )  # fmt: skip
        if not rows:
            raise Unauthenticated("expected a refresh token")
        session_id, used_at = rows[0]["session_id"], rows[0]["used_at"]
        if used_at is not None and now - used_at > REUSE_GRACE:
            await self.end([session_id])
            raise Unauthenticated("expected a refresh token that was not used before")
        seen = await self._database.fetch(
            f"UPDATE credential_sessions SET seen_at = $1 WHERE session_id = $2 AND {ALIVE} RETURNING {COLUMNS}",  # noqa: S608  # constants
            now, session_id,
        )  # fmt: skip
        session = self._one(seen)
        digest = hmac.digest(self._key, f"refresh\x1f{session_id}\x1f".encode() + used, "sha256")
        successor = urlsafe_b64encode(digest).rstrip(b"=").decode()
        await self._database.execute(
            "INSERT INTO credential_refresh (hash, session_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            hashed(successor), session_id,
        )  # fmt: skip
        return Opened(session, successor)

    async def prove(self, session_id: UUID) -> Session:
        """A factor was given now."""
        rows = await self._database.fetch(
            f"UPDATE credential_sessions SET factor_at = $1, seen_at = $1 WHERE session_id = $2 AND {ALIVE} "  # noqa: S608  # constants
            f"RETURNING {COLUMNS}",
            self._clock(), session_id,
        )  # fmt: skip
        return self._one(rows)

    async def rotate_cookie(self, session_id: UUID) -> str:
        """A new cookie for the session; the former one counts no longer."""
        cookie = new_secret()
        await self._database.execute(
            "UPDATE credential_sessions SET cookie_hash = $2 WHERE session_id = $1", session_id, hashed(cookie)
        )
        return cookie

    async def of_account(self, account_id: UUID) -> list[Session]:
        """The living sessions, the latest seen first."""
        rows = await self._database.fetch(
            f"SELECT {COLUMNS}, sealed FROM credential_sessions WHERE account_id = $2 AND {ALIVE} "  # noqa: S608  # constants
            "ORDER BY seen_at DESC",
            self._clock(), account_id,
        )  # fmt: skip
        found = []
        for row in rows:
            opened = await self._database.unseal(account_id, row.pop("sealed"), _place(row["session_id"]))
            found.append(Session(**row, client=str(opened["client"])))
        return found

    async def end(self, session_ids: Sequence[UUID], account_id: UUID | None = None) -> None:
        """Ends sessions; with an account only its own, NotFound where there is none such."""
        tag = await self._database.execute(
            "UPDATE credential_sessions SET ended_at = $1, cookie_hash = NULL "
            "WHERE session_id = ANY($2) AND ended_at IS NULL AND ($3::uuid IS NULL OR account_id = $3)",
            self._clock(), list(session_ids), account_id,
        )  # fmt: skip
        if account_id is not None and tag == "UPDATE 0":
            raise NotFound

    async def end_by_cookie(self, cookie: str) -> None:
        """An unknown cookie changes nothing."""
        await self._database.execute(
            "UPDATE credential_sessions SET ended_at = $1, cookie_hash = NULL WHERE cookie_hash = $2",
            self._clock(), hashed(cookie),
        )  # fmt: skip

    async def end_all_of(self, account_id: UUID, opened_before: datetime | None = None) -> None:
        """All open ones, or those that were opened before an instant."""
        await self._database.execute(
            "UPDATE credential_sessions SET ended_at = $1, cookie_hash = NULL "
            "WHERE account_id = $2 AND ended_at IS NULL AND ($3::timestamptz IS NULL OR opened_at < $3)",
            self._clock(), account_id, opened_before,
        )  # fmt: skip

    async def recently_ended(self) -> list[UUID]:
        """Ended in the last 6 minutes: what access tokens may still name."""
        rows = await self._database.fetch(
            "SELECT session_id FROM credential_sessions WHERE ended_at > $1", self._clock() - ENDED_FOR
        )
        return [row["session_id"] for row in rows]

    async def has_ended(self, session_id: UUID) -> bool:
        """Whether it was ended, or is not known at all."""
        rows = await self._database.fetch(
            "SELECT ended_at IS NOT NULL AS ended FROM credential_sessions WHERE session_id = $1", session_id
        )
        return not rows or bool(rows[0]["ended"])

    async def _open(self, account_id: UUID, is_staff: bool, client: str, cookie_hash: bytes | None) -> Session:
        now, session_id = self._clock(), uuid7()
        await self._database.execute(SWEEP, now - KEPT_FOR)
        sealed = await self._database.seal(account_id, {"client": client[:200]}, _place(session_id))
        await self._database.execute(
            "INSERT INTO credential_sessions "
            "(session_id, account_id, cookie_hash, opened_at, seen_at, factor_at, idle_seconds, ends_at, sealed) "
            "VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7)",
            session_id, account_id, cookie_hash, now,
            int((STAFF_IDLE if is_staff else IDLE).total_seconds()), now + LONGEST, sealed,
        )  # fmt: skip
        return Session(session_id, account_id, now, now, now, now + LONGEST, client)

    @staticmethod
    def _one(rows: Sequence[dict[str, Any]]) -> Session:
        if not rows:
            raise Unauthenticated("expected a session that has not ended")
        return Session(**rows[0])


def _place(session_id: UUID) -> str:
    return f"credential_sessions {session_id}"
