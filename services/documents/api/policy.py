"""How a practice releases results in general, and a patient's wish to wait (R14)."""

from typing import get_args

from services.documents.api.callers import account_of, approving_provider, located, practice_of
from services.documents.commands import release_policy as commands
from services.documents.domain.errors import ProviderNotTakingPart
from services.documents.domain.release_policy import COVERED, Choice
from services.documents.projections import release_policies
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field

CHOICES: dict[str, Choice] = {word: word for word in get_args(Choice)}


class ReleasePolicies:
    """The practice's choice and its providers' standing approvals."""

    async def GetReleasePolicy(
        self, request: api_pb2.GetReleasePolicyRequest, call: Call
    ) -> api_pb2.GetReleasePolicyResponse:
        async with call.rows() as rows:
            choice = await release_policies.choice_of(rows, practice_of(call))
            standing = await release_policies.standing(rows, practice_of(call))
        answer = api_pb2.GetReleasePolicyResponse(choice=choice)
        for row in standing:
            answer.standing_approvals.add(
                approval_id=str(row.approval_id),
                provider_id=str(row.provider_id),
                category=row.category,
                signed_at=instant_message(row.signed_at),
            )
        return answer

    async def ChooseReleasePolicy(
        self, request: api_pb2.ChooseReleasePolicyRequest, call: Call
    ) -> api_pb2.ChooseReleasePolicyResponse:
        if request.choice not in CHOICES:
            raise InvalidField("choice", "expected one of " + ", ".join(sorted(CHOICES)))
        command = commands.ChooseReleasePolicy(practice_of(call), CHOICES[request.choice], account_of(call))
        position = await call.perform(commands.choose_release_policy, command)
        return api_pb2.ChooseReleasePolicyResponse(position=str(position))

    async def SignStandingApproval(
        self, request: api_pb2.SignStandingApprovalRequest, call: Call
    ) -> api_pb2.SignStandingApprovalResponse:
        provider_id = await approving_provider(call)
        if request.category not in COVERED:
            raise InvalidField("category", "expected one of " + ", ".join(sorted(COVERED)))
        command = commands.SignStandingApproval(practice_of(call), provider_id, COVERED[request.category])
        signed = await call.perform(commands.sign_standing_approval, command)
        return api_pb2.SignStandingApprovalResponse(approval_id=str(signed.id), position=str(signed.position))

    async def RevokeStandingApproval(
        self, request: api_pb2.RevokeStandingApprovalRequest, call: Call
    ) -> api_pb2.RevokeStandingApprovalResponse:
        provider_id = None if "admin" in call.actor.roles else call.actor.provider_id
        if provider_id is None and "admin" not in call.actor.roles:
            raise ProviderNotTakingPart
        approval_id = uuid_field(request.approval_id, "approval_id")
        command = commands.RevokeStandingApproval(practice_of(call), approval_id, provider_id, account_of(call))
        position = await call.perform(commands.revoke_standing_approval, command)
        return api_pb2.RevokeStandingApprovalResponse(position=str(position))


class ReleaseWishes:
    """What a patient asks of the practice about seeing results."""

    async def GetReleaseWish(
        self, request: api_pb2.GetReleaseWishRequest, call: Call
    ) -> api_pb2.GetReleaseWishResponse:
        async with call.rows() as rows:
            waits = await release_policies.waits(rows, located(call)[1])
        return api_pb2.GetReleaseWishResponse(waits=waits)

    async def AskToWait(self, request: api_pb2.AskToWaitRequest, call: Call) -> api_pb2.AskToWaitResponse:
        position = await call.perform(commands.ask_to_wait, commands.AskToWait(*located(call)))
        return api_pb2.AskToWaitResponse(position=str(position))

    async def EndWait(self, request: api_pb2.EndWaitRequest, call: Call) -> api_pb2.EndWaitResponse:
        position = await call.perform(commands.end_wait, commands.EndWait(located(call)[1]))
        return api_pb2.EndWaitResponse(position=str(position))
