"""Which errors time mends, which ones park, and how an error is named without its values."""

import traceback
from pathlib import Path

import asyncpg
from grpc import StatusCode
from grpc.aio import AioRpcError

from shared.databases import is_lost
from shared.errors import SLUGS, PortalError
from shared.privacy import DataError

_PASSING_STATUS = {
    StatusCode.UNAVAILABLE,
    StatusCode.DEADLINE_EXCEEDED,
    StatusCode.RESOURCE_EXHAUSTED,
    StatusCode.ABORTED,
    StatusCode.CANCELLED,
}
_IN_THE_WAY = (
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)
_DATA = (
    DataError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)


def passes(error: BaseException) -> bool:
    """Time may mend it: a lost connection, a time-out, a peer that does not answer, others in the way."""
    if isinstance(error, PortalError):
        return SLUGS[error.slug][0] in _PASSING_STATUS
    if isinstance(error, AioRpcError):
        return error.code() in _PASSING_STATUS
    return is_lost(error) or isinstance(error, _IN_THE_WAY)


def parks(error: BaseException) -> bool:
    """The record itself is what is wrong: validation, domain and data errors. All else holds the partition."""
    return isinstance(error, (PortalError, *_DATA)) and not passes(error)


def named(error: BaseException) -> str:
    """Kind and place of an error, without its message, which may hold values: ``KeyError at inbox.py:41``."""
    kind = error.slug if isinstance(error, PortalError) else type(error).__name__
    if isinstance(error, AioRpcError):
        kind = f"{kind} {error.code().name}"
    if isinstance(error, asyncpg.PostgresError):
        about = (error.table_name, error.column_name, error.constraint_name)
        kind = " ".join([kind, *(str(name) for name in about if name)])
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in Path(frame.filename).parts
    ]
    return f"{kind} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else kind
