"""The signed-in account: who it is, its factor, the records it is joined to, leaving a practice."""

from services.identity.api.sessions import account_of
from services.identity.commands.accounts import (
    ConfirmTotp,
    Factors,
    RemoveTotp,
    Unenrol,
    UnenrolPerson,
    unenrol,
    unenrol_person,
)
from services.identity.domain.account import Account
from services.identity.domain.patient import Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import AccountId, PatientId, PersonId, PracticeId
from services.identity.messages import enrolment_message
from services.identity.parts import Servicer
from services.identity.projections import enrolments
from shared.contracts.identity.v1 import api_pb2
from shared.errors import Unauthenticated
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, text_field, uuid_field


class AccountsApi(Servicer):
    async def BeginTotp(self, request: api_pb2.BeginTotpRequest, call: Call) -> api_pb2.BeginTotpResponse:
        account = await self._account(call)
        found = await self.parts.vault.begin_totp(account.id)
        return api_pb2.BeginTotpResponse(totp_secret=found.seed, otpauth_uri=found.uri(account.user_name))

    async def ConfirmTotp(self, request: api_pb2.ConfirmTotpRequest, call: Call) -> api_pb2.ConfirmTotpResponse:
        account_id = AccountId(account_of(call))
        position = await call.perform(Factors(self.parts.vault).confirm_totp, ConfirmTotp(account_id, request.code))
        return api_pb2.ConfirmTotpResponse(
            recovery_codes=await self.parts.vault.present_recovery_codes(account_id), position=str(position)
        )

    async def RemoveTotp(self, request: api_pb2.RemoveTotpRequest, call: Call) -> api_pb2.RemoveTotpResponse:
        command = RemoveTotp(AccountId(account_of(call)))
        position = await call.perform(Factors(self.parts.vault).remove_totp, command)
        return api_pb2.RemoveTotpResponse(position=str(position))

    async def GetMe(self, request: api_pb2.GetMeRequest, call: Call) -> api_pb2.GetMeResponse:
        account = await self._account(call)
        staff, display_name = [], ""
        for practice_id, staff_id in account.staff.items():
            member = await self.parts.store.find(StaffMember, staff_id)
            practice = await self.parts.store.find(Practice, practice_id)
            if member is None or practice is None:
                continue
            display_name = str(member.invitee.name)
            staff.append(
                api_pb2.StaffMembership(
                    practice_id=str(practice_id),
                    practice_name=practice.details.name,
                    staff_id=str(staff_id),
                    roles=sorted(member.duty.roles),
                    provider_id=str(member.duty.provider_id or ""),
                )
            )
        contacted = await self.parts.book.of_account(account)
        return api_pb2.GetMeResponse(
            account_id=str(account.id),
            display_name=display_name or await self._name_on_record(account),
            user_name=account.user_name,
            totp_enrolled=account.has_totp,
            email=contacted.email if contacted is not None else "",
            staff=staff,
            enrolments=await self._enrolments(call),
            factor_reset_due_at=instant_message(plan.due_at) if (plan := account.factor_reset) else None,
        )

    async def ListEnrolments(
        self, request: api_pb2.ListEnrolmentsRequest, call: Call
    ) -> api_pb2.ListEnrolmentsResponse:
        return api_pb2.ListEnrolmentsResponse(enrolments=await self._enrolments(call))

    async def Unenrol(self, request: api_pb2.UnenrolRequest, call: Call) -> api_pb2.UnenrolResponse:
        practice_id = PracticeId(uuid_field(request.leaving_practice_id, "leaving_practice_id"))
        position = await call.perform(unenrol, Unenrol(AccountId(account_of(call)), practice_id, "self"))
        return api_pb2.UnenrolResponse(position=str(position))

    async def UnenrolByStaff(
        self, request: api_pb2.UnenrolByStaffRequest, call: Call
    ) -> api_pb2.UnenrolByStaffResponse:
        command = UnenrolPerson(
            PatientId(uuid_field(request.patient_id, "patient_id")),
            PersonId(uuid_field(request.person_id, "person_id")),
            text_field(request.reason, "reason", most=1000),
        )
        return api_pb2.UnenrolByStaffResponse(position=str(await call.perform(unenrol_person, command)))

    async def _account(self, call: Call) -> Account:
        account = await self.parts.store.find(Account, account_of(call))
        if account is None or not account.is_open:
            raise Unauthenticated
        return account

    async def _name_on_record(self, account: Account) -> str:
        """The holder's name as a practice writes it: the own record first, else that of a representative."""
        for record in sorted(account.records, key=lambda record: not record.is_own):
            person = await self.parts.store.find(Patient if record.is_own else Person, record.person_id)
            if isinstance(person, Patient | Person):
                return str(person.name)
        return account.user_name

    async def _enrolments(self, call: Call) -> list[api_pb2.Enrolment]:
        async with call.rows() as rows:
            return [enrolment_message(row) for row in await enrolments.of_account(rows, account_of(call))]
