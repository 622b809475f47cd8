"""Who may call what of identity, for which purpose, and how the practice and patient concerned are found."""

from collections.abc import Mapping

from services.identity.domain.values import ROLES
from shared.access.locating import patient_of_request, practice_of_request
from shared.rpc.policy import ACCOUNT, ANYONE, PEER, STAFF, Policy

ADMIN = frozenset({"admin"})
DESK = frozenset({"front_desk", "support"})
"""R43: front desk has identity, support identity and enrolment."""
JOINS = frozenset({"front_desk", "admin"})
"""R44: who may say that two records are one person's."""
SERVICES = frozenset({"identity", "consent", "messaging", "documents", "billing"})


def _anyone(*, link: str = "", writes: bool = False, secrets: frozenset[str] = frozenset()) -> Policy:
    return Policy(callers=frozenset({ANYONE}), purpose="communication", link=link, writes=writes, secrets=secrets)


def _account(*, writes: bool = False, step_up: bool = False, secrets: frozenset[str] = frozenset()) -> Policy:
    return Policy(
        callers=frozenset({ACCOUNT}), purpose="communication", writes=writes, step_up=step_up, secrets=secrets
    )


def _practice(roles: frozenset[str], *, writes: bool = True, step_up: bool = False) -> Policy:
    return Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=roles,
        locate=practice_of_request,
        writes=writes,
        step_up=step_up,
    )


def _patient(roles: frozenset[str], *, writes: bool = True, recorded: bool = False, step_up: bool = False) -> Policy:
    return Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=roles,
        locate=patient_of_request,
        writes=writes,
        recorded=recorded,
        step_up=step_up,
    )


def _peers(*peers: str, writes: bool = False, secrets: frozenset[str] = frozenset()) -> Policy:
    return Policy(
        callers=frozenset({PEER}), purpose="communication", peers=frozenset(peers), writes=writes, secrets=secrets
    )


LINK_FORM = frozenset({"secret", "password"})
STAFF_LINK_FORM = frozenset({"secret", "password", "code"})

