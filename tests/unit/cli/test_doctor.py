"""`trapgate doctor`: what it says agrees with the machine."""

import ctypes
import json
import os
import shutil
from pathlib import Path

import pytest

from trapgate.cli import doctor
from trapgate.sources import abilities
from trapgate.sources.abilities import Ability, Check


def test_json_names_every_source(run_trapgate) -> None:
    done = run_trapgate("doctor", "--json")
    report = json.loads(done.stdout)
    assert report["schema"] == 1
    assert [source["source"] for source in report["sources"]] == list(abilities.SOURCES)
    for source in report["sources"]:
        assert source["works"] == all(check["ok"] for check in source["checks"])
        assert all(check["remedy"] for check in source["checks"] if not check["ok"])
    assert done.returncode == (0 if any(source["works"] for source in report["sources"]) else 3)


def test_text_gives_a_hint_for_each_lack() -> None:
    lacking = Check("CAP_BPF", False, "not held", "run it as root")
    text = doctor.format_text([Ability("bpf", (Check("libbpf", True, "yes", ""), lacking))])
    assert text.splitlines()[2:] == [
        "bpf: does not work here",
        "  ok  libbpf: yes",
        "  --  CAP_BPF: not held",
        "      hint: run it as root",
    ]


def test_text_ends_with_the_source_that_is_taken() -> None:
    bad, good = (Check("libbpf", ok, "", "") for ok in (False, True))
    for first, second, last in (
        (bad, good, "trapgate trace and count take: ptrace"),
        (good, good, "trapgate trace and count take: bpf"),
        (bad, bad, "no source works here"),
    ):
        text = doctor.format_text([Ability("bpf", (first,)), Ability("ptrace", (second,))])
        assert text.splitlines()[-2:] == ["", last]


def test_capabilities_are_those_of_this_process() -> None:
    held = {
        line.split()[0]: line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "Cap" in line
    }
    effective = int(held["CapEff:"], 16)
    expected = {name for name, bit in abilities.CAPABILITIES.items() if effective >> bit & 1}
    assert abilities.read_capabilities() == expected


def test_libbpf_agrees_with_the_loader() -> None:
    try:
        ctypes.CDLL("libbpf.so.1")
        installed = True
    except OSError:
        installed = False
    assert abilities.check_libbpf().ok == installed


def test_leaves_no_child_and_no_fd_behind() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for source in abilities.SOURCES:
        abilities.check_source(source)
    assert sorted(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can give up its capabilities")
def test_names_the_capability_that_is_missing(run_trapgate, program) -> None:
    import subprocess

    drop = ["setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--inh-caps=-all"]
    done = subprocess.run([*drop, program, "doctor", "--source", "bpf"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "CAP_BPF and CAP_PERFMON: not held" in done.stdout
    assert "trapgate's programs" not in done.stdout, "they fail for the same reason"
    assert "hint: run it as root" in done.stdout
