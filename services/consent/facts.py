"""Identity's facts, ahead of its events: the lease that names the patients to ask about, and the asking."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import grpc

from services.consent.domain.dossier import HeardEnrolment, HeardFacts, HeardJoin
from shared.access.enforcement import StandingOf, as_the_system
from shared.access.lease import Lease
from shared.clock import RulesClock, monotonic
from shared.contracts.identity.v1 import peers_pb2
from shared.errors import AccessUndecided, NotFound, PortalError
from shared.reading import Database

if TYPE_CHECKING:  # the asynchronous stub exists in the generated types only
    from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersAsyncStub

ASK_SECONDS = 1.0

_UNDONE = """
SELECT key FROM effects WHERE state = 'pending' AND kind = ANY($1)
UNION SELECT key FROM effects WHERE state = 'parked' AND kind = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """The patients whose facts may be newer at identity than in consent's store."""

    patients: frozenset[UUID]
    everyone: bool

    def names(self, patient_id: UUID) -> bool:
        return self.everyone or patient_id in self.patients


class IdentityFacts:
    """What identity knows of patients. No answer within the lease: AccessUndecided."""

    def __init__(
        self,
        stub: "IdentityPeersAsyncStub",
        database: Database,
        standing_of: StandingOf,
        rules_clock: RulesClock,
        kinds: Collection[str],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """``kinds`` are the effects by which facts come into the store."""
        self._stub, self._database, self._standing_of, self._rules_clock = stub, database, standing_of, rules_clock
        self._kinds = list(kinds)
        self.lease: Lease[Told] = Lease("facts", self._ask, clock)

    async def told(self) -> Told:
        """Patients with facts beyond what was read, and those whose facts were read and are not in the store yet.

        The lease is taken first: a fact that is read after that is among the undone, or already in the store.
        """
        with as_the_system():
            told = await self.lease.fresh()
        undone = await self._database.fetch(_UNDONE, self._kinds)
        return Told(told.patients | {row["key"] for row in undone}, told.everyone)

    async def of(self, patient_id: UUID) -> HeardFacts | None:
        """The patient as identity knows them now, None where it knows none; AccessUndecided without an answer."""
        try:
            with as_the_system():
                answer = await self._stub.FactsOf(
                    peers_pb2.FactsOfRequest(patient_id=str(patient_id)), timeout=ASK_SECONDS
                )
        except NotFound:
            return None
        except (PortalError, grpc.aio.AioRpcError):
            raise AccessUndecided from None
        return heard_facts(patient_id, answer)

    async def _ask(self) -> Told:
        standing = await self._standing_of("identity")
        answer = await self._stub.FactsHead(
            peers_pb2.FactsHeadRequest(applied=dict(standing.applied)), timeout=ASK_SECONDS
        )
        self._rules_clock.advance_to(timedelta(microseconds=answer.clock_offset.ToMicroseconds()))
        named = frozenset(UUID(patient_id) for patient_id in answer.patient_ids)
        return Told(named | standing.parked, answer.ask_for_all or standing.dropped)


def heard_facts(patient_id: UUID, answer: peers_pb2.FactsOfResponse) -> HeardFacts:
    """An answer of ``FactsOf``."""
    born = answer.birth_date
    return HeardFacts(
        practice_id=UUID(answer.practice_id),
        patient_id=patient_id,
        birth_date=date(born.year, born.month, born.day),
        death=answer.death_event_id if answer.deceased else None,
        enrolments=tuple(
            HeardEnrolment(UUID(one.account_id), UUID(one.person_id), one.event_id) for one in answer.enrolments
        ),
        survivor=(UUID(answer.survivor_id), answer.superseded_event_id) if answer.survivor_id else None,
        joins=tuple(HeardJoin(UUID(one.duplicate_id), one.event_id) for one in answer.joins),
    )