POLICIES: Mapping[str, Policy] = {
    "ListPractices": _anyone(),
    "GetPractice": _anyone(),
    "SetUpPractice": _practice(ADMIN),
    "ListProviders": Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="communication",
        roles=ROLES,
        locate=practice_of_request,
    ),
    "RegisterProvider": _practice(ADMIN),
    "ActivateProvider": _practice(ADMIN),
    "DeactivateProvider": _practice(ADMIN),
    "ListStaff": _practice(ADMIN, writes=False),
    "InviteStaff": _practice(ADMIN, step_up=True),
    "ChangeStaffRoles": _practice(ADMIN, step_up=True),
    "EndStaff": _practice(ADMIN, step_up=True),
    "ListAdminProposals": _practice(ADMIN, writes=False),
    "ConfirmAdmin": _practice(ADMIN, step_up=True),
    "DeclineAdmin": _practice(ADMIN),
    "ListErasureRequests": _practice(ADMIN, writes=False),
    "RequestErasure": _patient(ADMIN, step_up=True),
    "ConfirmErasure": _patient(ADMIN, step_up=True),
    "WithdrawErasure": _patient(ADMIN),
    "GetStaffInvitation": _anyone(secrets=frozenset({"secret"})),
    "BeginAcceptance": _anyone(secrets=frozenset({"secret"})),
    "AcceptStaffInvitation": _anyone(link="secret", writes=True, secrets=STAFF_LINK_FORM),
    "RegisterPatient": _practice(DESK),
    "FindPatients": _practice(ROLES, writes=False),
    "GetPatient": _patient(ROLES, writes=False, recorded=True),
    "CorrectName": _patient(frozenset({"front_desk"})),
    "CorrectBirthDate": _patient(frozenset({"front_desk"})),
    "NameUsualProvider": _patient(DESK),
    "RecordDeath": _patient(frozenset({"front_desk", "admin"})),
    "CorrectDeath": _patient(frozenset({"front_desk", "admin"})),
    "ProposeJoining": _patient(JOINS),
    "ProposeParting": _patient(JOINS),
    "ListJoiningProposals": _practice(JOINS, writes=False),
    "ConfirmJoiningProposal": _patient(JOINS, step_up=True),
    "WithdrawJoiningProposal": _patient(JOINS),
    "ListJoinedRecords": _practice(JOINS, writes=False),
    "RecordContact": _patient(DESK, step_up=True),
    "RegisterPerson": _patient(DESK),
    "IssueInvitation": _patient(DESK),
    "ListInvitations": _patient(DESK, writes=False),
    "GetInvitationCode": _patient(DESK, writes=False),
    "GetInvitation": _anyone(secrets=frozenset({"secret"})),
    "AcceptInvitation": _anyone(link="secret", writes=True, secrets=LINK_FORM | {"security_answer", "handed_code"}),
    "AcceptInvitationWithAccount": _account(writes=True, secrets=frozenset({"secret", "handed_code"})),
    "SignIn": _anyone(secrets=frozenset({"user_name", "password", "code", "device"})),
    "Refresh": _anyone(secrets=frozenset({"refresh_token"})),
    "SignOut": _account(),
    "StepUp": _account(secrets=frozenset({"code", "password"})),
    "ListSessions": _account(),
    "EndOwnSession": _account(),
    "BeginTotp": _account(step_up=True),
    "ConfirmTotp": _account(writes=True, step_up=True, secrets=frozenset({"code"})),
    "RemoveTotp": _account(writes=True, step_up=True),
    "GetMe": _account(),
    "ListEnrolments": _account(),
    "Unenrol": _account(writes=True, step_up=True),
    "RequestRecoveryByUserName": _anyone(writes=True, secrets=frozenset({"user_name"})),
    "RequestRecoveryByDetails": _anyone(writes=True, secrets=frozenset({"name", "birth_date", "email"})),
    "GetRecovery": _anyone(secrets=frozenset({"secret"})),
    "ResetPassword": _anyone(
        link="secret",
        writes=True,
        secrets=frozenset({"secret", "new_password", "security_answer", "code", "device"}),
    ),
    "ResetPasswordWithToken": _anyone(
        link="token", writes=True, secrets=frozenset({"token", "email", "new_password", "code", "device"})
    ),
    "IssueRecoveryToken": _patient(frozenset({"support"}), step_up=True),
    "IssueJoiningToken": _patient(DESK, step_up=True),
    "JoinPractice": _account(writes=True, secrets=frozenset({"token", "email"})),
    "ResetFactor": _patient(DESK, step_up=True),
    "CancelFactorReset": _account(writes=True),
    "ChangePassword": _account(writes=True, step_up=True, secrets=frozenset({"new_password"})),
    "ChangeSecurityQuestion": _account(
        writes=True, step_up=True, secrets=frozenset({"password", "security_question", "security_answer"})
    ),
    "BeginPasskey": _account(step_up=True),
    "AddPasskey": _account(writes=True, step_up=True, secrets=frozenset({"credential"})),
    "ListPasskeys": _account(),
    "RemovePasskey": _account(writes=True, step_up=True),
    "BeginPasskeySignIn": _anyone(),
    "SignInWithPasskey": _anyone(secrets=frozenset({"credential"})),
    "AskAddressChange": _account(writes=True, step_up=True),
    "GetAddressConfirmation": _anyone(secrets=frozenset({"secret"})),
    "ConfirmAddress": _anyone(link="secret", writes=True, secrets=frozenset({"secret"})),
    "SwitchSecurityQuestion": _practice(ADMIN),
    "UnenrolByStaff": _patient(frozenset({"support", "admin"})),
    "SessionHead": _peers(*SERVICES, "web"),
    "StaffOf": _peers(*SERVICES, "web"),
    "FactsHead": _peers("consent"),
    "FactsOf": _peers("billing", "consent"),
    "ContactOf": _peers("messaging"),
    "LinkOf": _peers("messaging"),
    "NamesOf": _peers(*SERVICES, "web"),
    "OpenSession": _peers("web", secrets=frozenset({"user_name", "password", "code", "previous_cookie", "device"})),
    "OpenSessionWithPasskey": _peers("web", secrets=frozenset({"credential", "previous_cookie"})),
    "ExchangeSession": _peers("web", secrets=frozenset({"cookie"})),
    "EndSession": _peers("web", secrets=frozenset({"cookie"})),
    "StepUpSession": _peers("web", secrets=frozenset({"cookie", "code", "password"})),
    "OpenPractice": _peers("operations", writes=True),
    "ImportPatient": _peers("operations", writes=True),
    "ImportProvider": _peers("operations", writes=True),
    "AdvanceClock": _peers("operations"),
    "GetClock": _peers("operations", *SERVICES, "web"),
    "ErasePatient": _peers("operations", writes=True),
    "ConfirmOnlyAdminsProposal": _peers("operations", writes=True),
}
