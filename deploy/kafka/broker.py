"""How a broker of this portal is set, wherever it runs: mutual TLS, ACLs, and deaths that are noticed soon."""

from dataclasses import dataclass
from pathlib import Path

CLUSTER_ID = "cGF0aWVudC1wb3J0YWwtMQ"
"""Fixed: the broker is disposable, and its readers recognise a new log by its offsets."""

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
class Node:
    """One node that is broker and controller. ``bind`` is '' where it listens on every address of its machine."""

    host: str
    """What clients know it by."""
    port: int
    controller_port: int
    log: Path
    keystore: Path
    """PEM: the key, then the certificate."""
    authority: Path
    bind: str = ""

    def properties(self) -> str:
        """Its ``server.properties``."""
        settings = {
            **SETTINGS,
            "listeners": f"CLIENT://{self.bind}:{self.port},CONTROLLER://{self.bind}:{self.controller_port}",
            "advertised.listeners": f"CLIENT://{self.host}:{self.port},CONTROLLER://{self.host}:{self.controller_port}",
            "controller.quorum.voters": f"1@{self.host}:{self.controller_port}",
            "log.dirs": str(self.log),
            "ssl.keystore.location": str(self.keystore),
            "ssl.truststore.location": str(self.authority),
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())
