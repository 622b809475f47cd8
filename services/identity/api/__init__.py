"""Identity's API: message in, command or query, message out; one module a topic."""

from services.identity.api.accounts import AccountsApi
from services.identity.api.addresses import AddressesApi
from services.identity.api.duplicates import DuplicatesApi
from services.identity.api.invitations import InvitationsApi
from services.identity.api.joining import JoiningApi
from services.identity.api.passkeys import PasskeysApi
from services.identity.api.patients import PatientsApi
from services.identity.api.practices import PracticesApi
from services.identity.api.recovery import RecoveryApi
from services.identity.api.seconding import SecondingApi
from services.identity.api.security_questions import SecurityQuestionsApi
from services.identity.api.sessions import SessionsApi
from services.identity.api.staff import StaffApi

__all__ = ["IdentityApi"]


class IdentityApi(
    PracticesApi,
    StaffApi,
    SecondingApi,
    PatientsApi,
    DuplicatesApi,
    InvitationsApi,
    SessionsApi,
    AccountsApi,
    AddressesApi,
    PasskeysApi,
    RecoveryApi,
    SecurityQuestionsApi,
    JoiningApi,
):
    """The servicer of ``portal.identity.v1.IdentityApi``."""
