"""The parts of a portal as processes: how each is started, and how one knows that it is up."""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.envoy.configuration import Gateway
from deploy.envoy.configuration import command as envoy_command
from deploy.local import postgres
from deploy.local.certificates import SERVICES
from deploy.local.files import write_private
from deploy.local.kafka import Broker
from deploy.local.ports import HOST
from deploy.local.secrets import read_password
from operations.settings import External, database_variable
from operations.stack.layout import DESCRIPTORS, JARS, OPENAPI, Ports, State, api, peers
from operations.stack.supervision import Program
from shared.rpc.health import serves

ANSWER_SECONDS = 2.0
INNER = ("postgres", "kafka", "mail", "processor")
"""What the services stand on. Stopped last."""
OUTER = (*SERVICES, "web", "gateway")
"""What the patients and staff reach."""
MODULES = {**{service: f"services.{service}.main" for service in SERVICES}, "web": "web.main"}
LISTENERS_OF = {
    "postgres": {"postgres"},
    "kafka": {"kafka", "kafka_controller"},
    "mail": {"smtp", "mail_page"},
    "processor": {"processor"},
    "web": {"web"},
    "gateway": {"gateway"},
    **{service: {api(service), peers(service)} for service in SERVICES},
}
"""Part → the ports it takes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts of one portal: of its folder, at its ports, with what exists outside already."""

    state: State
    ports: Ports
    external: External

    @property
    def names(self) -> list[str]:
        """The parts to be started here, in order."""
        outside = {
            "postgres": bool(self.external.databases),
            "kafka": bool(self.external.kafka_servers),
            "mail": bool(self.external.smtp_url),
            "processor": self.external.payments == "stripe",
        }
        return [name for name in (*INNER, *OUTER) if not outside.get(name, False)]

    @property
    def public_url(self) -> str:
        return f"https://localhost:{self.ports.gateway}"

    @property
    def certificates(self) -> Path:
        """Those of the parts among themselves: made here, or mounted for an outside Kafka."""
        return Path(self.external.certificates) if self.external.certificates else self.state.certificates

    @property
    def broker(self) -> Broker:
        return Broker(self.state.kafka, self.state.certificates, JARS, self.ports.kafka, self.ports.kafka_controller)

    @property
    def kafka_servers(self) -> str:
        return self.external.kafka_servers or self.broker.servers

    def environment(self) -> dict[str, str]:
        """What a service, web or an operations command needs to know of this portal."""
        secrets, external = self.state.secrets, self.external
        local = external.payments == "local"
        databases = external.databases or postgres.dsns(secrets, self.ports.postgres)
        values = {
            "PORTAL_MODE": "demo",
            **{database_variable(name): dsn for name, dsn in databases.items()},
            "PORTAL_KAFKA_SERVERS": self.kafka_servers,
            "PORTAL_TOPIC_PREFIX": "",
            "PORTAL_CERTIFICATES": str(self.certificates),
            "PORTAL_SECRETS": str(secrets),
            "PORTAL_JWKS": str(secrets / "jwks.json"),
            **{f"PORTAL_{service.upper()}_API": self.ports.target(api(service)) for service in SERVICES},
            **{f"PORTAL_{service.upper()}_PEERS": self.ports.target(peers(service)) for service in SERVICES},
            "PORTAL_WEB": self.ports.target("web"),
            "PORTAL_PUBLIC_URL": self.public_url,
            "PORTAL_SMTP_URL": external.smtp_url or f"smtp://{self.ports.target('smtp')}",
            "PORTAL_MAIL_FROM": external.mail_from,
            "PORTAL_PAYMENTS": external.payments,
            "PORTAL_PROCESSOR_URL": self.processor_url if local else "",
            "PORTAL_STRIPE_SECRET_KEY": read_password(secrets, "processor") if local else external.stripe_secret_key,
            "PORTAL_STRIPE_WEBHOOK_SECRETS": (
                read_password(secrets, "webhook") if local else external.stripe_webhook_secrets
            ),
            "PORTAL_STRIPE_API_BASE": "" if local else external.stripe_api_base,
            "PORTAL_BLOBS_URL": external.blobs_url or self.state.blobs.as_uri(),
            "OTEL_EXPORTER_OTLP_ENDPOINT": external.otlp_endpoint,
        }
        return {name: value for name, value in values.items() if value}

    def environment_of(self, name: str) -> dict[str, str]:
        """What one process is given: its own databases only, and the processor's keys only where it pays."""
        own = {database_variable(name), database_variable(f"{name}_keys")}
        return {
            variable: value
            for variable, value in self.environment().items()
            if (variable in own or not variable.endswith("_DATABASE_URL"))
            and (name == "billing" or not variable.startswith("PORTAL_STRIPE_"))
        }

    @property
    def processor_url(self) -> str:
        return f"http://{self.ports.target('processor')}"

    @property
    def mail_url(self) -> str:
        return f"http://{self.ports.target('mail_page')}"

    def programs(self) -> list[Program]:
        made = {
            "postgres": self._postgres,
            "kafka": self._kafka,
            "mail": self._mail,
            "processor": self._processor,
            "gateway": self._gateway,
        }
        return [
            made[name](place) if name in made else self._python(name, place) for place, name in enumerate(self.names)
        ]

    def _postgres(self, priority: int) -> Program:
        command = postgres.command(self.state.postgres, self.ports.postgres)
        return Program("postgres", command, priority, user=postgres.system_user(), stop_signal="INT")

    def _kafka(self, priority: int) -> Program:
        return Program("kafka", self.broker.command(), priority)

    def _mail(self, priority: int) -> Program:
        ports = [f"--smtp-port={self.ports.smtp}", f"--port={self.ports.mail_page}"]
        command = [sys.executable, "-m", "deploy.local.mail", f"--folder={self.state.mails}", *ports]
        return Program("mail", command, priority)

    def _processor(self, priority: int) -> Program:
        options = {
            "folder": self.state.processor,
            "secrets": self.state.secrets,
            "authority": self.state.authority,
            "webhook": f"{self.public_url}/v1/processor-events",
            "port": self.ports.processor,
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        return Program("processor", [sys.executable, "-m", "deploy.local.processor", *given], priority)

    def _python(self, name: str, priority: int) -> Program:
        return Program(name, [sys.executable, "-m", MODULES[name]], priority, self.environment_of(name))

    def _gateway(self, priority: int) -> Program:
        return Program("gateway", envoy_command(self.state.run / "envoy.yaml"), priority)

    def write_gateway(self) -> None:
        """Envoy's configuration, from the contracts as they are now."""
        gateway = Gateway(
            listen=self.ports.target("gateway"),
            public_url=self.public_url,
            certificates=self.certificates,
            public_certificates=self.state.certificates,
            jwks=self.state.secrets / "jwks.json",
            descriptors=DESCRIPTORS,
            services={service: self.ports.target(api(service)) for service in SERVICES},
            web=self.ports.target("web"),
            admin_socket=self.state.socket("envoy.sock"),
            openapi=OPENAPI if OPENAPI.exists() else None,
            otlp_endpoint=self.external.otlp_endpoint,
        )
        write_private(self.state.run / "envoy.yaml", gateway.render().encode())

    async def is_up(self, name: str) -> bool:
        """Whether the part answers as it should; PostgreSQL and Kafka are asked by their provisioning."""
        if name in SERVICES:
            target = self.ports.target(api(name))
            return listens(target) and await serves(target, name, self.certificates, "gateway")
        if name == "gateway":
            return await answers("http://envoy/ready", self.state.socket("envoy.sock"))
        if name == "postgres":
            return await postgres.answers(self.state.secrets, self.ports.postgres)
        pages: Mapping[str, str] = {
            "mail": self.mail_url,
            "processor": self.processor_url,
            "web": f"http://{self.ports.target('web')}",
        }
        return await answers(f"{pages[name]}/") if name in pages else True


def listens(target: str) -> bool:
    """Whether anybody does; asked before what costs more."""
    with socket.socket() as door:
        return door.connect_ex((HOST, int(target.rpartition(":")[2]))) == 0


async def answers(url: str, unix_socket: Path | None = None) -> bool:
    """Whether HTTP is spoken there, without an error of the server."""
    # Plain HTTP: without verify=False each question would load the machine's authorities first.
    transport = httpx.AsyncHTTPTransport(verify=False, uds=str(unix_socket) if unix_socket else None)
    async with httpx.AsyncClient(transport=transport, timeout=ANSWER_SECONDS, trust_env=False) as client:
        try:
            return not (await client.get(url)).is_server_error
        except httpx.TransportError:
            return False
