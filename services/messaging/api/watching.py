"""An open stream that tells what of a patient's inbox is new or changed, and ends with the caller's access."""

import asyncio
from collections.abc import AsyncIterator

from services.messaging.api.callers import account_of, located
from services.messaging.projections import inbox
from shared.clock import monotonic
from shared.contracts.messaging.v1 import api_pb2
from shared.rpc.call import Call
from shared.waking import woken

NEWEST = 50
"""So many items are looked at: nobody is told of more at once."""
LOOK_SECONDS = 1.0
"""How often a stream looks where another process moves the read models."""
REST_SECONDS = 0.2
"""Between two looks: a busy practice wakes all its watchers with each batch."""
HEARTBEAT_SECONDS = 15.0


class Watching:
    """The inbox as server-sent events. The machinery decides again meanwhile; here is only what changed."""

    async def WatchInbox(
        self, request: api_pb2.WatchInboxRequest, call: Call
    ) -> AsyncIterator[api_pb2.WatchInboxResponse]:
        with call.moves() as moved:
            watched = inbox.Watched.beginning(await _newest(call))
            yield api_pb2.WatchInboxResponse()
            told_at = monotonic()
            while True:
                await woken(moved, LOOK_SECONDS)
                moved.clear()
                changed = watched.changed(await _newest(call))
                if changed:
                    call.viewed(*(item.object_id for item in changed))
                if changed or monotonic() - told_at >= HEARTBEAT_SECONDS:
                    items = [api_pb2.ChangedItem(item_id=str(item.item_id), kind=item.kind) for item in changed]
                    yield api_pb2.WatchInboxResponse(items=items)
                    told_at = monotonic()
                await asyncio.sleep(REST_SECONDS)


async def _newest(call: Call) -> list[inbox.InboxItem]:
    """As the caller may see it now: nothing is kept of what was decided when the stream began."""
    _, patient_id = located(call)
    viewer = inbox.Viewer(account_of(call), call.actor.scopes, call.actor.acting_as)
    async with call.rows() as rows:
        return await inbox.page(rows, patient_id, viewer, inbox.Wanted("", None, NEWEST))
