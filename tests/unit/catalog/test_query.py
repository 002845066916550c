"""Finding calls, tables as of a version, search and differences."""

import contextlib

import pytest

from trapgate import catalog
from trapgate.catalog.platforms import find_version
from trapgate.model.errors import UsageError


def test_find_by_name_number_and_alias() -> None:
    (entry,) = catalog.find("openat", abi="amd64")
    assert (entry.id, entry.number, entry.since) == ("linux/x86_64/openat", 257, "2.6.16")
    assert catalog.find("0x101", abi="x86_64") == catalog.find(257, abi="x86_64") == (entry,)
    assert {e.name for e in catalog.find("ntreadfile", system="windows")} == {"NtReadFile"}
    assert catalog.find("no_such_call") == ()


def test_identifiers_find_their_entry(run_trapgate) -> None:
    for entry in (*catalog.find("openat", system="linux"), *catalog.find("NtClose", system="windows")):
        assert entry in catalog.find(entry.id)
    assert catalog.find("linux/amd64/openat") == catalog.find("openat", abi="x86_64")
    assert run_trapgate("show", "linux/aarch64/openat").stdout.splitlines()[5].split()[:2] == ["number", "56"]
    with pytest.raises(UsageError, match="is not of macos"):
        catalog.find("linux/x86_64/openat", system="macos")


def test_an_unknown_first_version_is_not_before_all_others() -> None:
    assert catalog.find("openat", version="2.6.10") == ()
    assert all(entry.name != "openat" for entry in catalog.table("linux", "powerpc-spu", "2.6.10"))


def test_a_call_worked_until_it_was_removed() -> None:
    assert [e.live for v in ("2.4.0", "2.6.0") for e in catalog.find("create_module", abi="i386", version=v)] == [
        True,
        False,
    ]
    assert sum(e.live or e.name == "uselib" for e in catalog.table("linux", "i386", "2.2.0")) == 177


def test_a_number_can_have_had_several_names() -> None:
    found = [(e.name, e.since, e.until) for e in catalog.find(0, abi="i386")]
    assert found == [("setup", "0.01", "2.1.121"), ("restart_syscall", "2.5.51", None)]
    assert [e.name for e in catalog.find(0, abi="i386", version="2.4.0")] == []


@pytest.mark.parametrize(
    ("version", "count", "highest"),
    [
        *(("0.01", 67, 66), ("0.12", 87, 86), ("1.0", 135, 134), ("2.0", 164, 163), ("2.2.0", 190, 190)),
        *(("2.4.0", 222, 221), ("2.6.0", 272, 273), ("2.6.12", 286, 288), ("3.0", 344, 346), ("3.18", 354, 357)),
    ],
)
def test_table_as_of_a_version(version: str, count: int, highest: int) -> None:
    rows = catalog.table("linux", "i386", version)
    assert (len(rows), rows[-1].number) == (count, highest)


def test_the_packaged_version_is_the_default() -> None:
    assert all(e.name != "fchroot" for e in catalog.table("linux", "x86_64"))
    assert any(e.name == "fchroot" for e in catalog.table("linux", "x86_64", "7.3"))


def test_versions_have_public_names() -> None:
    assert catalog.table("windows", "x64", "25H2") == catalog.table("windows", "x64", "26200")
    assert catalog.table("macos", version="15.5") == catalog.table("macos") == catalog.table("macos", version="15")
    assert catalog.table("macos", version="10.6") == catalog.table("macos", version="xnu-1504.15.3")
    assert catalog.table("macos", version="10.6.1") == catalog.table("macos", version="xnu-1456.1.26")
    assert catalog.table("windows", version="Windows 7") == catalog.table("windows", version="7601")
    assert len(catalog.table("freebsd")) > 400
    with pytest.raises(UsageError, match="of one version"):
        catalog.table("freebsd", version="9")
    with pytest.raises(UsageError, match="is not a version of linux"):
        catalog.table("linux", "i386", "two")


