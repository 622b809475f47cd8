"""The inbox as server-sent events through the gateway: what changed, by id and kind, until access ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from operations import journey
from operations.demo.world import Patient
from operations.outside import Portal, eventually
from shared.clock import monotonic
from tests.e2e.practices import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS = 60.0
SOON_SECONDS = 10.0
"""On a busy machine; `make faults` shows that what ends is over within the second that the rules give."""


@asynccontextmanager
async def watching(portal: Portal, patient: Patient) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of an open stream, each as the JSON that its ``data`` line holds."""
    await eventually("the patient at messaging", lambda: journey.if_found(patient.account.get(patient.path("inbox"))))
    headers = {"authorization": f"Bearer {await patient.account.token()}", "accept": "text/event-stream"}
    async with portal.http.stream("GET", patient.path("inbox/watch"), headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


async def events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


async def following(stream: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        return await anext(stream)


async def test_r2_r16_a_released_result_is_told_at_once_and_a_withdrawn_consent_ends_the_stream(
    house: House, portal: Portal
) -> None:
    patient = await house.enrolled()
    async with watching(portal, patient) as stream:
        assert await following(stream) == {"items": []}, "it says that watching has begun"
        result_id = await house.result_of(patient)
        assert await following(stream) == {"items": [{"item_id": result_id, "kind": "result"}]}
        desk = await house.staff("front_desk")
        path = patient.path(f"consents/{patient.consent_id}/withdraw")
        await desk.post(path, {"reason": "asked for it at the desk"})
        began = monotonic()
        async with asyncio.timeout(SECONDS):
            rest = [event async for event in stream]
        assert monotonic() - began < SOON_SECONDS
        assert [event for event in rest if event["items"]] == []


async def test_a_stranger_does_not_watch(house: House, portal: Portal) -> None:
    patient, stranger = await house.enrolled(), await house.enrolled()
    headers = {"authorization": f"Bearer {await stranger.account.token()}"}
    response = await portal.http.get(patient.path("inbox/watch"), headers=headers)
    assert response.status_code == 404
    without = await portal.http.get(patient.path("inbox/watch"))
    assert without.status_code == 401
