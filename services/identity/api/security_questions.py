"""The account's own change of its security question, with the password once more and a fresh factor (R23, R45)."""

from services.identity.api.invitations import question_fields
from services.identity.api.sessions import account_of
from services.identity.commands.security_questions import ChangeSecurityQuestion, SecurityQuestions
from services.identity.domain.account import Account
from services.identity.domain.values import AccountId
from services.identity.parts import Servicer
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField, Unauthenticated
from shared.rpc.call import Call


class SecurityQuestionsApi(Servicer):
    async def ChangeSecurityQuestion(
        self, request: api_pb2.ChangeSecurityQuestionRequest, call: Call
    ) -> api_pb2.ChangeSecurityQuestionResponse:
        question, answer = question_fields(request.security_question, request.security_answer)
        if not question:
            raise InvalidField("security_question", "expected a question")
        account = await self.parts.store.find(Account, account_of(call))
        if account is None or not account.is_open:
            raise Unauthenticated
        await self.parts.sign_in.prove_password(account.id, request.password)
        command = ChangeSecurityQuestion(AccountId(account.id), question, await self.parts.passwords.hash(answer))
        changing = SecurityQuestions(self.parts.vault)
        position = await call.perform(changing.change_security_question, command)
        return api_pb2.ChangeSecurityQuestionResponse(position=str(position))
