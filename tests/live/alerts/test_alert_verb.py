"""The verb `alert-test`, and where the URLs of alerts are not shown."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from live.__main__ import main
from sim.__main__ import main as sim_main
from tests.conftest import Outcome
from tests.event_loops import run_watching
from tests.fixture_types import RunMain
from tests.live.alerts.alert_receivers import Receiver, receiving

Live = Callable[..., Outcome]

SECRET = "alert.urls=[json://me:hunter2@127.0.0.1:1/key,tgram://hunter2/7]"


@pytest.fixture
def live(tmp_path: Path, run_main: RunMain) -> Live:
    """Return `python -m live`, in this process, in a folder of its own."""
    return lambda *words: run_main(main, tmp_path, *words)


@pytest.mark.slow  # starts a process
def test_each_receiver_is_tried_and_named_by_its_scheme(live: Live) -> None:
    """One that takes the message, and one that does not: status 1."""

    async def run() -> tuple[Outcome, Outcome]:
        taking, refusing = Receiver(), Receiver()
        refusing.refuses = True
        async with receiving(taking, refusing):
            both = f"alert.urls=['{taking.url}','{refusing.url}']"
            failed = await asyncio.to_thread(live, "alert-test", both)
            sent = await asyncio.to_thread(live, "alert-test", f"alert.urls=['{taking.url}']")
        assert taking.titles == ["prophet-sim: test (info)"] * 2
        return failed, sent

    failed, sent = run_watching(run())
    assert failed.status == 1
    assert failed.out == ["json://***: sent", "json://***: not taken, or not reached"]
    assert failed.err[0].endswith("1 of 2 receivers did not take the message")
    assert (sent.status, sent.out, sent.err) == (0, ["json://***: sent"], [])


def test_without_a_receiver_there_is_nothing_to_test(live: Live) -> None:
    """The remedy is in the line."""
    outcome = live("alert-test")
    assert outcome.status == 2
    assert "alert.urls: none; give one, as in alert.urls=[json://" in outcome.err[0]


def test_without_the_extra_the_remedy_is_named(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything starts: the session says so too, as it has the same settings."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    for verb in ("alert-test", "paper"):
        outcome = live(verb, "session.name=first", SECRET)
        assert outcome.status == 2
        remedy = "alert.urls: apprise is missing; install it with pip install 'prophet-sim[alert]'"
        assert outcome.err[0] == f"python -m live {verb}: {remedy}"


@pytest.mark.parametrize(
    "word",
    [
        "alert.urls=json://hunter2",
        "alert.urls=[json://hunter2",
        "alert.urls=['json://hunter2']]",
        "alert.urls=[json://hunter2/key?format=text]",
        "alert.urls=[json://hunter2/key?a=1&b=2]",
        "alert.urls=[hunter2]",
        "alert.urls={a: hunter2}",
        "+alert.urls=[json://hunter2]",
        "++alert.urls=hunter2",
        "alert.url=[json://hunter2]",
    ],
)
def test_an_error_does_not_repeat_a_url(live: Live, word: str) -> None:
    """However it was mistyped."""
    outcome = live("alert-test", word)
    assert outcome.status in (1, 2)
    assert outcome.err
    assert "hunter2" not in "".join([*outcome.out, *outcome.err])


def test_the_settings_show_the_schemes_alone(live: Live, sim: Live, tmp_path: Path) -> None:
    """From a command line, and from a file of the user's; a reference stays one."""
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    mine = tmp_path / "conf" / "experiment" / "mine.yaml"
    mine.write_text(
        "# @package _global_\nalert:\n  urls: ['json://hunter2', '${oc.env:ALERT_URL}']\n"
    )
    of_file = ("--config-dir", "conf", "+experiment=mine")
    for given in (live("paper", SECRET, "--cfg", "job"), sim("run", SECRET, "--cfg", "job")):
        assert given.status == 0
        assert "  - tgram://***" in given.out
        assert "hunter2" not in "".join(given.out)
    shown = live("paper", *of_file, "--cfg", "job")
    assert "hunter2" not in "".join(shown.out)
    assert "  - ${oc.env:ALERT_URL}" in shown.out
    whole = sim("run", SECRET, "--cfg", "all")
    assert "hunter2" not in "".join([*whole.out, *whole.err])


@pytest.mark.slow  # makes runs
def test_a_run_keeps_no_url(
    run_main: RunMain, tmp_path: Path, small_tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what was given on the command line nor what a file set is in its folder."""
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\nalert:\n  urls: [json://hunter2]\n"
    )
    words = ("run", "recording.path=tape", "markets=moneyline", "report=off")
    of_file = ("--config-dir", "conf", "+experiment=mine")
    sweep = ("--multirun", "strategy.spread_margin=0.01,0.02")
    for given in ((SECRET,), of_file, (*of_file, SECRET, *sweep)):
        outcome = run_main(sim_main, tmp_path, *words, *given)
        assert outcome.status == 0, outcome.err
        assert "hunter2" not in "".join([*outcome.out, *outcome.err])
    kept = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert [path for path in kept if path.name == "config.yaml"]
    assert [path for path in kept if b"hunter2" in path.read_bytes()] == []
