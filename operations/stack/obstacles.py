"""What can stand in a start's way, found before anything is started, each with the way out."""

import errno
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local.commands import CommandFailed
from deploy.local.ports import HOST
from operations.stack.layout import LISTENERS, Ports, State

FREE_BYTES = 512 * 1024 * 1024
"""A fresh portal takes about 150 MB; PostgreSQL's and Kafka's logs need room to grow."""
END_SECONDS = 15


class Obstacle(Exception):
    """Why the portal does not start, in sentences for the person at the screen, with the way out."""


@contextmanager
def only_one(state: State) -> Iterator[None]:
    """Holds the folder for this process. Raises Obstacle when another portal holds it."""
    with (state.run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Obstacle(
                f"Another portal is running on {state.folder} (process {lock.read().strip() or 'unknown'}).\n"
                "Use that one, or stop it with Ctrl-C; a second one beside it needs its own folder and ports:\n"
                "    make run STATE=.portal-2 PORTS=9000"
            ) from None
        lock.truncate(0)
        lock.write(str(psutil.Process().pid))
        lock.flush()
        yield


def look_for_room(state: State) -> None:
    """Raises Obstacle when the disk is as good as full."""
    free = shutil.disk_usage(state.folder).free
    if free < FREE_BYTES:
        raise Obstacle(disk_full(state.folder, free))


def disk_full(folder: Path, free: int) -> str:
    return (
        f"The disk of {folder} is full: {free // 2**20} MB are free, the portal needs {FREE_BYTES // 2**20} MB.\n"
        "Free some room, or keep its data elsewhere:\n    make run STATE=/another/disk/portal"
    )


@contextmanager
def told_of_full_disk(state: State) -> Iterator[None]:
    """A write that finds the disk full says so in words."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Obstacle(disk_full(state.folder, shutil.disk_usage(state.folder).free)) from error
        raise
    except CommandFailed as error:
        if os.strerror(errno.ENOSPC) in str(error):
            raise Obstacle(disk_full(state.folder, shutil.disk_usage(state.folder).free)) from error
        raise


def look_for_ports(ports: Ports, needed: set[str]) -> None:
    """Raises Obstacle that names each taken port, what it was for and, where the machine tells, who has it."""
    taken = [name for name, port in ports.by_name().items() if name in needed and is_taken(port)]
    if taken:
        lines = [f"  {ports.by_name()[name]} ({LISTENERS[name]}){holder(ports.by_name()[name])}" for name in taken]
        raise Obstacle(
            "These ports are taken by other programs:\n" + "\n".join(lines) + "\n"
            "Stop those programs, or choose other ports (this number and the next ones):\n    make run PORTS=9000"
        )


def is_taken(port: int) -> bool:
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, port))
        except OSError:
            return True
    return False


def holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                name = psutil.Process(connection.pid).name() if connection.pid else ""
                return f", by process {connection.pid} ({name})" if name else ""
    except psutil.Error:
        pass  # other users' processes are not shown; the port alone is named
    return ""


@dataclass(frozen=True, slots=True)
class Started:
    """A process of ours as noted on disk: a number used again by another process has another start time."""

    name: str
    pid: int
    since: float

    def process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            return process if abs(process.create_time() - self.since) < 1.0 else None
        except psutil.NoSuchProcess:
            return None


def note(state: State, processes: dict[str, int]) -> None:
    """Notes name → pid of all that runs, so that the next start can end what this one left."""
    noted = []
    for name, pid in processes.items():
        try:
            noted.append({"name": name, "pid": pid, "since": psutil.Process(pid).create_time()})
        except psutil.NoSuchProcess:
            continue
    (state.run / "processes.json").write_text(json.dumps(noted))


def clear_leftovers(state: State, say: Callable[[str], None]) -> None:
    """Ends the noted processes of a start that did not end in order; touches no other process."""
    path = state.run / "processes.json"
    try:
        noted = [Started(**entry) for entry in json.loads(path.read_text())] if path.exists() else []
    except (ValueError, TypeError):
        noted = []  # torn by the crash; what it named was bound to its parent and is gone
    left = [process for started in noted if (process := started.process())]
    if left:
        say(f"An earlier portal on this folder ended halfway; {len(left)} of its processes are stopped now.")
        for process in left:
            process.terminate()
        _, alive = psutil.wait_procs(left, END_SECONDS)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, END_SECONDS)
    path.unlink(missing_ok=True)
