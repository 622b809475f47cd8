"""Promise 9: a revocation binds every service within a second, with Kafka alive and with Kafka dead."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

from operations import journey
from operations.outside import Answer, Person, Portal
from operations.stack import Ports, Stack
from shared.clock import monotonic
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel
from tests.e2e.practices import House, password, unique
from tests.faults.promises import Kept
from tests.waiting import until

BINDING_SECONDS = 1.0
GIVEN_BACK_SECONDS = 60.0
CHILDS_BIRTH = date(2020, 5, 17)


async def binds_within_a_second(seed: int, trials: int) -> Kept:
    """A pair is suspended and let in again, over and over; Kafka is dead in the second half."""
    folder = mkdtemp(prefix="portal-faults-")
    stack = Stack(Path(folder), Ports.free())
    portal, channels = None, None
    complaints: list[str] = []
    try:
        await stack.start()
        environment = stack.environment()
        portal = Portal(stack.public_url, stack.state.authority, stack.mail_url)
        channels = ApiChannel(
            Certificates(stack.state.certificates, "operations"),
            lambda service: environment[f"PORTAL_{service.upper()}_PEERS"],
        )
        pair = await Pair.made(await House.open(portal, channels))
        for number in range(trials):
            if number == trials // 2:
                await stack.kill("kafka")
            complaints += [f"trial {number}: {late}" for late in await pair.trial()]
    finally:
        if portal is not None:
            await portal.close()
        if channels is not None:
            await channels.close()
        await stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return Kept(9, not complaints, trials, 1, 0, 0, seed, complaints)


class Pair:
    """A child, a parent who sees everything of it, and the member of staff who may suspend that."""

    def __init__(self, desk: Person, parent: Person, child_id: str, person_id: str, paths: Mapping[str, str]) -> None:
        self._desk, self._parent = desk, parent
        self._child_id, self._person_id, self._paths = child_id, person_id, paths

    @classmethod
    async def made(cls, house: House) -> "Pair":
        desk = await house.staff("front_desk")
        child = await house.registered("Cora", CHILDS_BIRTH)
        name = unique("parent")
        parent = await journey.represent(
            desk, await house.staff("support"), house.practice_id, child.patient_id,
            journey.Representative("Paula", unique("Test"), date(1985, 3, 4), f"{name}@mail.example", name, password()),
        )  # fmt: skip
        await journey.reach(parent, child.patient_id, "results")
        listed = await desk.get(child.path("authorizations"))
        paths = {
            "messaging": child.path("inbox"),
            "documents": child.path("results"),
            "billing": child.path("balance"),
            "consent": child.path("who-can-see"),
            "identity": house.of("providers"),
        }
        return cls(desk, parent, child.patient_id, listed["authorizations"][0]["person_id"], paths)

    async def trial(self) -> list[str]:
        """Which services still let in a second after the suspension was acknowledged."""
        for path in self._paths.values():
            await until(lambda path=path: self._lets_in(path), GIVEN_BACK_SECONDS)
        pair = f"/v1/patients/{self._child_id}/representatives/{self._person_id}"
        await self._desk.post(f"{pair}/suspend", {"reason": "a trial"})
        acknowledged = monotonic()
        late = []
        for service, path in self._paths.items():
            while True:
                asked = monotonic()
                if not await self._lets_in(path):
                    break
                if asked > acknowledged + BINDING_SECONDS:
                    late.append(f"{service} let in {asked - acknowledged:.2f} s after")
                    break
        await self._desk.post(f"{pair}/lift-suspension", {"reason": "a trial"})
        return late

    async def _lets_in(self, path: str) -> bool:
        try:
            await self._parent.get(path)
        except Answer as refused:
            if refused.status in {404, 503}:
                return False
            raise
        return True
