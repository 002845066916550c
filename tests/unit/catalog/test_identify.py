"""Which kernel a table from a file is, as `trapgate diff FILE` tells it."""

from pathlib import Path

import pytest

from trapgate import catalog
from trapgate.catalog.identify import find_nearest, read_entries
from trapgate.model.errors import UsageError

HANDOUT = Path("docs", "how-to", "handout-i386.txt")


def write_list(folder: Path, rows: list[tuple[int, str]]) -> str:
    path = folder / "list.txt"
    path.write_text("".join(f"{number} {name}\n" for number, name in rows))
    return str(path)


def test_the_handout_is_2_2_counted_anew(project: Path, run_trapgate) -> None:
    done = run_trapgate("diff", project / HANDOUT)
    assert done.returncode == 1
    assert "is most like linux/i386@2.2.0: 16 of 177 rows are the same; it has 13 calls more" in done.stderr
    assert "in that order, but numbered anew" in done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["renumbered", "vfork", "177", "190"] in lines and ["renumbered", "mremap", "152", "163"] in lines
    added = [line[1] for line in lines if line[0] == "added"]
    assert " ".join(added) == "break stty gtty ftime prof lock mpx ulimit profil idle afs_syscall getpmsg putpmsg"
    assert done.stdout.splitlines()[-1] == "13 added, 161 renumbered"


def test_a_handout_that_is_cut_short(tmp_path: Path, run_trapgate) -> None:
    kernel = catalog.table("linux", "i386", "2.2.0")
    path = write_list(tmp_path, [(e.number, e.name) for e in kernel if e.number < 177] + [(177, "vfork")])
    done = run_trapgate("diff", path, "--kind", "renumbered", "--tsv")
    assert done.stdout == "change\tname\tbefore\tafter\nrenumbered\tvfork\t177\t190\n"
    assert "linux/i386@2.2.0: 176 of 177 rows" in done.stderr and "numbered anew" not in done.stderr


@pytest.mark.parametrize(
    ("abi", "version"), [("i386", "0.01"), ("i386", "2.4.0"), ("x86_64", "6.12"), ("alpha", "2.6.39")]
)
def test_a_packaged_table_is_recognised(tmp_path: Path, abi: str, version: str) -> None:
    rows = [(e.number, e.name) for e in catalog.table("linux", abi, version)]
    entries = read_entries(write_list(tmp_path, rows))
    assert {entry.abi for entry in entries} == {abi}
    nearest = find_nearest(entries)
    assert (nearest.same, nearest.foreign, nearest.missing) == (len(rows), 0, 0)
    system_abi, _, found = nearest.spec.partition("@")
    assert not catalog.diff(entries, f"{system_abi}@{version}") and not catalog.diff(nearest.spec, f"{abi}@{version}")
    assert found


def test_names_of_the_kernels_functions_become_those_of_calls(tmp_path: Path) -> None:
    entries = read_entries(write_list(tmp_path, [(106, "newstat"), (122, "newuname"), (1, "exit")]), "i386")
    assert [(entry.number, entry.name) for entry in entries] == [(1, "exit"), (106, "stat"), (122, "uname")]


def test_what_is_no_comparison(tmp_path: Path, run_trapgate) -> None:
    assert "one table is no comparison" in run_trapgate("diff", "i386").stderr
    assert "is neither" not in run_trapgate("diff", "i386", "i386").stderr
    path = write_list(tmp_path, [(1, "a"), (2, "b"), (3, "c")])
    assert run_trapgate("diff", path, "--abi", "nothing").returncode == 2
    with pytest.raises(UsageError, match="has no numbers"):
        read_entries("/proc/kallsyms")
