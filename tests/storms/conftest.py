"""How many storms: `python -m pytest tests/storms --storms 1000`; or which: `--storm-seed 7`."""

import pytest

_SEEDS = 200
# Those of every run; the others are slow.
_FAST_SEEDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let more storms be asked for, or one of them."""
    parser.addoption("--storms", type=int, default=_SEEDS, help="how many storms to go through")
    parser.addoption("--storm-seed", type=int, help="go through the storm of this seed alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hand out the seeds."""
    if "storm_seed" in metafunc.fixturenames:
        one = metafunc.config.getoption("storm_seed", default=None)
        seeds = range(metafunc.config.getoption("storms", default=_SEEDS))
        storms = [
            pytest.param(seed, marks=pytest.mark.slow) if seed >= _FAST_SEEDS else seed
            for seed in seeds
        ]
        metafunc.parametrize("storm_seed", storms if one is None else [one])
