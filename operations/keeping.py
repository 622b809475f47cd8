"""The `portal` commands for a portal that runs: practices, import, replay, republish, parked records, the clock."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from uuid import UUID

import typer
from google.protobuf.duration_pb2 import Duration
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from deploy.kafka.republish import republish as make_topic_anew
from operations import journey
from operations.importing import Import, Summary
from operations.outside import NotInTime, eventually
from operations.place import Place
from operations.replaying import Rebuilt, ReplayFailed, replay
from operations.settings import BASE, ROOT
from shared.contracts.identity.v1 import peers_pb2 as identity
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.effects.parking import parked_effects, retry_effect
from shared.errors import PortalError
from shared.ids import uuid7
from shared.reading.database import Pool
from shared.reading.parking import find_parking_request, parked_records, request_drop, request_retry
from shared.rpc.client import ApiChannel
from shared.rpc.metadata import calling
from shared.service import SERVICES

T = TypeVar("T")

practice = typer.Typer(no_args_is_help=True, help="Practices.")
clock = typer.Typer(no_args_is_help=True, help="The rules' clock of a demonstration.")
parked = typer.Typer(no_args_is_help=True, help="Records and effects that wait to be mended.")
commands = typer.Typer()
commands.add_typer(practice, name="practice")
commands.add_typer(clock, name="clock")
commands.add_typer(parked, name="parked")
console = Console(highlight=False, soft_wrap=True)

HERE = ROOT / ".portal"
Folder = Annotated[Path, typer.Option("--state", help="The folder that holds all this portal keeps.")]
Base = Annotated[int, typer.Option("--ports", help="The first of the portal's ports, as make run was given it.")]
OfService = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
OfTopic = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}, or analytics: that and each of them.")]
REPORT_SECONDS = 15.0
"""How long `portal clock advance` waits for every service to stand at the new time."""


@practice.command("open")
def open_practice(
    name: Annotated[str, typer.Argument(help="The practice's name.")],
    admin_email: Annotated[str, typer.Option(help="Where the first admin is reached.")],
    admin_name: Annotated[str, typer.Option(help="Given and family name of the first admin.")],
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = "America/New_York",
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Open a practice; the first admin joins by the link that is printed once."""
    given, _, family = admin_name.strip().rpartition(" ")

    async def act() -> None:
        async with AsyncExitStack() as open_:
            channels = Place.of(state, ports).channels()
            open_.push_async_callback(channels.close)
            opened = await journey.open_practice(channels, name, time_zone, (given or family, family, admin_email))
        console.print(
            f"Practice {opened.practice_id}\nThe first admin joins within 72 h at:\n{opened.link}", markup=False
        )

    run(act)


@commands.command("import")
def import_(
    practice_id: Annotated[UUID, typer.Argument(help="The practice that the records are of.")],
    paths: Annotated[list[Path], typer.Argument(help="FHIR R4 bundles, or folders of them.", exists=True)],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Take FHIR R4 bundles in. Again changes nothing; a broken file stops no other."""
    files = [file for path in paths for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]

    async def act() -> Summary:
        async with AsyncExitStack() as open_:
            channels = Place.of(state, ports).channels()
            open_.push_async_callback(channels.close)
            bar = open_.enter_context(progress_bar())
            task = bar.add_task("Importing", total=len(files))
            return await Import(channels, practice_id, lambda _: bar.advance(task)).files(files)

    summary = run(act)
    table = Table("what", "new", "unchanged", "changed")
    for kind, outcomes in summary.outcomes.items():
        new = outcomes["new"] + outcomes["registered"]
        table.add_row(kind, str(new), str(outcomes["unchanged"]), str(outcomes["changed"]))
    console.print(table)
    for remark in summary.remarks():
        console.print(remark, markup=False)
    if summary.broken:
        raise typer.Exit(1)


@commands.command("replay")
def replay_(
    service: OfService,
    read_models: Annotated[list[str] | None, typer.Argument(help="All where none is named.")] = None,
    verify: Annotated[bool, typer.Option(help="Swap only if the rebuilt rows equal the live ones.")] = False,
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Rebuild read models beside the live ones from the first event on; mails nobody, moves no money."""
    place = Place.of(state, ports)

    async def act() -> list[Rebuilt]:
        with progress_bar() as bar:
            task = bar.add_task(f"Replaying {service}", total=None)

            def show(done: int, of: int) -> None:
                bar.update(task, completed=done, total=of or None)

            return await replay(place.environment, service, read_models or [], verify=verify, progress=show)

    report = run(act)
    if not report:
        console.print("Rebuilt and swapped.")
        return
    table = Table("read model", "rows", "rebuilt rows", "equal")
    for one in report:
        table.add_row(one.read_model, str(one.rows), str(one.rebuilt_rows), "yes" if one.equal else "NO")
    console.print(table)
    if not all(one.equal for one in report):
        raise typer.Exit(1)


@commands.command("republish")
def republish_(service: OfTopic, state: Folder = HERE, ports: Base = BASE) -> None:
    """Delete and create a service's topic, or with analytics all; relays fill them again from the first event."""
    place = Place.of(state, ports)
    prefix = place.environment.get("PORTAL_TOPIC_PREFIX", "")
    run(lambda: make_topic_anew(service, place.environment["PORTAL_KAFKA_SERVERS"], place.certificates, prefix))
    console.print(f"{service}'s topic is new; the relay fills it now.")


@clock.command()
def advance(
    by: Annotated[str, typer.Argument(help="How far, e.g. 90d, 12h, 30m.")], state: Folder = HERE, ports: Base = BASE
) -> None:
    """Move the rules' clock forward; returns when every service stands there. It never goes back."""
    found = re.fullmatch(r"(\d+)([dhms])", by)
    if found is None:
        raise typer.BadParameter("expected a number and d, h, m or s, e.g. 90d")
    unit = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}[found[2]]

    async def act() -> None:
        async with AsyncExitStack() as open_:
            channels = Place.of(state, ports).channels()
            open_.push_async_callback(channels.close)
            await advance_clock(channels, timedelta(**{unit: int(found[1])}))

    run(act)
    console.print("Every service stands at the new time.")


