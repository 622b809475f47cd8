"""What every service stands on: its two databases, keys, clock and channels, opened before its tables are known."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import asyncpg
from grpc.aio import Channel

from shared.aggregate import Aggregate
from shared.bus import relay
from shared.bus.analytics import ANALYTICS
from shared.clock import RulesClock
from shared.databases import without_session_state
from shared.effects import table
from shared.envelope import Recorded
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS
from shared.eventstore.store import Appended, CommandRecord, EventStore, StreamChange
from shared.migrations import migrate
from shared.privacy import LocalKeyFile, Pool, Sealer, ServiceKey, SubjectKeys
from shared.reading import database as reading
from shared.reading.database import PostgresDatabase, open_pool
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel
from shared.settings import ServiceSettings

A = TypeVar("A", bound=Aggregate)


class ServiceRefused(Exception):
    """The settings or tables of a service cannot be run; the message says what was expected."""


STORE_CONNECTIONS, KEY_CONNECTIONS, LIVE_CONNECTIONS, BUILDING_CONNECTIONS = 8, 4, 12, 4
"""The most of each pool; besides them a process has its writing lane, its signals and the lock of its relay."""
FOLDERS = {
    "events": MIGRATIONS,
    "relay": relay.MIGRATIONS,
    "reading": reading.MIGRATIONS,
    "effects": table.MIGRATIONS,
}
"""Scope → numbered SQL of the machinery, in the order in which it is applied."""


class ComposedStore:
    """The event store as adapters are given it: it answers once the service's table of stored words is known."""

    def __init__(self, key: ServiceKey) -> None:
        self.service = key.service
        self._key = key
        self._store: EventStore | None = None

    def answer_by(self, store: EventStore) -> None:
        """To be called once, after ``compose``."""
        self._store = store

    @property
    def _ready(self) -> EventStore:
        if self._store is None:
            raise RuntimeError("expected the event store to be used after compose, not in it")
        return self._store

    async def append(self, command: CommandRecord, changes: Sequence[StreamChange]) -> Appended:
        return await self._ready.append(command, changes)

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        return await self._ready.find(aggregate_class, stream_id)

    async def command(self, command_id: UUID) -> Appended | None:
        return await self._ready.command(command_id)

    async def head(self) -> int:
        return await self._ready.head()

    def read(
        self, after: int, *, until: int | None = None, types: Collection[type[Aggregate.Event]] | None = None
    ) -> AsyncIterator[Sequence[Recorded[Aggregate.Event]]]:
        return self._ready.read(after, until=until, types=types)

    async def stream(self, stream_id: UUID) -> Sequence[Recorded[Aggregate.Event]]:
        return await self._ready.stream(stream_id)

    def subscribe(self) -> asyncio.Event:
        return self._ready.subscribe()

    def blind(self, purpose: str, value: str) -> UUID:
        return self._key.blind(purpose, value)


@dataclass(frozen=True, slots=True)
class Ground:
    """The foundation of one process. It implements Foundation; the rest is the machinery's own."""

    settings: ServiceSettings
    key: ServiceKey
    pseudonyms: ServiceKey
    """The key of analytics, the same in all services."""
    keys: SubjectKeys
    events: Pool
    live: Pool
    building: Pool
    store: ComposedStore
    database: PostgresDatabase
    peers: ApiChannel
    clock: RulesClock = field(default_factory=RulesClock)

    def channel(self, service: str) -> Channel:
        """See Foundation."""
        return self.peers.channel(service)


async def lay(settings: ServiceSettings, stack: AsyncExitStack) -> Ground:
    """Opens databases and channels, applies the machinery's migrations; ``stack`` closes what was opened."""
    if settings.is_production and not settings.mounted_keys:
        raise ServiceRefused("expected PORTAL_MOUNTED_KEYS=true in production: the local key file is for demo only")
    key_file = LocalKeyFile(settings.secrets)
    master, shared = await key_file.master_key(settings.name), await key_file.master_key(ANALYTICS)
    urls = settings.databases
    events = await stack.enter_async_context(_plain_pool(urls.database_url, STORE_CONNECTIONS))
    key_pool = await stack.enter_async_context(_plain_pool(urls.keys_database_url, KEY_CONNECTIONS))
    async with events.acquire() as connection:
        for scope, folder in FOLDERS.items():
            await migrate(connection, folder, scope)
    async with key_pool.acquire() as connection:
        await migrate(connection, KEY_MIGRATIONS, "keys")
    live = await stack.enter_async_context(
        await open_pool(urls.database_url, most=LIVE_CONNECTIONS, reset=without_session_state)
    )
    building = await stack.enter_async_context(await open_pool(urls.database_url, most=BUILDING_CONNECTIONS))
    key, pseudonyms = ServiceKey(settings.name, master), ServiceKey(ANALYTICS, shared)
    keys = SubjectKeys(key, events, key_pool)
    certificates = Certificates(settings.certificates, settings.name)
    peers = ApiChannel(certificates, lambda service: settings.addresses(service).peers)
    stack.push_async_callback(peers.close)
    database = PostgresDatabase(live, Sealer(keys))
    return Ground(settings, key, pseudonyms, keys, events, live, building, ComposedStore(key), database, peers)


def _plain_pool(url: str, most: int) -> "asyncpg.pool.Pool[asyncpg.Record]":
    return asyncpg.create_pool(url, min_size=1, max_size=most, reset=without_session_state)
