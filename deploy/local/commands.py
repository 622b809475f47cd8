"""Short commands of the parts that are started here, run to their end; what they complained of is in the error."""

import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

LAST_LINES = 12


class CommandFailed(Exception):
    """A command ended with an error; the text holds its last lines."""


def run_to_end(
    command: Sequence[str | Path], *, folder: Path | str = "/", user: str | None = None, keep: Sequence[int] = ()
) -> None:
    """Runs our own binaries; ``keep`` are the file descriptors the command inherits. Raises CommandFailed."""
    result = subprocess.run(  # noqa: S603 - our own binaries and arguments
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=keep,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=folder,
    )
    if result.returncode != 0:
        lines = "\n".join(result.stdout.splitlines()[-LAST_LINES:])
        raise CommandFailed(f"{Path(command[0]).name} ended with {result.returncode}:\n{lines}")
