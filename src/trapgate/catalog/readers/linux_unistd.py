"""A `unistd.h` of Linux: `#define __NR_NAME NUMBER`, as installed, as in the kernel, or after `cc -E -dM`.

    >>> from trapgate.catalog.readers import Source, read_table
    >>> text = b"#define __NR_io_setup 0\\n__SC_COMP(__NR_io_setup, sys_io_setup, compat_sys_io_setup)\\n"
    >>> row = read_table(Source("asm-generic/unistd.h", text)).rows[0]
    >>> row.name, row.number, row.entry
    ('io_setup', 0, 'sys_io_setup')

Numbers may be sums of other macros; those that the file does not define come from `Source.defines` or are the bases
that every kernel has. Conditions are kept as text, not judged: run the preprocessor first to have them judged.
"""

import os
import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace

from trapgate.catalog.readers import IMPLEMENTED, MAX_ROWS, RESERVED, Location, ReadError, Row, Source, Table
from trapgate.catalog.readers._c import Conditions, evaluate, join_continued, split_list, strip_comments

KIND = "linux-unistd"

_HEAD = re.compile(rb"^\s*#\s*define\s+__NR_\w+\s+\S", re.MULTILINE)
_DEFINE = re.compile(r"\s*#\s*define\s+(__(?:ARM_)?NR(?:3264)?_\w+)\s+(\S.*)")
_UNDEF = re.compile(r"\s*#\s*undef\s+(\w+)")
_SYSCALL = re.compile(r"\s*__(?:SYSCALL|SC_COMP|SC_3264|SC_COMP_3264)(?:_WITH_COMPAT)?\s*\((.*)\)\s*;?\s*$", re.DOTALL)
_NO_CALLS = frozenset(
    [
        *("__NR__exit", "__NR_Linux", "__NR_Linux32", "__NR_Linux64", "__NR_syscalls", "__NR_Linux_syscalls"),
        *("__NR_SYSCALL_BASE", "__NR_OABI_SYSCALL_BASE", "__NR_SYSCALL_MASK", "__ARM_NR_BASE", "__NR_unused18"),
        *("__NR_arch_specific_syscall", "__NR_syscall_max", "__NR_syscall_compat_max"),
    ]
)
"""Names with the prefix that are bases, counts and markers."""
_COUNTS = re.compile(
    r"__NR_(?:\w+_)?Linux(?:_\w+)?|__NR_\w*syscalls?_(?:max|end|count)|__NR_compat_\w+|__NR_ia32_\w+|__NR_reserved\w*"
)
_BASES = {"__X32_SYSCALL_BIT": 0x40000000, "__NR_SYSCALL_BASE": 0, "__NR_arch_specific_syscall": 244}
_MIPS_BASES = {"o32": 4000, "n64": 5000, "n32": 6000}
_ABI_OF_FOLDER = {
    "aarch64": {"unistd": "aarch64", "unistd_64": "aarch64"},
    "arm64": {"unistd": "aarch64", "unistd_64": "aarch64"},
    "x86": {"unistd_64": "x86_64", "unistd_32": "i386", "unistd_x32": "x32"},
    "x86_64": {
        "unistd_64": "x86_64",
        "unistd_32": "i386",
        "unistd_x32": "x32",
        "unistd": "x86_64",
        "ia32_unistd": "i386",
    },
    "i386": {"unistd_64": "x86_64", "unistd_32": "i386", "unistd_x32": "x32", "unistd": "i386"},
    "powerpc": {"unistd_64": "powerpc64", "unistd_32": "powerpc32"},
    "powerpc64": {"unistd_64": "powerpc64", "unistd_32": "powerpc32"},
    "powerpc64le": {"unistd_64": "powerpc64", "unistd_32": "powerpc32"},
    "s390": {"unistd_64": "s390x", "unistd_32": "s390-31"},
    "s390x": {"unistd_64": "s390x", "unistd_32": "s390-31"},
    "sparc": {"unistd_64": "sparc64", "unistd_32": "sparc32"},
    "sparc64": {"unistd_64": "sparc64", "unistd_32": "sparc32"},
    "hppa": {"unistd_64": "parisc64", "unistd_32": "parisc32"},
    "parisc": {"unistd_64": "parisc64", "unistd_32": "parisc32"},
    "alpha": {"unistd": "alpha", "unistd_32": "alpha"},
    "ia64": {"unistd": "ia64", "unistd_64": "ia64"},
    "m68k": {"unistd": "m68k", "unistd_32": "m68k"},
    "riscv64": {"unistd": "riscv64", "unistd_64": "riscv64", "unistd_32": "riscv32"},
    "riscv": {"unistd_64": "riscv64", "unistd_32": "riscv32"},
    "loongarch64": {"unistd": "loongarch64", "unistd_64": "loongarch64"},
    "loongarch": {"unistd_64": "loongarch64"},
    "sh": {"unistd_32": "sh"},
    "sh4": {"unistd_32": "sh"},
    "xtensa": {"unistd": "xtensa", "unistd_32": "xtensa"},
}
"""The ABI of a header by the architecture among its folders (kernel's or GNU's word) and its own name."""
_ABI_OF_NAME = {
    "unistd-eabi": "arm-eabi",
    "unistd-oabi": "arm-oabi",
    "unistd_n32": "mips-n32",
    "unistd_n64": "mips-n64",
    "unistd_o32": "mips-o32",
    "unistd_x32": "x32",
    "ia32_unistd": "i386",
}
_ABI_OF_CONDITION = {
    "_MIPS_SIM == _MIPS_SIM_ABI32": "mips-o32",
    "_MIPS_SIM == _MIPS_SIM_ABI64": "mips-n64",
    "_MIPS_SIM == _MIPS_SIM_NABI32": "mips-n32",
}


