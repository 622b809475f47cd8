"""Runs a command that is signalled when the process that started it dies, however it dies (Linux only)."""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def bound(command: Sequence[str], stop_signal: str, user: str | None = None) -> list[str]:
    """The command, bound to its parent and run as ``user``. Without site packages the detour costs some 20 ms."""
    return [sys.executable, "-I", "-S", str(Path(__file__)), stop_signal, user or "", *command]


def main(stop_signal: str, user: str, command: list[str]) -> None:
    library = ctypes.CDLL(None)  # loaded before the change of user, who may not be allowed to read it
    if user:
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    if sys.platform == "linux":  # after the change of user, which would undo it
        library.prctl(PR_SET_PDEATHSIG, getattr(signal, f"SIG{stop_signal}"))
        if os.getppid() == 1:
            sys.exit("the process that started this one is gone")
    os.execv(command[0], command)  # noqa: S606 - that is what this is for


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
