"""Runs a service: tables checked, roles started, and all of it ended on SIGTERM or when one of them fails."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import uvloop

from shared import telemetry
from shared.bus.kafka import Kafka
from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.bus.source import TopicSource
from shared.effects.carrying import Means
from shared.effects.worker import EffectsWorker
from shared.eventstore.postgres import PostgresEventStore
from shared.eventstore.stored import StoredTable
from shared.exporting import export
from shared.handling import StreamQueues
from shared.migrations import MigrationRefused, migrate
from shared.process.access import Access
from shared.process.collecting import collect_seldom
from shared.process.composing import completed, peers_of
from shared.process.foundation import Ground, ServiceRefused, lay
from shared.process.measuring import Measuring
from shared.process.topics import PeerTopic
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import Source, sources_of
from shared.reading.generations import BadReadModel, Generations
from shared.reading.parking import Parking
from shared.reading.projector import OwnProjector, PositionWait
from shared.reading.replays import Replays
from shared.reading.sources import OwnStore, RecordSource
from shared.rpc.admission import Admission
from shared.rpc.certificates import Certificates
from shared.rpc.contract import TablesRefused, check_tables
from shared.rpc.invocation import Parts
from shared.rpc.server import AddressTaken, Listening, RpcServer
from shared.rpc.tokens import Tokens
from shared.service import Compose, Service
from shared.settings import ServiceSettings, SettingsRefused

log = logging.getLogger(__name__)

SPEAKING = (
    SettingsRefused,
    TablesRefused,
    ServiceRefused,
    MigrationRefused,
    BadReadModel,
    AddressTaken,
    FileNotFoundError,
    PermissionError,
)
"""Errors of a start whose text names tables, files and addresses, and nobody's data."""

STOP_SECONDS = 12
"""Enough for running calls (5 s) and for the roles to let go of what they hold."""

Loop = Callable[[], Awaitable[None]]


def run(name: str, compose: Compose) -> None:
    """The whole life of one service's process; exits with 1 when a role dies, so that the supervisor restarts it."""
    telemetry.log_as_json(name)
    try:
        settings = ServiceSettings(name)
        exports = export(name, settings.otlp_endpoint)
        collect_seldom()
        uvloop.run(serve(settings, compose))
        exports.end()
    except Exception as failure:
        for error in causes(failure):
            places = None if isinstance(error, SettingsRefused) else error  # where it was read helps nobody
            log.critical("the process ends: %s", said(error), exc_info=places)
        sys.exit(1)


async def serve(settings: ServiceSettings, compose: Compose, stop: asyncio.Event | None = None) -> None:
    """Starts the chosen roles and returns after ``stop`` (SIGTERM, SIGINT); raises what ended a role."""
    stop = stop if stop is not None else stopped_by_signals()
    async with AsyncExitStack() as stack:
        ground = await lay(settings, stack)
        machine = await Machine.build(ground, completed(compose(ground), ground.keys, ground.live), stack)
        await machine.prepare()
        server = machine.rpc_server()
        stack.push_async_callback(server.stop, 0.0)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ever(name, loop), name=name) for name, loop in machine.loops().items()]
            if "api" in settings.chosen_roles:
                await machine.serve_rpc(server)
            log.info("%s runs as %s", settings.name, ", ".join(sorted(settings.chosen_roles)))
            await stop.wait()
            log.info("%s stops", settings.name)
            await server.stop()
            for task in tasks:
                task.cancel()


def said(error: BaseException) -> str:
    """What may be printed of what ended the process: our own words about the start, else the kind of error only."""
    return str(error) if isinstance(error, SPEAKING) else type(error).__qualname__


def causes(failure: BaseException) -> list[BaseException]:
    """What failed, out of the groups that tasks end in."""
    if isinstance(failure, BaseExceptionGroup):
        return [cause for each in failure.exceptions for cause in causes(each)]
    return [failure]