def test_a_name_of_several_versions_means_their_last_or_their_first() -> None:
    assert find_version("macos", "10.6") == find_version("macos", "10.6.8")
    assert find_version("macos", "10.6", first=True) == find_version("macos", "10.6.1")
    assert find_version("windows", "Windows 10", first=True) == 10061


def test_a_system_without_a_noted_equivalent_has_its_namesake() -> None:
    elsewhere = dict(catalog.describe("mkdir").elsewhere)
    assert elsewhere["dragonfly"] == ("mkdir",) and "NtCreateFile" in elsewhere["windows"]
    assert "netbsd" in dict(catalog.describe("fork", "openbsd").elsewhere)
    assert [system for system, _ in catalog.describe("read").elsewhere][-1] == "windows"


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: catalog.find_abi("x86_65"), "x86_64"),
        (lambda: catalog.find("read", system="linus"), "linux"),
        (lambda: catalog.describe("opena"), "openat"),
    ],
)
def test_mistakes_name_the_nearest(call, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        call()
    assert hint in error.value.hint


def test_search_finds_by_parts_of_names_and_arguments() -> None:
    assert catalog.search("openat")[0].name == "openat"
    assert "NtReadFile" in {hit.name for hit in catalog.search("read file", kind="call")}
    assert "statx" in {hit.name for hit in catalog.search("statx buffer")}
    assert "TIOCGWINSZ" in {hit.name for hit in catalog.search("winsize", kind="ioctl")}
    assert len(catalog.search("a", limit=7)) == 7


@pytest.mark.parametrize("words", ['"', "NEAR(", "a AND OR", "name:x*", "'; drop table call"])
def test_search_takes_any_text(words: str) -> None:
    with contextlib.suppress(UsageError):
        catalog.search(words)


def test_diff_of_the_lecture_table() -> None:
    added = catalog.diff("i386@2.1.57", "i386@2.1.68")
    assert [(c.kind, c.after) for c in added] == [("added", str(n)) for n in range(173, 180)]
    renamed = [c for c in catalog.diff("i386@2.0", "i386@2.2.0") if c.kind == "renamed"]
    assert [(c.before, c.after) for c in renamed] == [("52 phys", "52 umount2")]


def test_diff_between_abis() -> None:
    changes = {(c.kind, c.name): c for c in catalog.diff("x86_64", "aarch64")}
    assert changes["removed", "open"].before == "2"
    assert (changes["renumbered", "read"].before, changes["renumbered", "read"].after) == ("0", "63")
    assert "tls, int *child_tidptr" in changes["signature", "clone"].after


def test_describe_gathers_everything() -> None:
    card = catalog.describe("openat")
    assert card.wrappers[0].header == "fcntl.h" and "ENOENT" in card.errors
    assert {"open", "openat2"} <= set(card.related)
    assert ("NtCreateFile" in dict(card.elsewhere)["windows"]) and card.glibc_since == "2.4"
    stat = catalog.describe("stat")
    assert {"newfstatat", "statx", "fstat"} <= set(stat.related)


def test_conflicts_are_kept() -> None:
    (one,) = catalog.describe("membarrier").conflicts
    assert (one.value, one.other_value) == ("4.3", "3.17")
    assert catalog.conflicts("NtSuspendThread", "windows")


def test_numbers_that_are_not_calls() -> None:
    (request,) = catalog.ioctls("TIOCGWINSZ")
    assert request.value == 0x5413
    assert {c.number for c in catalog.errors("EAGAIN", "macos")} == {35}
    assert catalog.signals("kill", "x86")[0].number == catalog.signals(9, "x86")[0].number == 9
    assert len(catalog.subcalls("socketcall", "linux")) == 20


def test_every_fact_file_says_where_it_is_from() -> None:
    for source in catalog.sources():
        assert source.source and source.version and source.licence
        assert "j00ru" not in source.source and "systrack" not in source.source


@pytest.mark.parametrize(
    ("name", "system", "line"),
    [
        ("getpid", "linux", "rax = 39, then syscall; the result is in rax"),
        ("getfsstat", "freebsd", "rax = 557, then syscall"),
        ("H_ENTER", "papr", "r3 = 8, then sc 1; the result is in r3; arguments: r4-r12"),
        ("HVCALL_POST_MESSAGE", "hyperv", "rcx = 92, then call hypercall page"),
        ("KVM_HC_SEND_IPI", "kvm", "rax = 10, then vmcall (Intel)"),
        ("SBI_EXT_TIME", "sbi", "a7 = 0x54494d45, then ecall"),
        ("PSCI_0_2_FN_CPU_ON", "smccc", "w0 = 0x84000003, then smc #0 / hvc #0"),
    ],
)
def test_each_call_says_how_it_is_made(run_trapgate, name: str, system: str, line: str) -> None:
    place = ["--abi", "x86_64"] if system == "linux" else ["--system", system]
    assert line in run_trapgate("show", name, *place).stdout


def test_operations_of_hypercalls() -> None:
    assert {s.name for s in catalog.subcalls("SBI_EXT_HSM", "sbi")} >= {"SBI_EXT_HSM_HART_START"}
    assert len({entry.number for entry in catalog.table("papr")}) == len(catalog.table("papr"))
    assert catalog.conflicts("PSCI_1_1_FN_MEM_PROTECT_CHECK_RANGE")[0].other_value == "0x84000013"


def test_an_older_form_of_a_call_has_other_arguments() -> None:
    assert str(catalog.find_signature("getfsstat", "freebsd").arguments[0]) == "struct statfs *buf"
    change = {c.name: c for c in catalog.diff("freebsd", "openbsd") if c.kind == "renumbered"}["getfsstat"]
    assert change.before == "557"


def test_no_call_is_older_on_an_architecture_that_came_late() -> None:
    rows = catalog.open_database().execute(
        "SELECT abi.name, call.name FROM entry JOIN call ON call.id = call JOIN abi ON abi.id = entry.abi"
        " WHERE evidence = 'architecture merged' AND since_key > 0 AND since_key < (SELECT min(since_key) FROM entry AS"
        " other WHERE other.call = entry.call AND other.since_key > 0 AND other.evidence <> 'architecture merged')"
    )
    # The 32-bit architectures of the generic table call it so, and had it from the start.
    assert {name for _, name in rows} <= {"llseek"}
    assert catalog.find("futex_waitv", abi="aarch64-compat32")[0].since == "5.16"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TIOCGWINSZ", "trapgate ioctl TIOCGWINSZ"),
        ("EAGAIN", "trapgate errno EAGAIN"),
        ("SIGKILL", "trapgate signal SIGKILL"),
        ("PR_SET_NAME", "trapgate show prctl"),
        ("__NR_openat", "nearest: openat,"),
        ("sys_opnat", "nearest: openat,"),
    ],
)
def test_a_name_that_is_no_call_is_told_what_it_is(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        catalog.describe(name)
    assert hint in error.value.hint


def test_what_is_not_packaged_says_why(run_trapgate) -> None:
    with pytest.raises(UsageError) as error:
        catalog.find_abi("x86", "windows")
    assert "catalog read ntdll.dll" in error.value.hint
    done = run_trapgate("list", "--abi", "x86_64", "--version", "2.2.0")
    assert done.returncode == 1 and "first known table of linux/x86_64 is that of 2.4.20" in done.stderr
    assert "other calls have the same number" in run_trapgate("show", "NtUserYieldTask").stdout


@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        ("ioctl winsize", "ioctl", "TIOCGWINSZ"),
        ("errno again", "errno", "EAGAIN"),
        ("windows thread suspend", "call", "NtSuspendThread"),
        ("mach-trap msg", "call", "mach_msg_trap"),
        ("kvm hypercall ipi", "call", "KVM_HC_SEND_IPI"),
    ],
)
def test_search_knows_kinds_systems_and_ideas(words: str, kind: str, name: str) -> None:
    assert (kind, name) in {(hit.kind, hit.name) for hit in catalog.search(words)}
