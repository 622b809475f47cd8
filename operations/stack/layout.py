"""Where a portal on this machine keeps its things, and at which ports it listens."""

import hashlib
import os
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

from deploy.local.certificates import SERVICES
from deploy.local.files import private_folder
from deploy.local.ports import HOST, free_ports
from operations.settings import BASE, ROOT

JARS = ROOT / ".portal/jars"
DESCRIPTORS = ROOT / "shared/contracts/portal.binpb"
OPENAPI = ROOT / "shared/contracts/openapi.json"
SOCKET_PATH_BYTES = 100
"""A unix socket's path has at most 107 bytes, fewer on macOS (103)."""


@dataclass(frozen=True, slots=True)
class Ports:
    """One port a listener, all on loopback."""

    web: int
    mail_page: int
    processor: int
    gateway: int
    smtp: int
    postgres: int
    kafka: int
    kafka_controller: int
    identity_api: int
    identity_peers: int
    consent_api: int
    consent_peers: int
    messaging_api: int
    messaging_peers: int
    documents_api: int
    documents_peers: int
    billing_api: int
    billing_peers: int

    @classmethod
    def from_base(cls, base: int = BASE) -> "Ports":
        return cls(*range(base, base + len(fields(cls))))

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nobody listens at, and nobody else is given; for tests and the demo."""
        return cls(*free_ports(len(fields(cls))))

    def by_name(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def target(self, name: str) -> str:
        """``host:port`` of one listener, e.g. ``consent_api``."""
        return f"{HOST}:{self.by_name()[name]}"


@dataclass(frozen=True, slots=True)
class State:
    """The folder that holds all a portal keeps: data, secrets, logs."""

    folder: Path

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def certificates(self) -> Path:
        return self.secrets / "certificates"

    @property
    def authority(self) -> Path:
        """What browsers and outside clients trust."""
        return self.certificates / "public-authority.pem"

    @property
    def accounts(self) -> Path:
        """The demo accounts, as ``operations.accounts`` writes them."""
        return self.secrets / "accounts.json"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def kafka(self) -> Path:
        return self.folder / "kafka"

    @property
    def mails(self) -> Path:
        return self.folder / "mails"

    @property
    def processor(self) -> Path:
        return self.folder / "processor"

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def seeded(self) -> Path:
        """Exists once the demonstration data are complete."""
        return self.folder / "seeded"

    def make(self) -> None:
        for folder in (self.folder, self.secrets, self.blobs, self.logs, self.run):
            private_folder(folder)

    def socket(self, name: str) -> Path:
        """A unix socket of this portal: in its folder, or (too long a path) in a private folder of short name."""
        path = self.run / name
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return path
        number = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        short = private_folder(Path(tempfile.gettempdir()) / f"portal-{os.geteuid()}-{number}")
        if short.stat().st_uid != os.geteuid():
            raise PermissionError(f"{short} belongs to somebody else")
        return short / name


def api(service: str) -> str:
    """The name of a service's port for gateway and web."""
    return f"{service}_api"


def peers(service: str) -> str:
    return f"{service}_peers"


LISTENERS = {
    "web": "the pages",
    "mail_page": "the mails' page",
    "processor": "the local payment processor",
    "gateway": "the gateway",
    "smtp": "the mail catcher",
    "postgres": "PostgreSQL",
    "kafka": "Kafka",
    "kafka_controller": "Kafka's controller",
    **{api(service): f"{service}" for service in SERVICES},
    **{peers(service): f"{service}, for its peers" for service in SERVICES},
}
"""Port → what a person calls it."""
