"""What the pages about the catalogue say of it is so, and the commands they show work."""

import re
import shlex
from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.catalog.platforms import find_version, newest_version
from trapgate.catalog.readers import find_kinds

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "look-up-calls.md"
COMMANDS = [line.strip() for line in re.findall(r"^(trapgate [^#|>\n]*)", PAGE.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_answers(run_trapgate, command: str) -> None:
    done = run_trapgate(*shlex.split(command)[1:])
    assert done.returncode == (1 if command.startswith("trapgate diff") else 0), done.stderr
    assert done.stdout and not done.stderr


def test_the_comparison_tells_the_truth_about_us(project: Path) -> None:
    page = (project / "docs" / "explanation" / "other-tables.md").read_text()
    first, second = (line.split(" | ") for line in page.splitlines() if line.startswith("| **trapgate**"))
    names = [name.strip().lower().replace("-", "") for name in first[1].split(",")]
    assert names == list(catalog.systems())
    gone = [abi for abi in catalog.abis("linux") if find_version("linux", abi.version) < find_version("linux", "4.0")]
    numbers = list(map(int, re.findall(r"\d+", first[2])))
    assert numbers == [len(catalog.abis("linux")) - len(gone), len(gone)]
    assert newest_version("linux")[0] == "7.3-rc7" and "7.3-rc7" in first[3]
    assert newest_version("windows")[0] == "29560" and "3790 to 29560" in first[3]
    assert f"{len(find_kinds())} kinds of file" in second[5]
    for row in re.findall(r"`trapgate show (\w+)` prints such disagreements", page):
        assert catalog.conflicts(row)
    for name, _, ours in (
        ("membarrier", "3.17", "4.3"),
        ("pkey_alloc", "4.8", "4.9"),
        ("oldumount", "2.4.116", "2.1.116"),
    ):
        assert catalog.conflicts(name)[0].value == ours
