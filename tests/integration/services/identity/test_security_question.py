"""R23: the holder of an account chooses another security question; only the last one opens a way back."""

from datetime import timedelta

from services.identity.domain.account import Account
from services.identity.domain.errors import WrongAnswer, WrongCode
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField, PortalError, StepUpRequired
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import PASSWORD, House, Someone, new_key
from tests.integration.services.identity.test_recovery import ANSWER, form, link, patients, refused

LATER = "Where the kite flew away?"


def choosing(
    question: str = LATER, answer: str = "Dune Road", password: str = PASSWORD
) -> api_pb2.ChangeSecurityQuestionRequest:
    return api_pb2.ChangeSecurityQuestionRequest(password=password, security_question=question, security_answer=answer)


async def choose(house: House, who: Someone, request: api_pb2.ChangeSecurityQuestionRequest, key: str = "") -> str:
    """The position, or the refusal's slug."""
    try:
        with calling(token=who.token, idempotency_key=key or new_key()):
            return (await house.api.ChangeSecurityQuestion(request)).position
    except PortalError as refusal:
        return refusal.slug


async def noticed(house: House) -> list[str]:
    return [
        recorded.event.about
        async for page in house.ground.store.read(0, types=(Account.Noticed,))
        for recorded in page
        if isinstance(recorded.event, Account.Noticed)
    ]


async def test_r23_another_question_needs_the_password_and_a_fresh_factor_and_the_account_is_told(house: House) -> None:
    _, _, _, pat = await patients(house)
    assert await choose(house, pat, choosing(password="not-the-password-1")) == WrongCode.slug  # noqa: S106
    assert await choose(house, pat, choosing(answer="no")) == InvalidField.slug
    assert await choose(house, pat, choosing(question=" ", answer=" ")) == InvalidField.slug
    shift = "UPDATE credential_sessions SET factor_at = factor_at - $1::interval"
    await house.ground.database.execute(shift, timedelta(minutes=6))
    stale = await house.api.Refresh(api_pb2.RefreshRequest(refresh_token=pat.refresh_token))
    assert await choose(house, Someone(pat.account_id, stale.access_token), choosing()) == StepUpRequired.slug
    assert "question" not in await noticed(house)
    pat = await house.sign_in("pat")
    key = new_key()
    position = await choose(house, pat, choosing(), key)
    assert await noticed(house) == ["question"]
    found = await link(house)
    seen = await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=found[0], secret=found[1]))
    assert seen.security_question == LATER
    assert await refused(house, form(found, answer=ANSWER)) == WrongAnswer.slug
    await choose(house, pat, choosing("The last one?", "Heron Quay"))
    assert await choose(house, pat, choosing(), key) == position  # a repeat that comes late brings nothing back
    assert await refused(house, form(found, answer="Dune Road")) == WrongAnswer.slug
    with calling(idempotency_key=new_key()):
        await house.api.ResetPassword(form(found, answer="heron  QUAY"))


async def test_r23_guessing_the_password_there_ends_after_ten_wrong_ones(house: House) -> None:
    _, _, _, pat = await patients(house)
    guesses = [await choose(house, pat, choosing(password=f"no-such-password-{number}")) for number in range(11)]
    assert guesses == [WrongCode.slug] * 10 + ["throttled"]
    assert "question" not in await noticed(house)
