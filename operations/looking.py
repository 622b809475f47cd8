"""`portal inspect` and `portal export`: what is recorded, as ids and words; neither opens what is encrypted."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO
from uuid import UUID

import typer
from rich.table import Table

from deploy.kafka.reading import records
from operations.keeping import HERE, Base, Folder, OfService, console, fail, run
from operations.place import Place
from operations.settings import BASE
from shared.bus.codec import Record, text
from shared.reading.database import Pool

commands = typer.Typer()

COMMAND = """
WITH command AS (
    SELECT position AS first, position + command_events AS after FROM events
    WHERE position <= $1 AND command_id IS NOT NULL ORDER BY position DESC LIMIT 1
), span AS (
    SELECT coalesce(min(first), $1) AS first, coalesce(min(after), $1 + 1) AS after FROM command WHERE $1 < after
)
SELECT events.* FROM span, events WHERE position >= span.first AND position < span.after ORDER BY position
"""
HEADERS = ("ce_id", "ce_type", "ce_time", "ce_subject", "stream_id", "version", "recorded_at", "origin", "acting_as")


@commands.command()
def inspect(
    service: OfService,
    what: Annotated[str, typer.Argument(help="The id of a stream, or <service>:<position> of one event.")],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Show who recorded what and when, of one stream or of one command; contents stay sealed."""

    async def act() -> list[Any]:
        pool = await Place.of(state, ports).pool(service)
        try:
            return await recorded(pool, service, what)
        finally:
            await pool.close()

    rows = run(act)
    if not rows:
        console.print(f"{service} has recorded no such thing.")
        raise typer.Exit(1)
    table = Table("position", "stream", "version", "what", "at", "recorded at", "how it came about")
    for row in rows:
        table.add_row(
            str(row["position"]),
            str(row["stream_id"]),
            str(row["version"]),
            f"{row['type']} ({row['schema_version']})",
            shown(row["at"]),
            shown(row["recorded_at"]),
            "\n".join(f"{name} {word}" for name, word in sorted(row["metadata"].items())),
        )
    console.print(table)


async def recorded(pool: Pool, service: str, what: str) -> list[Any]:
    """The rows of a stream in order, or those of the command that wrote at a position."""
    source, colon, position = what.partition(":")
    if not colon:
        return list(await pool.fetch("SELECT * FROM events WHERE stream_id = $1 ORDER BY version", UUID(what)))
    if source != service or not position.isdigit():
        raise ValueError(f"expected the id of a stream, or {service}:<position>")
    return list(await pool.fetch(COMMAND, int(position)))


def shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S%z}"


@commands.command()
def export(
    service: OfService,
    to: Annotated[Path, typer.Option("--to", help="The file that is written; one that is there is not touched.")],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Write a service's public events as JSON lines, each patient's in order, as peers and analysts read them."""
    place = Place.of(state, ports)
    servers, prefix = place.environment["PORTAL_KAFKA_SERVERS"], place.environment.get("PORTAL_TOPIC_PREFIX", "")
    try:
        with to.open("x", encoding="utf-8") as file:
            count = written(records(service, servers, place.certificates, prefix), file)
    except FileExistsError:
        raise typer.BadParameter("expected a file that is not there yet", param_hint="--to") from None
    except TimeoutError as error:
        to.unlink()  # a part would look like the whole
        fail(str(error))
    console.print(f"{count} events")


def written(found: Iterable[Record], file: TextIO) -> int:
    """How many records were written, a line each."""
    count = 0
    for record in found:
        line = {name: text(record.headers, name) for name in HEADERS if name in record.headers}
        line |= {"key": record.key.decode(errors="replace"), "data": content(record)}
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
        count += 1
    return count


def content(record: Record) -> Any:
    """The event; None for a record that no relay wrote, which readers park or pass over."""
    try:
        return json.loads(record.value)
    except ValueError:
        return None
