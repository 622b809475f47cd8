"""Which mails the holder of the account wants (R35)."""

from services.messaging.api.callers import account_of
from services.messaging.commands import mail_choices as commands
from services.messaging.domain.mail_choices import SWITCHABLE
from services.messaging.projections import mail_choices
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.call import Call


class MailsWanted:
    """The account's own choice; nobody else's concern."""

    async def GetMailChoices(
        self, request: api_pb2.GetMailChoicesRequest, call: Call
    ) -> api_pb2.GetMailChoicesResponse:
        async with call.rows() as rows:
            unwanted = await mail_choices.unwanted_of(rows, account_of(call))
        return api_pb2.GetMailChoicesResponse(unwanted=unwanted, switchable=SWITCHABLE)

    async def ChooseMails(self, request: api_pb2.ChooseMailsRequest, call: Call) -> api_pb2.ChooseMailsResponse:
        if set(request.unwanted) - set(SWITCHABLE):
            raise InvalidField("unwanted", "expected out of " + ", ".join(SWITCHABLE))
        unwanted = tuple(kind for kind in SWITCHABLE if kind in request.unwanted)
        position = await call.perform(commands.choose_mails, commands.ChooseMails(account_of(call), unwanted))
        return api_pb2.ChooseMailsResponse(position=str(position))
