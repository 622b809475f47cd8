"""The three routes of recovery, support's token, and one's own change of password."""

from datetime import datetime, timedelta
from uuid import UUID

from services.identity.address_book import calling_name, details_word
from services.identity.api.invitations import normalised_answer
from services.identity.api.sessions import account_of
from services.identity.commands.practices import SwitchSecurityQuestion, switch_security_question
from services.identity.commands.recovery import (
    ChangePassword,
    IssueRecoveryToken,
    MakeAttempt,
    NewPasswords,
    ResetPassword,
    VoidRecovery,
    issue_recovery_token,
    make_attempt,
    void_recovery,
)
from services.identity.credentials import throttle
from services.identity.credentials.links import Purpose
from services.identity.credentials.passwords import refuse_weak
from services.identity.domain.account import Account
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import (
    CallerNotVerified,
    LinkGone,
    NotEnrolled,
    WrongAnswer,
    WrongCode,
    WrongToken,
)
from services.identity.domain.practice import Practice
from services.identity.domain.recovery import Recovery, Verification
from services.identity.domain.values import (
    AccountId,
    PatientId,
    PersonId,
    PracticeId,
    RecoveryId,
    StaffId,
    enrolments_id,
)
from services.identity.messages import email_field, link_id, name_field
from services.identity.parts import Servicer
from services.identity.recoveries import DETAILS
from services.identity.sign_in import user_name_id
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_field, instant_message, text_field, uuid_field
from shared.throttle import Bucket

LINK: Purpose = "recovery"
ANSWERS, TOKEN_TRIES = 3, 5
"""R23, R25."""
LONGER_THAN_ANY = timedelta(days=3650)
VERIFICATIONS: dict[str, Verification] = {"fact": "fact", "call_back": "call_back"}


