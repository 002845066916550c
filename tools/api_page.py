"""Renders the page of a Python API from its code: functions with their signatures, values with their fields.

What a function says is its docstring: paragraphs as they are, indented blocks and doctests as code. A value's fields
are told by the strings after them.
"""

import ast
import inspect
import re
import textwrap
from dataclasses import fields, is_dataclass
from itertools import pairwise
from types import ModuleType


def render_api(module: ModuleType, head: str) -> str:
    """The page of `module`: `head`, its public functions, and the dataclasses that these give or take."""
    functions = [getattr(module, name) for name in module.__all__]
    values = _find_values(functions)
    lines = [head.rstrip(), "", "## Functions", ""]
    for function in functions:
        lines += [f"### {function.__name__}", "", *_render_function(function), ""]
    lines += ["## Values", "", "All of them are immutable.", ""]
    for value in values:
        lines += [f"### {value.__name__}", "", *_render_value(value), ""]
    return "\n".join(lines).rstrip() + "\n"


def _render_function(function: object) -> list[str]:
    plain = inspect.unwrap(function)  # type: ignore[arg-type]
    signature = re.sub(r"(?<=[:>] )'([^']*)'", r"\1", str(inspect.signature(plain)))
    return ["```python", *_fold(plain.__name__ + signature), "```", "", *_render_docstring(inspect.getdoc(plain) or "")]


def _fold(line: str) -> list[str]:
    """A call's line, or one line for each parameter when it is too long."""
    if len(line) <= 100:
        return [line]
    name, _, rest = line.partition("(")
    inside, _, returns = rest.rpartition(")")
    return [f"{name}(", *(f"    {part}," for part in re.split(r", (?=\*|\w+[:,=])", inside)), f"){returns}"]


def _render_docstring(text: str) -> list[str]:
    """The paragraphs of a docstring; `Args:` becomes a list, indented text and doctests code."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        if block.startswith(">>>"):
            lines += ["```pycon", *block.splitlines(), "```", ""]
        elif block.startswith("Args:"):
            body = textwrap.dedent("\n".join(block.splitlines()[1:]))
            items = re.split(r"\n(?=\S)", body)
            lines += [re.sub(r"^([\w, ]+): ", r"- **\1**: ", " ".join(item.split())) for item in items] + [""]
        else:
            lines += [*block.splitlines(), ""]
    return lines[:-1]


def _render_value(value: type) -> list[str]:
    said = _read_field_strings(value)
    rows = [(field.name, str(field.type), said.get(field.name, "")) for field in fields(value)]  # type: ignore[arg-type]
    for name, member in vars(value).items():
        if isinstance(member, property):
            rows.append((f".{name}", member.fget.__annotations__["return"], inspect.getdoc(member) or ""))
        elif inspect.isfunction(member) and not name.startswith("_"):
            first = (inspect.getdoc(member) or "").partition("\n")[0]
            rows.append((f".{name}()", member.__annotations__["return"], first))
    lines = [*(inspect.getdoc(value) or "").splitlines(), "", "| field | type | |", "| --- | --- | --- |"]
    for name, kind, text in rows:
        cells = (f"`{name}`", f"`{kind}`", " ".join(text.split()))
        lines.append(" | ".join(["", *(cell.replace("|", "\\|") for cell in cells), ""]).strip().replace("|  |", "| |"))
    return lines


def _read_field_strings(value: type) -> dict[str, str]:
    """What the strings after the fields of a class say."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    found: dict[str, str] = {}
    body = tree.body  # type: ignore[attr-defined]
    for before, after in pairwise(body):
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[before.target.id] = str(after.value.value)  # type: ignore[union-attr]
    return found


def _find_values(functions: list[object]) -> list[type]:
    """The dataclasses that the functions' annotations name, and those that the fields of these name, by name."""
    found: dict[str, type] = {}
    for function in functions:
        plain = inspect.unwrap(function)  # type: ignore[arg-type]
        _add_values(" ".join(map(str, plain.__annotations__.values())), vars(inspect.getmodule(plain)), found)
    return [found[name] for name in sorted(found)]


def _add_values(annotations: str, names: dict[str, object], found: dict[str, type]) -> None:
    for word in re.findall(r"[A-Z]\w+", annotations):
        value = names.get(word)
        if isinstance(value, type) and is_dataclass(value) and word not in found:
            found[word] = value
            types = " ".join(str(field.type) for field in fields(value))
            _add_values(types, vars(inspect.getmodule(value)), found)
