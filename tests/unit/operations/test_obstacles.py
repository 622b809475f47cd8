"""What stands in a start's way is found before anything starts, and said with the way out."""

import errno
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from deploy.local.commands import CommandFailed
from deploy.local.secrets import DATABASES
from operations.settings import External, database_variable
from operations.stack import obstacles
from operations.stack.layout import LISTENERS, Ports, State
from operations.stack.obstacles import Obstacle
from operations.stack.supervision import quoted


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "portal")
    made.make()
    return made


def test_a_second_portal_on_the_same_folder_is_told_of_the_first(state: State) -> None:
    with (
        obstacles.only_one(state),
        pytest.raises(Obstacle, match=rf"process {psutil.Process().pid}\)[\s\S]*STATE="),
        obstacles.only_one(state),
    ):
        pass
    with obstacles.only_one(state):
        pass


def test_a_taken_port_is_named_with_what_it_was_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = Ports.from_base(port)  # the first is web's
        with pytest.raises(Obstacle, match=rf"{port} \(the pages\)[\s\S]*PORTS="):
            obstacles.look_for_ports(ports, {"web"})
        obstacles.look_for_ports(ports, set())


def test_every_port_has_a_name_for_people_and_the_gateways_is_8443() -> None:
    assert set(Ports.from_base().by_name()) == set(LISTENERS)
    assert Ports.from_base().gateway == 8443
    assert len(set(Ports.free().by_name().values())) == len(LISTENERS)


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_said_before_and_while_writing(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10, 10, 0))
    with pytest.raises(Obstacle, match="0 MB are free"):
        obstacles.look_for_room(state)
    with pytest.raises(Obstacle, match="full"), obstacles.told_of_full_disk(state):
        raise OSError(errno.ENOSPC, "no space left on device")
    with pytest.raises(Obstacle, match="full"), obstacles.told_of_full_disk(state):
        raise CommandFailed("initdb ended with 1:\ncould not write: No space left on device")
    with pytest.raises(PermissionError), obstacles.told_of_full_disk(state):
        raise PermissionError


def test_only_the_noted_processes_of_an_earlier_start_are_ended(state: State) -> None:
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    ours, reused = (subprocess.Popen(command) for _ in range(2))  # noqa: S603 - our own command
    said: list[str] = []
    try:
        obstacles.note(state, {"consent": ours.pid, "web": reused.pid})
        path = state.run / "processes.json"
        noted = json.loads(path.read_text())
        noted[1]["since"] -= 100  # the number was another process's
        path.write_text(json.dumps(noted))
        obstacles.clear_leftovers(state, said.append)
        assert ours.poll() is not None
        assert reused.poll() is None
        assert "1 of its processes" in said[0]
        obstacles.clear_leftovers(state, said.append)
        assert len(said) == 1
    finally:
        for process in (ours, reused):
            process.kill()
            process.wait()


def test_a_torn_note_is_no_hindrance(state: State) -> None:
    (state.run / "processes.json").write_text('[{"name": "con')
    obstacles.clear_leftovers(state, lambda _: None)
    assert not (state.run / "processes.json").exists()


def test_a_sockets_path_stays_short_in_a_deep_folder(tmp_path: Path) -> None:
    deep = State(tmp_path / ("a" * 120))
    place = deep.socket("x.sock")
    assert len(str(place)) < 104
    assert place.parent.stat().st_mode & 0o777 == 0o700
    place.parent.rmdir()


def test_external_databases_are_all_named_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DATABASES:
        monkeypatch.delenv(database_variable(name), raising=False)
    assert External().databases == {}
    monkeypatch.setenv("PORTAL_CONSENT_DATABASE_URL", "postgresql://db/consent")
    with pytest.raises(ValueError, match="PORTAL_IDENTITY_DATABASE_URL"):
        External()
    for name in DATABASES:
        monkeypatch.setenv(database_variable(name), f"postgresql://db/{name}")
    assert set(External().databases) == set(DATABASES)
    assert External.none().databases == {}


def test_environment_values_survive_supervisords_reading() -> None:
    assert quoted("100%") == '"100%%"'
    with pytest.raises(ValueError, match="without double quotes"):
        quoted('a"b')
