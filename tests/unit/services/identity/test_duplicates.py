"""R44: duplicate records are joined and parted by two persons; access to them ends, and nothing new belongs to one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.identity.commands.duplicates import (
    ConfirmJoiningProposal,
    ProposeJoining,
    ProposeParting,
    WithdrawJoiningProposal,
    confirm_joining_proposal,
    propose_joining,
    propose_parting,
    withdraw_joining_proposal,
)
from services.identity.commands.invitations import IssueInvitation, issue_invitation
from services.identity.commands.patients import (
    CorrectBirthDate,
    CorrectName,
    RecordContact,
    RecordDeath,
    RegisterPerson,
    correct_birth_date,
    correct_name,
    record_contact,
    record_death,
    register_person,
)
from services.identity.commands.seconding import ConfirmErasure, RequestErasure, confirm_erasure, request_erasure
from services.identity.commands.staff import EndStaff, end_staff
from services.identity.domain.account import Account
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import NotJoinable, ProposalGone, RecordJoined, SecondPersonNeeded
from services.identity.domain.invitation import Invitation
from services.identity.domain.patient import Patient
from services.identity.domain.seconding import PROPOSAL_LIFETIME
from services.identity.domain.values import (
    Contact,
    ErasureRequestId,
    JoiningProposalId,
    PatientId,
    PersonId,
    PersonIdentity,
    PersonName,
    PracticeId,
    StaffId,
    enrolments_id,
)
from shared.errors import NotFound
from tests.unit.services.identity.people import BORN, Town

SECOND = timedelta(seconds=1)


@dataclass
class Desk:
    """A practice with two who may join records, and two records of one person."""

    town: Town
    practice_id: PracticeId
    ada: StaffId
    bea: StaffId
    duplicate: PatientId
    survivor: PatientId

    async def propose(self, duplicate: PatientId | None = None, survivor: PatientId | None = None) -> JoiningProposalId:
        command = ProposeJoining(duplicate or self.duplicate, survivor or self.survivor, "Same card", self.ada)
        return JoiningProposalId((await self.town.perform(propose_joining, command)).id)

    async def part(self, duplicate: PatientId | None = None) -> JoiningProposalId:
        command = ProposeParting(duplicate or self.duplicate, "Twins", self.ada)
        return JoiningProposalId((await self.town.perform(propose_parting, command)).id)

    async def confirm(
        self, proposal_id: JoiningProposalId, by: StaffId | None = None, patient_id: PatientId | None = None
    ) -> None:
        command = ConfirmJoiningProposal(patient_id or self.duplicate, proposal_id, by or self.bea)
        await self.town.perform(confirm_joining_proposal, command)

    async def patient(self, patient_id: PatientId) -> Patient:
        found = await self.town.store.find(Patient, patient_id)
        assert found is not None
        return found


@pytest.fixture
async def desk() -> Desk:
    town = Town()
    opening = await town.open_practice()
    practice, ada = opening.practice_id, opening.staff_id
    await town.join_staff(ada, "ada")
    bea = await town.new_admin(practice, ada, "bea")
    return Desk(town, practice, ada, bea, await town.register(practice), await town.register(practice))


async def test_r44_two_records_are_joined_by_two_persons_and_parted_by_two_again(desk: Desk) -> None:
    proposal = await desk.propose()
    assert not (await desk.patient(desk.duplicate)).is_joined
    with pytest.raises(SecondPersonNeeded):
        await desk.confirm(proposal, desk.ada)
    await desk.confirm(proposal)
    joined = [await desk.patient(one) for one in (desk.duplicate, desk.survivor)]
    assert [(one.survivor_id, one.duplicates) for one in joined] == [
        (desk.survivor, frozenset()),
        (None, frozenset({desk.duplicate})),
    ]
    with pytest.raises(ProposalGone):
        await desk.confirm(proposal)
    parting = await desk.part()
    with pytest.raises(SecondPersonNeeded):
        await desk.confirm(parting, desk.ada)
    await desk.confirm(parting, patient_id=desk.survivor)
    assert not any([(await desk.patient(one)).is_joined for one in (desk.duplicate, desk.survivor)])
    with pytest.raises(NotJoinable):
        await desk.part()


async def test_r44_a_proposal_lasts_72_hours_and_no_longer_than_its_maker(desk: Desk) -> None:
    late, withdrawn = await desk.propose(), await desk.propose()
    await desk.town.perform(withdraw_joining_proposal, WithdrawJoiningProposal(desk.survivor, withdrawn, desk.bea))
    with pytest.raises(ProposalGone):
        await desk.confirm(withdrawn)
    made_at = desk.town.at
    desk.town.at = made_at + PROPOSAL_LIFETIME
    with pytest.raises(ProposalGone):
        await desk.confirm(late)
    desk.town.at = made_at + PROPOSAL_LIFETIME - SECOND
    left = await desk.propose()
    await desk.confirm(late)
    await desk.town.perform(end_staff, EndStaff(desk.practice_id, desk.ada))
    with pytest.raises(ProposalGone):
        await desk.confirm(left)


async def test_r44_forged_ids_find_nothing(desk: Desk) -> None:
    elsewhere = await desk.town.open_practice()
    foreign = await desk.town.register(elsewhere.practice_id)
    other = await desk.town.register(desk.practice_id)
    proposal = await desk.propose()
    for duplicate, survivor in ((desk.duplicate, foreign), (foreign, desk.survivor), (desk.duplicate, UUID(int=77))):
        with pytest.raises(NotFound):
            await desk.propose(duplicate, PatientId(survivor))
    for patient in (foreign, other, PatientId(UUID(int=77))):
        with pytest.raises(NotFound):
            await desk.confirm(proposal, patient_id=patient)
        with pytest.raises(NotFound):
            await desk.town.perform(withdraw_joining_proposal, WithdrawJoiningProposal(patient, proposal, desk.bea))


async def test_r44_only_two_own_records_of_one_birth_date_and_state_are_joined(desk: Desk) -> None:
    younger = await desk.town.register(desk.practice_id, born=BORN + timedelta(days=1))
    dead, third = [await desk.town.register(desk.practice_id) for _ in range(2)]
    await desk.town.perform(record_death, RecordDeath(dead))
    for wrong in (desk.survivor, younger, dead):
        with pytest.raises(NotJoinable):
            await desk.propose(wrong)
    overtaken, chained = await desk.propose(), await desk.propose(desk.survivor, third)
    await desk.confirm(await desk.propose())
    for proposal, patient in ((overtaken, desk.duplicate), (chained, third)):
        with pytest.raises(NotJoinable):
            await desk.confirm(proposal, patient_id=patient)
    for duplicate, survivor in ((desk.survivor, third), (third, desk.duplicate), (desk.survivor, desk.duplicate)):
        with pytest.raises(NotJoinable):
            await desk.propose(duplicate, survivor)
    await desk.confirm(await desk.propose(third), patient_id=third)
    assert (await desk.patient(desk.survivor)).duplicates == {desk.duplicate, third}


async def test_r44_joining_ends_access_to_the_duplicate_and_every_invitation_to_either(desk: Desk) -> None:
    town = desk.town
    alone = await town.enrolled(desk.duplicate, "alone", 901)
    rae = await town.register_person(desk.duplicate)
    await town.consent(desk.duplicate, rae, 902)
    mia = await town.register_person(desk.survivor, "mia@example.org")
    await town.consent(desk.survivor, mia, 903)
    kept = await town.enrolled(desk.survivor, "kept", 904)
    pending = [await town.invitation(desk.duplicate, rae), await town.invitation(desk.survivor, mia)]
    await desk.confirm(await desk.propose())
    states = []
    for invitation_id in pending:
        assert invitation_id is not None
        invitation = await town.store.find(Invitation, invitation_id)
        states.append(invitation and invitation.state)
    accounts = [await town.store.find(Account, account_id) for account_id in (alone, kept)]
    assert states == ["void", "void"]
    assert [account and account.is_open for account in accounts] == [False, True]
    enrolments = await town.store.find(Enrolments, enrolments_id(desk.duplicate))
    assert enrolments is not None
    assert not enrolments.accounts
    await desk.confirm(await desk.part())
    enrolments = await town.store.find(Enrolments, enrolments_id(desk.duplicate))
    assert enrolments is not None
    assert not enrolments.accounts
    assert await town.perform(issue_invitation, IssueInvitation(desk.duplicate, PersonId(desk.duplicate)))


async def test_r44_nothing_new_belongs_to_a_duplicate_and_neither_is_erased_while_joined(desk: Desk) -> None:
    town, mine = desk.town, PersonId(desk.duplicate)
    await town.consent(desk.duplicate, number=905)
    asked = ErasureRequestId((await town.perform(request_erasure, RequestErasure(desk.survivor, desk.ada))).id)
    await desk.confirm(await desk.propose())
    identity = PersonIdentity(PersonName("Rae", "Doe"), BORN)
    refused: list[tuple[Callable[..., Awaitable[Any]], Any]] = [
        (correct_name, CorrectName(desk.duplicate, PersonName("Pia", "Doe"), "passport")),
        (correct_birth_date, CorrectBirthDate(desk.duplicate, BORN + timedelta(days=1), "passport")),
        (record_death, RecordDeath(desk.duplicate)),
        (record_contact, RecordContact(desk.duplicate, mine, Contact("new@example.org"))),
        (register_person, RegisterPerson(desk.duplicate, identity, Contact())),
        (issue_invitation, IssueInvitation(desk.duplicate, mine)),
        (request_erasure, RequestErasure(desk.duplicate, desk.ada)),
        (request_erasure, RequestErasure(desk.survivor, desk.ada)),
        (confirm_erasure, ConfirmErasure(desk.survivor, asked, desk.bea)),
    ]
    for handler, command in refused:
        with pytest.raises(RecordJoined):
            await town.perform(handler, command)
    before = await town.invitation(desk.duplicate)
    await town.consent(desk.duplicate, number=906)
    assert await town.invitation(desk.duplicate) == before
