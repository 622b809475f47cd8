"""Invitations: what the desk issues and sees, and what the holder of a link may do with it."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.identity.api.sessions import account_of
from services.identity.commands.accounts import AcceptInvitation, Joining, JoinRecord, NewAccount, join_record
from services.identity.commands.invitations import (
    IssueInvitation,
    VoidInvitation,
    issue_invitation,
    void_invitation,
)
from services.identity.credentials import user_names
from services.identity.credentials.links import Purpose
from services.identity.credentials.passwords import refuse_weak
from services.identity.domain.errors import BirthDateDiffers, LinkGone, WrongCode
from services.identity.domain.invitation import WRONG_BIRTH_DATES, Invitation
from services.identity.domain.patient import Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.values import AccountId, InvitationId, PatientId, PersonId, Relation
from services.identity.messages import link_id
from services.identity.parts import Parts, Servicer
from services.identity.projections import enrolments, invitations
from services.identity.sign_in import user_name_id
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField, NotFound, Unauthenticated
from shared.handling import StreamQueues
from shared.reading import Row
from shared.rpc.call import Call
from shared.rpc.fields import date_field, instant_message, text_field, uuid_field
from shared.throttle import Bucket

LINK: Purpose = "invitation"
LAST = UUID(int=2**128 - 1)
LONGER_THAN_ANY = timedelta(days=3650)
LEAST_ANSWER = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever came by a genuine link, with the birth date and the code that they gave."""

    invitation_id: InvitationId
    birth_date: date
    code: str


