"""The embedded PostgreSQL: ten databases, each open to its own role and password only."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from deploy.local import postgres
from deploy.local.ports import free_ports
from deploy.local.secrets import make_secrets
from tests.waiting import until


@pytest.fixture
async def server() -> AsyncIterator[tuple[Path, int]]:
    """The secrets' folder and the port of a server that was made and provisioned twice."""
    with TemporaryDirectory(prefix="portal-test-") as name:
        folder = Path(name)
        secrets = folder / "secrets"
        make_secrets(secrets)
        [port] = free_ports(1)
        postgres.prepare(folder / "postgres", secrets)
        postgres.prepare(folder / "postgres", secrets)
        user = postgres.system_user()
        command = postgres.command(folder / "postgres", port)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log, user=user, group=user, cwd="/")  # noqa: ASYNC220, S603
        try:
            await until(lambda: postgres.answers(secrets, port))
            await postgres.provision(secrets, port)
            await postgres.provision(secrets, port)
            yield secrets, port
        finally:
            process.send_signal(2)
            process.wait(10)


async def test_each_role_owns_its_database_and_may_not_enter_another(server: tuple[Path, int]) -> None:
    secrets, port = server
    dsns = postgres.dsns(secrets, port)
    assert len(dsns) == 10
    for name, dsn in dsns.items():
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE mine (id int)")
        assert await connection.fetchval("SELECT current_user") == name
        assert connection.get_server_version().major == 18
        assert await connection.fetchval("SHOW log_parameter_max_length_on_error") == "0"
        await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(dsns["consent"].rsplit("/", 1)[0] + "/consent_keys")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(dsns["consent"].rsplit("/", 1)[0] + "/postgres")


async def test_a_wrong_password_is_refused(server: tuple[Path, int]) -> None:
    _, port = server
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://consent:guess@127.0.0.1:{port}/consent")


async def test_it_listens_on_loopback_only(server: tuple[Path, int]) -> None:
    _, port = server
    listening = [line.split()[1] for line in sockets() if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def sockets() -> list[str]:
    return [line for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
