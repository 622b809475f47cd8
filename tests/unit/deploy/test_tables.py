"""The tables of rules and roles: what is cited is found, and what cannot be right is refused."""

from pathlib import Path

import pytest

from deploy.tables import cheats, main, roles, rules
from deploy.tables.sentences import SENTENCES
from shared.service import SERVICES

LEVEL = {
    "unit": "def test_r17_r18_one_grant_serves_both_stages() -> None: ...\n",
    "e2e": "def test_plain() -> None: ...\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small repository: two modules and two levels of tests."""
    module = (
        '"""Ages (R18)."""\n\nTEEN = 12\n"""R42: from then on."""\n\n\ndef f() -> None:\n    """FHIR R4."""  # R9\n'
    )
    (tmp_path / "services/x").mkdir(parents=True)
    (tmp_path / "services/x/ages.py").write_text(module)
    for level, text in LEVEL.items():
        (tmp_path / "tests" / level).mkdir(parents=True)
        (tmp_path / "tests" / level / "test_x.py").write_text(text)
    return tmp_path


def test_every_rule_has_a_sentence() -> None:
    assert list(SENTENCES) == list(range(1, 46))


def test_docstrings_cite_rules_and_neither_comments_nor_fhir_do(tree: Path) -> None:
    assert sorted(rules.citations(tree)) == [("services/x/ages.py", 18), ("services/x/ages.py", 42)]


def test_a_test_bears_several_numbers_and_its_level_is_its_folder(tree: Path) -> None:
    found = rules.kept(tree)
    told = {"unit": [("tests/unit/test_x.py", "one_grant_serves_both_stages")]}
    assert found[17].tests == found[18].tests == told
    assert [number for number, one in found.items() if one.tests] == [17, 18]


def test_a_number_that_no_rule_has_is_refused(tree: Path) -> None:
    (tree / "services/x/later.py").write_text('"""R46."""\n')
    with pytest.raises(rules.NotARule, match="R46"):
        rules.page(tree)


def test_every_rule_has_cheats_and_the_fourteen_come_first() -> None:
    assert list(cheats.CHEATS) == list(SENTENCES)
    assert all(cheats.CHEATS.values())
    assert len(cheats.FIRST) == 14


def test_a_cheat_whose_test_is_gone_is_told_by_its_name(tree: Path) -> None:
    with pytest.raises(rules.NotATest, match="test_"):
        rules.page(tree)
    tests = {test for tried in (*cheats.CHEATS.values(), cheats.FIRST) for _, test in tried}
    (tree / "tests/unit/test_all.py").write_text("\n".join(f"def {test}() -> None: ..." for test in tests))
    assert "fails in" in rules.page(tree)


@pytest.mark.parametrize("service", SERVICES)
def test_every_rpc_has_its_row_and_every_role_its_column(service: str) -> None:
    named = {role for row in roles.rows(service) for role in row.policy.roles}
    assert named <= set(roles.ROLES)
    assert all(f"| {row.name} |" in roles.page() for row in roles.rows(service))


def test_the_check_knows_no_other_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["chekc"]) == 2
    assert "expected" in capsys.readouterr().err