def detect(head: bytes, name: str) -> bool:
    """Whether it is named `unistd*.h`, or defines `__NR_` names."""
    return not name.endswith("/") and (re.search(r"unistd[\w-]*\.h$", name) is not None or len(_HEAD.findall(head)) > 1)


@dataclass(frozen=True, slots=True)
class _Define:
    """One `#define __NR_...`: the macro, its text, and the line and condition it stands under."""

    macro: str
    text: str
    line: int
    condition: str


@dataclass(slots=True)
class _Header:
    """What a header says, before anything is evaluated."""

    defines: list[_Define] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)


def read(source: Source) -> Table:
    """The calls the header gives numbers to, in its order; two where two conditions give two numbers."""
    header = _parse(source)
    abi = source.abi or _tell_abi(source.name)
    values = _Values(header.defines, {**_BASES, **_mips_base(source.name, abi), **source.defines})
    rows = []
    for define in header.defines:
        if define.macro.startswith("__NR3264_") or define.macro in _NO_CALLS or _COUNTS.fullmatch(define.macro):
            continue
        if (number := _evaluate(source, values, define)) is not None:
            rows.append(
                _make_row(
                    source,
                    abi or _ABI_OF_CONDITION.get(define.condition, ""),
                    define,
                    number,
                    header.entries.get(values.resolve_alias(define), ""),
                )
            )
    if len(rows) > MAX_ROWS:
        raise ReadError(source.name, f"it has more than {MAX_ROWS:,} rows")
    notes = [] if all(row.abi for row in rows) else ["the file does not say which ABI it is for: --abi names it"]
    if any(row.condition for row in rows):
        notes.append("some rows hold under a condition only: --cpp has the preprocessor judge it")
    return Table(KIND, source.name, tuple(rows), tuple(notes))


def _parse(source: Source) -> _Header:
    header, conditions = _Header(), Conditions()
    text = strip_comments("\n".join(source.read_lines()))
    for line, logical in join_continued(text.split("\n")):
        try:
            if conditions.feed(logical):
                continue
        except ValueError as error:
            raise ReadError(source.name, str(error), line=line) from None
        if match := _DEFINE.match(logical):
            header.defines.append(_Define(match[1], match[2].strip(), line, _drop_guards(conditions, match[1])))
        elif match := _SYSCALL.match(logical):
            parts = split_list(match[1])
            if len(parts) > 1:
                header.entries.setdefault(
                    parts[0], parts[2 if "3264" in logical.split("(")[0] and len(parts) > 2 else 1]
                )
    return header


_GUARD = re.compile(r"!(?:defined\s*\(?)?_+\w*UNISTD\w*_H_*\)?|__KERNEL__")


def _drop_guards(conditions: Conditions, macro: str) -> str:
    """The condition without the include guard and without "unless it is defined already"."""
    return Conditions([arm for arm in conditions.arms if arm[0] != "!" + macro and not _GUARD.fullmatch(arm[0])]).text


MAX_CHAIN = 16


