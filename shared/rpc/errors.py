"""Errors on the wire: PortalError → google.rpc.Status with a reason and field names, and back. Never a value."""

from functools import cache

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from shared.errors import SLUGS, DeadlineExceeded, InvalidField, NotFound, PortalError, Refused, Unavailable

DOMAIN = "portal"
TRACE = "trace_id"

INTERNAL = "internal"


def status_of(error: BaseException, trace_id: str) -> status_pb2.Status:
    """The answer to a call that failed; whatever is not a PortalError is ``internal`` and says only its trace id."""
    if isinstance(error, PortalError):
        slug, expected, field = error.slug, error.expected, error.field
    else:
        slug, expected, field = INTERNAL, SLUGS[INTERNAL][1], ""
    code, _ = SLUGS[slug]
    details = [_packed(error_details_pb2.ErrorInfo(reason=slug, domain=DOMAIN, metadata={TRACE: trace_id}))]
    if field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=expected)
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    return status_pb2.Status(code=code_pb2.Code.Value(code.name), message=expected, details=details)


def grpc_status(error: BaseException, trace_id: str) -> grpc.Status:
    """The same for ``context.abort_with_status``."""
    return rpc_status.to_status(status_of(error, trace_id))


def error_of(failure: grpc.aio.AioRpcError) -> Exception:
    """What a peer answered, as the PortalError that it raised; a failure that is none stays what it is."""
    status = rpc_status.from_call(failure)  # type: ignore[arg-type]  # an AioRpcError has code, details and metadata
    if status is not None:
        info, violation = _details(status)
        if info is not None and info.domain == DOMAIN and info.reason in SLUGS and info.reason != INTERNAL:
            return _rebuilt(info.reason, status.message, violation)
    match failure.code():
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded()
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED | grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Unavailable()
        case _:
            return failure


def _rebuilt(slug: str, expected: str, violation: error_details_pb2.BadRequest.FieldViolation | None) -> PortalError:
    if slug == InvalidField.slug:
        return InvalidField(violation.field if violation is not None else "", expected)
    return class_of(slug)(expected, field=violation.field if violation is not None else "")


@cache
def class_of(slug: str) -> type[PortalError]:
    """The error class of a slug; a service's own refusal, unknown here, is a Refused (or NotFound) of that slug."""
    for known in _subclasses(PortalError):
        if vars(known).get("slug") == slug:
            return known
    kind = NotFound if SLUGS[slug][0] is grpc.StatusCode.NOT_FOUND else Refused
    return type(f"{kind.__name__}[{slug}]", (kind,), {"slug": slug})


def _subclasses(root: type[PortalError]) -> list[type[PortalError]]:
    found = []
    for subclass in root.__subclasses__():
        found += [subclass, *_subclasses(subclass)]
    return found


def _details(
    status: status_pb2.Status,
) -> tuple[error_details_pb2.ErrorInfo | None, error_details_pb2.BadRequest.FieldViolation | None]:
    info, violation = None, None
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            violation = bad.field_violations[0] if bad.field_violations else None
    return info, violation


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