class InvitationsApi(Servicer):
    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._turns = StreamQueues()
        """One check of a link after the other: right answers that arrive at once are not counted as wrong ones."""

    async def IssueInvitation(
        self, request: api_pb2.IssueInvitationRequest, call: Call
    ) -> api_pb2.IssueInvitationResponse:
        patient_id = PatientId(uuid_field(request.patient_id, "patient_id"))
        person_id = PersonId(uuid_field(request.person_id, "person_id"))
        holder = await self.parts.book.of_person(patient_id, person_id)
        silent = holder is not None and await self.parts.book.is_silent(holder, call.now)
        command = IssueInvitation(patient_id, person_id, silent, AccountId(account_of(call)))
        created = await call.perform(issue_invitation, command)
        return api_pb2.IssueInvitationResponse(invitation_id=str(created.id), position=str(created.position))

    async def ListInvitations(
        self, request: api_pb2.ListInvitationsRequest, call: Call
    ) -> api_pb2.ListInvitationsResponse:
        before, size = call.page(request.page_token, request.page_size)
        patient_id = uuid_field(request.patient_id, "patient_id")
        async with call.rows() as rows:
            found = await invitations.page(rows, patient_id, UUID(before) if before else LAST, size + 1)
            waiting = await enrolments.without_address(rows, patient_id)
        shown = found[:size]
        return api_pb2.ListInvitationsResponse(
            invitations=[_message(row, call) for row in shown],
            next_page_token=call.next_page(str(shown[-1]["invitation_id"])) if len(found) > size else "",
            persons_without_address=[str(person_id) for person_id in waiting],
        )

    async def GetInvitation(self, request: api_pb2.GetInvitationRequest, call: Call) -> api_pb2.GetInvitationResponse:
        """Consumes nothing: mail scanners open links (R8)."""
        invitation_id = link_id(request.invitation_id)
        self.parts.links.require_genuine(LINK, invitation_id, request.secret)
        invitation = await self.parts.store.find(Invitation, invitation_id)
        if invitation is None:
            raise LinkGone
        invitation.require_open(call.now)
        practice = await self.parts.store.find(Practice, invitation.relation.practice_id)
        if practice is None:
            raise LinkGone
        return api_pb2.GetInvitationResponse(
            practice_name=practice.details.name,
            practice_id=str(practice.id),
            expires_at=instant_message(invitation.expires_at),
            support_phone=practice.details.support_phone,
            code_needed=await self._needs_code(invitation.relation, None),
        )

    async def GetInvitationCode(
        self, request: api_pb2.GetInvitationCodeRequest, call: Call
    ) -> api_pb2.GetInvitationCodeResponse:
        """For the desk to hand to the person it has before it; the same for each look (R12)."""
        invitation = await self.parts.store.find(Invitation, uuid_field(request.invitation_id, "invitation_id"))
        if invitation is None or str(invitation.relation.patient_id) != request.patient_id:
            raise NotFound
        invitation.require_open(call.now)
        return api_pb2.GetInvitationCodeResponse(
            code=self.parts.handed.code(LINK, invitation.id),
            needed=await self._needs_code(invitation.relation, None),
        )

    async def AcceptInvitation(
        self, request: api_pb2.AcceptInvitationRequest, call: Call
    ) -> api_pb2.AcceptInvitationResponse:
        holder = self._holder(request)
        account = await self._chosen(request)
        async with self._turns.turn({holder.invitation_id}):
            await self._check_holder(holder, None, call)
        joined = await call.perform(
            Joining(self.parts.vault).accept_invitation, AcceptInvitation(holder.invitation_id, account)
        )
        return api_pb2.AcceptInvitationResponse(
            account_id=str(joined.account_id), patient_id=str(joined.patient_id or ""), position=str(joined.position)
        )

    async def AcceptInvitationWithAccount(
        self, request: api_pb2.AcceptInvitationWithAccountRequest, call: Call
    ) -> api_pb2.AcceptInvitationWithAccountResponse:
        holder = self._holder(request)
        if call.actor.id is None:
            raise Unauthenticated
        async with self._turns.turn({holder.invitation_id}):
            await self._check_holder(holder, call.actor.id, call)
        joined = await call.perform(join_record, JoinRecord(holder.invitation_id, AccountId(call.actor.id)))
        return api_pb2.AcceptInvitationWithAccountResponse(
            patient_id=str(joined.patient_id or ""), position=str(joined.position)
        )

    def _holder(self, request: api_pb2.AcceptInvitationRequest | api_pb2.AcceptInvitationWithAccountRequest) -> Holder:
        invitation_id = link_id(request.invitation_id)
        self.parts.links.require_genuine(LINK, invitation_id, request.secret)
        return Holder(InvitationId(invitation_id), date_field(request.birth_date, "birth_date"), request.handed_code)

    async def _chosen(self, request: api_pb2.AcceptInvitationRequest) -> NewAccount:
        user_name = user_names.checked(request.user_name)
        refuse_weak(request.password, user_name)
        question, answer = question_fields(request.security_question, request.security_answer)
        return NewAccount(
            user_name,
            user_name_id(self.parts.store, user_name),
            await self.parts.passwords.hash(request.password),
            question,
            await self.parts.passwords.hash(answer) if answer else "",
        )

    async def _check_holder(self, holder: Holder, account_id: UUID | None, call: Call) -> None:
        """Counted before it is checked; the third wrong birth date or code voids the link (R8, R12).

        What is not open any more is left to the command: it knows whether this is a repeat of the one that used it.
        """
        invitation = await self.parts.store.find(Invitation, holder.invitation_id)
        if invitation is None:
            raise LinkGone
        if invitation.state != "open" or call.now >= invitation.expires_at:
            return
        tries = Bucket(f"birth-date:{holder.invitation_id}", WRONG_BIRTH_DATES, LONGER_THAN_ANY)
        number = await self.parts.throttle.number(tries)
        is_born_then = holder.birth_date == await self._birth_date_of(invitation.relation)
        has_code = not await self._needs_code(invitation.relation, account_id) or self.parts.handed.is_code(
            LINK, holder.invitation_id, holder.code
        )
        if is_born_then and has_code and number <= tries.most:
            await self.parts.throttle.take_back([tries])
            return
        if number < tries.most:
            raise WrongCode if is_born_then else BirthDateDiffers
        await call.perform(void_invitation, VoidInvitation(holder.invitation_id, "wrong_answers"))
        raise LinkGone

    async def _needs_code(self, relation: Relation, account_id: UUID | None) -> bool:
        """Whether the address proves nobody: another account or a representative uses it (R12)."""
        contacted = await self.parts.book.of_person(relation.patient_id, relation.person_id)
        return contacted is None or await self.parts.book.proves_nobody(contacted, account_id)

    async def _birth_date_of(self, relation: Relation) -> date:
        person = await self.parts.store.find(Patient if relation.is_own else Person, relation.person_id)
        if not isinstance(person, Patient | Person):
            raise LinkGone
        return person.birth_date


def question_fields(question: str, answer: str) -> tuple[str, str]:
    """A question with its normalised answer, or neither (R23)."""
    question, answer = question.strip(), normalised_answer(answer)
    if bool(question) != bool(answer):
        raise InvalidField("security_answer", "expected a question with its answer, or neither")
    if answer and len(answer) < LEAST_ANSWER:
        raise InvalidField("security_answer", f"expected at least {LEAST_ANSWER} characters")
    return text_field(question, "security_question") if question else "", answer


def normalised_answer(answer: str) -> str:
    """Case and blanks do not matter."""
    return " ".join(answer.casefold().split())


def _message(row: Row, call: Call) -> api_pb2.Invitation:
    return api_pb2.Invitation(
        invitation_id=str(row["invitation_id"]),
        person_id=str(row["person_id"]),
        state=invitations.state_at(row, call.now),
        void_reason=row["void_reason"],
        issued_at=instant_message(row["issued_at"]),
        expires_at=instant_message(row["expires_at"]),
    )
