"""What readers of C text share: comments, preprocessor conditions, prototypes and constant expressions.

>>> parse_parameter("_Out_writes_bytes_(count) void *buf")
Argument(name='buf', type='void *', user=True, direction='out', optional=False)

Nothing here is a C parser: it reads tables and prototypes as people write them. Every function takes time
linear in its input, and none raises anything but `ValueError`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from trapgate.catalog.argument import Argument

__all__ = ("Conditions", "evaluate", "parse_parameter", "parse_parameters", "split_list", "strip_comments")

MAX_DEPTH = 64
"""How deep conditions and parentheses may nest."""
MAX_CONDITION = 1000
"""The longest condition of one directive, and of all that hold together, in characters."""

_LEXEME = re.compile(
    r"""//[^\n]* | /\*.*?(?:\*/|\Z) | "(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'? """, re.DOTALL | re.VERBOSE
)
_KEEP_LINES = re.compile(r"[^\n]")


def strip_comments(text: str, *, slashes: bool = True) -> str:
    """`text` with each comment blanked out, so that every other character keeps its line and column.

    >>> strip_comments("a /* b */ c")
    'a         c'
    """

    def blank(match: re.Match[str]) -> str:
        lexeme = match[0]
        if lexeme[0] != "/" or (lexeme[1] == "/" and not slashes):
            return lexeme
        return _KEEP_LINES.sub(" ", lexeme)

    return _LEXEME.sub(blank, text)


