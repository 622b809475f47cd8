"""What peers ask of messaging."""

from services.messaging.projections import conversations
from shared.access.windows import holding
from shared.contracts.messaging.v1 import peers_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field

MOST_PATIENTS = 200


class MessagingPeers:
    """The peer port's servicer. Web brings its user's token; the counts are that user's."""

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
