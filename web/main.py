"""The portal's pages as a process: HTTP on loopback behind the gateway, gRPC to the services."""

import uvicorn

from shared import telemetry
from web.app import application
from web.settings import WebSettings


def main() -> None:
    """Serves until it is told to stop."""
    settings = WebSettings()  # type: ignore[call-arg]  # the values come from the environment
    telemetry.log_as_json("web")
    telemetry.trace_to("web", settings.otlp_endpoint)
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
