"""R23 to R26 stated in commands: what a request begins, and what ends a link or a token, to the second."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.commands.recovery import (
    BeginRecoveries,
    IssueRecoveryToken,
    MakeAttempt,
    Matched,
    begin_recoveries,
    issue_recovery_token,
    make_attempt,
)
from services.identity.domain.account import Account
from services.identity.domain.errors import LinkGone
from services.identity.domain.recovery import LINK_LIFETIME, TOKEN_LIFETIME, Reached, Recovery, RecoveryAttempt
from services.identity.domain.values import AccountId, PasswordIssue, PracticeId
from tests.unit.services.identity.people import AT, Town

SECOND = timedelta(seconds=1)


@pytest.fixture
async def town() -> Town:
    return Town()


async def matched(town: Town, practice: PracticeId, name: str, number: int, *, may_link: bool = True) -> Matched:
    patient = await town.register(practice)
    account = await town.enrolled(patient, name, number)
    return Matched(account, Reached("patient", patient, practice), may_link)


async def begun(town: Town) -> list[Recovery.Begun]:
    return [event for event in await town.events() if isinstance(event, Recovery.Begun)]


async def test_r24_one_mail_leads_to_every_account_that_matches_and_to_none_that_was_closed(town: Town) -> None:
    practice = (await town.open_practice()).practice_id
    found = [await matched(town, practice, f"pat{number}", 900 + number) for number in range(3)]
    gone = Matched(AccountId(UUID(int=5)), found[0].reached, True)
    await town.perform(begin_recoveries, BeginRecoveries("details", [gone, *found]))
    recoveries = await begun(town)
    assert [one.account_id for one in recoveries] == [one.account_id for one in found]
    in_mail = [one.beginning.in_mail for one in recoveries]
    assert in_mail == [tuple(one.recovery_id for one in recoveries), (), ()]


async def test_r12_r24_where_no_address_may_have_a_link_one_notice_goes_out(town: Town) -> None:
    practice = (await town.open_practice()).practice_id
    found = [await matched(town, practice, f"pat{number}", 900 + number, may_link=False) for number in range(2)]
    await town.perform(begin_recoveries, BeginRecoveries("details", found))
    assert [(one.beginning.means, one.beginning.in_mail) for one in await begun(town)] == [("notice", ())]


@pytest.mark.parametrize("route", ["user_name", "details"])
async def test_r23_r24_asking_writes_the_same_whether_or_not_anyone_matches(town: Town, route: str) -> None:
    """An attempt holds blind indexes, and nothing tells by its event whether there was somebody."""
    practice = (await town.open_practice()).practice_id
    await matched(town, practice, "pat", 900)
    before = len(await town.events())
    for word in ("pat", "nobody"):
        index = town.store.blind("user name", word)
        await town.perform(make_attempt, MakeAttempt(route, index))  # type: ignore[arg-type]  # given by name
    added = (await town.events())[before:]
    assert [type(event) for event in added] == [RecoveryAttempt.Made] * 2
    assert {frozenset(vars(event)) for event in added} == {frozenset(vars(added[0]))}


@pytest.mark.parametrize(("seconds", "holds"), [(-1, True), (0, False), (1, False)])
async def test_r26_a_link_holds_60_minutes_and_r25_a_token_an_hour_to_the_second(
    town: Town, seconds: int, holds: bool
) -> None:
    practice = (await town.open_practice()).practice_id
    found = await matched(town, practice, "pat", 900)
    await town.perform(begin_recoveries, BeginRecoveries("user_name", [found]))
    command = IssueRecoveryToken(found.account_id, found.reached, "fact", "the street", None)
    issued = await town.perform(issue_recovery_token, command)
    account = await town.store.find(Account, found.account_id)
    assert account is not None
    for recovery_id, lifetime in (
        ((await begun(town))[0].recovery_id, LINK_LIFETIME),
        (issued.recovery_id, TOKEN_LIFETIME),
    ):
        recovery = await town.store.find(Recovery, recovery_id)
        assert recovery is not None
        at = AT + lifetime + seconds * SECOND
        if holds:
            recovery.require_open(account.password_number, at)
        else:
            with pytest.raises(LinkGone):
                recovery.require_open(account.password_number, at)


async def test_r26_a_password_that_was_chosen_meanwhile_ends_every_other_link(town: Town) -> None:
    practice = (await town.open_practice()).practice_id
    found = await matched(town, practice, "pat", 900)
    await town.perform(begin_recoveries, BeginRecoveries("user_name", [found]))
    account = await town.store.find(Account, found.account_id)
    recovery = await town.store.find(Recovery, (await begun(town))[0].recovery_id)
    assert account is not None
    assert recovery is not None
    account.change_password(PasswordIssue(UUID(int=9)), AT)
    with pytest.raises(LinkGone):
        recovery.complete(account.password_number, AT)
