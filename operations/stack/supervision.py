"""supervisord, as it is: its configuration, and its RPC over a private unix socket."""

import asyncio
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from deploy.local.bound import bound
from deploy.local.files import write_private
from operations.settings import ROOT

STOP_SECONDS = 10
POLL_SECONDS = 0.05
UP, DOWN = "RUNNING", frozenset({"STOPPED", "EXITED", "FATAL", "UNKNOWN"})
GONE = 10
"""supervisord's fault BAD_NAME; 70 is NOT_RUNNING."""
NOT_RUNNING = 70


@dataclass(frozen=True, slots=True)
class Program:
    """One process to be supervised. ``priority`` orders the stop of a supervisor that is told to end by itself."""

    name: str
    command: Sequence[str]
    priority: int
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: str = "TERM"


class Supervisor:
    """One supervisord and its programs. Ends with the process that started it, and its programs with it."""

    def __init__(self, folder: Path, socket: Path, logs: Path, *, revives: bool) -> None:
        self._configuration, self._socket, self._logs = folder / "supervisord.conf", socket, logs
        self._revives = revives
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = asyncio.Lock()

    async def start(self, programs: Sequence[Program]) -> None:
        """Starts supervisord with none of its programs running."""
        write_private(self._configuration, self._text(programs).encode())
        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._configuration)]
        with (self._logs / "supervisord.out").open("wb") as out:
            # An own session: Ctrl-C reaches only us, and we stop the parts in order.
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; it returns at once
                bound(command, "TERM"), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        while not await self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(f"supervisord ended: {(self._logs / 'supervisord.out').read_text()[-2000:]}")
            await asyncio.sleep(POLL_SECONDS)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    async def start_program(self, name: str) -> None:
        await self._call("startProcess", name, False)

    async def stop_program(self, name: str) -> None:
        """Returns once it has ended; nothing to do for one that does not run."""
        if await self._tell_to_stop(name):
            await self._until_down(name)

    async def stop_programs(self, names: Sequence[str]) -> None:
        """All at the same time."""
        await asyncio.gather(*(self.stop_program(name) for name in names))

    async def kill_program(self, name: str) -> None:
        """SIGKILL, and it stays down. Frozen first, so that it never sees the supervisor's own signal."""
        pid = (await self.pids()).get(name)
        if pid is None:
            return
        process = psutil.Process(pid)
        process.suspend()
        await self._tell_to_stop(name)
        process.kill()
        await self._until_down(name)

    async def pids(self) -> dict[str, int]:
        """Of all programs that run, and supervisord's own."""
        found = {info["name"]: int(info["pid"]) for info in await self._call("getAllProcessInfo") if info["pid"]}
        return {**found, "supervisord": self._process.pid} if self._process else found

    async def states(self) -> dict[str, str]:
        return {info["name"]: str(info["statename"]) for info in await self._call("getAllProcessInfo")}

    async def state(self, name: str) -> str:
        return str((await self._call("getProcessInfo", name))["statename"])

    async def stop(self) -> None:
        """Ends supervisord and whatever it still has."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 2 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its programs are bound to it
            await asyncio.to_thread(self._process.wait)

    async def _tell_to_stop(self, name: str) -> bool:
        try:
            await self._call("stopProcess", name, False)
        except Fault as fault:
            if fault.faultCode == NOT_RUNNING:
                return False
            raise
        return True

    async def _until_down(self, name: str) -> None:
        while await self.state(name) not in DOWN:  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        try:
            await self._call("getState")
        except OSError:
            return False
        return True

    async def _call(self, method: str, *arguments: object) -> Any:
        """One RPC. One at a time: they take a moment each, and supervisord answers them one by one."""
        async with self._turn:
            return await asyncio.to_thread(self._call_now, method, *arguments)

    def _call_now(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket}")
        try:
            proxy = ServerProxy("http://localhost", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def _text(self, programs: Sequence[Program]) -> str:
        sections: list[tuple[str, dict[str, object]]] = [
            (
                "supervisord",
                {
                    "logfile": self._logs / "supervisord.log",
                    "logfile_maxbytes": "5MB",
                    "logfile_backups": 1,
                    "pidfile": self._configuration.with_suffix(".pid"),
                    "childlogdir": self._logs,
                    "umask": "077",
                },
            ),
            ("unix_http_server", {"file": self._socket, "chmod": "0600"}),
            (
                "rpcinterface:supervisor",
                {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
            ),
            *((f"program:{program.name}", self._program(program)) for program in programs),
        ]
        return "\n".join(
            "\n".join([f"[{title}]", *(f"{name} = {value}" for name, value in values.items()), ""])
            for title, values in sections
        )

    def _program(self, program: Program) -> dict[str, object]:
        command = bound(program.command, program.stop_signal, program.user)
        environment = ",".join(f"{name}={quoted(value)}" for name, value in program.environment.items())
        return {
            "command": escaped(shlex.join(command)),
            "directory": escaped(str(ROOT)),
            "environment": environment,
            "priority": program.priority,
            "autostart": "false",
            "autorestart": "true" if self._revives else "false",
            "startsecs": 1,
            "startretries": 5 if self._revives else 0,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": STOP_SECONDS,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": self.log(program.name),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 1,
        }


def escaped(value: str) -> str:
    """supervisord expands ``%(name)s``."""
    return value.replace("%", "%%")


def quoted(value: str) -> str:
    if '"' in value or "\n" in value:
        raise ValueError("expected an environment value on one line without double quotes")
    return f'"{escaped(value)}"'
