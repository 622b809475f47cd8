"""Each service's contracts, servicers and policies go together: what would stop its start stops the tests."""

import importlib

import pytest

from shared.rpc.contract import check_tables
from shared.rpc.policy import ANYONE
from shared.service import SERVICES, Endpoint

WITHOUT_TOKEN = {
    "identity": {
        "AcceptInvitation",
        "AcceptStaffInvitation",
        "BeginAcceptance",
        "BeginPasskeySignIn",
        "ConfirmAddress",
        "GetAddressConfirmation",
        "GetInvitation",
        "GetRecovery",
        "GetPractice",
        "GetStaffInvitation",
        "ListPractices",
        "Refresh",
        "RequestRecoveryByDetails",
        "RequestRecoveryByUserName",
        "ResetPassword",
        "ResetPasswordWithToken",
        "SignIn",
        "SignInWithPasskey",
    },
    "consent": {"GetForm", "GetSigningForm", "SignByLink"},
    "documents": {"DownloadTransmission", "OpenTransmission"},
    "billing": {"FindGuestStatement", "ReceiveProcessorEvent", "StartGuestPayment"},
}
"""Every RPC that anyone may call without signing in. One more is a decision, not an accident."""


def endpoint(service: str, kind: str) -> Endpoint:
    title = f"{service.title()}{kind.title()}"
    contract = importlib.import_module(f"shared.contracts.{service}.v1.{kind}_pb2")
    servicer = getattr(importlib.import_module(f"services.{service}.{kind}"), title)
    return Endpoint(f"portal.{service}.v1.{title}", contract, servicer)


@pytest.mark.parametrize("service", SERVICES)
def test_every_rpc_has_its_row_and_its_method(service: str) -> None:
    policies = importlib.import_module(f"services.{service}.policies").POLICIES
    check_tables(endpoint(service, "api"), endpoint(service, "peers"), policies)


@pytest.mark.parametrize("service", SERVICES)
def test_what_needs_no_token_is_written_down(service: str) -> None:
    policies = importlib.import_module(f"services.{service}.policies").POLICIES
    open_to_all = {name for name, policy in policies.items() if ANYONE in policy.callers}
    assert open_to_all == WITHOUT_TOKEN.get(service, set())
