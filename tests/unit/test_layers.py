"""Dependencies point down only, and the C extension is known to few."""

import ast
import subprocess
import sys
from pathlib import Path

MAY_USE_CORE = ("sources", "decode")


def imports_core(source: str) -> bool:
    """Whether a module's text imports `trapgate._core`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(alias.name == "trapgate._core" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (
            node.module == "trapgate._core"
            or (node.module == "trapgate" and any(alias.name == "_core" for alias in node.names))
        ):
            return True
    return False


def test_layers(project: Path) -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_core_is_used_by_sources_alone(project: Path) -> None:
    package = project / "src" / "trapgate"
    users = {file.relative_to(package).parts[0] for file in package.rglob("*.py") if imports_core(file.read_text())}
    assert users <= set(MAY_USE_CORE)


def test_the_search_finds_an_import() -> None:
    assert imports_core("from trapgate import _core") and imports_core("import trapgate._core as c")
    assert imports_core("def f():\n from trapgate._core import drain") and not imports_core("from trapgate import x")
