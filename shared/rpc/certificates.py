"""Who is at the other end: mTLS with one authority, principals as DNS names in certificates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc

PRINCIPALS = frozenset(
    {"identity", "consent", "messaging", "documents", "billing", "web", "gateway", "operations", "analytics"}
)
SUBJECT_NAMES = "x509_subject_alternative_name"


@dataclass(frozen=True, slots=True)
class Certificates:
    """The folder with ``authority.pem``, ``<principal>.pem`` and ``<principal>.key``."""

    folder: Path
    principal: str

    def server(self) -> grpc.ServerCredentials:
        """Credentials of a port that only certificates of the authority may reach."""
        authority, certificate, key = self._read()
        return grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)

    def channel(self) -> grpc.ChannelCredentials:
        """Credentials of a client that shows itself as the principal."""
        authority, certificate, key = self._read()
        return grpc.ssl_channel_credentials(authority, key, certificate)

    def _read(self) -> tuple[bytes, bytes, bytes]:
        return (
            (self.folder / "authority.pem").read_bytes(),
            (self.folder / f"{self.principal}.pem").read_bytes(),
            (self.folder / f"{self.principal}.key").read_bytes(),
        )


def principal_of(auth_context: Mapping[str, Iterable[bytes]]) -> str:
    """The one principal that the peer's certificate names; '' for none or several."""
    names = {name.decode("ascii", "replace") for name in auth_context.get(SUBJECT_NAMES, ())} & PRINCIPALS
    return names.pop() if len(names) == 1 else ""
