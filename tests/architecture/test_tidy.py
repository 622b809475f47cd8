"""The limits of the house, read off the code itself: sizes, names, and what does not appear."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared", "services", "web", "operations", "deploy", "benchmarks", "tests")
MODULE_LINES, FUNCTION_LINES, ARGUMENTS = 400, 70, 6
SAY_NOTHING = {"utils", "helpers", "common", "base", "misc", "manager"}
EMPTY_NAMES = re.compile(r"^(Abstract\w+|\w+(Impl|Processor|Manager)|I[A-Z][a-z]\w*|\w+Updated)$")
LEFT_OVER = re.compile(r"#.*\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
DOMAIN_MAY_NOT = {("datetime", "now"), ("datetime", "utcnow"), ("uuid", "uuid4"), ("time", "time")}


def modules() -> Iterator[tuple[str, str, ast.Module]]:
    """Path, text and tree of each module that we wrote; generated code is exempt."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "_pb2" not in path.name:
                text = path.read_text(encoding="utf-8")
                yield str(path.relative_to(ROOT)), text, ast.parse(text)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_modules_are_short() -> None:
    assert [path for path, text, _ in modules() if text.count("\n") > MODULE_LINES] == []


def test_functions_are_short_and_take_few_arguments() -> None:
    large = []
    for path, _, tree in modules():
        for function in functions(tree):
            given = function.args
            count = len(
                [a for a in (*given.posonlyargs, *given.args, *given.kwonlyargs) if a.arg not in {"self", "cls"}]
            )
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES or count > ARGUMENTS:
                large.append(f"{path}: {function.name} has {lines} lines, {count} arguments")
    assert large == []


def test_names_say_something() -> None:
    empty = [path for path, _, _ in modules() if SAY_NOTHING & set(Path(path).with_suffix("").parts)]
    for path, _, tree in modules():
        classes = (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        empty += [f"{path}: {name}" for name in classes if EMPTY_NAMES.match(name)]
    assert empty == []


def test_each_module_with_code_says_what_it_is() -> None:
    assert [path for path, text, tree in modules() if text.strip() and not ast.get_docstring(tree)] == []


def test_nothing_is_left_for_later() -> None:
    assert [path for path, text, _ in modules() if LEFT_OVER.search(text)] == []


def test_the_environment_is_read_in_settings_only() -> None:
    found = [path for path, text, _ in modules() if "os.environ" in text and not path.startswith("tests/")]
    assert [path for path in found if Path(path).name != "settings.py"] == []


def test_a_domain_reads_no_clock_and_no_id_source() -> None:
    assert [path for path, _, tree in modules() if "/domain/" in path and reads_the_machine(tree)] == []


def reads_the_machine(tree: ast.Module) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = (
        (call.value.id, call.attr)
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
    )
    return any(name in DOMAIN_MAY_NOT for name in names)


def test_tests_do_not_sleep() -> None:
    sleeping = re.compile(r"\b(time|asyncio)\.sleep\(")
    assert [path for path, text, _ in modules() if path.startswith("tests/") and sleeping.search(text)] == []
