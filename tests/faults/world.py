"""A PostgreSQL, a Kafka and the parts between them, each a process of its own that can be killed at any moment."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from deploy.kafka.provisioning import provision
from deploy.kafka.republish import republish
from deploy.local import postgres
from deploy.local.bound import bound
from deploy.local.certificates import make_certificates
from deploy.local.kafka import Broker
from deploy.local.ports import HOST, free_ports
from deploy.local.secrets import make_secrets
from tests.faults.places import SENDER, Place, empty, prepare
from tests.faults.wire import Wire
from tests.waiting import until

ROOT = Path(__file__).parents[2]
JARS = ROOT / ".portal/jars"
START_SECONDS = 90.0
PARTS = {
    "writer": "writer", "other-writer": "writer", "relay": "relay", "other-relay": "relay",
    "reader": "reader", "other-reader": "reader", "effects": "effects", "other-effects": "effects",
}  # fmt: skip
"""Name → role. Two instances of everything: writers meet on streams, relays fight for the lead, readers share."""
WRITERS = ("writer", "other-writer")


@dataclass(slots=True)
class Part:
    """A running part; ``answers`` are its lines."""

    process: asyncio.subprocess.Process
    listening: "asyncio.Task[None]"

    @property
    def alive(self) -> bool:
        return self.process.returncode is None


@dataclass(slots=True)
class World:
    """Everything by name. ``bug`` is planted in every part that is started."""

    folder: Path
    place: Place
    broker: Broker
    bug: str = ""
    heard: Callable[[Mapping[str, Any]], None] = lambda said: None
    """What the writer says."""
    parts: dict[str, Part] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)
    """Part → the wire by which it reaches PostgreSQL, where it has one of its own."""
    mail_pages: str = ""
    """Where the caught mails are shown."""
    servers: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    """Part or server → how often."""

    @property
    def kills(self) -> int:
        return self.killed.total()

    @property
    def data(self) -> Path:
        """PostgreSQL's, in a folder of its own, which may be a disk of its own."""
        return self.folder / "disk" / "postgres"

    async def start(self, name: str) -> None:
        """Starts a part, and returns once it is ready; one that ends before is started again."""
        await until(lambda: self._started(name), START_SECONDS)

    async def _started(self, name: str) -> bool:
        ready = asyncio.Event()
        place = replace(self.place, port=self.wires[name].port) if name in self.wires else self.place
        path = self.folder / f"{name}.json"
        place.write(path)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.faults.part", PARTS[name], name, str(path), self.bug,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, cwd=ROOT,
            )  # fmt: skip
        self.parts[name] = Part(process, asyncio.create_task(self._listen(process, ready)))
        came = asyncio.create_task(ready.wait())
        await asyncio.wait({came, self.parts[name].listening}, return_when=asyncio.FIRST_COMPLETED)
        came.cancel()
        await asyncio.wait({came})
        return ready.is_set()

    async def _listen(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        if process.stdout is None:
            return
        while line := await process.stdout.readline():
            said = json.loads(line)
            if "ready" in said:
                ready.set()
            else:
                self.heard(said)
        await process.wait()

    async def tell(self, name: str, asked: Mapping[str, str]) -> bool:
        """Hands a writer a command; whether it took it."""
        writer = self.parts[name]
        if not writer.alive or writer.process.stdin is None:
            return False
        try:
            writer.process.stdin.write(json.dumps(asked).encode() + b"\n")
            await writer.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def freeze(self, name: str) -> None:
        """It stands still in the middle of what it does, and knows nothing of it afterwards."""
        if self.parts[name].alive:
            self.parts[name].process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        if self.parts[name].alive:
            self.parts[name].process.send_signal(signal.SIGCONT)

    async def kill(self, name: str) -> None:
        """SIGKILL, and nothing else of it is heard."""
        self.killed[name] += 1
        if name in self.servers:
            self.servers[name].kill()
            await asyncio.to_thread(self.servers[name].wait, 20)
            return
        part = self.parts[name]
        if part.alive:
            part.process.send_signal(signal.SIGKILL)
        await part.listening

    def serve(self, name: str, command: Sequence[str], user: str | None = None) -> None:
        """A server that ends with this process, however that ends."""
        ending = bound(command, "KILL", user)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.servers[name] = subprocess.Popen(  # noqa: S603 - our own command
                ending, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/" if user else ROOT
            )

    def start_postgres(self) -> None:
        command = postgres.command(self.data, self.place.port)
        self.serve("postgres", command, postgres.system_user())

    async def postgres_answers(self) -> bool:
        """Also starts it again where it did not come up: what the killed one left may still be held."""
        if self.servers["postgres"].poll() is not None:
            self.start_postgres()
        return await postgres.answers(Path(self.place.secrets), self.place.port)

    def start_kafka(self) -> None:
        self.broker.prepare()
        self.serve("kafka", self.broker.command())

    async def provision_kafka(self) -> None:
        await asyncio.to_thread(provision, self.broker.servers, self.broker.certificates, "")

    async def start_outside(self) -> None:
        """The mail catcher and the payment processor, whose ledgers are kept as long as this world."""
        smtp, pages, processor = free_ports(3)
        folder, secrets = self.folder, self.place.secrets
        self.mail_pages = f"http://{HOST}:{pages}"
        self.place = replace(self.place, mail=f"smtp://{HOST}:{smtp}", processor=f"http://{HOST}:{processor}")
        python = [sys.executable, "-m"]
        self.serve("mail", [*python, "deploy.local.mail", "--folder", str(folder / "mails"),
                            "--smtp-port", str(smtp), "--port", str(pages)])  # fmt: skip
        self.serve("processor", [*python, "deploy.local.processor", "--folder", str(folder / "payments"),
                                 "--secrets", secrets, "--authority", f"{self.place.certificates}/authority.pem",
                                 "--webhook", f"http://{HOST}:{pages}/nobody", "--port", str(processor)])  # fmt: skip
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:

            async def serves() -> bool:
                try:
                    for url in (f"{self.mail_pages}/mails.json", f"{self.place.processor}/ledger.json"):
                        (await client.get(url)).raise_for_status()
                except httpx.TransportError:
                    return False
                return True

            await until(serves, START_SECONDS)

    async def renew(self) -> None:
        """No part runs, and nothing has happened yet, but for what the ledgers outside keep."""
        await self.end_parts()
        await empty(self.place)
        await republish(SENDER, self.broker.servers, self.broker.certificates)

    async def restart(self, name: str) -> None:
        """What was killed, up again."""
        if name == "postgres":
            self.start_postgres()
            await until(self.postgres_answers, START_SECONDS)
        elif name == "kafka":
            self.start_kafka()
        else:
            await self.start(name)

    async def wipe_kafka(self) -> None:
        """Killed, and come back empty: with topics, without records."""
        await self.kill("kafka")
        await asyncio.to_thread(shutil.rmtree, self.broker.folder)
        self.start_kafka()
        await self.provision_kafka()

    async def end_parts(self) -> None:
        """Kills what runs, which counts for nobody."""
        for part in self.parts.values():
            if part.alive:
                part.process.kill()
            await part.listening
        self.parts.clear()

    async def end(self) -> None:
        await self.end_parts()
        for process in self.servers.values():
            process.kill()
            await asyncio.to_thread(process.wait, 20)


@asynccontextmanager
async def world(disk_megabytes: int = 0, *, kafka: bool = True) -> AsyncIterator[World]:
    """Servers up, tables made, no part started. ``disk_megabytes``: PostgreSQL's own disk, in memory (0: none)."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portal-faults-")))
        (folder / "disk").mkdir()
        if disk_megabytes:
            stack.enter_context(mounted(folder / "disk", disk_megabytes))
        make_secrets(folder / "secrets")
        make_certificates(folder / "certificates")
        number, *kafka_ports = free_ports(3)
        broker = Broker(folder / "kafka", folder / "certificates", JARS, *kafka_ports)
        place = Place(str(folder / "secrets"), number, broker.servers, str(broker.certificates))
        made = World(folder, place, broker)
        postgres.prepare(made.data, folder / "secrets")
        made.start_postgres()
        if kafka:
            made.start_kafka()
        try:
            await until(made.postgres_answers, START_SECONDS)
            await postgres.provision(folder / "secrets", number)
            await prepare(place)
            if kafka:
                await made.provision_kafka()
            yield made
        finally:
            await made.end()


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[None]:
    """A disk in memory that is soon full. CalledProcessError where this user may not mount one."""
    options = f"size={megabytes}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True)  # noqa: S603, S607
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607
