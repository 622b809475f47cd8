"""What peers ask of messaging."""

from services.messaging.projections import conversations, sent_attachments
from shared.access.windows import holding
from shared.contracts.messaging.v1 import peers_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field

MOST_PATIENTS, MOST_ATTACHMENTS = 200, 200


class MessagingPeers:
    """The peer port's servicer. Web brings its user's token; the counts are that user's. Documents asks for itself."""

    async def UnreadCounts(self, request: peers_pb2.UnreadCountsRequest, call: Call) -> peers_pb2.UnreadCountsResponse:
        account_id = uuid_field(request.account_id, "account_id")
        if account_id != call.actor.id:
            raise NotFound
        if len(request.patient_ids) > MOST_PATIENTS:
            raise InvalidField("patient_ids", f"expected at most {MOST_PATIENTS} ids")
        asked = {uuid_field(patient_id, "patient_ids") for patient_id in request.patient_ids}
        windows = holding(await call.windows(), call.now)
        seen = sorted({window.patient_id for window in windows if "messages" in window.scopes} & asked)
        async with call.rows() as rows:
            counts = await conversations.unread_counts(rows, seen, account_id)
        return peers_pb2.UnreadCountsResponse(counts={str(patient_id): count for patient_id, count in counts.items()})

    async def AttachmentsSent(
        self, request: peers_pb2.AttachmentsSentRequest, call: Call
    ) -> peers_pb2.AttachmentsSentResponse:
        if len(request.attachment_ids) > MOST_ATTACHMENTS:
            raise InvalidField("attachment_ids", f"expected at most {MOST_ATTACHMENTS} ids")
        async with call.rows() as rows:
            found = await sent_attachments.sent(
                rows, [uuid_field(one, "attachment_ids") for one in request.attachment_ids]
            )
        return peers_pb2.AttachmentsSentResponse(attachment_ids=[str(one) for one in found])
