"""The local payment processor's memory, on disk: sessions, refunds, and the events still to be told."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, delivered REAL
);
"""
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.25, 30.0
API_VERSION = "2026-10-28.local"

Object = dict[str, Any]
"""One of Stripe's objects: JSON with ``id`` and ``object``."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event to be told: the body is signed and sent byte for byte as stored."""

    id: str
    body: bytes
    tries: int


class KeyReused(Exception):
    """The idempotency key was used before with another request."""


class Ledger:
    """Each change and the event that tells of it are one transaction."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All of the body or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def get(self, id: str) -> Object | None:
        row = self._connection.execute("SELECT body FROM objects WHERE id = ?", (id,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, item: Object) -> None:
        self._connection.execute(
            "INSERT INTO objects (id, kind, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (item["id"], item["object"], json.dumps(item)),
        )

    def all(self, kind: str) -> list[Object]:
        """Every object of one kind, in the order of making."""
        rows = self._connection.execute("SELECT body FROM objects WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(body) for (body,) in rows]

    def answered(self, key: str, fingerprint: str) -> Object | None:
        """What this key was answered before. Raises KeyReused for another request under the same key."""
        row = self._connection.execute("SELECT fingerprint, answer FROM requests WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row[0] != fingerprint:
            raise KeyReused
        answer: Object = json.loads(row[1])
        return answer

    def remember(self, key: str, fingerprint: str, answer: Object) -> None:
        self._connection.execute("INSERT INTO requests VALUES (?, ?, ?)", (key, fingerprint, json.dumps(answer)))

    def tell(self, type: str, item: Object) -> None:
        """Queues an event about the object as it is now."""
        now = time.time()
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(now),
            "data": {"object": item},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type,
        }
        body = json.dumps(event)
        self._connection.execute("INSERT INTO events (id, body, due) VALUES (?, ?, ?)", (event["id"], body, now))

    def due(self) -> list[Event]:
        rows = self._connection.execute(
            "SELECT id, body, tries FROM events WHERE delivered IS NULL AND due <= ? ORDER BY rowid", (time.time(),)
        )
        return [Event(name, body.encode(), tries) for name, body, tries in rows]

    def delivered(self, event: Event) -> None:
        self._connection.execute(
            "UPDATE events SET delivered = ?, tries = tries + 1 WHERE id = ?", (time.time(), event.id)
        )

    def failed(self, event: Event) -> None:
        """Puts the next try off, longer each time."""
        wait = min(FIRST_RETRY_SECONDS * 2**event.tries, LONGEST_RETRY_SECONDS)
        self._connection.execute(
            "UPDATE events SET tries = tries + 1, due = ? WHERE id = ?", (time.time() + wait, event.id)
        )

    def as_json(self) -> Object:
        """The whole ledger, for tests and for the page that shows it."""
        with closing(self._connection.execute("SELECT body, tries, delivered FROM events ORDER BY rowid")) as rows:
            events = [{**json.loads(body), "tries": tries, "delivered": at is not None} for body, tries, at in rows]
        kinds = {
            "sessions": "checkout.session",
            "payments": "payment_intent",
            "refunds": "refund",
            "disputes": "dispute",
        }
        return {**{name: self.all(kind) for name, kind in kinds.items()}, "events": events}


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
