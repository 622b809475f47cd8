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
        stack = Stack(Path(name), ports, only=INNER)
        await stack.start()
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
        assert set(topics()) <= set(admin(servers, stack.state.certificates).list_topics(timeout=30).topics)

        with pytest.raises(Obstacle, match="Another portal"):
            await Stack(Path(name), Ports.free(), only=INNER).start()
        last = await stack.pids()
        await stack.stop()
        assert running({**first, **last}) == []

        again = Stack(Path(name), ports, only=["postgres"])
        await again.start()
        database = await asyncpg.connect(again.environment()["PORTAL_CONSENT_DATABASE_URL"])
        assert await database.fetchval("SELECT count(*) FROM kept") == 0
        await database.close()
        await again.stop()


async def test_a_part_that_dies_by_itself_is_started_again(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        stack = Stack(Path(name), Ports.free(), only=["mail"])
        await stack.start()
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
        stack = Stack(Path(name), Ports.free(), only=["mail"], revives=False)
        await stack.start()
        await stack.stop()
        (stack.state.mails / "x.eml").write_bytes(b"")
        stack.state.mails.rename(stack.state.folder / "elsewhere")
        stack.state.mails.write_text("a file where the folder should be")
        with pytest.raises(Obstacle, match=r"mail ended while it started[\s\S]*FileExistsError"):
            await stack.start()
        assert not stack.is_alive


SERVING = """
import asyncio, sys
from pathlib import Path
from rich.console import Console
from operations.run import serve
from operations.stack import Ports, Stack

async def seed(stack, say):
    say("seeding")

stack = Stack(Path(sys.argv[1]), Ports.free(), only=["postgres", "mail"])
asyncio.run(serve(stack, Console(), seed))
"""


def serving(folder: str) -> "subprocess.Popen[str]":
    """``portal run`` of two parts, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", SERVING, folder]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - our own command


def said_until(parent: "subprocess.Popen[str]", last: str) -> str:
    assert parent.stdout is not None
    said = ""
    for line in parent.stdout:
        said += line
        if last in line:
            return said
    raise AssertionError(f"it ended without saying {last!r}: {said}")


def noted(folder: str) -> dict[str, int]:
    entries = json.loads((Path(folder) / "run/processes.json").read_text())
    return {entry["name"]: entry["pid"] for entry in entries}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_to_the_parent_alone_stops_everything(folder: "TemporaryDirectory[str]", number: int) -> None:
    with folder as name:
        parent = serving(name)
        said = said_until(parent, "Ctrl-C stops everything")
        assert "https://localhost:" in said
        assert "seeding" in said
        pids = noted(name)
        assert sorted(running(pids)) == ["mail", "postgres", "supervisord"]
        parent.send_signal(number)
        assert parent.wait(30) == 0
        assert running(pids) == []
        parent = serving(name)
        assert "seeding" not in said_until(parent, "Ctrl-C stops everything"), "only a fresh portal is seeded"
        parent.send_signal(number)
        assert parent.wait(30) == 0


async def test_a_signal_during_the_start_stops_what_was_started(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        parent = serving(name)
        await until((Path(name) / "run/processes.json").exists, 30)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(40) == 0
        left = [
            p.pid for p in psutil.process_iter(["cmdline"]) if any(name in part for part in p.info["cmdline"] or [])
        ]
        assert left == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a process to its parent")
async def test_nothing_outlives_a_parent_that_is_killed(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        parent = serving(name)
        said_until(parent, "Ctrl-C stops everything")
        pids = noted(name)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        await until(lambda: running(pids) == [], 30)


async def test_a_killed_supervisor_ends_the_portal_with_a_word(folder: "TemporaryDirectory[str]") -> None:
    with folder as name:
        parent = serving(name)
        said_until(parent, "Ctrl-C stops everything")
        pids = noted(name)
        psutil.Process(pids["supervisord"]).kill()
        assert parent.wait(40) != 0
        await until(lambda: running(pids) == [], 30)
