"""Each service's contracts, servicers and policies go together: what would stop its start stops the tests."""

import importlib

import pytest

from shared.rpc.contract import check_tables
from shared.rpc.policy import ANYONE, PURPOSES
from shared.service import SERVICES, Endpoint
from web.words import WORDS

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


STEP_UP = {
    "address": {"AskAddressChange", "RecordContact"},
    "way in": {
        "AddPasskey",
        "BeginPasskey",
        "BeginTotp",
        "ChangePassword",
        "ConfirmTotp",
        "RemovePasskey",
        "RemoveTotp",
    },
    "another's way in": {"IssueJoiningToken", "IssueRecoveryToken", "ResetFactor"},
    "representative": {
        "GrantAuthorization",
        "LiftSuspension",
        "RevokeAuthorization",
        "SignAuthorization",
        "VerifyDocuments",
    },
    "role": {"ChangeStaffRoles", "ConfirmAdmin", "EndStaff", "InviteStaff"},
    "export": {"ExportRecord", "TransmitRecord"},
    "emergency access": {"DeclareEmergencyAccess"},
}
"""R45: what a factor of the last five minutes precedes, at the least."""


def test_r45_changes_of_address_factor_representative_and_role_exports_and_emergencies_demand_a_fresh_factor() -> None:
    found = {
        name
        for service in SERVICES
        for name, policy in importlib.import_module(f"services.{service}.policies").POLICIES.items()
        if policy.step_up
    }
    assert set().union(*STEP_UP.values()) - found == set()


@pytest.mark.parametrize("service", SERVICES)
def test_r3_each_rpc_declares_one_of_four_purposes_and_looks_into_records_serve_no_other(service: str) -> None:
    """``operations`` is the running of the portal: no look that is kept as one into a record is for that."""
    policies = importlib.import_module(f"services.{service}.policies").POLICIES
    assert {policy.purpose for policy in policies.values()} <= PURPOSES
    assert [name for name, one in policies.items() if one.recorded and one.purpose == "operations"] == []


@pytest.mark.parametrize("service", SERVICES)
def test_r39_every_look_that_is_recorded_has_words_for_the_patient(service: str) -> None:
    policies = importlib.import_module(f"services.{service}.policies").POLICIES
    recorded = {name for name, policy in policies.items() if policy.recorded}
    assert recorded - set(WORDS["action"]) == set()
