"""The portal's pages as a process: HTTP on loopback behind the gateway, gRPC to the services."""

import logging
import sys

import uvicorn

from shared import telemetry
from shared.exporting import export
from shared.settings import SettingsRefused
from web.app import application
from web.settings import WebSettings

log = logging.getLogger(__name__)


def main() -> None:
    """Serves until it is told to stop."""
    telemetry.log_as_json("web")
    try:
        settings = WebSettings()  # type: ignore[call-arg]  # the values come from the environment
    except SettingsRefused as refused:
        log.critical("the process ends: %s", refused)
        sys.exit(1)
    export("web", settings.otlp_endpoint)
    uvicorn.run(
        application(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