async def advance_clock(channels: ApiChannel, by: timedelta) -> None:
    """Moves the rules' clock and returns when every service has reported it. Raises NotInTime."""
    stub = IdentityPeersStub(channels.channel("identity"))
    ahead = Duration()
    ahead.FromTimedelta(by)
    with calling(idempotency_key=str(uuid7())):
        answer = await stub.AdvanceClock(identity.AdvanceClockRequest(by=ahead))

    async def all_there() -> bool | None:
        told = await stub.GetClock(identity.GetClockRequest())
        target = answer.offset.ToTimedelta()
        behind = [one for one in SERVICES if told.reported[one].ToTimedelta() < target]
        return not behind or None

    await eventually("every service at the new time", all_there, REPORT_SECONDS)


@parked.command("list")
def list_parked(service: OfService, state: Folder = HERE, ports: Base = BASE) -> None:
    """Records and effects of a service that wait to be mended: ids and kinds of error only."""

    async def act() -> Table:
        pool = await Place.of(state, ports).pool(service)
        try:
            table = Table("what", "id", "key", "error", "since")
            for record in await parked_records(pool):
                event, since = f"{record.source}:{record.position}", f"{record.parked_at:%Y-%m-%d %H:%M:%S}"
                table.add_row("record", event, str(record.key), record.error or "waits behind it", since)
            for effect in await parked_effects(pool):
                table.add_row("effect", str(effect.id), str(effect.key), effect.error, effect.kind)
            return table
        finally:
            await pool.close()

    console.print(run(act))


@parked.command()
def retry(
    service: OfService,
    what: Annotated[str, typer.Argument(help="<source>:<position> of a record, or the id of an effect.")],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Try a record and those behind it again, in order; or put an effect back in line."""

    async def act() -> str:
        pool = await Place.of(state, ports).pool(service)
        try:
            source, colon, position = what.partition(":")
            if not colon:
                await retry_effect(pool, UUID(what))
                return "The effect is in line again."
            return await settled(pool, await request_retry(pool, source, int(position)))
        finally:
            await pool.close()

    console.print(run(act))


@parked.command()
def drop(
    service: OfService,
    what: Annotated[str, typer.Argument(help="<source>:<position> of a record.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, and names nobody.")],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Give a record up for ever; replays pass over it, too."""

    async def act() -> str:
        pool = await Place.of(state, ports).pool(service)
        try:
            source, _, position = what.partition(":")
            return await settled(pool, await request_drop(pool, source, int(position), reason))
        finally:
            await pool.close()

    console.print(run(act))


async def settled(pool: Pool, request_id: UUID) -> str:
    """What the service made of a request, once it has."""

    async def ask() -> str | None:
        found = await find_parking_request(pool, request_id)
        if found is None or (found.applied is None and found.error is None):
            return None
        return f"Did not go: {found.error}" if found.error else f"{found.applied} records went in."

    return await eventually("the service", ask)


def run(act: Callable[[], Awaitable[T]]) -> T:
    """Runs one command; what the portal refuses ends it with the reason and status 1."""

    async def awaited() -> T:
        return await act()

    try:
        return asyncio.run(awaited())
    except (PortalError, NotInTime, ReplayFailed, ValueError) as refused:
        fail(str(refused))


def fail(text: str) -> NoReturn:
    """Ends the command with the reason and status 1."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
    raise typer.Exit(1)


def progress_bar() -> Progress:
    columns: Sequence[TextColumn | BarColumn | MofNCompleteColumn] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    return Progress(*columns, console=console)
