# SPDX-License-Identifier: BSD-2-Clause
"""tools/tables.py: the specification's grammar, what headers define, and tables made from headers made up here."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def tool(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables_tool", project / "tools" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables_tool"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


HEADER = """
#include <linux/types.h>
#define LAMP_ON 0x1
#define LAMP_DIM (1 << 1)
#define LAMP_TOP (1 << 31)
#define LAMP_BRIGHT(x) (x)
#define LAMP_WORD "lamp"
#define LAMP_OLD LAMP_ON
#define LAMP_MAX LAMP_TOP
enum lamp_mode {
    LAMP_MODE_AUTO = -1,
    LAMP_MODE_OFF,	/* with a comment, and a comma */
    LAMP_MODE_LATE = 010,
    __LAMP_MODE_MAX,
#define LAMP_MODE_LATE LAMP_MODE_LATE
};
#ifdef __x86_64__
# define LAMP_WIDE 0x100000000UL
#endif
#define LAMP_LONG sizeof(long)
struct lamp { enum { LAMP_IN_A = 5, LAMP_IN_B } in; };
"""


@pytest.fixture
def lamp(tool: ModuleType, tmp_path: Path) -> object:
    """Headers of a kernel 9.3 with nothing but lamps."""
    folder = tmp_path / "headers"
    (folder / "linux").mkdir(parents=True)
    (folder / "linux" / "lamp.h").write_text(HEADER)
    (folder / "linux" / "version.h").write_text(f"#define LINUX_VERSION_CODE {9 << 16 | 3 << 8}\n")
    headers = tool.Headers([folder])
    if headers.compile("#include <stddef.h>\n", "i386", "-c", "-o", "/dev/null").returncode:
        pytest.skip("the compiler cannot compile for i386")
    if not shutil.which("objcopy"):
        pytest.skip("no objcopy")
    return headers


def make(tool: ModuleType, headers: object, spec: str) -> str:
    (table,) = tool.make_tables(tool.parse_spec("[linux/lamp.h]\n" + spec), headers)
    return tool.render_table(table, headers)


def body(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_flags_table(tool: ModuleType, lamp: object) -> None:
    """A macro with parameters, a string and *_MAX are no flags; bit 31 is not a sign."""
    text = make(tool, lamp, "lamp flags: LAMP_O* LAMP_DIM..LAMP_WORD\n  drop: LAMP_OLD\n  unknown: lamp?\n")
    assert text == (
        "# source: include/uapi/linux/lamp.h (Linux 9.3)\n# kind: flags\n# prefix: LAMP_\n# complete: no\n"
        "# unknown: lamp?\nLAMP_ON 0x1\nLAMP_DIM 0x2\nLAMP_TOP 0x80000000\n"
    )


def test_enum_table(tool: ModuleType, lamp: object) -> None:
    text = make(tool, lamp, "mode enum: {LAMP_MODE_OFF}\n")
    assert body(text) == ["LAMP_MODE_AUTO -1", "LAMP_MODE_OFF 0", "LAMP_MODE_LATE 8"]
    assert "# complete: yes" in text and "# unknown: LAMP_MODE_???" in text


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        ("t enum: {LAMP_IN_B}\n", ["LAMP_IN_A 5", "LAMP_IN_B 6"]),
        ("t enum: LAMP_IN_B LAMP_IN_*\n", ["LAMP_IN_B 6", "LAMP_IN_A 5"]),
        ("t enum: LAMP_IN_B LAMP_IN_*\n  order: value\n", ["LAMP_IN_A 5", "LAMP_IN_B 6"]),
        ("t enum: LAMP_IN_B LAMP_IN_*\n  shape: 1<<{}\n", ["1<<LAMP_IN_B 64", "1<<LAMP_IN_A 32"]),
        ("t enum: LAMP_IN_A\n  shape: 1<<{}\n  value: {}-1\n", ["1<<LAMP_IN_A 4"]),
        ("t enum: LAMP_TOP..LAMP_OLD\n", ["LAMP_TOP -2147483648", "LAMP_OLD 1"]),
        ("t enum: LAMP_MAX\n", ["LAMP_MAX -2147483648"]),
        ("t enum: !LAMP_ON\n", ["!LAMP_ON 0x0"]),
        ("t enum: LAMP_NEW=LAMP_IN_B+1 LAMP_IN_A=9\n", ["LAMP_NEW 7", "LAMP_IN_A 9"]),
        ("t enum: LAMP_WIDE\n", ["LAMP_WIDE 0x100000000 x86_64,x32"]),
        ("t enum: LAMP_LONG\n", ["LAMP_LONG 8 x86_64,x32", "LAMP_LONG 4 i386"]),
    ],
)
def test_items(tool: ModuleType, lamp: object, spec: str, lines: list[str]) -> None:
    assert body(make(tool, lamp, spec)) == lines


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("t enum: LAMP_GONE\n", "no header defines LAMP_GONE"),
        ("t enum: LAMP_ON LAMP_GONE_*\n", "no header defines LAMP_GONE_*"),
        ("t enum: LAMP_ON {LAMP_GONE}\n", "no header defines {LAMP_GONE}"),
        ("t enum: LAMP_ON..LAMP_GONE\n", "no header defines LAMP_ON..LAMP_GONE"),
        ("t enum: LAMP_WORD\n", "LAMP_WORD is no constant"),
    ],
)
def test_items_that_take_nothing(tool: ModuleType, lamp: object, spec: str, why: str) -> None:
    with pytest.raises(tool.TablesError, match="t: ") as raised:
        make(tool, lamp, spec)
    assert why in str(raised.value)


def test_unknown_header(tool: ModuleType, lamp: object) -> None:
    specs = tool.parse_spec("[linux/no_such.h]\nt enum: A\n")
    with pytest.raises(tool.TablesError, match=r"linux/no_such\.h: fatal error"):
        list(tool.make_tables(specs, lamp))


def test_check_sees_a_change(tool: ModuleType, lamp: object, tmp_path: Path) -> None:
    specs = tool.parse_spec("[linux/lamp.h]\nmode enum: {LAMP_MODE_OFF}\nlamp flags: LAMP_ON\n")
    assert tool.check(specs, lamp, tmp_path) == ["mode.txt: missing", "lamp.txt: missing"]
    assert len(tool.generate(specs, lamp, tmp_path)) == 2
    assert tool.generate(specs, lamp, tmp_path) == []
    assert tool.check(specs, lamp, tmp_path) == []
    path = tmp_path / "lamp.txt"
    path.write_text(path.read_text().replace("0x1", "0x2"))
    assert tool.check(specs, lamp, tmp_path) == ["lamp.txt: not what the headers of Linux 9.3 give"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a.h]\nno colon\n", "line 2: not a section"),
        ("  lost detail\n", "line 1: not a section"),
        ("[a.h]\nt enum: A\nt flags: B\n", "line 3: table t is declared twice"),
        ("[a.h]\nt list: A\n", "line 2: not a section"),
    ],
)
def test_bad_specification(tool: ModuleType, text: str, why: str) -> None:
    with pytest.raises(tool.TablesError) as raised:
        tool.parse_spec(text)
    assert str(raised.value).startswith(why)


def test_specification_details(tool: ModuleType) -> None:
    (spec,) = tool.parse_spec(
        "# note\n\n[a.h b.h]\nt flags: A\n  B* C..D\n  drop: E\n  drop: F G\n  prefix: P_\n  unknown: P_?? ?\n"
    )
    assert (spec.headers, spec.take, spec.drop) == (["a.h", "b.h"], ["A", "B*", "C..D"], ["E", "F", "G"])
    assert (spec.prefix, spec.unknown, spec.line) == ("P_", "P_?? ?", 4)


def test_coverage_of_a_built_strace(tool: ModuleType, tmp_path: Path) -> None:
    """The tables of a position-independent program are read from its file, and compared with ours."""
    source = tmp_path / "s.c"
    source.write_text(
        "struct xlat_data { unsigned long long val; const char *str; };\n"
        'static const struct xlat_data mode_xdata[] = {{1, "M_ONE"}, {4294967295u, "M_ALL"}, {7, 0}};\n'
        'static const struct xlat_data bits_xdata[] = {{3, "B_BOTH"}, {1, "B_ONE"}};\n'
        "int main(int n, char **v) { return mode_xdata[n].val + bits_xdata[n].val + (long)mode_xdata[n].str\n"
        "    + (long)bits_xdata[n].str; }\n"
    )
    (tmp_path / "src").mkdir()
    command = [tool.CC, "-fPIE", "-pie", "-O0", str(source), "-o", str(tmp_path / "src" / "strace")]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no compiler")
    (tmp_path / "mode.txt").write_text("# kind: enum\nM_ONE 1\nM_ALL -1\n")
    (tmp_path / "bits.txt").write_text("# kind: flags\nB_ONE 1\nB_BOTH 3\n")
    specs = tool.parse_spec("[a.h]\nmode enum: M\nbits flags: B\n")
    assert list(tool.coverage(specs, tmp_path / "src" / "strace", tmp_path)) == [
        "bits\t2/2\tdiffers",  # the same flags in another order print another text
        "mode\t2/2\tsame",
        "# constants 4/4, tables that print alike 1/2",
    ]
