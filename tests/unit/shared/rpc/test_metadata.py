"""Headers in and out: one value a name, the client's address from two certificates, a deadline that only shrinks."""

import pytest

from shared.contracts.documents.v1 import api_pb2
from shared.contracts.identity.v1 import peers_pb2
from shared.rpc.client import is_read
from shared.rpc.metadata import Headers, Outgoing, calling, handing_on, outgoing, within


def test_a_header_that_comes_twice_counts_as_absent() -> None:
    headers = Headers([("authorization", "Bearer one"), ("authorization", "Bearer two"), ("portal-after", "a:1")])
    assert (headers.token, headers.get("portal-after")) == ("", "a:1")


@pytest.mark.parametrize(
    ("value", "token"),
    [("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", ""), ("abc", ""), ("Bearer ", ""), ("", "")],
)
def test_only_a_bearer_token_is_one(value: str, token: str) -> None:
    assert Headers([("authorization", value)]).token == token


def test_binary_and_endless_headers_are_not_read() -> None:
    headers = Headers([("portal-after", b"a:1"), ("idempotency-key", "k" * 9000)])
    assert headers.get("portal-after") == headers.get("idempotency-key") == ""


@pytest.mark.parametrize(
    ("principal", "address"), [("gateway", "2.2.2.2"), ("web", "3.3.3.3"), ("messaging", ""), ("", "")]
)
def test_the_clients_address_is_believed_from_two_certificates(principal: str, address: str) -> None:
    headers = Headers([("x-forwarded-for", "1.1.1.1, 2.2.2.2"), ("portal-client-address", "3.3.3.3")])
    assert headers.client_address(principal) == address


def test_what_a_call_hands_on_ends_with_it_and_never_includes_its_key() -> None:
    with handing_on(Outgoing(token="t", cause="identity:1", deadline=5.0)):  # noqa: S106
        assert dict(outgoing().headers()) == {"authorization": "Bearer t", "portal-cause": "identity:1"}
        with calling(token="u", idempotency_key="k"):  # noqa: S106
            assert dict(outgoing().headers()) == {"authorization": "Bearer u", "idempotency-key": "k"}
            assert outgoing().deadline == 5.0
        with within(3.0):
            assert (outgoing().deadline, outgoing().token) == (3.0, "t")
    assert outgoing().headers() == []


def test_what_may_be_asked_again_is_what_the_contract_calls_a_read() -> None:
    assert (api_pb2.DESCRIPTOR.package, peers_pb2.DESCRIPTOR.package) == ("portal.documents.v1", "portal.identity.v1")
    assert is_read("/portal.identity.v1.IdentityPeers/StaffOf")
    assert not is_read("/portal.identity.v1.IdentityPeers/LinkOf")
    assert is_read("/portal.documents.v1.DocumentsApi/GetResult")
    assert not is_read("/portal.documents.v1.DocumentsApi/ReleaseResult")
    assert not is_read("/unknown.Service/Rpc")
