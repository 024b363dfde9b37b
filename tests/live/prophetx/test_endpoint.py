"""The exchange's endpoint: an invalid address is refused before a key is sent to it."""

from dataclasses import asdict, replace

import pytest
from omegaconf import OmegaConf

from conf.compose import CONFIG_FOLDER
from live.prophetx.rest.endpoint import Endpoint
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings
from tests.live.endpoints import LOCAL, REAL


def test_an_endpoint_has_the_prefix_once() -> None:
    """An endpoint's address is the host, the prefix and the path, with single slashes."""
    assert LOCAL.url("mm/get_tournaments") == "http://127.0.0.1:8765/partner/mm/get_tournaments"
    assert replace(LOCAL, root="http://127.0.0.1:1/", path_prefix="/p/").url("a") == (
        "http://127.0.0.1:1/p/a"
    )


def test_every_shipped_endpoint_is_valid() -> None:
    """The shipped addresses belong to their kind of money: one is real, and one a drill of it."""
    real = {}
    for path in sorted((CONFIG_FOLDER / "prophet").glob("*.yaml")):
        settings = OmegaConf.to_container(OmegaConf.load(path))
        assert isinstance(settings, dict)
        assert settings.pop("_target_") == "live.prophetx.rest.endpoint.Endpoint"
        if path.stem in ("sandbox_local", "production_drill"):
            root = str(settings["root"]).partition(":")[0] + "://127.0.0.1:8765"
            settings |= {"root": root, "socket_port": 8765, "speed": 1}
        real[path.stem] = Endpoint(
            **{str(key): value for key, value in settings.items()}
        ).real_money
        assert settings["name"] == path.stem
    assert real == {
        "sandbox_local": False,
        "sandbox": False,
        "production": True,
        "production_drill": True,
    }


def test_real_money_on_this_machine_is_a_drill() -> None:
    """A drill is named as one, needs TLS, and is neither of the two other kinds."""
    drill = replace(LOCAL, root="https://127.0.0.1:8765", real_money=True)
    assert drill.venue.drill
    assert drill.venue.real_money
    assert not LOCAL.venue.drill
    assert not REAL.venue.drill
    with pytest.raises(ConfigError, match=r"root.*https://"):
        replace(LOCAL, real_money=True)


@pytest.mark.parametrize(
    ("endpoint", "changes", "named"),
    [
        (LOCAL, {"root": "https://cash.api.prophetx.co", "speed": 1}, "real_money"),
        (LOCAL, {"root": "https://api.betprophet.co", "speed": 1}, "real_money"),
        (REAL, {"real_money": False}, "real_money"),
        (REAL, {"root": "https://api.sandbox.prophetx.dev"}, "real_money"),
        (REAL, {"root": "https://prophetx.co.example.com"}, "real_money"),
        (LOCAL, {"root": "http://api.sandbox.prophetx.dev"}, "unencrypted"),
        (LOCAL, {"root": "127.0.0.1:8765"}, "http://"),
        (LOCAL, {"root": "http://"}, "host"),
        (LOCAL, {"root": "http://127.0.0.1:8765/partner"}, "path"),
        (REAL, {"speed": 60}, "wall time"),
        (LOCAL, {"root": "http://127.0.0.1:99999"}, "no address"),
        (LOCAL, {"root": "http://[::1"}, "no address"),
        (LOCAL, {"root": 5}, "root"),
        (LOCAL, {"path_prefix": 5}, "path_prefix"),
        (LOCAL, {"socket_port": 70_000}, "socket_port"),
        (LOCAL, {"socket_port": "http"}, "socket_port"),
        (LOCAL, {"requests_per_second": 0}, "requests_per_second"),
        (LOCAL, {"requests_per_second": 1.5}, "requests_per_second"),
        (LOCAL, {"answer_seconds": "5"}, "answer_seconds"),
        (LOCAL, {"answer_seconds": float("inf")}, "answer_seconds"),
    ],
)
def test_an_invalid_address_is_refused(
    endpoint: Endpoint, changes: dict[str, object], named: str
) -> None:
    """Real money under a play money name, keys without TLS, a real exchange at speed: refused."""
    with pytest.raises(ConfigError, match=rf"^prophet\..*{named}"):
        read_settings("prophet", Endpoint, asdict(endpoint) | changes)
