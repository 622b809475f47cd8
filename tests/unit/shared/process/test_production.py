"""Production refuses what only a demonstration may have; each refusal names the variable and no value."""

from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from operations.settings import External
from services.billing.settings import BillingSettings
from services.identity.rules_clock import ClockOffset
from services.messaging.settings import MailSettings
from shared.clock import RulesClock
from shared.errors import PortalError
from shared.process.foundation import ServiceRefused, lay
from shared.settings import ServiceSettings, SettingsRefused
from web.settings import WebSettings

GIVEN = {
    "MODE": "production",
    "CERTIFICATES": "/c",
    "JWKS": "/j",
    "SECRETS": "/s",
    "PUBLIC_URL": "https://portal.example",
    "SMTP_URL": "smtp://relay.example:25",
    "MAIL_FROM": "portal@portal.example",
    "PAYMENTS": "stripe",
    "STRIPE_SECRET_KEY": "sk_of_nobody",
    "STRIPE_WEBHOOK_SECRETS": "whsec_of_nobody",
    "WEB": "web:8080",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)


def test_what_production_has_is_taken() -> None:
    assert (MailSettings().mode, BillingSettings().mode) == ("production", "production")
    assert WebSettings().checkout_origin == "https://checkout.stripe.com"  # type: ignore[call-arg]


async def test_a_key_file_is_refused_unless_the_platform_mounts_it() -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(ServiceRefused, match="PORTAL_MOUNTED_KEYS=true"):
            await lay(ServiceSettings("consent"), stack)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "mail.localhost"])
def test_this_machines_mail_catcher_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("PORTAL_SMTP_URL", f"smtp://user:s3cret@{host}:1025")
    with pytest.raises(SettingsRefused, match="PORTAL_SMTP_URL") as refused:
        MailSettings()
    assert "s3cret" not in str(refused.value)
    monkeypatch.setenv("PORTAL_MODE", "demo")
    assert MailSettings().smtp_url


def test_the_local_payment_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_STRIPE_API_BASE", "http://127.0.0.1:8442")
    with pytest.raises(SettingsRefused, match="PORTAL_STRIPE_API_BASE"):
        BillingSettings()
    monkeypatch.setenv("PORTAL_PROCESSOR_URL", "http://127.0.0.1:8442")
    with pytest.raises(SettingsRefused, match="PORTAL_PROCESSOR_URL"):
        WebSettings()  # type: ignore[call-arg]
    monkeypatch.setenv("PORTAL_PAYMENTS", "local")
    with pytest.raises(SettingsRefused, match="PORTAL_PAYMENTS=stripe"):
        BillingSettings()


async def test_the_rules_clock_is_not_moved() -> None:
    nothing: Any = None  # it is refused before the database is asked
    with pytest.raises(PortalError):
        await ClockOffset(nothing, RulesClock(), is_settable=False).advance(timedelta(days=1))


def test_nothing_that_seeds_accounts_starts() -> None:
    with pytest.raises(ValidationError, match="PORTAL_MODE=demo"):
        External()
    assert External.none().mode == "demo"
