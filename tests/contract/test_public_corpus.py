"""Every public event that was ever sent is read as it was meant then."""

import json
from pathlib import Path

import pytest

from shared.service import SERVICES
from tests.contract.public_corpus import GOLDEN, add_missing, check_corpus


@pytest.mark.parametrize("service", SERVICES)
def test_what_was_ever_sent_is_read_back(service: str) -> None:
    if not (GOLDEN / service).exists():
        pytest.skip(f"{service} has sent nothing yet that must last: python -m tests.contract.public_corpus begins it")
    assert check_corpus(service, GOLDEN / service) == []


def test_a_field_that_goes_a_type_that_goes_and_a_missing_sample_are_found_out(tmp_path: Path) -> None:
    add_missing("billing", tmp_path)
    assert check_corpus("billing", tmp_path) == []
    charge = tmp_path / "ChargePosted.v1.json"
    charge.write_text(json.dumps({**json.loads(charge.read_text()), "category": "visit"}))
    (tmp_path / "ChargeForgiven.v1.json").write_text("{}")
    (tmp_path / "PaymentFailed.v1.json").unlink()
    broken = json.loads((tmp_path / "PaymentStarted.v1.json").read_text())
    (tmp_path / "PaymentStarted.v1.json").write_text(json.dumps({**broken, "amount_cents": "much"}))
    wrong = [line.partition(":")[0] for line in check_corpus("billing", tmp_path)]
    assert sorted(wrong) == ["ChargeForgiven.v1", "ChargePosted.v1", "PaymentFailed.v1", "PaymentStarted.v1"]
