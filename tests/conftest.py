"""What every test may use: the installed program, the live rule, the project's own files.

With REQUIRE_LIVE=1 a test of tests/live or tests/differential that skips has failed: whoever sets it says
that this machine can run them all.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
MUST_RUN = (PROJECT / "tests" / "live", PROJECT / "tests" / "differential")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _must_run(path: Path) -> bool:
    return os.environ.get("REQUIRE_LIVE") == "1" and any(path.is_relative_to(folder) for folder in MUST_RUN)


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport, path: Path) -> None:
    if report.skipped and _must_run(path) and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_LIVE=1, but this skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report, item.path)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report, collector.path)
    return report


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder that holds pyproject.toml."""
    return PROJECT


@pytest.fixture(scope="session")
def program() -> Path:
    """The installed program `trapgate`."""
    return Path(sys.executable).parent / "trapgate"


@pytest.fixture(scope="session")
def run_trapgate(program: Path) -> Run:
    """Runs `trapgate WORDS...`, and gives back its status and what it printed.

    Keywords are those of `subprocess.run`.
    """

    def run(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
        given = {"capture_output": True, "text": True, "timeout": 60, "check": False, **options}
        return subprocess.run([str(program), *words], **given)  # type: ignore[call-overload, no-any-return]

    return run


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the whole web catalogue, written once for all tests that read it."""
    from trapgate.web.writer import write_site

    folder = tmp_path_factory.mktemp("web") / "site"
    write_site(str(folder))
    return folder
