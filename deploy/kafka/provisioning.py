"""What a broker must have before it counts as up: the topics, and who may write and read them."""

import time
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.cimpl import NewTopic

SERVICES = ("identity", "consent", "messaging", "documents", "billing")
ANALYTICS = "analytics"
PARTITIONS = 12
"""Fixed for a topic's life: another count is a ``v2`` topic."""
SECONDS = 20.0
BROKER_SECONDS = 150.0
"""A broker that starts on a machine with much else to do."""
STARTING = {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._PARTIAL}
FENCED = {*STARTING, KafkaError.INVALID_REPLICATION_FACTOR, KafkaError.NOT_CONTROLLER}
POLL_SECONDS = 0.02


def topics(prefix: str = "") -> list[str]:
    return [f"{prefix}portal.{name}.v1" for name in (*SERVICES, ANALYTICS)]


def provision(servers: str, certificates: Path, prefix: str = "", *, replicas: int = 1) -> None:
    """Creates the topics and ACLs that are missing, as principal ``operations``; waits for a broker that starts.

    ``prefix`` stands before each topic and group name, so that tests share a broker without meeting.
    """
    client = admin(servers, certificates)
    wait_for_broker(client)
    create_topics(client, topics(prefix), replicas)
    bindings = set(acls(prefix))
    wait_for(client.create_acls(list(bindings)).values())
    anything: Any = None  # the client's types know no None, which stands for every name
    everything = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    deadline = time.monotonic() + SECONDS
    while not bindings <= set(client.describe_acls(everything).result(SECONDS)):  # accepted is not yet in force
        if time.monotonic() > deadline:
            raise TimeoutError(f"the broker did not put the ACLs in force within {SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def wait_for_broker(client: AdminClient) -> None:
    """Returns once a controller is known; the broker may be starting, on a busy machine for some ten seconds."""
    deadline = time.monotonic() + BROKER_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.list_topics(timeout=1).controller_id >= 0:
                return
        except KafkaException as error:
            if error.args[0].code() not in STARTING:
                raise
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"did not answer within {BROKER_SECONDS:.0f} s")


def create_topics(client: AdminClient, names: Iterable[str], replicas: int = 1) -> None:
    """Creates those that are missing. A broker that has only just registered is fenced for a moment, and waited for."""
    settings = {"retention.ms": "-1", "cleanup.policy": "delete"}
    wanted = [NewTopic(name, PARTITIONS, replicas, config=settings) for name in names]
    deadline = time.monotonic() + BROKER_SECONDS
    while True:
        try:
            created = client.create_topics(wanted, operation_timeout=SECONDS)
            wait_for(created.values(), KafkaError.TOPIC_ALREADY_EXISTS)
        except KafkaException as error:
            if error.args[0].code() not in FENCED or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(POLL_SECONDS)


def remove(servers: str, certificates: Path, prefix: str) -> None:
    """Deletes the topics and ACLs of one prefix; an empty prefix would be the portal itself and is refused."""
    if not prefix:
        raise ValueError("expected a prefix: the portal's own topics are not removed this way")
    client = admin(servers, certificates)
    deletions = client.delete_topics(topics(prefix), operation_timeout=SECONDS)
    wait_for(deletions.values(), KafkaError.UNKNOWN_TOPIC_OR_PART)
    # A filter reads its fields differently from a binding, but has the same ones.
    filters = [
        AclBindingFilter(
            acl.restype,
            acl.name,
            acl.resource_pattern_type,
            acl.principal,
            acl.host,
            acl.operation,
            acl.permission_type,
        )
        for acl in acls(prefix)
    ]
    wait_for(client.delete_acls(filters).values())


def admin(servers: str, certificates: Path) -> AdminClient:
    return AdminClient(connection(servers, certificates))


def connection(servers: str, certificates: Path) -> dict[str, Any]:
    """What a client needs to be the principal ``operations``."""
    return {
        "bootstrap.servers": servers,
        "security.protocol": "SSL",
        "ssl.ca.location": str(certificates / "authority.pem"),
        "ssl.certificate.location": str(certificates / "operations.pem"),
        "ssl.key.location": str(certificates / "operations.key"),
        "socket.timeout.ms": 10000,
        "reconnect.backoff.max.ms": 250,  # a broker that starts is found soon after it listens
        "log_level": 2,
    }


def acls(prefix: str = "") -> list[AclBinding]:
    """A service alone writes its topic, all services read it. They write that of analytics, which alone reads it."""
    bindings = []
    for service in SERVICES:
        bindings += allow(service, ResourceType.TOPIC, f"{prefix}portal.{service}.", AclOperation.WRITE)
        for peer in SERVICES:
            bindings += allow(service, ResourceType.TOPIC, f"{prefix}portal.{peer}.", AclOperation.READ)
        bindings += allow(service, ResourceType.TOPIC, f"{prefix}portal.{ANALYTICS}.", AclOperation.WRITE)
        bindings += allow(service, ResourceType.GROUP, f"{prefix}portal.{service}", AclOperation.READ)
    bindings += allow(ANALYTICS, ResourceType.TOPIC, f"{prefix}portal.{ANALYTICS}.", AclOperation.READ)
    bindings += allow(ANALYTICS, ResourceType.GROUP, f"{prefix}portal.{ANALYTICS}", AclOperation.READ)
    return bindings


def allow(principal: str, kind: ResourceType, name_prefix: str, operation: AclOperation) -> list[AclBinding]:
    """Reading and writing each imply describing."""
    pattern, permission = ResourcePatternType.PREFIXED, AclPermissionType.ALLOW
    return [AclBinding(kind, name_prefix, pattern, f"User:{principal}", "*", operation, permission)]


def wait_for(futures: Iterable["Future[object]"], harmless: int | None = None) -> None:
    for future in futures:
        try:
            future.result(SECONDS)
        except KafkaException as error:
            if error.args[0].code() != harmless:
                raise
