"""The program whose topics are traced by several tools."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module", params=["64", "32"])
def deterministic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of topics, for the 64-bit ABI and for i386."""
    path = tmp_path_factory.mktemp("deterministic") / f"program{request.param}"
    source = Path(__file__).with_name("deterministic.c")
    subprocess.run(["cc", f"-m{request.param}", "-w", "-O1", "-pthread", "-o", path, source], check=True)
    return path
