"""`make run` on a PostgreSQL, Kafka and mail server that exist already: named in the environment, used, not started."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import pytest

from deploy.local import postgres
from operations.settings import External, database_variable
from operations.stack import Ports, Stack

EXIST = ("postgres", "kafka", "mail")


@pytest.mark.timeout(300)
async def test_a_portal_comes_up_on_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="portal-outside-", ignore_cleanup_errors=True) as folder:
        there = Stack(Path(folder) / "there", Ports.free(), only=EXIST)
        await there.start()
        here: Stack | None = None
        try:
            dsns = postgres.dsns(there.state.secrets, there.ports.postgres)
            given = {database_variable(name): dsn for name, dsn in dsns.items()} | {
                "PORTAL_KAFKA_SERVERS": there.environment()["PORTAL_KAFKA_SERVERS"],
                "PORTAL_CERTIFICATES": str(there.state.certificates),
                "PORTAL_SMTP_URL": there.environment()["PORTAL_SMTP_URL"],
            }
            for name, value in given.items():
                monkeypatch.setenv(name, value)
            here = Stack(Path(folder) / "here", Ports.free(), external=External())
            await here.start()
            assert not set(EXIST) & set(await here.pids())
            assert not here.state.postgres.exists()
            context = ssl.create_default_context(cafile=str(here.state.authority))
            async with httpx.AsyncClient(verify=context, trust_env=False) as client:
                answer = await client.get(f"{here.public_url}/v1/practices")
            assert (answer.status_code, answer.json()["practices"]) == (200, [])
            database = await asyncpg.connect(dsns["identity"])
            assert await database.fetchval("SELECT count(*) FROM events") == 0
            await database.close()
        finally:
            if here is not None:
                await here.stop()
            await there.stop()