class _Values:
    """The values of macros, from a header's own definitions and from `known`."""

    __slots__ = ("_by_line", "_known", "_texts")

    def __init__(self, defines: list[_Define], known: dict[str, int]) -> None:
        self._known = known
        self._texts: dict[str, list[_Define]] = {}
        self._by_line: dict[int, int] = {}
        for define in defines:
            self._texts.setdefault(define.macro, []).append(define)

    def evaluate(self, define: _Define, depth: int = 0) -> int:
        """The number; `LookupError` names a macro that is missing, `RecursionError` one that needs itself."""
        if define.line not in self._by_line:
            if depth > MAX_CHAIN:
                raise RecursionError
            self._by_line[define.line] = evaluate(define.text, lambda name: self._look_up(name, define.line, depth))
        return self._by_line[define.line]

    def _look_up(self, name: str, line: int, depth: int) -> int:
        define = self._find(name, line)
        return self.evaluate(define, depth + 1) if define else self._known[name]

    def _find(self, name: str, line: int) -> _Define | None:
        """The last definition above `line`, as the preprocessor takes it; below, if there is none above."""
        defines = self._texts.get(name)
        if not defines:
            return None
        above = bisect_left(defines, line, key=lambda define: define.line)
        return defines[max(above - 1, 0)]

    def resolve_alias(self, define: _Define) -> str:
        """The macro that this one only renames (`__NR_fcntl` → `__NR3264_fcntl`), or itself."""
        return define.text if define.text.startswith("__NR") and define.text in self._texts else define.macro


def _evaluate(source: Source, values: _Values, define: _Define) -> int | None:
    """The number; None if it hangs on a macro that may be missing, or if there are words (`not supported`)."""
    try:
        return values.evaluate(define)
    except LookupError as error:
        name = str(error.args[0])
        if (
            name in define.condition
            or re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)*", define.text)
            or name.startswith("__NR3264_")
        ):
            return None
        hint = f"--define {name}=VALUE gives its value, --cpp has the preprocessor find it"
        why = f"{define.macro} needs {name}, which the file does not define"
    except RecursionError:
        why, hint = f"{define.macro} is defined by itself, or through more than {MAX_CHAIN} macros", ""
    except ValueError as error:
        why, hint = f"{define.macro}: {error}", ""
    raise ReadError(source.name, why, hint, line=define.line)


def _tell_abi(name: str) -> str:
    folders = re.split(r"[/\\]+", name)
    stem = folders[-1].removesuffix(".h")
    if stem in _ABI_OF_NAME:
        return _ABI_OF_NAME[stem]
    for folder in reversed(folders[:-1]):
        arch = folder.split("-")[-1] if folder.startswith("asm-") else folder.split("-")[0]
        if arch in _ABI_OF_FOLDER:
            return _ABI_OF_FOLDER[arch].get(stem, "")
    return ""


def _mips_base(name: str, abi: str) -> dict[str, int]:
    word = abi.removeprefix("mips-") if abi.startswith("mips-") else name.removesuffix(".h")[-3:]
    return {"__NR_Linux": _MIPS_BASES[word]} if word in _MIPS_BASES else {}


def _make_row(source: Source, abi: str, define: _Define, number: int, entry: str) -> Row:
    name = re.sub(r"^__(?:ARM_)?NR_", "", define.macro)
    status = RESERVED if entry == "sys_ni_syscall" else IMPLEMENTED
    return Row("linux", abi, number, name, entry, None, status, define.condition, Location(source.name, define.line))


MAX_SECONDS = 20


def preprocess(source: Source, compiler: str = "cc") -> Source:
    """The macros that are defined after the C preprocessor has read the header, as a source named after the command.

    The folder above the header's own is searched for what it includes. Raises `ReadError` when the compiler is not
    there, fails, or takes longer than `MAX_SECONDS`.
    """
    import subprocess

    folder = os.path.dirname(os.path.dirname(os.path.abspath(source.name)))
    command = [compiler, "-E", "-dM", "-x", "c", "-I", folder, source.name if source.name != "-" else "-"]
    hint = "name another compiler with --cpp=COMPILER"
    try:
        done = subprocess.run(command, input=source.data, capture_output=True, timeout=MAX_SECONDS, check=False)
    except OSError as error:
        raise ReadError(source.name, f"{compiler} cannot be run: {error.strerror}", hint) from None
    except subprocess.TimeoutExpired:
        raise ReadError(source.name, f"{compiler} took longer than {MAX_SECONDS} s") from None
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise ReadError(source.name, f"{compiler} says {message!r}", hint)
    return replace(source, name=f"{compiler} -E -dM {source.name}", data=done.stdout)
