"""The Python API of the catalogue is what its page says."""

import doctest
import inspect
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from trapgate import catalog


def test_the_page_holds(project: Path) -> None:
    text = (project / "docs" / "reference" / "catalog.md").read_text()
    globs = {name: getattr(catalog, name) for name in catalog.__all__} | {"catalog": catalog}
    # A fence ends an example as an empty line does.
    test = doctest.DocTestParser().get_doctest(text.replace("```", "\n"), globs, "catalog.md", None, None)
    assert len(test.examples) >= 9
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("name", catalog.__all__)
def test_every_function_is_typed_and_told(name: str) -> None:
    function = inspect.unwrap(getattr(catalog, name))
    assert inspect.getdoc(function)
    parameters = inspect.signature(function).parameters
    assert {*parameters, "return"} == function.__annotations__.keys()


def test_values_are_immutable() -> None:
    for value in (catalog.describe("openat"), catalog.find("openat")[0], catalog.abis()[0], catalog.ioctls(0x5413)[0]):
        assert is_dataclass(value)
        with pytest.raises(AttributeError):
            value.name = "another"
        with pytest.raises((AttributeError, TypeError)):
            value.something = 1
