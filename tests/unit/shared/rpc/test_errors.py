"""Every slug goes over the wire and comes back as the class it was; everything else says nothing."""

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from shared.errors import (
    SLUGS,
    DeadlineExceeded,
    InvalidField,
    NotFound,
    PortalError,
    Refused,
    Unavailable,
)
from shared.rpc.errors import class_of, error_of, grpc_status, status_of


def failure_of(error: Exception, trace_id: str = "f" * 32) -> grpc.aio.AioRpcError:
    status = grpc_status(error, trace_id)
    trailing = grpc.aio.Metadata(*status.trailing_metadata)
    return grpc.aio.AioRpcError(status.code, grpc.aio.Metadata(), trailing, status.details, None)


def bare(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), "told by gRPC", None)


@pytest.mark.parametrize("slug", sorted(set(SLUGS) - {"internal", "invalid_field"}))
def test_an_error_comes_back_with_its_slug_and_its_words(slug: str) -> None:
    sent = class_of(slug)("expected something else")
    received = error_of(failure_of(sent))
    assert isinstance(received, PortalError)
    assert (type(received), received.slug, received.expected) == (type(sent), slug, "expected something else")
    assert failure_of(sent).code() is SLUGS[slug][0]


def test_a_field_comes_back_with_its_path() -> None:
    received = error_of(failure_of(InvalidField("address.city", "expected 1 to 80 characters")))
    assert isinstance(received, InvalidField)
    assert (received.field, received.expected) == ("address.city", "expected 1 to 80 characters")


def test_a_refusal_that_only_its_service_knows_is_still_a_refusal() -> None:
    assert issubclass(class_of("result_not_waiting"), Refused)


def test_what_nobody_expected_says_its_trace_and_not_its_words() -> None:
    status = status_of(ValueError("Maria Canary, born 1990"), "a" * 32)
    assert "Canary" not in str(status)
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    assert (info.reason, dict(info.metadata)) == ("internal", {"trace_id": "a" * 32})
    failure = failure_of(ValueError("Maria Canary"))
    assert error_of(failure) is failure


def test_a_reason_of_another_domain_is_not_believed() -> None:
    status = status_of(NotFound(), "")
    info = error_details_pb2.ErrorInfo(reason="not_found", domain="elsewhere")
    status.details[0].Pack(info)
    told = rpc_status.to_status(status)
    failure = grpc.aio.AioRpcError(
        told.code, grpc.aio.Metadata(), grpc.aio.Metadata(*told.trailing_metadata), told.details, None
    )
    assert error_of(failure) is failure


def test_what_grpc_says_by_itself_is_a_part_that_does_not_answer() -> None:
    assert isinstance(error_of(bare(grpc.StatusCode.UNAVAILABLE)), Unavailable)
    assert isinstance(error_of(bare(grpc.StatusCode.DEADLINE_EXCEEDED)), DeadlineExceeded)
