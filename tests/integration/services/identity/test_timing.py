"""R26: what the answers of sign-in and recovery tell of who has an account, in body, status, headers and time.

500 tries a route beside the other tests, where only a gross difference is an error; ``make timing`` makes 10,000.
"""

import json
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import pytest

from shared.contracts.identity.v1 import api_pb2
from shared.errors import PortalError
from shared.rpc.fields import date_message
from shared.rpc.metadata import calling
from tests.conftest import TRIES
from tests.integration.services.identity.conftest import House, new_key
from tests.integration.services.identity.test_recovery import patients

MANY = 10_000
WIDE, NARROW = 0.15, 0.02
"""How far from one half the AUC may be: beside other tests, and over many tries."""
RIGHT = date(1980, 5, 17)
WRONG = "gannet-basalt-tulip-3"
TRIES_A_DAY = 8
"""After so many the throttle is emptied, as by a new day: it is not what is measured."""
REPORT = Path(__file__).parents[4] / ".portal/reports/timing.json"

Ask = Callable[[House, bool], Awaitable[Any]]
Answer = tuple[object, ...]


def by_user_name(house: House, exists: bool) -> Awaitable[Any]:
    request = api_pb2.RequestRecoveryByUserNameRequest(user_name="pat" if exists else "nob")
    return house.api_as("web").RequestRecoveryByUserName(request)


def by_details(house: House, exists: bool) -> Awaitable[Any]:
    request = api_pb2.RequestRecoveryByDetailsRequest(
        name=api_pb2.PersonName(given="Pat", family="Doe" if exists else "Roe"),
        birth_date=date_message(RIGHT),
        email="pat@example.org",
    )
    return house.api_as("web").RequestRecoveryByDetails(request)


def with_token(house: House, exists: bool) -> Awaitable[Any]:
    """A token that nobody was given, beside an address that somebody or nobody has."""
    email = "pat@example.org" if exists else "nob@example.org"
    request = api_pb2.ResetPasswordWithTokenRequest(token="ABCD-EFGH-JKLM-NPQR", email=email, new_password=WRONG)  # noqa: S106  # nobody's
    return house.api_as("web").ResetPasswordWithToken(request)


def sign_in(house: House, exists: bool) -> Awaitable[Any]:
    request = api_pb2.SignInRequest(user_name="pat" if exists else "nob", password=WRONG)
    return house.api_as("web").SignIn(request)


QUICK: tuple[Ask, ...] = (by_user_name, by_details)
SLOW: tuple[Ask, ...] = (with_token, sign_in)
"""Each hashes a password: only in the long run, where they belong."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "ask" in metafunc.fixturenames:
        is_long = metafunc.config.getoption("--tries") != TRIES
        routes = (*QUICK, *SLOW) if is_long else QUICK
        metafunc.parametrize("ask", routes, ids=[route.__name__ for route in routes])


async def answered(call: Awaitable[Any]) -> Answer:
    """All of an answer that can be told from another: message or refusal, status, headers."""
    wire: Any = call
    try:
        said = (await call).SerializeToString()
    except PortalError as refusal:
        failure = refusal.__context__  # what came over the wire
        assert isinstance(failure, grpc.aio.AioRpcError)
        headers = str(failure.initial_metadata()), str(failure.trailing_metadata())
        return refusal.slug, failure.code(), failure.details(), headers
    headers = str(await wire.initial_metadata()), str(await wire.trailing_metadata())
    return said, await wire.code(), "", headers


async def test_r26_answers_are_alike_in_body_status_and_headers_and_their_times_tell_nothing(
    house: House, ask: Ask, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half and half in a mixed order, from many sources, since each source has its number of tries."""
    tries = int(pytestconfig.getoption("--tries"))
    await patients(house)
    order = [True, False] * (tries // 2)
    random.Random(26).shuffle(order)  # noqa: S311  # no secret
    seen: set[Answer] = set()
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number, exists in enumerate(order):
        if number % TRIES_A_DAY == 0:
            await house.ground.database.execute("DELETE FROM credential_tries")
        address = f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        with calling(idempotency_key=new_key(), client_address=address):
            begun = perf_counter()
            answer = await answered(ask(house, exists))
            seconds[exists].append(perf_counter() - begun)
        seen.add(answer)
    told = auc(seconds[True], seconds[False])
    with capsys.disabled():
        print(f"\nR26 {ask.__name__:13} {tries:6} tries  AUC {told:.3f}")
    if tries >= MANY:
        report(ask.__name__, tries, told, seconds)
    assert len(seen) == 1
    assert abs(told - 0.5) <= (NARROW if tries >= MANY else WIDE)


def report(route: str, tries: int, told: float, seconds: dict[bool, list[float]]) -> None:
    """One row a route, kept beside the other reports."""
    rows = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
    middle = {exists: sorted(found)[len(found) // 2] for exists, found in seconds.items()}
    rows[route] = {
        "tries": tries,
        "auc": round(told, 4),
        "median_ms_present": round(middle[True] * 1000, 3),
        "median_ms_absent": round(middle[False] * 1000, 3),
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def auc(present: Sequence[float], absent: Sequence[float]) -> float:
    """How often one of the first takes longer than one of the second: 0.5 tells nothing."""
    ranked = sorted([(seconds, True) for seconds in present] + [(seconds, False) for seconds in absent])
    ranks = sum(rank for rank, (_, is_present) in enumerate(ranked, 1) if is_present)
    return (ranks - len(present) * (len(present) + 1) / 2) / (len(present) * len(absent))


def test_an_auc_of_times_that_tell_nothing_is_one_half_and_of_times_that_tell_all_is_one() -> None:
    assert auc([1.0, 4.0], [2.0, 3.0]) == 0.5
    assert auc([5.0, 6.0], [1.0, 2.0]) == 1.0