class RecoveryApi(Servicer):
    async def RequestRecoveryByUserName(
        self, request: api_pb2.RequestRecoveryByUserNameRequest, call: Call
    ) -> api_pb2.RequestRecoveryByUserNameResponse:
        """Answers the same to everyone, without a position: that would tell what happened beside."""
        if not request.user_name.strip():
            raise InvalidField("user_name", "expected a user name")
        await self.parts.throttle.count(throttle.requests(call.client_address))
        word = user_name_id(self.parts.store, request.user_name)
        await call.perform(make_attempt, MakeAttempt("user_name", word))
        return api_pb2.RequestRecoveryByUserNameResponse()

    async def RequestRecoveryByDetails(
        self, request: api_pb2.RequestRecoveryByDetailsRequest, call: Call
    ) -> api_pb2.RequestRecoveryByDetailsResponse:
        name, born = name_field(request.name, "name"), date_field(request.birth_date, "birth_date")
        email = email_field(request.email, "email", required=True)
        await self.parts.throttle.count(throttle.requests(call.client_address))
        details = self.parts.store.blind(DETAILS, details_word(name, born))
        await call.perform(make_attempt, MakeAttempt("details", self.parts.book.word(email), details))
        return api_pb2.RequestRecoveryByDetailsResponse()

    async def GetRecovery(self, request: api_pb2.GetRecoveryRequest, call: Call) -> api_pb2.GetRecoveryResponse:
        """Consumes nothing: mail scanners open links (R8)."""
        recovery = await self._by_link(request.recovery_id, request.secret)
        account = await self._holder_of(recovery)
        recovery.require_open(account.password_number, call.now)
        asked = await self._question(recovery, account)
        return api_pb2.GetRecoveryResponse(
            user_name=account.user_name,
            security_question=asked[0] if asked else "",
            code_needed=account.has_totp,
            expires_at=instant_message(recovery.expires_at),
        )

    async def ResetPassword(self, request: api_pb2.ResetPasswordRequest, call: Call) -> api_pb2.ResetPasswordResponse:
        recovery = await self._by_link(request.recovery_id, request.secret)
        account = await self._holder_of(recovery)
        refuse_weak(request.new_password, account.user_name, field="new_password")
        if _is_open(recovery, account, call.now):
            bucket = self.parts.sign_in.recovering(account.id, request.device)
            await self.parts.throttle.count(bucket)
            await self._check_answer(recovery, account, request.security_answer, call)
            if account.has_totp and not await self.parts.vault.check_code(account.id, request.code):
                raise WrongCode
            await self.parts.throttle.take_back([bucket])
        # What is not open is left to the command: it knows whether this is a repeat of the one that used it.
        return api_pb2.ResetPasswordResponse(position=await self._reset(recovery, request.new_password, call))

    async def ResetPasswordWithToken(
        self, request: api_pb2.ResetPasswordWithTokenRequest, call: Call
    ) -> api_pb2.ResetPasswordWithTokenResponse:
        """Everything that is not right answers alike, after the same work (R25, R26)."""
        email = email_field(request.email, "email", required=True)
        refuse_weak(request.new_password, field="new_password")
        recovery_id = await self.parts.handed.find("recovery", request.token)
        recovery = await self.parts.store.find(Recovery, recovery_id or UUID(int=0))
        account = await self.parts.store.find(Account, recovery.account_id) if recovery is not None else None
        is_token = recovery is not None and recovery.beginning.means == "token"
        if recovery is None or account is None or not account.is_open or not is_token:
            guesses = throttle.answers(f"token-for:{self.parts.book.word(email)}")
            await self.parts.throttle.count(throttle.source(call.client_address), guesses)
            await self.parts.passwords.hash(request.new_password)
            raise WrongToken
        if _is_open(recovery, account, call.now):
            refuse_weak(request.new_password, account.user_name, field="new_password")
            buckets = await self._count_token(recovery, request)
            if account.has_totp and not request.code:
                await self.parts.throttle.take_back(buckets)
                return api_pb2.ResetPasswordWithTokenResponse(factor_required=True)
            if account.has_totp and not await self.parts.vault.check_code(account.id, request.code):
                raise WrongCode
            await self.parts.throttle.take_back(buckets)
        try:
            position = await self._reset(recovery, request.new_password, call)
        except LinkGone:
            raise WrongToken from None
        return api_pb2.ResetPasswordWithTokenResponse(position=position)

    async def IssueRecoveryToken(
        self, request: api_pb2.IssueRecoveryTokenRequest, call: Call
    ) -> api_pb2.IssueRecoveryTokenResponse:
        """What the caller said must be on record; the fact or call-back is recorded with the token (R25)."""
        patient_id = PatientId(uuid_field(request.patient_id, "patient_id"))
        person_id = PersonId(uuid_field(request.person_id, "person_id"))
        verification = VERIFICATIONS[choice_field(request.verification, "verification", frozenset(VERIFICATIONS))]
        how = text_field(request.how, "how", most=1000)
        holder = await self.parts.book.holder("patient" if patient_id == person_id else "person", person_id)
        enrolments = await self.parts.store.find(Enrolments, enrolments_id(patient_id))
        if holder is None or enrolments is None or person_id not in enrolments.accounts:
            raise NotEnrolled
        told = calling_name(name_field(request.caller_name, "caller_name"))
        if told != calling_name(holder.name) or date_field(request.birth_date, "birth_date") != holder.birth_date:
            raise CallerNotVerified
        staff_id = StaffId(call.actor.staff_id) if call.actor.staff_id is not None else None
        command = IssueRecoveryToken(
            enrolments.accounts[person_id], holder.reached, verification, how, staff_id, AccountId(account_of(call))
        )
        issued = await call.perform(issue_recovery_token, command)
        await self.parts.handed.keep("recovery", issued.recovery_id)
        return api_pb2.IssueRecoveryTokenResponse(
            token=self.parts.handed.token("recovery", issued.recovery_id),
            expires_at=instant_message(issued.expires_at),
            position=str(issued.position),
        )

    async def ChangePassword(
        self, request: api_pb2.ChangePasswordRequest, call: Call
    ) -> api_pb2.ChangePasswordResponse:
        account = await self._recovering(account_of(call))
        refuse_weak(request.new_password, account.user_name, field="new_password")
        command = ChangePassword(AccountId(account.id), await self.parts.passwords.hash(request.new_password))
        position = await call.perform(self._new_passwords().change_password, command)
        return api_pb2.ChangePasswordResponse(position=str(position))

    async def SwitchSecurityQuestion(
        self, request: api_pb2.SwitchSecurityQuestionRequest, call: Call
    ) -> api_pb2.SwitchSecurityQuestionResponse:
        command = SwitchSecurityQuestion(PracticeId(uuid_field(request.practice_id, "practice_id")), request.asked)
        position = await call.perform(switch_security_question, command)
        return api_pb2.SwitchSecurityQuestionResponse(position=str(position))

    async def _by_link(self, text: str, secret: str) -> Recovery:
        recovery_id = link_id(text)
        self.parts.links.require_genuine(LINK, recovery_id, secret)
        recovery = await self.parts.store.find(Recovery, recovery_id)
        if recovery is None or recovery.beginning.means != "link":
            raise LinkGone
        reached = recovery.beginning.reached
        holder = await self.parts.book.holder(reached.kind, reached.holder_id)
        if holder is None or holder.reached.contact_number != reached.contact_number:
            raise LinkGone  # mailed to an address that counts no longer (R35)
        return recovery

    async def _holder_of(self, recovery: Recovery) -> Account:
        return await self._recovering(recovery.account_id)

    async def _recovering(self, account_id: UUID) -> Account:
        account = await self.parts.store.find(Account, account_id)
        if account is None or not account.is_open:
            raise LinkGone
        return account

    async def _question(self, recovery: Recovery, account: Account) -> tuple[str, str] | None:
        """Question and hash of its answer, where route A asks it: chosen at enrolment, not switched off (R23)."""
        practice = await self.parts.store.find(Practice, recovery.beginning.reached.practice_id)
        if recovery.beginning.route != "user_name" or practice is None or not practice.asks_security_question:
            return None
        return await self.parts.vault.answer(account.id)

    async def _check_answer(self, recovery: Recovery, account: Account, answer: str, call: Call) -> None:
        """Counted before it is checked; the third wrong one voids the link (R23)."""
        asked = await self._question(recovery, account)
        if asked is None:
            return
        tries = Bucket(f"security-answer:{recovery.id}", ANSWERS, LONGER_THAN_ANY)
        number = await self.parts.throttle.number(tries)
        is_right = await self.parts.passwords.verify(asked[1], normalised_answer(answer))
        if is_right and number <= tries.most:
            await self.parts.throttle.take_back([tries])
            return
        if number < tries.most:
            raise WrongAnswer
        await call.perform(void_recovery, VoidRecovery(RecoveryId(recovery.id), "wrong_answers"))
        raise LinkGone

    async def _count_token(self, recovery: Recovery, request: api_pb2.ResetPasswordWithTokenRequest) -> list[Bucket]:
        """Five tries a token, ten an account and day; WrongToken also where the address is another."""
        tries = Bucket(f"token:{recovery.id}", TOKEN_TRIES, LONGER_THAN_ANY)
        if await self.parts.throttle.number(tries) > tries.most:
            raise WrongToken
        reached = recovery.beginning.reached
        holder = await self.parts.book.holder(reached.kind, reached.holder_id)
        bucket = self.parts.sign_in.recovering(recovery.account_id, request.device)
        await self.parts.throttle.count(bucket)
        if holder is None or holder.email != email_field(request.email, "email"):
            await self.parts.passwords.hash(request.new_password)
            raise WrongToken
        return [tries, bucket]

    async def _reset(self, recovery: Recovery, password: str, call: Call) -> str:
        command = ResetPassword(RecoveryId(recovery.id), await self.parts.passwords.hash(password))
        return str(await call.perform(self._new_passwords().reset_password, command))

    def _new_passwords(self) -> NewPasswords:
        return NewPasswords(self.parts.vault, self.parts.sessions)


def _is_open(recovery: Recovery, account: Account, now: datetime) -> bool:
    try:
        recovery.require_open(account.password_number, now)
    except LinkGone:
        return False
    return True
