"""Payment without an account: whoever has a statement's number and the patient's birth date may pay it (R1)."""

import asyncio
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.billing.api.callers import amount_field
from services.billing.commands import payments as commands
from services.billing.commands.posting import NUMBER_INDEX
from services.billing.domain.numbers import StatementNumber
from services.billing.domain.statements import Statement
from services.billing.processor import Checkout, Processor
from shared.access.enforcement import as_the_system
from shared.clock import monotonic
from shared.contracts.billing.v1 import api_pb2
from shared.contracts.identity.v1 import peers_pb2
from shared.errors import NotFound, Throttled
from shared.eventstore.store import EventStore
from shared.money import Money
from shared.rpc.call import Call
from shared.rpc.fields import date_field, text_field
from shared.throttle import Bucket, Throttle

if TYPE_CHECKING:  # the asynchronous stub exists in the generated types only
    from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersAsyncStub

ANSWER_SECONDS = 0.2
"""No answer comes sooner: whatever is found on the way, and whatever is not, takes less."""
DAY = timedelta(days=1)
SOURCE_TRIES, SOURCE_WINDOW = 100, timedelta(minutes=15)
"""Wrong answers from one address over all numbers; a whole practice may sit behind one."""
TRIES_OF_SOURCE = 5
"""Wrong answers a day from one address with one number."""
TRIES_OF_NUMBER = 20
"""Wrong answers a day with one number over all addresses. After these each address has one: no stranger locks it."""


class GuestCheck:
    """Number and birth date against store and identity. All that is wrong answers alike, after the same work."""

    def __init__(self, store: EventStore, throttle: Throttle, identity: "IdentityPeersAsyncStub") -> None:
        self._store, self._throttle, self._identity = store, throttle, identity

    async def payable(self, number: str, born: date, address: str) -> Statement:
        """The statement that can be paid by them; the try is counted first. Raises NotFound, Throttled."""
        begun = monotonic()
        try:
            return await self._payable(number, born, address)
        finally:
            await asyncio.sleep(max(0.0, ANSWER_SECONDS - (monotonic() - begun)))

    async def name_of(self, practice_id: UUID) -> str:
        with as_the_system():
            answer = await self._identity.NamesOf(peers_pb2.NamesOfRequest(ids=[str(practice_id)]))
        return answer.names[str(practice_id)]

    async def _payable(self, number: str, born: date, address: str) -> Statement:
        index = self._store.blind(NUMBER_INDEX, plain_number(number))
        counted = await self._count(index, address)
        assigned = await self._store.find(StatementNumber, index)
        statement = await self._store.find(Statement, index if assigned is None else assigned.statement_id)
        birth_date = await self._birth_date(index if statement is None else statement.patient_id)
        if statement is None or statement.due.cents <= 0 or birth_date != born:
            raise NotFound
        await self._throttle.take_back(counted)
        return statement

    async def _count(self, index: UUID, address: str) -> list[Bucket]:
        source = Bucket(f"source:{address}", SOURCE_TRIES, SOURCE_WINDOW)
        pair = Bucket(f"source:{address}:number:{index}", TRIES_OF_SOURCE, DAY)
        whole = Bucket(f"number:{index}", TRIES_OF_NUMBER, DAY)
        tries = await self._throttle.numbers(source, pair, whole)
        allowed = TRIES_OF_SOURCE if tries[whole.name] <= TRIES_OF_NUMBER else 1
        if tries[source.name] > SOURCE_TRIES or tries[pair.name] > allowed:
            raise Throttled
        return [source, pair, whole]

    async def _birth_date(self, patient_id: UUID) -> date | None:
        try:
            with as_the_system():
                facts = await self._identity.FactsOf(peers_pb2.FactsOfRequest(patient_id=str(patient_id)))
        except NotFound:
            return None
        return date_field(facts.birth_date, "birth_date")


class Guests:
    """The two RPCs of a guest."""

    def __init__(self, check: GuestCheck, processor: Processor, public_url: str) -> None:
        self._check, self._guest_processor, self._guest_page = check, processor, f"{public_url}/pay/done"

    async def FindGuestStatement(
        self, request: api_pb2.FindGuestStatementRequest, call: Call
    ) -> api_pb2.FindGuestStatementResponse:
        """Practice and amount due, nothing else."""
        number, born = text_field(request.number, "number", most=40), date_field(request.birth_date, "birth_date")
        statement = await self._check.payable(number, born, call.client_address)
        return api_pb2.FindGuestStatementResponse(
            practice_id=str(statement.practice_id),
            practice_name=await self._check.name_of(statement.practice_id),
            due_cents=statement.due.cents,
            currency=statement.due.currency,
        )

    async def StartGuestPayment(
        self, request: api_pb2.StartGuestPaymentRequest, call: Call
    ) -> api_pb2.StartGuestPaymentResponse:
        """Reserves like any payment; the page that the processor leads back to shows nothing of it."""
        number, born = text_field(request.number, "number", most=40), date_field(request.birth_date, "birth_date")
        cents = amount_field(request.amount_cents)
        statement = await self._check.payable(number, born, call.client_address)
        amount = Money(cents, statement.due.currency)
        started = await call.perform(commands.start_payment, commands.StartPayment(statement.id, amount))
        checkout = Checkout(started.id, statement.id, amount, self._guest_page)
        return api_pb2.StartGuestPaymentResponse(
            checkout_url=await self._guest_processor.open_page(checkout), position=str(started.position)
        )


def plain_number(typed: str) -> str:
    """A number as it is printed, whatever blanks, dashes and small letters it was typed with."""
    plain = re.sub(r"[^0-9A-Z]", "", typed.upper())
    return f"{plain[:8]}-{plain[8:]}"