def stopped_by_signals() -> asyncio.Event:
    """Set by SIGTERM or SIGINT; from then on the process has ``STOP_SECONDS`` to end by itself."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def begin_to_stop() -> None:
        if not stop.is_set():
            stop.set()
            watch = threading.Timer(STOP_SECONDS, give_up, [loop])
            watch.daemon = True
            watch.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, begin_to_stop)
    return stop


def give_up(loop: asyncio.AbstractEventLoop) -> None:
    """Ends a process that does not: what was acknowledged is on disk, everything else is taken up again."""
    names = sorted(task.get_name() for task in asyncio.all_tasks(loop) if not task.done())
    log.critical("still running %d s after it was told to stop: %s", STOP_SECONDS, ", ".join(names))
    os._exit(1)


async def ever(name: str, loop: Loop) -> None:
    """A loop that must not end by itself."""
    await loop()
    raise RuntimeError(f"expected {name} to run until it is told to stop")


class Machine:
    """One service's tables in the machinery. Built once; ``loops`` are what the chosen roles run."""

    def __init__(self, ground: Ground, service: Service, store: PostgresEventStore) -> None:
        self._ground, self._service, self._store = ground, service, store
        settings = ground.settings
        self._kafka = Kafka(settings.kafka_servers, settings.certificates, settings.name, settings.topic_prefix)
        self._queues = StreamQueues()
        sealer = ground.database.sealer
        self._sources: Mapping[str, Source] = sources_of(
            service.name, service.read_models, service.processes, service.consumers
        )
        self._own = OwnStore(store, self._sources[service.name].types())
        self._advance = PostgresAdvance(ground.live, sealer, self._sources)
        records: dict[str, RecordSource] = {service.name: self._own}
        records |= {peer: PeerTopic(TopicSource(self._kafka, peer)) for peer in peers_of(service)}
        self._replays = Replays(Generations(ground.building, service.name, service.read_models), records, sealer)
        self._parking = Parking(ground.live, sealer, self._sources, records)
        self._access = Access(ground, service)

    @classmethod
    async def build(cls, ground: Ground, service: Service, stack: AsyncExitStack) -> "Machine":
        """Checks the tables, migrates the service's own, opens the store."""
        check_tables(service.api, service.peers, service.policies)
        if service.migrations is not None:
            async with ground.events.acquire() as connection:
                await migrate(connection, service.migrations, service.name)
        url = ground.settings.databases.database_url
        store = PostgresEventStore(StoredTable(list(service.stored)), ground.keys, url, ground.events)
        await store.open()
        stack.push_async_callback(store.close)
        ground.store.answer_by(store)
        return cls(ground, service, store)

    async def prepare(self) -> None:
        """Before anything is served: the read models fit today's code."""
        await self._replays.start()

    def loops(self) -> dict[str, Loop]:
        """What runs as long as the process, by name."""
        roles, service = self._ground.settings.chosen_roles, self._service
        loops: dict[str, Loop] = {**self._access.loops, **service.background}
        measuring = Measuring(
            self._store, self._ground.live, self._ground.clock, tuple(peers_of(service)), self._access.leases
        )
        if self._ground.settings.otlp_endpoint:
            loops["measuring"] = measuring.run
        if "relay" in roles:
            url = self._ground.settings.databases.database_url
            measuring.relay = Relay(self._store, service.published, self._kafka, url, self._ground.pseudonyms)
            loops["relay"] = measuring.relay.run
        if "projector" in roles:
            loops["projector"] = OwnProjector(self._store, self._own, self._advance).run
            loops["replays"] = self._replays.run
            loops["parking"] = self._parking.run
        if "consumer" in roles and peers_of(service):
            instance = self._ground.settings.instance
            measuring.reader = Reader(service.name, peers_of(service), self._kafka, self._advance, instance)
            loops["consumer"] = measuring.reader.run
        if "effects" in roles:
            means = Means(self._store, self._queues, self._ground.clock, self._ground.database)
            worker = EffectsWorker(self._ground.live, service.effects, means)
            self._advance.subscribe(worker.news)
            loops["effects"] = worker.run
        return loops

    def rpc_server(self) -> RpcServer:
        """The two ports, not yet listening."""
        settings, service = self._ground.settings, self._service
        wait = PositionWait(service.name, self._advance)
        parts = Parts(
            store=self._store,
            queues=self._queues,
            database=self._ground.database,
            clock=self._ground.clock,
            keys=self._ground.key,
            access=self._access,
            wait_for=wait.wait_for,
            moves=self._advance,
        )
        tokens = Tokens(settings.jwks, settings.public_url)
        admission = Admission(tokens, self._access, self._ground.database, self._ground.clock)
        return RpcServer(parts, admission, service.policies, service.api, service.peers)

    async def serve_rpc(self, server: RpcServer) -> None:
        """Opens the two ports."""
        settings, name = self._ground.settings, self._service.name
        addresses = settings.addresses(name)
        listening = Listening(settings.listening(addresses.api), settings.listening(addresses.peers))
        await server.start(listening, Certificates(settings.certificates, name), reflecting=not settings.is_production)
