"""Keys: where they are read from, who may read them, and that they are never shown."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from live.prophetx.rest.credentials import Credentials, find_credentials
from strategies.trading.model.errors import CredentialsError
from tests.live.endpoints import LOCAL

FAR = replace(LOCAL, root="https://api.sandbox.prophetx.dev", speed=1, name="sandbox")
BOTH = {"PROPHETX_ACCESS_KEY": " a-key ", "PROPHETX_SECRET_KEY": "s-key"}


def keys_file(path: Path, content: object = None, mode: int = 0o600) -> Path:
    """Write a key file in the format of the exchange's example client."""
    shape = {"access_key": "f-key", "secret_key": "g-key", "tournaments": ["NBA"]}
    path.write_text(json.dumps(shape if content is None else content), encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_environment_comes_first(tmp_path: Path) -> None:
    """Keys in the environment are used, even if there is a file."""
    keys_file(tmp_path / "user_info.json")
    found = find_credentials(FAR, BOTH, tmp_path)
    assert (found.access_key, found.secret_key) == ("a-key", "s-key")


def test_the_file_of_the_example_client_is_read(tmp_path: Path) -> None:
    """A user_info.json in the folder is read, and so is a file named in the environment."""
    keys_file(tmp_path / "user_info.json")
    assert find_credentials(FAR, {}, tmp_path).access_key == "f-key"
    other = keys_file(tmp_path / "mine.json", {"access_key": "o", "secret_key": "p"})
    named = find_credentials(FAR, {"PROPHETX_USER_INFO": str(other)}, tmp_path)
    assert named.access_key == "o"


def test_our_own_sandbox_needs_no_keys(tmp_path: Path) -> None:
    """On this machine any key pair works; elsewhere the error names the variables to set."""
    assert find_credentials(LOCAL, {}, tmp_path) == Credentials("local", "local")
    drill = replace(LOCAL, root="https://127.0.0.1:8765", real_money=True)
    with pytest.raises(CredentialsError, match="PROPHETX_ACCESS_KEY"):
        find_credentials(drill, {}, tmp_path)
    with pytest.raises(CredentialsError, match="PROPHETX_ACCESS_KEY"):
        find_credentials(FAR, {}, tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666, 0o620])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A file open to anyone else is not used, and the message has the remedy."""
    keys_file(tmp_path / "user_info.json", mode=mode)
    with pytest.raises(CredentialsError, match="chmod 600"):
        find_credentials(FAR, {}, tmp_path)


@pytest.mark.parametrize("content", [[], {}, {"access_key": 5, "secret_key": "hidden-half"}, "x"])
def test_a_file_that_holds_no_keys_is_refused_without_its_text(
    tmp_path: Path, content: object
) -> None:
    """A file without a key pair is refused by name; none of its text is repeated."""
    keys_file(tmp_path / "user_info.json", content)
    with pytest.raises(CredentialsError, match=r"user_info\.json") as caught:
        find_credentials(FAR, {}, tmp_path)
    assert "hidden-half" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_half_a_pair_is_refused(tmp_path: Path) -> None:
    """For one key without the other the error names the other, and no file is tried."""
    keys_file(tmp_path / "user_info.json")
    with pytest.raises(CredentialsError, match="PROPHETX_SECRET_KEY"):
        find_credentials(FAR, {"PROPHETX_ACCESS_KEY": "a"}, tmp_path)
    with pytest.raises(CredentialsError, match="cannot be read"):
        find_credentials(FAR, {"PROPHETX_USER_INFO": "/nowhere/keys"}, tmp_path)


def test_keys_are_never_printed() -> None:
    """However a key pair is printed, its halves are not in the text."""
    keys = Credentials("public-half", "secret-half")
    assert "half" not in f"{keys} {keys!r} {[keys]}"
