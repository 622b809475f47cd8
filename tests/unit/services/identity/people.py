"""A practice, its people and an in-memory store, for tests stated in commands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import TypeVar
from uuid import UUID

from services.identity.commands.accounts import (
    AcceptInvitation,
    AcceptStaffInvitation,
    Joining,
    JoinRecord,
    NewAccount,
    join_record,
)
from services.identity.commands.invitations import TakeConsent, take_consent
from services.identity.commands.patients import RegisterPatient, RegisterPerson, register_patient, register_person
from services.identity.commands.practices import OpenPractice, PracticeOpening, open_practice
from services.identity.commands.seconding import ConfirmAdmin, confirm_admin
from services.identity.commands.staff import InviteStaff, invite_staff
from services.identity.credentials.vault import Authenticator
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.seconding import AdminProposal
from services.identity.domain.values import (
    AccountId,
    ConsentId,
    Contact,
    Duty,
    InvitationId,
    Invitee,
    PatientId,
    PersonId,
    PersonIdentity,
    PersonName,
    PracticeDetails,
    PracticeId,
    PracticeRules,
    StaffId,
    UserNameId,
    enrolments_id,
)
from services.identity.stored import STORED
from shared.aggregate import Aggregate
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work

C = TypeVar("C")
R = TypeVar("R")

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
BORN = date(1980, 5, 17)
ADMIN, NURSE = Duty(frozenset({"admin"})), Duty(frozenset({"clinical"}))
NIA = Invitee(PersonName("Nia", "Roe"), "nia@practice.example")


@dataclass
class Secrets:
    """As much of the vault as joining meets: what it holds, by account."""

    passwords: dict[UUID, str] = field(default_factory=dict)

    async def put_password(self, account_id: UUID, hashed: str) -> None:
        self.passwords[account_id] = hashed

    async def put_answer(self, account_id: UUID, question: str, answer_hash: str) -> None: ...

    async def put_authenticator(self, account_id: UUID, authenticator: Authenticator, code: str) -> None: ...

    async def forget(self, account_id: UUID) -> None:
        self.passwords.pop(account_id, None)


class Town:
    """One practice in an in-memory store; ``at`` is the rules' clock."""

    def __init__(self) -> None:
        self.store = MemoryEventStore("identity", StoredTable(STORED))
        self.queues = StreamQueues()
        self.secrets = Secrets()
        self.at = AT
        self._numbers = count(1)

    async def perform(
        self, handler: Callable[[C, Work], Awaitable[R]], command: C, command_id: UUID | None = None
    ) -> R:
        identifier = command_id or UUID(int=next(self._numbers))
        return await handler(command, Work(self.store, self.queues, self.at, identifier))

    async def open_practice(self, zone: str = "America/New_York") -> PracticeOpening:
        admin = Invitee(PersonName("Ada", "Quist"), "ada@practice.example", by_mail=False)
        return await self.perform(open_practice, OpenPractice(PracticeDetails("Elm"), PracticeRules(zone), admin))

    async def register(
        self, practice_id: PracticeId, *, born: date = BORN, email: str = "pat@example.org"
    ) -> PatientId:
        identity = PersonIdentity(PersonName("Pat", "Doe"), born)
        created = await self.perform(register_patient, RegisterPatient(practice_id, identity, Contact(email)))
        return PatientId(created.id)

    async def register_person(self, patient_id: PatientId, email: str = "rep@example.org") -> PersonId:
        identity = PersonIdentity(PersonName("Rae", "Doe"), BORN)
        created = await self.perform(register_person, RegisterPerson(patient_id, identity, Contact(email)))
        return PersonId(created.id)

    async def consent(self, patient_id: PatientId, person_id: PersonId | None = None, number: int = 900) -> ConsentId:
        consent_id = ConsentId(UUID(int=number))
        signer = person_id or PersonId(patient_id)
        await self.perform(take_consent, TakeConsent(patient_id, signer, consent_id))
        return consent_id

    async def invitation(self, patient_id: PatientId, person_id: PersonId | None = None) -> InvitationId | None:
        enrolments = await self.store.find(Enrolments, enrolments_id(patient_id))
        return None if enrolments is None else enrolments.invitations.get(person_id or PersonId(patient_id))

    async def accept(self, invitation_id: InvitationId, name: str = "pat", command_id: UUID | None = None) -> AccountId:
        account = NewAccount(name, UserNameId(self.store.blind("user name", name)), "hash")
        joining = Joining(self.secrets)
        joined = await self.perform(joining.accept_invitation, AcceptInvitation(invitation_id, account), command_id)
        return joined.account_id

    async def enrolled(self, patient_id: PatientId, name: str = "pat", number: int = 900) -> AccountId:
        """Consent signed, invited, accepted."""
        await self.consent(patient_id, number=number)
        invitation_id = await self.invitation(patient_id)
        assert invitation_id is not None
        return await self.accept(invitation_id, name)

    async def join(self, patient_id: PatientId, account_id: AccountId) -> None:
        """The invited patient accepts with an account that exists."""
        invitation_id = await self.invitation(patient_id)
        assert invitation_id is not None
        await self.perform(join_record, JoinRecord(invitation_id, account_id))

    async def join_staff(self, staff_id: StaffId, name: str) -> AccountId:
        account = NewAccount(name, UserNameId(self.store.blind("user name", name)), "hash")
        command = AcceptStaffInvitation(staff_id, account, Authenticator("SEED", staff_id), "000000")
        return (await self.perform(Joining(self.secrets).accept_staff_invitation, command)).account_id

    async def invite_staff(self, practice_id: PracticeId, by: StaffId, duty: Duty) -> StaffId:
        """Somebody who is to be no admin."""
        staff_id = (await self.perform(invite_staff, InviteStaff(practice_id, NIA, duty, by))).staff_id
        assert staff_id is not None
        return staff_id

    async def employ(self, practice_id: PracticeId, by: StaffId, duty: Duty, name: str) -> StaffId:
        staff_id = await self.invite_staff(practice_id, by, duty)
        await self.join_staff(staff_id, name)
        return staff_id

    async def invite_admin(self, practice_id: PracticeId, by: StaffId, second: StaffId | None = None) -> StaffId:
        """Proposed by one, confirmed by ``second``: operations where there is no other admin."""
        proposal_id = (await self.perform(invite_staff, InviteStaff(practice_id, NIA, ADMIN, by))).proposal_id
        assert proposal_id is not None
        await self.perform(confirm_admin, ConfirmAdmin(practice_id, proposal_id, second))
        proposal = await self.store.find(AdminProposal, proposal_id)
        assert proposal is not None
        return proposal.candidate.staff_id

    async def new_admin(self, practice_id: PracticeId, by: StaffId, name: str) -> StaffId:
        staff_id = await self.invite_admin(practice_id, by)
        await self.join_staff(staff_id, name)
        return staff_id

    async def events(self) -> list[Aggregate.Event]:
        return [recorded.event async for page in self.store.read(0) for recorded in page]

    async def names(self) -> list[str]:
        return [type(event).__qualname__ for event in await self.events()]
