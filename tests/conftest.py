"""How the tests are spread over processes, and what every run says at its end: what was not tried, loudly."""

import pytest

TRIES = 500
"""Of each route of R26 beside the other tests; ``make timing`` asks for more."""
LOUD = ("NO BROWSER", "FHIR corpus", "stripe-mock")
ONE_PORTAL = "tests/e2e/"
"""What lies there meets one running portal, and so stays in one process."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each file stays in one process, with the fixtures of its module (``--dist loadgroup``)."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(ONE_PORTAL if file.startswith(ONE_PORTAL) else file))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tries", type=int, default=TRIES, help="how often R26's timing test asks each route")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a reason for tests that were skipped since something is not on this machine."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for word in LOUD:
        count = sum(word in reason for reason in reasons)
        if count:
            terminalreporter.write_line(f"NOT TRIED: {count} tests were skipped: {word}", red=True, bold=True)
