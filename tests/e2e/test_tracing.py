"""One trace from the gateway's request to the peer's projection and the mail; ids, words and templates only."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from operations import journey
from operations.outside import Answer, Portal
from operations.settings import External
from operations.stack import Ports, Stack
from shared.ids import uuid7
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel
from tests.e2e.practices import House
from tests.e2e.receiver import Receiver, Span, receiving
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PARTS = (
    *("postgres", "kafka", "mail", "processor"),
    *("identity", "consent", "messaging", "documents", "billing", "gateway"),
)
ENDS = {
    "mail",
    "take NotificationSent",
    "take InvitationIssued",
    "take ConsentSigned",
    "send PortalConsent.Signed",
    "/portal.identity.v1.IdentityPeers/LinkOf",
}
"""Where the trace's branches end: each service sends its own spans, in no order."""
CANARIES = ("Canaryfamily", "Canarygiven", "canary.address", "Canarybrowser", "canaryquery")
BIRTH_DATE = date(1913, 2, 24)
SEND_SECONDS = 90
"""Spans leave every 5 s, on a busy machine later."""


@dataclass
class Told:
    """What the portal told of one signed consent, and of everything around it."""

    receiver: Receiver
    spans: list[Span]
    """The trace of the request that recorded the consent."""
    logs: Path

    def one(self, service: str, name: str) -> Span:
        (found,) = [span for span in self.spans if (span.service, span.name) == (service, name)]
        return found

    def ancestors(self, span: Span) -> list[Span]:
        """From the span's parent to the first of the trace."""
        by_id = {one.id: one for one in self.spans}
        found: list[Span] = []
        while span.parent:
            span = by_id[span.parent]
            found.append(span)
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told() -> AsyncIterator[Told]:
    """A portal of its own that sends its traces here, and one consent signed through its gateway."""
    async with receiving() as receiver:
        with TemporaryDirectory(prefix="portal-traced-", ignore_cleanup_errors=True) as name:
            external = External.none().model_copy(update={"otlp_endpoint": receiver.endpoint})
            stack = Stack(Path(name), Ports.free(), only=PARTS, external=external)
            await stack.start()
            try:
                yield await signed(stack, receiver)
            finally:
                await stack.stop()


async def signed(stack: Stack, receiver: Receiver) -> Told:
    """Registers a patient whose every field is a canary, signs, waits for the mail and for the spans."""
    portal = Portal(stack.public_url, stack.state.authority, stack.mail_url)
    portal.http.headers["user-agent"] = "Canarybrowser/1.0"
    addresses = stack.environment()
    channels = ApiChannel(
        Certificates(stack.state.certificates, "operations"),
        lambda service: addresses[f"PORTAL_{service.upper()}_PEERS"],
    )
    try:
        house = await House.open(portal, channels)
        desk = await house.staff("front_desk")
        new = journey.NewPatient("Canarygiven", "Canaryfamily", BIRTH_DATE, "canary.address@mail.example")
        patient_id = await journey.register_patient(desk, house.practice_id, new)
        await refused(portal, f"/v1/patients/{patient_id}/inbox?canaryquery=1")
        await journey.sign_consent(desk, house.practice_id, patient_id)
        await portal.link_mailed_to(new.email, "invitation")
    finally:
        await channels.close()
        await portal.close()

    def trace() -> list[Span]:
        names = [span for span in receiver.spans if span.name == "/portal.consent.v1.ConsentApi/SignConsent"]
        traces = [receiver.trace(span.trace) for span in names if not span.attributes.get("portal.reason")]
        return next((found for found in traces if {one.name for one in found} >= ENDS), [])

    await until(lambda: len(trace()) > 0 and not orphans(trace()), SEND_SECONDS)
    return Told(receiver, trace(), stack.state.logs)


def orphans(spans: list[Span]) -> list[Span]:
    """Those whose parent has not arrived."""
    ids = {span.id for span in spans}
    return [span for span in spans if span.parent and span.parent not in ids]


