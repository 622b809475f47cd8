"""Which errors hold a partition, which park their record, and that none is named with its values."""

import asyncpg
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata
from pydantic import BaseModel, ValidationError

from shared.errors import AccessUndecided, Conflict, NotFound, PortalError, Refused, Unavailable
from shared.privacy import MissingKey
from shared.reading.failures import named, parks, passes


class Person(BaseModel):
    age: int


def rejected() -> ValidationError:
    try:
        Person.model_validate({"age": "CANARY"})
    except ValidationError as error:
        return error
    raise AssertionError


def rpc(code: StatusCode) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), details="CANARY", debug_error_string="CANARY")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(), TimeoutError(), Unavailable(), AccessUndecided(), Conflict(),
        asyncpg.ConnectionDoesNotExistError("gone"), asyncpg.InterfaceError("connection is closed"),
        asyncpg.CannotConnectNowError("starting"), asyncpg.SerializationError("again"), asyncpg.DiskFullError("full"),
        rpc(StatusCode.UNAVAILABLE), rpc(StatusCode.DEADLINE_EXCEEDED),
    ],
)  # fmt: skip
def test_what_time_mends_holds_the_partition(error: Exception) -> None:
    assert passes(error)
    assert not parks(error)


@pytest.mark.parametrize(
    "error",
    [
        Refused(), NotFound(), rejected(), KeyError("CANARY"), ValueError("CANARY"), MissingKey("no key"),
        asyncpg.exceptions.NumericValueOutOfRangeError("CANARY"), asyncpg.UniqueViolationError("CANARY"),
        asyncpg.exceptions._base.DataError("invalid input for query argument $1: 'CANARY'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_record_parks_it(error: Exception) -> None:
    assert parks(error)
    assert not passes(error)
    assert "CANARY" not in named(error)


@pytest.mark.parametrize("error", [asyncpg.UndefinedColumnError("x"), rpc(StatusCode.INTERNAL), RuntimeError("x")])
def test_what_is_nobodys_data_neither_parks_nor_passes(error: Exception) -> None:
    assert not parks(error)
    assert not passes(error)


def test_an_error_is_named_by_kind_and_place() -> None:
    def fail() -> None:
        raise KeyError("CANARY")

    with pytest.raises(KeyError) as caught:
        fail()
    assert named(caught.value).startswith("KeyError at test_failures.py:")
    assert issubclass(Refused, PortalError)
    assert named(Refused()) == "refused"
