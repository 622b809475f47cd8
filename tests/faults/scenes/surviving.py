"""Promises 6, 7 and 10 in scenes: a poisoned event, old beside newer code, an erased patient."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from deploy.kafka.republish import republish
from deploy.local.postgres import BINARIES
from shared.reading.erasing import erase_subject
from shared.reading.parking import find_parking_request, request_retry
from tests.faults.asking import bought, turned
from tests.faults.looking import in_store, records_of
from tests.faults.places import PEER, SENDER, Place, databases, peer, store
from tests.faults.promises import differences, replayed
from tests.faults.recorder import Findings, Outcome
from tests.faults.scenes.stage import Stage
from tests.unit.shared.eventstore.lamps import Lamp
from tests.waiting import until

NEIGHBOURS = 4
TURNS = 3


async def poisoned(stage: Stage) -> Findings:
    """Code that cannot apply one patient's events parks these and nobody else's; mended code takes them in order."""
    plain = stage.world.place
    stage.world.place = replace(plain, poisoned=stage.owner)
    await stage.start("reader")
    stage.world.place = plain
    await stage.start("writer", "relay")
    await some_of_each(stage)
    events = await in_store(stage.world)
    ours = [one.position for one in events if one.subject_id == UUID(stage.owner)]
    others = {one.position for one in events} - set(ours)
    complaints = []
    async with peer(stage.world.place) as found:

        async def settled() -> bool:
            parked = await found.pool.fetch("SELECT position FROM parked")
            return len(await found.seen()) + len(parked) >= len(events)

        await until(settled, stage.seconds)
        rows = await found.pool.fetch("SELECT position, key FROM parked ORDER BY position")
        if {row["key"] for row in rows} != {UUID(stage.owner)}:
            complaints.append("others than the poisoned patient's events are parked")
        if missing := others - set(await found.seen()):
            complaints.append(f"{len(missing)} events of other patients wait with the poisoned one")
        stage.kills += 1
        await stage.world.kill("reader")
        await stage.start("reader")
        request_id = await request_retry(found.pool, SENDER, rows[0]["position"])

        async def retried() -> bool:
            request = await find_parking_request(found.pool, request_id)
            return request is not None and request.applied == len(rows)

        await until(retried, stage.seconds)
    return await stage.findings() + Findings(complaints=complaints)


async def some_of_each(stage: Stage) -> None:
    """Events of the scene's patient and of neighbours, in turns."""
    lamps = [bought(owner=stage.owner), *(bought() for _ in range(NEIGHBOURS))]
    for asked in lamps:
        await stage.desk.until_known(asked)
    for _ in range(TURNS):
        for asked in lamps:
            stage.trials += 1
            await stage.desk.until_known(turned(asked["lamp"]))


async def old_beside_newer(stage: Stage) -> Findings:
    """Relays and readers of either code take turns: a field that was added is passed over, or has its default."""
    old = stage.world.place
    newer = replace(old, newer=True)
    await stage.start("writer")
    complaints: list[str] = []
    for sender, receiver in ((old, newer), (newer, old), (newer, newer)):
        began = len(await in_store(stage.world))
        stage.world.place = sender
        await stage.start("relay")
        stage.world.place = receiver
        await stage.start("reader")
        stage.world.place = old
        asked = bought(owner=stage.owner)
        for command in (asked, turned(asked["lamp"])):
            stage.trials += 1
            await stage.desk.until_known(command)
        await stage.arrived()
        async with peer(old) as found:
            added = {row["added"] for row in await found.pool.fetch(
                "SELECT added FROM live.seen WHERE position > $1", began + 1
            )}  # fmt: skip
        expected = {1} if sender.newer and receiver.newer else {0}
        if added != expected:
            complaints.append(f"read {added} of the added field, expected {expected}")
        for name in ("relay", "reader"):
            stage.kills += 1
            await stage.world.kill(name)
    await stage.start("relay", "reader")
    return await stage.findings() + Findings(complaints=complaints)


async def erased(stage: Stage) -> Findings:
    """Nothing of the patient can be read any more, also after a restore of keys; counts, chain and replay are whole."""
    await stage.start("writer", "relay", "reader")
    await some_of_each(stage)
    await stage.arrived()
    subject, place = UUID(stage.owner), stage.world.place
    before = await in_store(stage.world)
    words = {one.event.note for one in before if isinstance(one.event, Lamp.Turned) and one.subject_id == subject}
    lamp = next(one.stream_id for one in before if one.subject_id == subject)
    complaints = []
    async with databases(place, SENDER) as found, databases(place, PEER) as other:
        backup = await found.keys_pool.fetch(
            "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE subject_id = $1", subject
        )
        count = await found.events.fetchval("SELECT count(*) FROM events")
        for one in (found, other):
            await one.keys.erase(subject)
        await erase_subject(other.events, subject)
        if await stage.desk.until_known(turned(str(lamp))) is not Outcome.REFUSED:
            complaints.append("a command about the erased patient was not refused")
        await found.keys_pool.executemany(
            "INSERT INTO subject_keys (subject_id, key_id, wrapped) VALUES ($1, $2, $3)",
            [tuple(row.values()) for row in backup],
        )
        async with store(place) as (opened, _):  # as after a restore: tombstones come first
            if await opened.find(Lamp, lamp) is not None:
                complaints.append("the erased patient's stream is read from a restored backup")
        if await found.keys_pool.fetchval("SELECT count(*) FROM subject_keys WHERE subject_id = $1", subject):
            complaints.append("the erased patient's key is there")
        if await found.events.fetchval("SELECT count(*) FROM events") != count or count != max(
            one.position for one in before
        ):
            complaints.append("the erasure changed the number of events, or there is a gap")
    await stage.world.kill("relay")  # which may hold the key for a minute yet
    await republish(SENDER, stage.world.broker.servers, stage.world.broker.certificates)
    await stage.start("relay")
    await stage.desk.until_known(bought())
    for token in words:
        del stage.desk.recorder.commands[token]
    whole = await stage.findings()
    complaints += await readable(stage, words)
    async with peer(place) as reading:
        complaints += differences(await replayed(reading))
    return whole + Findings(complaints=complaints)


async def readable(stage: Stage, words: set[str]) -> list[str]:
    """Where something of the patient's is still in clear: dumps of the four databases, the topic."""
    stage.trials += len(words)
    places = {f"the dump of {name}": await dumped(stage.world.place, name)
              for service in (SENDER, PEER) for name in (service, f"{service}_keys")}  # fmt: skip
    records = [record for partition in await records_of(stage.world) for record in partition]
    places["the topic"] = b"".join(part for one in records for part in (one.key, one.value, *one.headers.values()))
    found = [
        f"a note is in clear in {where}" for where, text in places.items() for word in words if word.encode() in text
    ]
    if any(one.key == stage.owner.encode() for one in records):
        found.append("the topic has the erased patient's events")
    return found


async def dumped(place: Place, database: str) -> bytes:
    """A backup, as text."""
    process = await asyncio.create_subprocess_exec(
        str(Path(BINARIES) / "pg_dump"), place.dsn(database), stdout=asyncio.subprocess.PIPE
    )
    text, _ = await process.communicate()
    if process.returncode:
        raise ChildProcessError(f"pg_dump of {database} ended with {process.returncode}")
    return text
