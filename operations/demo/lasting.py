"""Steps 9 to 11: consent is withdrawn, a read model is rebuilt while it is read, Kafka is lost and comes back empty."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from operations.demo.using import cents, new_mail
from operations.demo.world import Patient, World, expect
from operations.outside import Answer, Person, eventually
from operations.replaying import replay
from operations.samples import PRIMARY
from shared.clock import monotonic

BINDING_SECONDS = 1.0
"""Within that a revocation binds every service (design §6)."""
SESSION_SECONDS = 2.0
"""What another service recorded holds within that (portal-rules, first principle)."""


async def consent_is_withdrawn(world: World) -> None:
    """9. Within 1 s each service refuses, asked one by one; the account's open session ends within 2 s."""
    patient = world.patient(PRIMARY.family)
    person = patient.account
    paths = {
        "messaging": patient.path("inbox"),
        "documents": patient.path("results"),
        "billing": patient.path("balance"),
        "consent": patient.path("who-can-see"),
    }
    for path in paths.values():
        await person.get(path)
    mailed = len(await world.portal.mails(patient.email))
    await person.post(patient.path(f"consents/{patient.consent_id}/withdraw"))
    withdrawn = monotonic()
    for service, path in paths.items():
        await _refuses(person, path, withdrawn + BINDING_SECONDS, service)
    await _refuses(person, "/v1/me", withdrawn + SESSION_SECONDS, "identity, where the session has ended")
    await new_mail(world, patient.email, mailed)


async def a_read_model_is_rebuilt(world: World) -> None:
    """10. ``portal replay documents --verify`` under constant reading: equal hashes, no mail, no failed read."""
    provider = world.staff["provider"]
    path = world.of_practice("pending-results")
    mailed = len(await world.portal.mails())
    done = asyncio.Event()

    async def keep_reading() -> int:
        reads = 0
        while not done.is_set():
            await provider.get(path)
            reads += 1
        return reads

    reading = asyncio.create_task(keep_reading())
    try:
        report = await replay(world.stack.environment(), "documents", [], verify=True)
    finally:
        done.set()
    reads = await reading
    expect(report and all(one.equal for one in report), "every rebuilt read model equals the live one")
    expect(any(one.rows > 0 for one in report), "there were rows to rebuild")
    expect(reads > 0, "the read model was read meanwhile, and each read was answered")
    expect(len(await world.portal.mails()) == mailed, "a replay mails nobody")


async def kafka_is_lost(world: World) -> None:
    """11. Kafka is killed and wiped: commands go on; it restarts empty and every peer converges, nothing doubled."""
    desk, provider, billing = world.staff["front_desk"], world.staff["provider"], world.staff["billing"]
    parent = world.parent
    if parent is None:
        raise AssertionError("step 8 comes before")
    child = world.patient("Ashdown")
    mailed = len(await world.portal.mails())
    inbox_before = await _bill_ids(parent, child)

    await world.stack.kill("kafka")
    charge = {
        "serviced_on": {"year": 2026, "month": 3, "day": 2},
        "category": "visit",
        "description": "Visit",
        "amount_cents": "5000",
    }
    charged = await billing.post(child.path("charges"), charge)
    posted = await billing.post(child.path("statements"), {"charge_ids": [charged["charge_id"]]})
    await provider.get(world.of_practice("pending-results"))
    await desk.get(world.of_practice("providers"))
    await world.stack.wipe_kafka()
    await world.stack.restart("kafka")

    async def converged() -> bool | None:
        return posted["statement_id"] in await _bill_ids(parent, child) or None

    await eventually("the statement posted without Kafka in the parent's inbox", converged, 120)
    found = await _bill_ids(parent, child)
    expect(sorted(found) == sorted([*inbox_before, posted["statement_id"]]), "nothing is lost and nothing is doubled")
    balance = await parent.get(child.path("balance"))
    expect(cents(balance, "charges") == 5000, "the charge counts once")

    async def one_mail() -> bool | None:
        return len(await world.portal.mails()) >= mailed + 1 or None

    await eventually("the mail about the statement", one_mail, 60)
    expect(len(await world.portal.mails()) == mailed + 1, "nothing was mailed again")


async def _bill_ids(person: Person, patient: Patient) -> list[str]:
    inbox = await person.get(patient.path("inbox?kind=statement&page_size=200"))
    return [one["object_id"] for one in inbox["items"]]


async def _refuses(person: Person, path: str, deadline: float, who: str) -> None:
    """Asks until refused; the refusal must come before the deadline."""
    while True:
        asked = monotonic()
        refusal = await _refusal(lambda: person.get(path))
        if refusal is not None:
            expect(refusal.status in {401, 403, 404}, f"{who} refuses")
            return
        expect(asked < deadline, f"{who} refuses in time")


async def _refusal(ask: Callable[[], Awaitable[Any]]) -> Answer | None:
    try:
        await ask()
    except Answer as answer:
        return answer
    return None
