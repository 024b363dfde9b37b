"""Options of the storms: `pytest tests/storms --storms 1000`, or one with `--storm-seed 7`."""

import pytest

_SEEDS = 80
# The number of storms that run without `slow`.
_FAST_SEEDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the number of storms and for one seed."""
    parser.addoption("--storms", type=int, default=_SEEDS, help="the number of storms to run")
    parser.addoption("--storm-seed", type=int, help="run only the storm of this seed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize the storms by seed."""
    if "storm_seed" in metafunc.fixturenames:
        one = metafunc.config.getoption("storm_seed", default=None)
        seeds = range(metafunc.config.getoption("storms", default=_SEEDS))
        storms = [
            pytest.param(seed, marks=pytest.mark.slow) if seed >= _FAST_SEEDS else seed
            for seed in seeds
        ]
        metafunc.parametrize("storm_seed", storms if one is None else [one])
