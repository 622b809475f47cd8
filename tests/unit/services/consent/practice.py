"""A practice in memory: commands over the in-memory store, and an identity that says what it is told to say."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.commands.authorizations import (
    GrantAuthorization,
    RecordDocument,
    VerifyDocuments,
    grant_authorization,
    record_document,
    verify_documents,
)
from services.consent.commands.consents import SignConsent, WithdrawConsent, sign_consent, withdraw_consent
from services.consent.commands.facts import JoinAccount, RegisterPatient, Told, join_account, register_patient
from services.consent.commands.forms import OpenPractice, open_practice
from services.consent.decisions import Decisions
from services.consent.domain.authorization import DocumentKind, Signatory, Terms
from services.consent.domain.dossier import HeardFacts
from services.consent.domain.facts import ALL_SCOPES, Kind
from services.consent.domain.identifiers import consent_id
from services.consent.domain.scan import Scan, ScannedFile
from services.consent.facts import IdentityFacts
from services.consent.facts import Told as ToldOf
from services.consent.stored import STORED
from shared.envelope import Position
from shared.errors import AccessUndecided
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work

C = TypeVar("C")
R = TypeVar("R")

PRACTICE, PATIENT, PARENT = UUID(int=10), UUID(int=11), UUID(int=12)
PATIENTS_ACCOUNT, PARENTS_ACCOUNT, DESK = UUID(int=21), UUID(int=22), UUID(int=23)
SCAN = UUID(int=77)
"""Of a paper of PATIENT's, kept when the practice opened."""
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
BORN_ADULT, BORN_CHILD, BORN_TEEN = date(1980, 5, 17), date(2017, 3, 2), date(2011, 3, 2)


@dataclass
class Identity:
    """Stands for identity's peer port: which patients are newer there, and what it says of them."""

    newer: set[UUID] = field(default_factory=set)
    everyone: bool = False
    says: dict[UUID, HeardFacts] = field(default_factory=dict)
    silent: bool = False
    asked: list[UUID] = field(default_factory=list)

    async def told(self) -> ToldOf:
        if self.silent:
            raise AccessUndecided
        return ToldOf(frozenset(self.newer), self.everyone)

    async def of(self, patient_id: UUID) -> HeardFacts | None:
        if self.silent:
            raise AccessUndecided
        self.asked.append(patient_id)
        return self.says.get(patient_id)


class ConsentPractice:
    """Given … when … then, in the words of the commands. Time stands still until ``at`` is set."""

    def __init__(self) -> None:
        self.store = MemoryEventStore("consent", StoredTable(STORED))
        self.identity = Identity()
        self.at = NOW
        self.queues = StreamQueues()
        self._numbers = count(1)
        self.decisions = Decisions(self.store, cast("IdentityFacts", self.identity), lambda: self.at)

    async def do(
        self,
        handler: Callable[[C, Work], Awaitable[R]],
        command: C,
        *,
        key: UUID | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> R:
        command_id = key or UUID(int=1000 + next(self._numbers))
        return await handler(command, Work(self.store, self.queues, self.at, command_id, metadata=metadata or {}))

    def told(self) -> Told:
        return Told(f"identity:{next(self._numbers)}", self.at)

    async def opened(self) -> "ConsentPractice":
        await self.do(open_practice, OpenPractice(PRACTICE, ZONE.key, 12, 18, self.at))
        await self.scanned()
        return self

    async def scanned(self, scan_id: UUID = SCAN, patient_id: UUID = PATIENT) -> None:
        """A scan of that patient's papers is kept."""
        file = ScannedFile("application/pdf", 2048, 1, "0" * 64, UUID(int=78))

        async def keep(scan: Scan, work: Work) -> Position:
            return await work.create(lambda: scan)

        await self.do(keep, Scan(scan_id, PRACTICE, patient_id, file, DESK, self.at))

    async def registered(self, birth_date: date = BORN_ADULT, patient_id: UUID = PATIENT) -> None:
        await self.do(register_patient, RegisterPatient(PRACTICE, patient_id, birth_date, self.told()))

    async def joined(self, account_id: UUID = PATIENTS_ACCOUNT, person_id: UUID = PATIENT) -> None:
        await self.do(join_account, JoinAccount(PATIENT, account_id, person_id, self.told()))

    async def signed(self, signer_id: UUID = PATIENT, *, key: UUID | None = None) -> UUID:
        command = SignConsent(PATIENT, signer_id, 1, "screen", None, DESK)
        return (await self.do(sign_consent, command, key=key)).id

    async def withdrawn(self, signer_id: UUID = PATIENT) -> None:
        command = WithdrawConsent(PATIENT, consent_id(PATIENT, signer_id), "asked at the desk", DESK)
        await self.do(withdraw_consent, command)

    async def granted(
        self, kind: Kind = "minor", until: date | None = None, signed_by: tuple[Signatory, ...] = ("representative",)
    ) -> UUID:
        terms = Terms(kind, tuple(sorted(ALL_SCOPES)), until)
        return (await self.do(grant_authorization, GrantAuthorization(PATIENT, PARENT, terms, signed_by))).id

    async def documented(
        self, authorization_id: UUID, kind: DocumentKind = "birth_certificate", expires_on: date | None = None
    ) -> UUID:
        recorded = await self.do(record_document, RecordDocument(PATIENT, authorization_id, kind, SCAN, DESK))
        await self.do(verify_documents, VerifyDocuments(PATIENT, authorization_id, recorded.id, expires_on, DESK))
        return recorded.id

    async def sees(self, account_id: UUID = PATIENTS_ACCOUNT, patient_id: UUID = PATIENT) -> set[str]:
        """The scopes that are open to the account now, as ``Decide`` would say."""
        found = await self.decisions.decide(account_id, patient_id)
        return {scope for window in found if window.holds(self.at) for scope in window.scopes}

    async def an_adult_with_access(self) -> None:
        await self.opened()
        await self.registered()
        await self.signed()
        await self.joined()

    async def a_parent_of_a_child(self, birth_date: date = BORN_CHILD) -> UUID:
        await self.opened()
        await self.registered(birth_date)
        authorization_id = await self.granted()
        await self.documented(authorization_id)
        await self.signed(PARENT)
        await self.joined(PARENTS_ACCOUNT, PARENT)
        return authorization_id

    def later(self, **amount: float) -> None:
        self.at += timedelta(**amount)
