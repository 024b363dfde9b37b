"""Compares JSON values by their fields and kinds."""

from typing import Any


def kind_of(value: Any) -> str:
    """Return what kind of JSON a value is; whole or not, a number is a number."""
    return "number" if type(value) in {int, float} else type(value).__name__


def same_shape(actual: Any, expected: Any, path: str = "") -> list[str]:
    """Return where a JSON value has not the fields and kinds of another one."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        missing = [f"{path}.{n} is missing" for n in expected if n not in actual and n[0] != "_"]
        shared = [name for name in expected if name in actual]
        return missing + [
            w for n in shared for w in same_shape(actual[n], expected[n], f"{path}.{n}")
        ]
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(actual[:1], expected[:1], strict=False)
        return [wrong for a, e in pairs for wrong in same_shape(a, e, f"{path}[0]")]
    if expected is None or kind_of(actual) == kind_of(expected):
        return []
    return [f"{path} is {actual!r}, not as {expected!r}"]
