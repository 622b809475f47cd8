"""``python -m deploy.envoy.main FOLDER``: writes Envoy's configuration and what it reads beside secrets."""

import shutil
import sys
from pathlib import Path

from deploy.envoy.configuration import SORRY, Gateway
from deploy.envoy.settings import GatewaySettings
from shared.service import SERVICES
from shared.settings import SettingsRefused

CONTRACTS = Path(__file__).parents[2] / "shared/contracts"
ADMIN_SOCKET = Path("/tmp/envoy.sock")  # noqa: S108 - of a container that has its /tmp for itself


def write(folder: Path, settings: GatewaySettings) -> None:
    """Envoy must find ``folder`` under the same path, and read nothing else but the mounted secrets."""
    for source in (CONTRACTS / "portal.binpb", CONTRACTS / "openapi.json", SORRY):
        shutil.copyfile(source, folder / source.name)
    gateway = Gateway(
        listen=settings.gateway,
        public_url=settings.public_url,
        certificates=settings.certificates,
        public_certificates=settings.public_certificates,
        jwks=settings.jwks,
        descriptors=folder / "portal.binpb",
        services={service: settings.addresses(service).api for service in SERVICES},
        web=settings.web,
        admin_socket=ADMIN_SOCKET,
        openapi=folder / "openapi.json",
        sorry=folder / SORRY.name,
        otlp_endpoint=settings.otlp_endpoint,
    )
    (folder / "envoy.yaml").write_text(gateway.render(), encoding="utf-8")


def main() -> None:
    """Settings come from the environment."""
    try:
        write(Path(sys.argv[1]), GatewaySettings())  # type: ignore[call-arg]  # from the environment
    except SettingsRefused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
