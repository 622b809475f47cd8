"""Promise 5: at every look the balance is what its sums come to, and the processor's ledger agrees."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from operations.demo.world import Patient
from operations.outside import Answer, Portal
from operations.stack import Ports, Stack
from shared.clock import monotonic
from shared.ids import uuid7
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel
from shared.waking import woken
from tests.e2e.practices import House
from tests.faults.asking import seeded
from tests.faults.promises import Kept

PATIENTS = 2
CENTS = 5_000
KILLED_EVERY = 3
VICTIMS = ("billing", "processor", "postgres")
SECONDS = 90.0


async def adds_up(seed: int, payments: int) -> Kept:
    """Payments are begun, settled, declined and refunded, while billing, processor and PostgreSQL are killed."""
    with TemporaryDirectory(prefix="portal-faults-") as folder:
        stack = Stack(Path(folder), Ports.free())
        await stack.start()
        environment = stack.environment()
        portal = Portal(stack.public_url, stack.state.authority, stack.mail_url)
        channels = ApiChannel(
            Certificates(stack.state.certificates, "operations"),
            lambda service: environment[f"PORTAL_{service.upper()}_PEERS"],
        )
        try:
            books = Books(stack, portal, await House.open(portal, channels), seeded(seed))
            await books.run(payments)
        finally:
            await portal.close()
            await channels.close()
            await stack.stop()
    return Kept(5, not books.complaints, books.looks, books.kills, 0, 0, seed, books.complaints)


class Books:
    """One practice's payments, and what was wrong with them."""

    def __init__(self, stack: Stack, portal: Portal, house: House, rng: random.Random) -> None:
        self._stack, self._portal, self._house, self._rng = stack, portal, house, rng
        self._patients: list[Patient] = []
        self.complaints: list[str] = []
        self.looks = self.kills = 0

    async def run(self, payments: int) -> None:
        self._patients = [await insist(self._house.enrolled) for _ in range(PATIENTS)]
        statements = {}
        for patient in self._patients:
            statements[patient.patient_id] = await self._house.statement_of(patient, CENTS * payments)
        for number in range(payments):
            killing = asyncio.create_task(self._kill()) if number % KILLED_EVERY == 1 else None
            for patient in self._patients:
                await self._pay(patient, statements[patient.patient_id])
                await self._look(patient)
            if killing is not None:
                await killing
        for patient in self._patients:
            await self._agrees(patient)

    async def _kill(self) -> None:
        name = self._rng.choice(VICTIMS)
        self.kills += 1
        await self._stack.kill(name)
        await self._stack.restart(name)

    async def _pay(self, patient: Patient, statement_id: str) -> None:
        """One payment, whatever becomes of it; perhaps some of it is sent back."""
        key, cents = str(uuid7()), self._rng.randint(1, CENTS)
        body = {"amount_cents": str(cents)}
        path = patient.path(f"statements/{statement_id}/payments")
        payment = await insist(lambda: patient.account.post(path, body, key=key))
        outcome = self._rng.choice(("pay", "pay", "decline"))
        await insist(lambda: self._portal.http.post(payment["checkout_url"], data={"outcome": outcome}))
        wanted = "received" if outcome == "pay" else "failed"
        await self._stands(patient, payment["payment_id"], wanted)
        if wanted == "received" and self._rng.random() < 0.5:
            billing, refund = await self._house.staff("billing"), str(uuid7())
            back = {"amount_cents": str(self._rng.randint(1, cents)), "reason": "billed twice"}
            refunds = patient.path(f"payments/{payment['payment_id']}/refunds")
            await insist(lambda: billing.post(refunds, back, key=refund))
            await self._stands(patient, payment["payment_id"], "refunded")

    async def _stands(self, patient: Patient, payment_id: str, state: str) -> None:
        path, deadline = patient.path(f"payments/{payment_id}"), monotonic() + SECONDS
        found = ""
        while monotonic() < deadline:
            found = (await insist(lambda: patient.account.get(path)))["payment"]["state"]
            if found == state:
                return
            await self._look(patient)
            await woken(asyncio.Event(), 0.1)
        self.complaints.append(f"a payment is {found}, expected {state}")

    async def _look(self, patient: Patient) -> dict[str, int]:
        found = await insist(lambda: patient.account.get(patient.path("balance")))
        sums = {name.removesuffix("_cents"): int(value) for name, value in found.items() if name.endswith("_cents")}
        self.looks += 1
        if sums["charges"] - sums["payments"] - sums["adjustments"] + sums["refunds"] != sums["balance"]:
            self.complaints.append(f"the sums do not add up: {sums}")
        return sums

    async def _agrees(self, patient: Patient) -> None:
        sums = await self._look(patient)
        listed = await insist(lambda: patient.account.get(patient.path("payments?page_size=200")))
        ours = {one["payment_id"] for one in listed["payments"]}
        async with httpx.AsyncClient(base_url=self._stack.processor_url, trust_env=False) as client:
            ledger = (await client.get("/ledger.json")).json()
        paid = [
            one for one in ledger["sessions"] if one["client_reference_id"] in ours and one["payment_status"] == "paid"
        ]
        intents = {one["payment_intent"] for one in paid}
        back = sum(one["amount"] for one in ledger["refunds"] if one["payment_intent"] in intents)
        theirs = (sum(one["amount_total"] for one in paid), back)
        if theirs != (sums["payments"], sums["refunds"]):
            self.complaints.append(f"the processor has {theirs}, billing {(sums['payments'], sums['refunds'])}")


async def insist(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Asks again, with the same key, for as long as what should answer is being killed."""
    deadline = monotonic() + SECONDS
    while True:
        try:
            return await ask()
        except Answer as refused:
            if refused.status < 500 or monotonic() > deadline:
                raise
        except httpx.TransportError:
            if monotonic() > deadline:
                raise
        await woken(asyncio.Event(), 0.2)
