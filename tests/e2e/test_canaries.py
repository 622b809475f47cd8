"""Nothing personal leaks: canaries in every field of a long walk are in no log, topic, mail, error or stored row."""

import asyncio
import base64
import json
import os
import re
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.kafka.provisioning import topics
from deploy.local.postgres import BINARIES, dsn
from deploy.local.secrets import DATABASES
from operations.importing import Import
from operations.outside import Portal
from operations.stack import Stack
from shared.rpc.client import ApiChannel
from tests.e2e.broker import tls
from tests.e2e.canaries import Canaries
from tests.e2e.canary_walk import Walk, bundle
from tests.e2e.practices import House
from tests.e2e.wire import refusal

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

BIRTH_DATE_MAY_BE = "portal.identity.v1"
"""PatientRegistered and BirthDateCorrected carry the birth date to consent: the one exception (design, 1)."""

OFFSETS = {".index", ".timeindex"}
"""Kafka's files of numbers: ten megabytes of zeros each."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walk(portal: Portal, channels: ApiChannel, house: House, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    found = Walk(portal, house)
    patient = await found.joining()
    await found.writing(patient)
    await found.record_and_bills(patient)
    await found.desk_again(patient)
    folder = tmp_path_factory.mktemp("canary")
    made = bundle(found.canary)
    (folder / "sound.json").write_text(json.dumps(made))
    made["entry"][0]["resource"]["birthDate"] = found.canary("fhir_odd")
    (folder / "odd.json").write_text(json.dumps(made))
    summary = await Import(channels, UUID(house.practice_id), lambda _: None).files(sorted(folder.glob("*.json")))
    assert list(summary.broken) == ["odd.json"]
    assert not found.canary.hits("the import's summary", str(summary).encode())
    return found


async def test_the_search_finds_what_is_there() -> None:
    canary = Canaries()
    canary.keep("token", "a-very-secret-token")
    for text in (
        f"before {canary('name')} after".encode(),
        canary("x").upper().encode(),
        canary("x").encode().hex().encode(),
        *(base64.b64encode(b"." * shift + canary("xyz").encode()) for shift in range(4)),
        b"\x00\xffA-VERY-secret-token",
    ):
        assert canary.hits("here", text), text
    assert not canary.hits("here", b"nothing")


async def test_no_refusal_repeats_what_was_sent(walk: Walk) -> None:
    assert len(walk.refusals) > 60
    for response in walk.refusals:
        refusal(response)
        headers = b"\n".join(name + b": " + value for name, value in response.headers.raw)
        assert not walk.canary.hits(str(response.url.path), response.content + headers)


async def test_no_log_says_anything_personal(portal_stack: Stack, walk: Walk) -> None:
    logs = [path for path in portal_stack.state.logs.iterdir() if path.is_file()]
    assert {"gateway.log", "identity.log", "postgres.log", "kafka.log"} <= {path.name for path in logs}
    walk.canary.keep("birth date", walk.canary.birth_date.isoformat())
    try:
        hits = [hit for path in logs for hit in walk.canary.hits(path.name, path.read_bytes())]
    finally:
        del walk.canary.others["birth date"]
    assert not hits, "\n".join(hits)


async def records(stack: Stack) -> list[tuple[str, bytes]]:
    """Every record of every topic: where, and its key, value and headers."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.parts.kafka_servers,
        security_protocol="SSL",
        ssl_context=tls(stack.state.certificates, "operations"),
        enable_auto_commit=False,
    )
    found = []
    await consumer.start()
    try:
        for topic in topics():
            places = [TopicPartition(topic, number) for number in range(12)]
            consumer.assign(places)
            ends = {place: end for place, end in (await consumer.end_offsets(places)).items() if end}
            for place in ends:
                consumer.seek(place, 0)
            while not all([await consumer.position(place) >= end for place, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    for record in batch:
                        headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
                        data = b"\n".join((record.key or b"", record.value or b"", headers))
                        found.append((f"{topic} {record.partition}:{record.offset}", data))
    finally:
        await consumer.stop()
    return found


async def test_r3_no_topic_carries_anything_personal_but_the_birth_date(portal_stack: Stack, walk: Walk) -> None:
    found = await records(portal_stack)
    assert any(walk.house.practice_id.encode() in data for _, data in found), "the walk is in the topics"
    born = walk.canary.birth_date.isoformat().encode()
    hits = [hit for where, data in found for hit in walk.canary.hits(where, data)]
    hits += [where for where, data in found if born in data and not where.startswith(BIRTH_DATE_MAY_BE)]
    assert not hits, "\n".join(hits)
    carriers = [data for where, data in found if born in data]
    assert carriers
    assert all(b"PatientRegistered" in data or b"BirthDateCorrected" in data for data in carriers)
    patients = {found_id for _, data in found for found_id in re.findall(rb'"patient_id":"([0-9a-f-]{36})"', data)}
    told = [data for where, data in found if where.startswith("portal.analytics.v1 ")]
    assert any(walk.house.practice_id.encode() in data for data in told), "analytics is told of the walk"
    assert patients.isdisjoint(found_id for data in told for found_id in re.findall(rb"[0-9a-f-]{36}", data))


async def test_r35_no_mail_says_anything_personal(portal_stack: Stack, walk: Walk) -> None:
    """R35. The address stands in To; a one-time link in the text is what the mail is for."""
    paths = list(portal_stack.state.mails.glob("*.eml"))
    links = {what: text for what, text in walk.canary.others.items() if what.endswith("link")}
    mine, hits = 0, []
    for path in paths:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        headers = "\n".join(f"{name}: {value}" for name, value in mail.items() if name != "To")
        parts = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
        text = "\n".join([headers, *parts])
        mine += walk.canary.word in str(mail["To"])
        for link in links.values():
            text = text.replace(link, "")
        text += walk.canary.birth_date.isoformat() * (walk.canary.birth_date.isoformat() in text)
        hits += walk.canary.hits(str(mail["Subject"]), text.encode())
    assert mine >= 6, "the walk has mailed"
    assert not hits, "\n".join(hits)


async def test_no_database_shows_anything_personal_to_who_steals_it(portal_stack: Stack, walk: Walk) -> None:
    """Events' data and metadata, read models, effects, credentials and keys of every service, as pg_dump tells them."""
    hits, secrets = [], portal_stack.state.secrets
    for database in DATABASES:
        source = dsn(secrets, portal_stack.ports.postgres, database)
        process = await asyncio.create_subprocess_exec(
            str(BINARIES / "pg_dump"),
            "--dbname",
            source,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
        dump, _ = await process.communicate()
        assert process.returncode == 0
        if not database.endswith("_keys"):
            assert walk.house.practice_id.encode() in dump, f"the walk is in {database}"
        if walk.canary.hits(database, dump):
            lines = dump.splitlines()
            hits += [hit for line in lines for hit in walk.canary.hits(f"{database}: {line[:60]!r}", line)]
    assert not hits, "\n".join(hits[:40])


async def test_no_data_file_of_postgres_or_kafka_holds_anything_personal(portal_stack: Stack, walk: Walk) -> None:
    """The write-ahead log too."""
    await checkpoint(portal_stack)
    folders = (portal_stack.state.postgres, portal_stack.state.kafka, portal_stack.state.blobs)
    practice, seen, hits = UUID(walk.house.practice_id), set(), []
    for path in (path for folder in folders for path in folder.rglob("*") if path.suffix not in OFFSETS):
        data = await asyncio.to_thread(contents, path, walk.began)
        where = str(path.relative_to(portal_stack.state.folder))
        hits += walk.canary.plain_hits(where, data)
        if practice.bytes in data or str(practice).encode() in data:
            seen.add(where.partition("/")[0])
    assert seen == {"postgres", "kafka"}, "what is not personal of the walk is found there"
    assert not hits, "\n".join(hits[:40])


async def checkpoint(stack: Stack) -> None:
    connection = await asyncpg.connect(dsn(stack.state.secrets, stack.ports.postgres, "postgres"))
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def contents(path: Path, since: float) -> bytes:
    """Of a file that was written since then."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_mtime >= since else b""
    except FileNotFoundError:  # a segment that was recycled meanwhile
        return b""
