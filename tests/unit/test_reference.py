"""The pages made from the code are current."""

import subprocess
import sys
from pathlib import Path


def test_generated_pages_are_current(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, project / "tools" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
