"""What every run of the tests says at its end: what was not tried, loudly."""

import pytest

TRIES = 500
"""Of each route of R26 beside the other tests; ``make timing`` asks for more."""
LOUD = ("NO BROWSER", "FHIR corpus", "stripe-mock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tries", type=int, default=TRIES, help="how often R26's timing test asks each route")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a reason for tests that were skipped since something is not on this machine."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for word in LOUD:
        count = sum(word in reason for reason in reasons)
        if count:
            terminalreporter.write_line(f"NOT TRIED: {count} tests were skipped: {word}", red=True, bold=True)
