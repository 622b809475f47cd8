"""buf is content with the contracts, and finds out what would break an older client or reads badly."""

import shutil
import sysconfig
from pathlib import Path

import pytest
from grpc_tools import protoc

from deploy import contract_checks

ROOT = Path(__file__).parents[2]
CONSENT = "shared/contracts/consent/v1/api.proto"
FIELD = "  // paper or screen.\n  string method = 4;\n"
RPC = """  rpc GetForm(GetFormRequest) returns (GetFormResponse) {
    option (google.api.http) = {get: "/v1/practices/{practice_id}/consent-form"};
  }
"""


def described(folder: Path, *, replace: str = "", by: str = "") -> Path:
    """The descriptor set of a copy of the contracts, in consent's of which one text is replaced."""
    for path in (ROOT / "shared/contracts").rglob("*.proto"):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    if replace:
        text = (folder / CONSENT).read_text(encoding="utf-8")
        assert text.count(replace) == 1
        (folder / CONSENT).write_text(text.replace(replace, by), encoding="utf-8")
    out = folder / "set.binpb"
    includes = [folder, Path(sysconfig.get_path("purelib")), Path(str(protoc.__file__)).parent / "_proto"]
    options = [*(f"-I{path}" for path in includes), "--include_imports", "--include_source_info"]
    protos = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.proto"))
    assert protoc.main(["protoc", *options, f"--descriptor_set_out={out}", *protos]) == 0
    return out


def test_the_contracts_read_well_and_older_clients_fit_them(tmp_path: Path) -> None:
    today = described(tmp_path)
    assert contract_checks.lint(today) == 0
    assert contract_checks.breaking(today) == 0


@pytest.mark.parametrize(
    ("replace", "by"),
    [
        pytest.param(FIELD, "", id="a field goes"),
        pytest.param(FIELD, FIELD.replace("method", "manner"), id="a field is renamed"),
        pytest.param(FIELD, FIELD.replace("= 4", "= 14"), id="a field is renumbered"),
        pytest.param(FIELD, FIELD.replace("string", "int64"), id="a field changes its type"),
        pytest.param(FIELD, FIELD.replace("string", "repeated string"), id="a field becomes a list"),
        pytest.param(RPC, "", id="an RPC goes"),
        pytest.param(RPC, RPC.replace("(GetFormResponse)", "(SignConsentResponse)"), id="an RPC answers otherwise"),
    ],
)
def test_what_breaks_older_clients_is_found(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], replace: str, by: str
) -> None:
    assert contract_checks.breaking(described(tmp_path, replace=replace, by=by)) != 0
    assert CONSENT in capfd.readouterr().out


def test_a_new_field_breaks_nobody(tmp_path: Path) -> None:
    added = described(tmp_path, replace=FIELD, by=f"{FIELD}  // Who saw it.\n  string witness_id = 14;\n")
    assert contract_checks.breaking(added) == 0


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(FIELD.replace("  // paper or screen.\n", ""), id="a field without a comment"),
        pytest.param(FIELD.replace("method", "Method"), id="a field not in lower_snake_case"),
    ],
)
def test_what_reads_badly_is_found(tmp_path: Path, by: str) -> None:
    assert contract_checks.lint(described(tmp_path, replace=FIELD, by=by)) != 0


def test_what_was_accepted_is_what_the_next_change_is_held_to(tmp_path: Path) -> None:
    without, image = described(tmp_path / "a", replace=FIELD), tmp_path / "image.binpb"
    assert contract_checks.accept(without, image) == 0
    assert contract_checks.breaking(without, image) == 0
    assert contract_checks.breaking(described(tmp_path / "b"), image) == 0