async def refused(portal: Portal, path: str) -> None:
    with pytest.raises(Answer):
        await portal.ask("GET", path, key=str(uuid7()))


async def test_one_trace_goes_from_the_gateway_through_consent_and_identity_to_messagings_mail(told: Told) -> None:
    assert {span.service for span in told.spans} >= {"gateway", "consent", "identity", "messaging"}
    (first,) = [span for span in told.spans if not span.parent]
    assert (first.service, first.name) == ("gateway", "POST /v1/patients/{patient_id}/consents")
    assert orphans(told.spans) == []

    called = told.one("consent", "/portal.consent.v1.ConsentApi/SignConsent")
    assert called.parent == first.id
    assert told.one("consent", "send PortalConsent.Signed").parent == called.id
    assert told.one("identity", "take ConsentSigned").parent == called.id
    assert any(span.name == "append" and span.parent == called.id for span in told.spans)

    mail = told.one("messaging", "mail")
    way = [(span.service, span.name.partition(" ")[0]) for span in told.ancestors(mail)]
    assert way == [("messaging", "effect"), ("identity", "effect"), ("consent", called.name), ("gateway", "POST")]
    asked = told.one("identity", "/portal.identity.v1.IdentityPeers/LinkOf")
    assert [span.service for span in told.ancestors(asked)][:2] == ["messaging", "messaging"]
    assert told.one("messaging", "take InvitationIssued").service == "messaging"


async def test_spans_say_templates_and_ids_and_nothing_of_anybody(told: Told) -> None:
    whole = "\n".join(span.text for span in told.receiver.spans)
    for canary in (*CANARIES, BIRTH_DATE.isoformat()):
        assert canary.lower() not in whole.lower(), canary
    for span in told.receiver.spans:
        assert not re.search(r"/v1/\S*[0-9a-f]{8}-[0-9a-f]{4}", span.text), span.text
        assert span.attributes.get("peer.address", "-") == "-", "a person's address"
        assert "events {" not in span.text, "exception texts"


async def test_database_spans_hold_statements_and_no_values(told: Told) -> None:
    statements = [span for span in told.receiver.spans if "db.statement" in span.attributes]
    assert statements
    assert not any("db.statement.parameters" in span.attributes for span in statements)
    values = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|@mail\.example|PASSWORD")
    assert [span.text for span in statements if values.search(span.attributes["db.statement"])] == []


async def test_no_trace_is_made_of_polls_and_leases(told: Told) -> None:
    """They run several times a second: a trace each would bury the others."""
    firsts = {span.name for span in told.receiver.spans if not span.parent and span.service != "gateway"}
    assert not any(name.endswith(("/AccessHead", "/SessionHead")) or name.isupper() for name in firsts), firsts


async def test_logs_name_the_trace_and_no_canary(told: Told) -> None:
    trace = told.spans[0].trace
    await until(lambda: trace in (told.logs / "gateway.log").read_text(errors="replace"), SEND_SECONDS)
    texts = {path.name: path.read_text(errors="replace") for path in await asyncio.to_thread(told.logs.glob, "*.log")}
    assert not [name for name, text in texts.items() for canary in CANARIES if canary in text]


async def test_counts_arrive_from_every_service_under_words_only(told: Told) -> None:
    """Which they are is docs/operations.md's table; ids as attributes would make a series each."""
    services = ("identity", "consent", "messaging", "documents", "billing")
    always = ("portal.relay.lag", "portal.reader.lag", "portal.effects", "portal.parked.records")
    wanted = {(service, name) for service in services for name in always}
    wanted |= {("consent", "portal.commands"), ("consent", "portal.rpc.duration"), ("messaging", "portal.lease.age")}
    await until(lambda: wanted <= set(told.receiver.metrics), SEND_SECONDS)
    names = set().union(*told.receiver.metrics.values())
    assert names <= {"outcome", "method", "code", "source", "state", "lease"}
    whole = "\n".join(told.receiver.metric_texts)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", whole)
    assert not [canary for canary in CANARIES if canary in whole]
