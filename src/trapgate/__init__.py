"""System calls of any system: look them up, watch a program make them, count and time them.

>>> import trapgate
>>> for event in trapgate.trace(["ls", "/"]):  # doctest: +SKIP
...     print(event.name, event.result)

Importing this module imports nothing else: each public name is loaded when it is first used.
"""

__version__ = "0.1.0"

_HOMES = {
    "Event": "trapgate.model.event",
    "TrapgateError": "trapgate.model.errors",
    "trace": "trapgate.tracing.api",
}
"""Where each public name is defined."""

__all__ = ("Event", "TrapgateError", "__version__", "trace")


def __getattr__(name: str) -> object:
    """The public `name`, from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'trapgate' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
