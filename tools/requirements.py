"""Prints the requirements that pyproject.toml names: `requirements.py build dev` for the build's and an extra's."""

import sys
import tomllib
from pathlib import Path


def read_requirements(group: str, project: Path = Path("pyproject.toml")) -> list[str]:
    """The requirements of `group`: 'build', or the name of an extra, which includes the package's own."""
    declared = tomllib.loads(project.read_text())
    if group == "build":
        return list(declared["build-system"]["requires"])
    return [*declared["project"]["dependencies"], *declared["project"]["optional-dependencies"][group]]


if __name__ == "__main__":
    print(*(requirement for group in sys.argv[1:] for requirement in read_requirements(group)))
