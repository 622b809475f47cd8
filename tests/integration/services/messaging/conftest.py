"""Messaging over two real databases and a real SMTP conversation; peers' events are told, identity's answers given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

import shared.effects
import shared.reading
from services.messaging.api import MessagingApi
from services.messaging.api.attaching import Files
from services.messaging.consumers import CONSUMERS
from services.messaging.mail import MailServer
from services.messaging.main import READ_MODELS
from services.messaging.processes import PROCESSES, Notifying
from services.messaging.published import PUBLISHED
from services.messaging.stored import STORED
from shared.access.replicas import replicas_for
from shared.access.windows import HeldWindow
from shared.clock import FixedClock
from shared.contracts.consent.v1.events import AccessDecided, ActingAs, Scope, Window
from shared.contracts.consent.v1.peers_pb2 import SigningLinkRequest, SigningLinkResponse
from shared.contracts.documents.v1.peers_pb2 import (
    AttachedFile,
    AttachmentContentRequest,
    AttachmentContentResponse,
    AttachmentsOfRequest,
    AttachmentsOfResponse,
    TransmissionLinkRequest,
    TransmissionLinkResponse,
)
from shared.contracts.event import PatientEvent, PublicEvent
from shared.contracts.identity.v1 import events as identity
from shared.contracts.identity.v1.peers_pb2 import (
    ContactOfRequest,
    ContactOfResponse,
    FurtherLink,
    LinkOfRequest,
    LinkOfResponse,
)
from shared.effects import PendingEffect
from shared.effects.carrying import CarriedEffect, Means
from shared.effects.table import insert_following
from shared.envelope import Recorded
from shared.errors import NotFound
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS, PostgresEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work
from shared.migrations import migrate
from shared.privacy import Sealer, ServiceKey, SubjectKeys
from shared.reading import Incoming, Rows
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.reading.database import Pool, PostgresDatabase, open_pool
from shared.reading.generations import Generations
from shared.rpc import viewing
from shared.rpc.call import Actor
from tests.integration.services.messaging.people import (
    ADDRESSES,
    HELEN,
    MONDAY,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    PROVIDER,
)

C = TypeVar("C")
R = TypeVar("R")
FOLDERS = {"reading": Path(shared.reading.__file__).parent, "effects": Path(shared.effects.__file__).parent}
EVERYTHING: tuple[Scope, ...] = ("messages", "results", "documents", "appointments", "refills", "billing")


class Catcher:
    """A mail server's other end: keeps what it takes; ``refusals`` are replies to give to RCPT instead."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refusals: dict[str, str] = {}

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(message_from_bytes(envelope.content or b"", policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@dataclass
class Post:
    """The catcher and where it listens."""

    catcher: Catcher
    url: str


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    catcher = Catcher()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(catcher, hostname="catcher", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    yield Post(catcher, f"smtp://127.0.0.1:{port}")
    server.close()
    await server.wait_closed()


@dataclass
class Cabinet:
    """Documents' answers to one user: the files that they uploaded, by id, and each file's bytes."""

    uploaded: dict[str, AttachedFile] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    revoked: bool = False

    def upload(self, name: str = "knee.png", data: bytes = b"bytes") -> str:
        """The user brings a file; its id."""
        attachment_id = str(uuid4())
        self.uploaded[attachment_id] = AttachedFile(
            attachment_id=attachment_id, name=name, content_type="image/png", size_bytes=len(data)
        )
        self.contents[attachment_id] = data
        return attachment_id

    async def AttachmentsOf(self, request: AttachmentsOfRequest, /) -> AttachmentsOfResponse:
        found = [self.uploaded[one] for one in request.attachment_ids if one in self.uploaded]
        return AttachmentsOfResponse(attachments=found)

    async def TransmissionLink(self, request: TransmissionLinkRequest, /) -> TransmissionLinkResponse:
        if self.revoked:
            raise NotFound
        return TransmissionLinkResponse(
            url=f"https://p/shared-record/{request.transmission_id}/secret",
            email="aunt@example.org",
            practice_name="Elm Street Practice",
            language="es",
        )

    async def AttachmentContent(self, request: AttachmentContentRequest, /) -> AttachmentContentResponse:
        if request.attachment_id not in self.contents:
            raise NotFound
        return AttachmentContentResponse(content_type="image/png", data=self.contents[request.attachment_id])


class Forms:
    """Consent's answers: a link to the form, unless it is gone."""

    def __init__(self) -> None:
        self.gone = False

    async def SigningLink(self, request: SigningLinkRequest, /) -> SigningLinkResponse:
        if self.gone:
            raise NotFound
        return SigningLinkResponse(url=f"https://localhost:8443/sign/{request.link_id}/abc")


class Contacts:
    """Identity's answers; voided links are not found."""

    def __init__(self) -> None:
        self.voided = False
        self.language = "en"
        self.further: list[FurtherLink] = []
        self.asked: list[ContactOfRequest | LinkOfRequest] = []

    async def ContactOf(self, request: ContactOfRequest, /) -> ContactOfResponse:
        self.asked.append(request)
        return ContactOfResponse(
            email=ADDRESSES.get(UUID(request.account_id or request.person_id), ""),
            practice_name="Elm Street Practice",
            support_phone="555-0100",
            language=self.language,
        )

    async def LinkOf(self, request: LinkOfRequest, /) -> LinkOfResponse:
        self.asked.append(request)
        if self.voided:
            raise NotFound
        return LinkOfResponse(
            url=f"https://localhost:8443/invitations/{request.issue_id}?secret=abc",
            email="form@example.org",
            practice_name="Elm Street Practice",
            support_phone="555-0100",
            language=self.language,
            further=self.further,
        )


@dataclass
class Asked:
    """One admitted call, as ``Call`` says."""

    house: "House"
    actor: Actor
    now: datetime
    practice_id: UUID | None
    patient_id: UUID | None
    held: tuple[HeldWindow, ...] = ()
    client_address: str = ""
    token: str = ""
    shown: list[UUID] = field(default_factory=list)
    record_id: UUID | None = field(init=False)

    def __post_init__(self) -> None:
        self.record_id = self.patient_id

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C, *, key: str = "") -> R:
        metadata = {"origin": "portal", "patient": str(self.patient_id or ""), "practice": str(self.practice_id)}
        answer = await handler(command, Work(self.house.store, self.house.queues, self.now, uuid4(), b"", metadata))
        await self.house.catch_up()
        return answer

    def rows(self) -> AbstractAsyncContextManager[Rows]:
        return self.house.database.live_rows()

    @contextmanager
    def moves(self) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self.house.advance.subscribe(event)
        yield event

    async def windows(self) -> tuple[HeldWindow, ...]:
        return self.held

    def viewed(self, *object_ids: UUID, patient_id: UUID | None = None, practice_id: UUID | None = None) -> None:
        self.shown += object_ids

    def header(self, name: str) -> str:
        return ""

    def page(self, token: str, size: int) -> tuple[str, int]:
        return token, size or 50

    def next_page(self, keyset: str) -> str:
        return keyset


@dataclass
class House:
    """One process's worth of messaging, and hands to tell it what peers publish and what staff and patients ask."""

    store: PostgresEventStore
    pool: Pool
    sealer: Sealer
    advance: PostgresAdvance
    contacts: Contacts
    post: Post
    now: datetime = MONDAY
    cabinet: Cabinet = field(default_factory=Cabinet)
    forms: Forms = field(default_factory=Forms)
    queues: StreamQueues = field(default_factory=StreamQueues)
    positions: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.api = MessagingApi(Files(self.cabinet))

    @property
    def database(self) -> PostgresDatabase:
        return PostgresDatabase(self.pool, self.sealer)

    async def tell(self, source: str, event: PublicEvent, origin: str = "portal") -> None:
        """The reader of a peer's topic brings one event that happened at ``now``."""
        key = event.patient_id if isinstance(event, PatientEvent) else event.practice_id
        last = await self.advance.last(source, 0)
        recorded = Recorded(event, source, 0, last + 1, key, 1, key, key, self.now, self.now, {"origin": origin})
        await self.advance.advance(source, 0, last, [Incoming(last + 1, key, b"", recorded)], last + 1)

    async def catch_up(self) -> None:
        """Own events into read models and effects."""
        last = await self.advance.last("messaging", 0)
        async for page in self.store.read(last):
            incoming = [Incoming(one.position, one.key, b"", one) for one in page]
            await self.advance.advance("messaging", 0, last, incoming, page[-1].position)
            last = page[-1].position

    async def decide(  # one window's parts
        self,
        account_id: UUID,
        person_id: UUID,
        acting_as: ActingAs = "self",
        scopes: tuple[Scope, ...] = EVERYTHING,
        until: datetime | None = None,
        generation: int = 1,
    ) -> None:
        """Consent tells of one window of the account on the patient, from now."""
        window = Window(
            acting_as=acting_as,
            person_id=person_id,
            scopes=list(scopes),
            since=self.now,
            until=until,
            rule="",
            because=[],
        )
        windows = [window] if scopes else []
        told = AccessDecided(
            practice_id=PRACTICE, patient_id=PATIENT, account_id=account_id, generation=generation, windows=windows
        )
        await self.tell("consent", told)

    def as_patient(self, **more: Any) -> Asked:
        actor = Actor("account", PATIENTS_ACCOUNT, acting_as="self", scopes=frozenset(EVERYTHING))
        return Asked(self, more.pop("actor", actor), self.now, PRACTICE, more.pop("patient_id", PATIENT), **more)

    def as_staff(self, *roles: str, patient_id: UUID | None = PATIENT) -> Asked:
        actor = Actor("staff", uuid4(), staff_id=HELEN, practice_id=PRACTICE, roles=frozenset(roles), acting_as="staff")
        return Asked(self, actor, self.now, PRACTICE, patient_id)

    async def effects(self) -> list[dict[str, Any]]:
        return await self.database.fetch("SELECT * FROM effects ORDER BY cause, kind, recipient")

    async def carry_out(self, *, again: bool = False) -> None:
        """Runs what is due until nothing follows. ``again``: everything a second time, as after a crash."""
        runs = Notifying(
            self.contacts,
            self.cabinet,
            MailServer(self.post.url, "Portal <portal@example.org>"),
            "https://p",
            self.forms,
        ).effects()
        means = Means(self.store, self.queues, FixedClock(self.now), self.database)
        done: set[UUID] = set() if again else {row["id"] for row in await self._done()}
        while todo := [row for row in await self.effects() if row["id"] not in done and self._is_due(row)]:
            for row in todo:
                pending = PendingEffect(
                    row["id"], row["cause"], row["kind"], row["key"], row["recipient"], row["at"], row["details"], "", 1
                )
                carried = CarriedEffect(pending, means)
                await runs[pending.kind](carried)
                async with self.pool.acquire() as connection:
                    await insert_following(connection, pending.cause, pending.at, "", carried.following)
                    await connection.execute("INSERT INTO carried VALUES ($1) ON CONFLICT DO NOTHING", pending.id)
                done.add(pending.id)
        await self.catch_up()

    async def _done(self) -> list[dict[str, Any]]:
        return await self.database.fetch("SELECT id FROM carried")

    def _is_due(self, row: dict[str, Any]) -> bool:
        due: datetime | float = row["due_at"]
        return not isinstance(due, datetime) or due.year == 1 or due <= self.now

    def later(self, **parts: float) -> None:
        self.now += timedelta(**parts)


MODELS = (*READ_MODELS, *replicas_for("messaging", PUBLISHED))
"""As the process runs them."""


@pytest.fixture
async def house(database: str, keys_database: str, post: Post) -> AsyncIterator[House]:
    """A practice in New York with one provider who takes part and one patient, known to messaging."""
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=4))
        key_pool = await stack.enter_async_context(asyncpg.create_pool(keys_database, min_size=1, max_size=2))
        async with events.acquire() as connection:
            await migrate(connection, MIGRATIONS, "events")
            for scope, folder in FOLDERS.items():
                await migrate(connection, folder / "migrations", scope)
            await connection.execute("CREATE TABLE carried (id uuid PRIMARY KEY)")
        async with key_pool.acquire() as connection:
            await migrate(connection, KEY_MIGRATIONS, "keys")
        pool = await stack.enter_async_context(await open_pool(database))
        generations = Generations(pool, "messaging", MODELS)
        async with generations.alone():
            await generations.prepare()
        keys = SubjectKeys(ServiceKey("messaging", bytes(range(32))), events, key_pool)
        store = PostgresEventStore(StoredTable([*STORED, *viewing.STORED]), keys, database, events)
        await store.open()
        stack.push_async_callback(store.close)
        sealer = Sealer(keys)
        advance = PostgresAdvance(pool, sealer, sources_of("messaging", MODELS, PROCESSES, CONSUMERS))
        made = House(store, pool, sealer, advance, Contacts(), post)
        await made.tell("identity", identity.PracticeOpened(practice_id=PRACTICE, time_zone="America/New_York"))
        await made.tell("identity", identity.ProviderActivated(practice_id=PRACTICE, provider_id=PROVIDER))
        yield made
