"""Where Kafka is and who we are there: names of topics and groups, mutual TLS, no settings."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUEST_MILLISECONDS = 10_000


def kafka_ssl(certificates: Path, principal: str) -> ssl.SSLContext:
    """Mutual TLS as ``principal``: its ``.pem`` and ``.key`` in the folder, and only brokers of ``authority.pem``."""
    context = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
    context.load_cert_chain(certificates / f"{principal}.pem", certificates / f"{principal}.key")
    return context


@dataclass(frozen=True, slots=True)
class Kafka:
    """One principal's way to the broker. ``prefix`` stands before every topic and group (tests; '' else)."""

    servers: str
    certificates: Path
    principal: str
    prefix: str = ""

    def topic(self, service: str) -> str:
        return f"{self.prefix}portal.{service}.v1"

    def group(self, service: str) -> str:
        return f"{self.prefix}portal.{service}"

    def source(self, topic: str) -> str:
        """The service whose topic it is."""
        return topic.removeprefix(f"{self.prefix}portal.").removesuffix(".v1")

    def ssl(self) -> ssl.SSLContext:
        return kafka_ssl(self.certificates, self.principal)

    def connection(self, role: str) -> dict[str, Any]:
        """What every aiokafka client needs, as keyword arguments; ``role`` is what the broker's log calls it."""
        return {
            "bootstrap_servers": self.servers,
            "security_protocol": "SSL",
            "ssl_context": self.ssl(),
            "request_timeout_ms": REQUEST_MILLISECONDS,
            "client_id": f"{self.principal}-{role}",
        }
