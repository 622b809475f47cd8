"""Manage practices by a token of the additional one (R22), and lost factors (R36)."""

from datetime import timedelta

from services.identity.api.recovery import TOKEN_TRIES
from services.identity.api.sessions import account_of
from services.identity.commands.accounts import JoinRecord, join_record
from services.identity.commands.factors import CancelFactorReset, LostFactors, ResetFactor, cancel_factor_reset
from services.identity.commands.invitations import IssueInvitation, issue_invitation
from services.identity.credentials import throttle
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import LinkGone, NotEnrolled, WrongToken
from services.identity.domain.invitation import Invitation
from services.identity.domain.values import AccountId, InvitationId, PatientId, PersonId, StaffId, enrolments_id
from services.identity.messages import email_field
from services.identity.parts import Servicer
from shared.contracts.identity.v1 import api_pb2
from shared.errors import NotAllowed
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, text_field, uuid_field
from shared.throttle import Bucket

LONGER_THAN_ANY = timedelta(days=3650)


class JoiningApi(Servicer):
    async def IssueJoiningToken(
        self, request: api_pb2.IssueJoiningTokenRequest, call: Call
    ) -> api_pb2.IssueJoiningTokenResponse:
        """An invitation whose token is told instead of mailed alone: bound to patient and address, 30 days."""
        patient_id = PatientId(uuid_field(request.patient_id, "patient_id"))
        person_id = PersonId(uuid_field(request.person_id, "person_id"))
        holder = await self.parts.book.of_person(patient_id, person_id)
        silent = holder is not None and await self.parts.book.is_silent(holder, call.now)
        command = IssueInvitation(patient_id, person_id, silent, AccountId(account_of(call)))
        created = await call.perform(issue_invitation, command)
        await self.parts.handed.keep("joining", created.id)
        invitation = await self.parts.store.find(Invitation, created.id)
        return api_pb2.IssueJoiningTokenResponse(
            token=self.parts.handed.token("joining", created.id),
            expires_at=instant_message(invitation.expires_at) if invitation is not None else None,
            position=str(created.position),
        )

    async def JoinPractice(self, request: api_pb2.JoinPracticeRequest, call: Call) -> api_pb2.JoinPracticeResponse:
        """Wrong, used, expired and foreign tokens, and other addresses, answer alike (R22)."""
        account_id = AccountId(account_of(call))
        email = email_field(request.email, "email", required=True)
        bucket = throttle.answers(f"joining:{account_id}")
        await self.parts.throttle.count(bucket)
        found = await self.parts.handed.find("joining", request.token)
        invitation = await self.parts.store.find(Invitation, found) if found is not None else None
        if invitation is None:
            raise WrongToken
        relation = invitation.relation
        tries = Bucket(f"token:{invitation.id}", TOKEN_TRIES, LONGER_THAN_ANY)
        number = await self.parts.throttle.number(tries)
        holder = await self.parts.book.of_person(relation.patient_id, relation.person_id)
        if number > tries.most or holder is None or holder.email != email:
            raise WrongToken
        try:
            joined = await call.perform(join_record, JoinRecord(InvitationId(invitation.id), account_id))
        except LinkGone:
            raise WrongToken from None
        await self.parts.throttle.take_back([bucket, tries])
        return api_pb2.JoinPracticeResponse(patient_id=str(joined.patient_id or ""), position=str(joined.position))

    async def ResetFactor(self, request: api_pb2.ResetFactorRequest, call: Call) -> api_pb2.ResetFactorResponse:
        """The desk saw a photo ID: at once. Support saw nobody: after 24 h in which the account can cancel (R36)."""
        patient_id = PatientId(uuid_field(request.patient_id, "patient_id"))
        person_id = PersonId(uuid_field(request.person_id, "person_id"))
        how = text_field(request.how, "how", most=1000)
        enrolments = await self.parts.store.find(Enrolments, enrolments_id(patient_id))
        if enrolments is None or person_id not in enrolments.accounts:
            raise NotEnrolled
        if call.actor.staff_id is None or (not request.announced and "front_desk" not in call.actor.roles):
            raise NotAllowed("expected the front desk, where the person shows a photo ID")
        account_id = enrolments.accounts[person_id]
        command = ResetFactor(account_id, StaffId(call.actor.staff_id), how, request.announced)
        position = await call.perform(LostFactors(self.parts.vault).reset_factor, command)
        return api_pb2.ResetFactorResponse(position=str(position))

    async def CancelFactorReset(
        self, request: api_pb2.CancelFactorResetRequest, call: Call
    ) -> api_pb2.CancelFactorResetResponse:
        position = await call.perform(cancel_factor_reset, CancelFactorReset(AccountId(account_of(call))))
        return api_pb2.CancelFactorResetResponse(position=str(position))
