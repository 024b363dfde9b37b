"""The folder in which the processes of one account find each other."""

import stat
from pathlib import Path

import pytest

from live.prophetx.rest.account_folder import account_folder
from live.prophetx.rest.credentials import Credentials
from strategies.trading.model.errors import CredentialsError
from tests.live.endpoints import LOCAL

OURS = Credentials("our-key", "our-secret")


def test_only_its_owner_can_open_it_and_it_reveals_no_key(tmp_path: Path) -> None:
    """The folder is private, and neither its path nor its name contains a key."""
    folder = account_folder(LOCAL, OURS, {"XDG_STATE_HOME": str(tmp_path)})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "our-key" not in str(folder)
    assert "our-secret" not in str(folder)


def test_each_account_has_one_folder_of_its_own(tmp_path: Path) -> None:
    """The same key finds the same folder; another key finds another."""
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    ours = account_folder(LOCAL, OURS, environ)
    assert account_folder(LOCAL, OURS, environ) == ours
    assert account_folder(LOCAL, Credentials("other", "our-secret"), environ) != ours


def test_without_a_setting_it_is_in_the_home_folder(tmp_path: Path) -> None:
    """The default is the state folder of the home folder."""
    folder = account_folder(LOCAL, OURS, {"HOME": str(tmp_path)})
    assert folder.is_relative_to(tmp_path / ".local" / "state")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error names the folder and the variable that chooses another."""
    (tmp_path / "file").touch()
    with pytest.raises(CredentialsError, match="XDG_STATE_HOME"):
        account_folder(LOCAL, OURS, {"XDG_STATE_HOME": str(tmp_path / "file")})
