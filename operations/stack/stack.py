"""One portal: started in order, watched until each part is up, broken and mended by parts, stopped without a rest."""

import asyncio
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from deploy.kafka.provisioning import provision
from deploy.local import postgres
from deploy.local.certificates import make_certificates
from deploy.local.secrets import make_secrets
from operations.settings import External
from operations.stack.layout import Ports, State
from operations.stack.obstacles import (
    Obstacle,
    clear_leftovers,
    look_for_ports,
    look_for_room,
    note,
    only_one,
    told_of_full_disk,
)
from operations.stack.parts import INNER, LISTENERS_OF, OUTER, Parts
from operations.stack.supervision import DOWN, STOP_SECONDS, Supervisor

Say = Callable[[str], None]

POLL_SECONDS = 0.1
LOOKS = 5
"""The supervisor is asked at every fifth look only: it is slow to answer."""
UP_SECONDS = 180.0
"""A cold start on a slow, busy machine; a part that ends before is noticed at once."""
LAST_LINES = 15


def silent(text: str) -> None:
    """Says nothing."""


class Stack:
    """All processes of one portal. ``only``: these parts of it. ``revives``: what dies is started again.

    Example::

        stack = Stack(tmp_path, Ports.free())
        await stack.start()
        …
        await stack.kill("consent")      # SIGKILL, and it stays down
        await stack.restart("consent")
        await stack.wipe_kafka()         # SIGKILL, and its data are gone; restart("kafka") gives an empty broker
        await stack.stop()
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        *,
        only: Collection[str] | None = None,
        external: External | None = None,
        revives: bool = True,
        say: Say = silent,
    ) -> None:
        self.state = State(folder.absolute())
        self.ports = ports
        self.parts = Parts(self.state, ports, external or External.none())
        self.names = [name for name in self.parts.names if only is None or name in only]
        """The parts started here, in order."""
        self._revives, self._say = revives, say
        self._supervisor: Supervisor | None = None
        self._held = ExitStack()

    @property
    def public_url(self) -> str:
        """Where browsers and clients of the API go; they trust ``state.authority``."""
        return self.parts.public_url

    @property
    def mail_url(self) -> str:
        """The mail catcher's page; ``/mails.json?to=`` for programs."""
        return self.parts.mail_url

    @property
    def processor_url(self) -> str:
        """The local payment processor; ``/ledger.json`` for programs."""
        return self.parts.processor_url

    def environment(self) -> dict[str, str]:
        """The variables that services and operations commands read."""
        return self.parts.environment()

    async def start(self) -> None:
        """Starts all parts and returns when each is up. Raises Obstacle; then nothing runs."""
        try:
            with told_of_full_disk(self.state):
                await self._prepare(self.names)
            if self.parts.external.kafka_servers:
                await asyncio.to_thread(provision, self.parts.kafka_servers, self.parts.certificates)
            await self._start_all()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops the outer parts, then the inner ones, each with time to end well; then nothing of it is left."""
        try:
            if self._supervisor is not None:
                await self._stop_in_order(self._supervisor)
                clear_leftovers(self.state, silent)
        finally:
            self._supervisor = None
            self._held.close()

    async def restart(self, *names: str) -> None:
        """Stops what still runs of these parts, starts them, and returns when they are up."""
        await self._running.stop_programs(names)
        await asyncio.to_thread(self._prepare_parts, names)
        await self._start_parts(names)

    async def kill(self, *names: str) -> None:
        """SIGKILL, without notice; they stay down until ``restart``."""
        for name in names:
            await self._running.kill_program(name)

    async def stop_part(self, *names: str) -> None:
        """In order, with SIGTERM; they stay down until ``restart``."""
        await self._running.stop_programs(names)

    async def wipe_kafka(self) -> None:
        """Kills the broker and deletes all it had. ``restart("kafka")`` starts an empty one, provisioned anew."""
        await self.kill("kafka")
        await asyncio.to_thread(shutil.rmtree, self.state.kafka)

    async def pids(self) -> dict[str, int]:
        """Part → process, of those that run; supervisord among them."""
        return await self._running.pids()

    async def fallen(self) -> list[str]:
        """The parts that died again and again until the supervisor gave up. Notes what runs now, besides."""
        note(self.state, await self._running.pids())
        return [name for name, state in (await self._running.states()).items() if state == "FATAL"]

    @property
    def is_alive(self) -> bool:
        """False once the supervisor has ended, whoever ended it."""
        return self._supervisor is not None and self._supervisor.is_alive

    def log(self, name: str) -> Path:
        return self.state.logs / f"{name}.log"

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("expected a started stack")
        return self._supervisor

    async def _prepare(self, names: Sequence[str]) -> None:
        self.state.make()
        self._held.enter_context(only_one(self.state))
        await asyncio.to_thread(clear_leftovers, self.state, self._say)
        look_for_room(self.state)
        look_for_ports(self.ports, {port for name in names for port in LISTENERS_OF[name]})
        make_certificates(self.state.certificates)
        make_secrets(self.state.secrets)
        await asyncio.to_thread(self._prepare_parts, names)
        supervisor = Supervisor(
            self.state.run, self.state.socket("supervisor.sock"), self.state.logs, revives=self._revives
        )
        self._supervisor = supervisor
        await supervisor.start([program for program in self.parts.programs() if program.name in names])
        note(self.state, await supervisor.pids())

    def _prepare_parts(self, names: Sequence[str]) -> None:
        """What must lie on the disk before a part starts; again and again gives the same."""
        if "postgres" in names:
            if not self.state.postgres.exists():
                self._say("Making the databases, once.")
            postgres.prepare(self.state.postgres, self.state.secrets)
        if "kafka" in names:
            if not self.parts.broker.fetched:
                self._say("Fetching Kafka from Maven Central, once.")
            self.parts.broker.prepare()
        if "gateway" in names:
            self.parts.write_gateway()

    async def _start_all(self) -> None:
        """Kafka and the services come up beside each other: relays and readers wait for it, nothing else asks it."""
        inner = [name for name in self.names if name in INNER]
        outer = [name for name in self.names if name in OUTER]
        await self._launch(inner)
        if "postgres" in inner:
            await self._until_up("postgres")  # a service without its databases ends at once
        await self._launch(outer)
        await asyncio.gather(*(self._until_up(name) for name in (*inner, *outer) if name != "postgres"))
        note(self.state, await self._running.pids())

    async def _launch(self, names: Sequence[str]) -> None:
        if names:
            self._say(f"Starting {', '.join(names)}.")
            for name in names:
                await self._running.start_program(name)
            note(self.state, await self._running.pids())

    async def _start_parts(self, names: Sequence[str]) -> None:
        await self._launch(names)
        await asyncio.gather(*(self._until_up(name) for name in names))
        note(self.state, await self._running.pids())

    async def _until_up(self, name: str) -> None:
        deadline = time.monotonic() + UP_SECONDS
        if name == "kafka":
            await self._provision_kafka()
        looks = count()
        while not await self.parts.is_up(name):
            if next(looks) % LOOKS == 0 and await self._running.state(name) in DOWN:
                raise Obstacle(self._ended(name, "ended while it started"))
            if time.monotonic() > deadline:
                raise Obstacle(self._ended(name, f"did not come up within {UP_SECONDS:.0f} s"))
            await asyncio.sleep(POLL_SECONDS)
        if name == "postgres":
            await postgres.provision(self.state.secrets, self.ports.postgres)

    async def _provision_kafka(self) -> None:
        """Topics and ACLs. Waits for the broker, unless it ends."""
        work = asyncio.create_task(asyncio.to_thread(provision, self.parts.kafka_servers, self.parts.certificates))
        while not (await asyncio.wait([work], timeout=POLL_SECONDS))[0]:
            if await self._running.state("kafka") in DOWN:
                raise Obstacle(self._ended("kafka", "ended while it started"))
        try:
            await work
        except TimeoutError as error:
            raise Obstacle(self._ended("kafka", str(error))) from error

    def _ended(self, name: str, what: str) -> str:
        log = self.log(name)
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
        said = "\n".join(f"    {line}" for line in lines)
        return f"{name} {what}. The last it said ({log}):\n{said}\nStart again with make run; what was stored is kept."

    async def _stop_in_order(self, supervisor: Supervisor) -> None:
        try:
            async with asyncio.timeout(4 * STOP_SECONDS):
                if supervisor.is_alive:
                    running = set(await supervisor.pids())
                    await supervisor.stop_programs([name for name in OUTER if name in running])
                    await supervisor.stop_programs([name for name in INNER if name in running])
        except (TimeoutError, OSError):
            self._say("Some parts did not end in time and are ended now.")
        await supervisor.stop()
