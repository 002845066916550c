"""Prototypes as the systems write them, and the preprocessor's conditions."""

import pytest

from trapgate.catalog.readers._c import Conditions, evaluate, parse_parameter, parse_parameters, strip_comments


@pytest.mark.parametrize(
    ("text", "name", "c_type", "direction", "is_optional"),
    [
        ("int fd", "fd", "int", "", False),
        ("const char __user * filename", "filename", "const char *", "", False),
        ("const char __user *const __user *argv", "argv", "const char *const *", "", False),
        ("_In_reads_bytes_opt_(nbyte) const void *buf", "buf", "const void *", "in", True),
        (
            "_Out_writes_bytes_opt_(*fromlenaddr) struct sockaddr *restrict from",
            "from",
            "struct sockaddr *",
            "out",
            True,
        ),
        ("_Inout_ _Contains_ptr_ struct msghdr *msg", "msg", "struct msghdr *", "inout", False),
        ("IN OUT PULONG Length OPTIONAL", "Length", "PULONG", "inout", True),
        ("OUT PHANDLE Handle", "Handle", "PHANDLE", "out", False),
        ("register_t args[SYS_MAXSYSARGS]", "args", "register_t *", "", False),
        ("void (*handler)(int)", "handler", "void (*)(int)", "", False),
        ("unsigned int", "", "unsigned int", "", False),
        ("struct stat", "", "struct stat", "", False),
        ("user_addr_t path", "path", "user_addr_t", "", False),
        ("", "", "", "", False),
    ],
)
def test_a_parameter(text: str, name: str, c_type: str, direction: str, is_optional: bool) -> None:
    argument = parse_parameter(text)
    assert (argument.name, argument.type, argument.direction, argument.optional) == (
        name,
        c_type,
        direction,
        is_optional,
    )
    assert argument.user == ("*" in c_type or c_type == "user_addr_t" or bool(direction))


@pytest.mark.parametrize("text", ["", "void", " void ", "VOID", "..."])
def test_no_parameters(text: str) -> None:
    assert parse_parameters(text) == ()


def test_conditions_follow_their_arms() -> None:
    conditions = Conditions()
    said = []
    for line in ["#ifdef A", "#if B || C", "#elif D", "#else", "#endif", "#else /* A */", "#endif"]:
        assert conditions.feed(line)
        said.append(conditions.text)
    assert said == ["A", "A && (B || C)", "A && !(B || C) && D", "A && !(B || C) && !D", "A", "!A", ""]
    assert not conditions.feed("#define X 1")
    assert not conditions.feed("no directive # at all")


def test_conditions_stay_short() -> None:
    conditions = Conditions()
    for _ in range(60):
        conditions.feed(f"#if {'A' * 900}")
    assert len(conditions.text) < 2000


@pytest.mark.parametrize("line", ["#else", "#endif", "#elif A"])
def test_an_arm_without_if_is_a_fault(line: str) -> None:
    with pytest.raises(ValueError, match="without #if"):
        Conditions().feed(line)


@pytest.mark.parametrize(
    ("text", "value"), [("0x1F", 31), ("010", 8), ("0", 0), ("-1", -1), ("1 << 4 | 3", 19), ("(2+3)*4u", 20)]
)
def test_values(text: str, value: int) -> None:
    assert evaluate(text, {}.__getitem__) == value


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "(1", "1)", "08", "'a'", "1 << 64", "9" * 30, "1 2", "(" * 100 + "1" + ")" * 100, "2*" * 70 + "2"],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):
        evaluate(text, {}.__getitem__)


def test_strings_hide_comments_and_comments_hide_strings() -> None:
    assert strip_comments('"/*" a /* " */ b // "c') == '"/*" a         b      '
    assert strip_comments("a /* never closed\nb") == "a                \n "
