"""R43: where a practice has one admin only, the page shows what operations is to type in the second one's place."""

from collections.abc import Sequence
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.identity.v1 import api_pb2 as identity
from web.language import LANGUAGES
from web.pages.staff.confirmations import has_one_admin
from web.site import environment


class Staff:
    """Identity's answers, a page each."""

    def __init__(self, *pages: Sequence[identity.StaffMember]) -> None:
        self._pages = pages

    async def ListStaff(self, request: identity.ListStaffRequest, /) -> identity.ListStaffResponse:
        place = int(request.page_token or 0)
        more = str(place + 1) if place + 1 < len(self._pages) else ""
        return identity.ListStaffResponse(staff=self._pages[place], next_page_token=more)


def member(role: str, state: str = "active") -> identity.StaffMember:
    return identity.StaffMember(roles=[role], state=state)


ADMIN, NURSE = member("admin"), member("clinical")


@pytest.mark.parametrize(
    ("pages", "alone"),
    [
        ([[ADMIN]], True),
        ([[ADMIN, NURSE], [NURSE]], True),
        ([[ADMIN, member("admin", "invited"), member("admin", "left")]], True),
        ([[ADMIN, ADMIN]], False),
        ([[ADMIN], [NURSE, ADMIN]], False),
    ],
)
async def test_r43_only_active_admins_count_on_whatever_page_they_stand(
    pages: list[list[identity.StaffMember]], alone: bool
) -> None:
    assert await has_one_admin(Staff(*pages), "practice") is alone


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("alone", [True, False])
def test_r43_the_page_shows_the_own_proposals_ids_to_the_only_admin_alone(language: str, alone: bool) -> None:
    proposals = [
        identity.AdminProposal(proposal_id=f"proposal-{own}", name=identity.PersonName(given="Nia"), own=own)
        for own in (True, False)
    ]
    erasures = [identity.ErasureRequest(patient_id=f"patient-{own}", request_id="r", own=own) for own in (True, False)]
    desk = SimpleNamespace(path="/practices/p", practice_id="p", patient=lambda one: f"/practices/p/patients/{one}")
    page = environment(language).get_template("staff/confirmations.html")
    values = {"desk": desk, "proposals": proposals, "erasures": erasures, "names": {}, "alone": alone}
    shown = page.blocks["content"](page.new_context({**values, "zone": ZoneInfo("America/New_York")}))
    text = "".join(shown)
    for command in ("portal practice confirm-admin p proposal-True", "portal erase patient-True"):
        assert (command in text) is alone
    assert "confirm-admin p proposal-False" not in text
    assert "erase patient-False" not in text
