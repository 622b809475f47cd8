"""A portal's own processes, started and stopped for real: nothing is left, nothing is lost, parts break alone."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import psutil
import pytest

from deploy.kafka.provisioning import admin, topics
from operations.stack import Obstacle, Ports, Stack
from tests.waiting import until

INNER = ("postgres", "kafka", "mail", "processor")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="portal-stack-", ignore_cleanup_errors=True)


def running(pids: dict[str, int]) -> list[str]:
    """The names of those that still run; a zombie does not."""
    left = []
    for name, pid in pids.items():
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                left.append(name)
        except psutil.NoSuchProcess:
            continue
    return left


@pytest.mark.timeout(240)
async def test_parts_break_and_mend_alone_and_a_second_start_continues(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        ports = Ports.free()
        stack = Stack(Path(name), ports)
        await stack.start(INNER)
        first = await stack.pids()
        assert set(first) == {*INNER, "supervisord"}
        database = await asyncpg.connect(stack.environment()["PORTAL_CONSENT_DATABASE_URL"])
        await database.execute("CREATE TABLE kept (id int)")
        await database.close()

        await stack.kill("mail")
        assert "mail" not in await stack.pids()
        await stack.restart("mail")
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{stack.mail_url}/mails.json")).json() == {"mails": []}
        assert (await stack.pids())["postgres"] == first["postgres"], "the others did not notice"

        await stack.wipe_kafka()
        await stack.restart("kafka")
        servers = stack.environment()["PORTAL_KAFKA_SERVERS"]
        assert set(topics()) <= set(admin(servers, stack.state.certificates).list_topics(timeout=10).topics)

        with pytest.raises(Obstacle, match="Another portal"):
            await Stack(Path(name), Ports.free()).start(INNER)
        last = await stack.pids()
        await stack.stop()
        assert running({**first, **last}) == []

        again = Stack(Path(name), ports)
        await again.start(["postgres"])
        database = await asyncpg.connect(again.environment()["PORTAL_CONSENT_DATABASE_URL"])
        assert await database.fetchval("SELECT count(*) FROM kept") == 0
        await database.close()
        await again.stop()


async def test_a_part_that_dies_by_itself_is_started_again(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        stack = Stack(Path(name), Ports.free())
        await stack.start(["mail"])
        before = (await stack.pids())["mail"]
        psutil.Process(before).kill()
        await until(lambda: revived(stack, before), 20)
        await stack.stop()


async def revived(stack: Stack, before: int) -> bool:
    return (await stack.pids()).get("mail", before) != before


async def test_a_part_that_cannot_start_says_its_last_words_and_leaves_nothing(
    folder: "TemporaryDirectory[str]",
) -> None:
    with folder as name:
        stack = Stack(Path(name), Ports.free(), revives=False)
        await stack.start(["mail"])
        await stack.stop()
        (stack.state.mails / "x.eml").write_bytes(b"")
        stack.state.mails.rename(stack.state.folder / "elsewhere")
        stack.state.mails.write_text("a file where the folder should be")
        with pytest.raises(Obstacle, match=r"mail ended while it started[\s\S]*FileExistsError"):
            await stack.start(["mail"])
        assert not stack.is_alive


PARENT = """
import asyncio, json, sys
from pathlib import Path
from operations.stack import Ports, Stack

async def main():
    stack = Stack(Path(sys.argv[1]), Ports.free())
    await stack.start(["postgres", "mail"])
    print(json.dumps(await stack.pids()), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a process to its parent")
async def test_nothing_outlives_a_parent_that_is_killed(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        command = [sys.executable, "-W", "ignore", "-c", PARENT, name]
        parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: ASYNC220, S603
        assert parent.stdout is not None
        pids: dict[str, int] = json.loads(parent.stdout.readline())
        assert len(running(pids)) == 3
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        await until(lambda: running(pids) == [], 30)
