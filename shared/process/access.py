"""Where this process learns who may see what: replicas under leases, or its own store for what it decides itself."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from shared.access.enforcement import ConsentAnswers, IdentityAnswers
from shared.access.lease import Lease
from shared.access.standing import standing_in
from shared.access.windows import HeldWindow, StaffMembership
from shared.process.foundation import Ground
from shared.service import Service


class Access:
    """Implements AccessSource. Consent answers windows, identity staff and sessions, from their own stores."""

    def __init__(self, ground: Ground, service: Service) -> None:
        standing_of = standing_in(ground.database)
        self.loops: dict[str, Callable[[], Awaitable[None]]] = {}
        self.leases: dict[str, Lease[Any]] = {}
        if service.decides_access is not None:
            self._windows = service.decides_access
        else:
            consent = ConsentAnswers(ground.channel("consent"), ground.database, standing_of)
            self._windows = consent.windows
            self.loops["access lease"] = consent.lease.keep
            self.leases["access"] = consent.lease
        if service.staff_of is not None and service.session_ended is not None:
            self._staff_of, self._session_ended = service.staff_of, service.session_ended
        else:
            identity = IdentityAnswers(ground.channel("identity"), ground.database, standing_of, ground.clock)
            self._staff_of, self._session_ended = identity.staff_of, identity.session_ended
            self.loops["session lease"] = identity.lease.keep
            self.leases["sessions"] = identity.lease

    async def windows(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        return await self._windows(account_id, patient_id)

    async def staff_of(self, account_id: UUID) -> Sequence[StaffMembership]:
        return await self._staff_of(account_id)

    async def session_ended(self, session_id: UUID) -> bool:
        return await self._session_ended(session_id)