def join_continued(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Each line with the number of its first line, those that end in a backslash joined with the next."""
    first, parts = 0, list[str]()
    for number, line in enumerate(lines, 1):
        if not parts:
            first = number
        stripped = line.rstrip()
        if stripped.endswith("\\"):
            parts.append(stripped[:-1])
            continue
        yield first, " ".join([*parts, line]) if parts else line
        parts = []
    if parts:
        yield first, " ".join(parts)


_DIRECTIVE = re.compile(r"\s*#\s*(ifdef|ifndef|if|elif|else|endif)\b(.*)", re.DOTALL)


@dataclass(slots=True)
class Conditions:
    """The preprocessor conditions that hold at a line.

    >>> conditions = Conditions()
    >>> conditions.feed("#ifdef CONFIG_SMP"), conditions.feed("#else"), conditions.text
    (True, True, '!CONFIG_SMP')
    """

    arms: list[tuple[str, str]] = field(default_factory=list)
    """For each open `#if`: the condition of the present arm, and that none of the earlier arms held."""
    _text: str | None = None

    def feed(self, line: str) -> bool:
        """Whether `line` is a conditional directive; it is taken in. Raises `ValueError` if it has no `#if`."""
        if "#" not in line or not (match := _DIRECTIVE.match(line)):
            return False
        self._text = None
        word, rest = match[1], " ".join(strip_comments(match[2]).split())
        if len(rest) > MAX_CONDITION:
            raise ValueError(f"a condition longer than {MAX_CONDITION} characters")
        if word in ("if", "ifdef", "ifndef"):
            if len(self.arms) >= MAX_DEPTH:
                raise ValueError(f"conditions nest more than {MAX_DEPTH} deep")
            condition = _negate(rest) if word == "ifndef" else rest
            self.arms.append((condition, _negate(condition)))
            return True
        if not self.arms:
            raise ValueError(f"#{word} without #if")
        _, none_before = self.arms.pop()
        if word == "elif":
            self.arms.append((_both(none_before, rest), _both(none_before, _negate(rest))))
        elif word == "else":
            self.arms.append((none_before, none_before))
        return True

    @property
    def text(self) -> str:
        """The condition as one expression, empty when there is none; the outer ones go where it gets too long."""
        if self._text is None:
            parts = [_group(condition) for condition, _ in self.arms if condition]
            while len(parts) > 1 and sum(map(len, parts)) > MAX_CONDITION:
                del parts[0]
            self._text = " && ".join(parts)
        return self._text


def _negate(condition: str) -> str:
    if condition.startswith("!") and re.fullmatch(r"![\w]+|!defined\s*\(\w+\)", condition):
        return condition[1:]
    return "!" + (condition if re.fullmatch(r"\w+|defined\s*\(\w+\)", condition) else f"({condition})")


def _both(a: str, b: str) -> str:
    # An #elif chain of thousands of arms must not grow a condition without end.
    return f"{_group(a)} && {_group(b)}" if len(a) < MAX_CONDITION else a


def _group(condition: str) -> str:
    return f"({condition})" if "||" in condition and not condition.startswith("!(") else condition


def split_list(text: str) -> list[str]:
    """The parts of `text` between commas that are outside parentheses and braces, stripped.

    >>> split_list("int fd, void (*f)(int, int), size_t n")
    ['int fd', 'void (*f)(int, int)', 'size_t n']
    """
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return [] if parts == [""] else parts


_BRACKET = re.compile(r"[()\[\]{}]")


def find_close(text: str, start: int, end: int | None = None) -> int:
    """The index of the bracket that closes the one at `start`, or -1 if it is not before `end`."""
    depth = 0
    for match in _BRACKET.finditer(text, start, len(text) if end is None else end):
        depth += 1 if match[0] in "([{" else -1
        if depth == 0:
            return match.start()
    return -1


_SAL = re.compile(
    r"\b(_(?:In|Out|Inout|Outptr|Reserved|Contains|COM_Outptr|Pre|Post|Ret|When|Success|Deref_out)_?\w*)\s*"
)
_DIRECTIONS = (("_Inout", "inout"), ("_In", "in"), ("_Out", "out"), ("_COM_Out", "out"), ("_Deref_out", "out"))
_OLD_SAL = {"IN": "in", "OUT": "out", "__in": "in", "__out": "out", "__inout": "inout"}
_OLD_SAL_WORD = re.compile(r"\s*(?:IN\s+OUT|IN|OUT|OPTIONAL|__inout|__in|__out)\b\s*")
_NOISE = re.compile(r"\b(?:__user|__iomem|__force|__kernel|__unused|_Nullable|restrict|__restrict)\b\s*")
_NAME = re.compile(r"(.*?[\s*&)])\s*(\w+)\s*((?:\[[^\]]*\]\s*)*)", re.DOTALL)
_FUNCTION_POINTER = re.compile(r"(.*\(\s*\*\s*)(\w+)(\s*\)\s*\(.*\))", re.DOTALL)
_TYPE_WORDS = frozenset(
    [
        *("void", "char", "short", "int", "long", "signed", "unsigned", "float", "double"),
        *("const", "volatile", "struct", "union", "enum", "size_t", "ssize_t", "u_int", "u_long"),
    ]
)


def parse_parameter(text: str) -> Argument:
    """The argument that one parameter of a prototype declares; annotations become its direction."""
    text, direction, optional = _take_annotations(text)
    text = " ".join(_NOISE.sub("", text).split())
    name, kind = _split_declaration(text)
    is_user = bool(direction) or "*" in kind or kind == "user_addr_t"
    return Argument(name, kind, is_user, direction, optional)


def _split_declaration(text: str) -> tuple[str, str]:
    """The name and the type of a declaration; the name is empty where there is only a type."""
    if match := _FUNCTION_POINTER.fullmatch(text):
        return match[2], match[1] + match[3]
    match = _NAME.fullmatch(text)
    if not match or match[2] in _TYPE_WORDS or match[1].split()[-1:] in (["struct"], ["union"], ["enum"]):
        return "", text
    kind = match[1].strip() + (" *" if match[3] else "")
    return match[2], re.sub(r"\s*(\*)(?=\s*\*|$)", r" \1", kind).replace("* *", "**")


def _take_annotations(text: str) -> tuple[str, str, bool]:
    """`text` without annotations, the direction they give, and whether they say that NULL is allowed."""
    direction, optional = "", False
    while match := _SAL.search(text):
        end = match.end()
        if end < len(text) and text[end] == "(":
            close = find_close(text, end)
            end = close + 1 if close >= 0 else len(text)
        direction = direction or next((word for sal, word in _DIRECTIONS if match[1].startswith(sal)), "")
        optional = optional or "_opt_" in match[1] + "_"
        text = text[: match.start()] + text[end:]
    while match := _OLD_SAL_WORD.match(text):
        words = match[0].split("(")[0].split()
        direction = direction or ("inout" if words == ["IN", "OUT"] else _OLD_SAL.get(words[0], ""))
        optional = optional or "OPTIONAL" in words
        text = text[match.end() :]
    if text.endswith(" OPTIONAL"):
        text, optional = text.removesuffix(" OPTIONAL"), True
    return text, direction, optional


def parse_parameters(text: str) -> tuple[Argument, ...]:
    """The arguments in the text between a prototype's parentheses; `...` is no argument.

    >>> parse_parameters("void")
    ()
    >>> [argument.name for argument in parse_parameters("const char *path, int flags, ... mode_t mode")]
    ['path', 'flags', 'mode']
    """
    parts = [part.removeprefix("...").strip() for part in split_list(text)]
    return tuple(parse_parameter(part) for part in parts if part not in ("", "void", "VOID"))


_TOKEN = re.compile(r"\s*(?:(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|([A-Za-z_]\w*)|(<<|[-+*|()]))")


def evaluate(expression: str, look_up: Callable[[str], int]) -> int:
    """The value of a constant expression of `+ - * << |`, parentheses, numbers and names.

    Names are given to `look_up`. Raises `ValueError` for anything else, and for a value beyond 64 bits.

    >>> evaluate("(BASE + 0x10) | 1", {"BASE": 4000}.__getitem__)
    4017
    """
    tokens, at = [], 0
    expression = expression.strip()
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if not match:
            raise ValueError(f"{expression[:60]!r} is no number")
        tokens.append(match)
        at = match.end()
    parser = _Expression(tokens, look_up)
    value = parser.read_or(0)
    if parser.at != len(tokens) or not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"{expression[:60]!r} is no number")
    return value


@dataclass(slots=True)
class _Expression:
    tokens: list[re.Match[str]]
    look_up: Callable[[str], int]
    at: int = 0

    def take(self, *signs: str) -> str:
        """The next token's sign if it is one of `signs`, consumed; else empty."""
        if self.at < len(self.tokens) and (sign := self.tokens[self.at][3]) in signs:
            self.at += 1
            return sign
        return ""

    def read_or(self, depth: int) -> int:
        value = self.read_shift(depth)
        while self.take("|"):
            value |= self.read_shift(depth)
        return value

    def read_shift(self, depth: int) -> int:
        value = self.read_sum(depth)
        while self.take("<<"):
            by = self.read_sum(depth)
            if not 0 <= by < 64 or not 0 <= value < 1 << 64:
                raise ValueError("a shift beyond 64 bits")
            value <<= by
        return value

    def read_sum(self, depth: int) -> int:
        value = self.read_product(depth)
        while sign := self.take("+", "-"):
            other = self.read_product(depth)
            value += other if sign == "+" else -other
        return value

    def read_product(self, depth: int) -> int:
        value = self.read_atom(depth)
        while self.take("*"):
            value *= self.read_atom(depth)
            if abs(value) >= 1 << 64:
                raise ValueError("a product beyond 64 bits")
        return value

    def read_atom(self, depth: int) -> int:
        if depth > MAX_DEPTH or self.at >= len(self.tokens):
            raise ValueError("an expression that is torn or nests too deep")
        if self.take("-"):
            return -self.read_atom(depth + 1)
        if self.take("("):
            value = self.read_or(depth + 1)
            if not self.take(")"):
                raise ValueError("an open parenthesis")
            return value
        digits, name, sign = self.tokens[self.at].groups()
        if sign:
            raise ValueError(f"{sign!r} out of place")
        self.at += 1
        if name:
            return self.look_up(name)
        if len(digits) > 20:
            raise ValueError("a number beyond 64 bits")
        return int(digits, 8) if digits.startswith("0") and digits.isdecimal() and len(digits) > 1 else int(digits, 0)
