"""Wrong settings: each gives a one-line error with the name that the user wrote, status 2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.recording_settings import RecordingPath
from sim.__main__ import main
from sim.backtest import Backtest
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.settings import Dollars, allowed

# The settings, and the message after the program's name.
# The words that Hydra or the verb refuses, and those that the session refuses.
WRONG_WORDS = {
    "strategy.spread_margn=1": (
        "strategy.spread_margn: no such setting; did you mean strategy.spread_margin?"
    ),
    "fees=null": "fees: null is no choice; choose one of commission, commission_with_rebate, none",
    "controls.mine=1": "controls: has no mine yet; write +controls.mine=VALUE",
    "mode=paper": "mode=paper: the verb chooses the mode; use python -m live paper",
}
WRONG_VALUES = {
    "+risk.max_dayly_loss=1": (
        "risk.max_dayly_loss: no such setting; did you mean risk.max_daily_loss?"
    ),
    "+risk.foo=1": "risk.foo: no such setting",
    "+sed=1": "sed: no such setting; did you mean seed?",
    "risk.max_daily_loss=-5": f"risk.max_daily_loss: -5 is not {allowed(Dollars)}",
    "risk.max_daily_loss='5'": f"risk.max_daily_loss: '5' is not {allowed(Dollars)}",
    "risk.in_play=1": "risk.in_play: 1 is not true or false",
    "recording.path=[1,2]": f"recording.path: [1, 2] is not {allowed(RecordingPath)}",
    "recording.path=null": "recording.path: None is not text",
    "recording=nba": "recording: 'nba' is not a mapping of settings",
    "wagers=5": "wagers: 5 is not a mapping of settings",
    "session.name=[1]": "session.name: [1] is not text or null",
    "seed=null": "seed: None is not a whole number, 0 or more",
    "seed=1.5": "seed: 1.5 is not a whole number, 0 or more",
    "latency.entry=5": "latency.entry: 5 is not a mapping of settings",
    "latency.entry.ms={a:1}": "latency.entry.ms: {'a': 1} is not a number of milliseconds",
    "strategy._partial_=false": "strategy: SimpleMarketMaker is built already; add `_partial_: ",
    "strategy._partial_=maybe": "strategy._partial_: 'maybe' is not true or false",
    "strategy._target_=5": "strategy._target_: 5 is not a class; write package.module.Class",
    "strategy._target_=os.path": "strategy._target_: os.path is not a class or function",
    "strategy._target_=strategies.at_the_touch.AtTouch": (
        "strategy._target_: strategies.at_the_touch.AtTouch cannot be imported: "
        "strategies.at_the_touch has no AtTouch"
    ),
    "strategy._target_=ideas.mine.Mine": (
        "strategy._target_: ideas.mine.Mine cannot be imported: no module 'ideas'; "
        "is its folder in PYTHONPATH?"
    ),
    "~strategy.spread_margin": "strategy.spread_margin: missing; give a probability",
}


@pytest.mark.slow
@pytest.mark.parametrize(("word", "message"), WRONG_WORDS.items(), ids=WRONG_WORDS.keys())
def test_a_wrong_word_is_refused_by_the_name_as_written(
    run_main: Callable[..., Any], tmp_path: Path, word: str, message: str
) -> None:
    """One line has the setting, and the nearest real name or the remedy."""
    outcome = run_main(main, tmp_path, "run", word)
    assert outcome.status == 2, outcome
    assert len(outcome.err) == 1, outcome.err
    assert outcome.err[0].startswith(f"python -m sim run: {message}")


@pytest.mark.parametrize(("word", "message"), WRONG_VALUES.items(), ids=WRONG_VALUES.keys())
def test_a_wrong_setting_is_refused_by_the_name_as_written(
    build_backtest: Callable[..., Backtest], word: str, message: str
) -> None:
    """One line has the setting, the value, what is allowed, and the nearest real name."""
    with pytest.raises(ConfigError) as refusal:
        build_backtest(word)
    assert str(refusal.value).startswith(message)
    assert len(str(refusal.value).splitlines()) == 1


STRATEGIES = {
    "None": "None; return a tuple of Quote",
    "'quotes'": "'quotes'; return a tuple of Quote",
    "('quote',)": "'quote'; return Quote objects only",
    "(Quote(LineId('nowhere'), Odds(100), 100),)": "its line_id is not a line of this market",
    "(Quote(view.pairs[0].pair.first.line_id, Odds(100), 12.5),)": (
        "its stake_cents must be a whole number of cents"
    ),
    "(Quote(view.pairs[0].pair.first.line_id, 1.91, 1250),)": "its odds must be whole",
}


def words_of_idea(folder: Path, monkeypatch: pytest.MonkeyPatch, returned: str) -> list[str]:
    """Write a strategy whose quotes are an expression; return the words that run it on a tape."""
    name = f"idea_{abs(hash(returned))}"
    (folder / f"{name}.py").write_text(
        "from strategies.trading.model.ids import LineId\n"
        "from strategies.trading.model.odds import Odds\n"
        "from strategies.trading.ports.strategy import Quote\n\n\n"
        "class Idea:\n"
        "    quote_refresh_ns = 0\n\n"
        "    def quote(self, view):\n"
        f"        return {returned}\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(folder)
    words = [f"strategy._target_={name}.Idea"]
    words += [f"~strategy.{key}" for key in ("spread_margin", "default_stake")]
    return [*words, "~strategy.quote_refresh_seconds", f"recording.path={folder / 'tape'}"]


@pytest.mark.parametrize(("returned", "problem"), STRATEGIES.items(), ids=STRATEGIES.keys())
def test_a_wrong_quote_names_the_strategy_and_what_it_returned(
    build_backtest: Callable[..., Backtest],
    small_tape: Path,
    monkeypatch: pytest.MonkeyPatch,
    returned: str,
    problem: str,
) -> None:
    """A strategy's quotes are checked where the desk takes them."""
    backtest = build_backtest(*words_of_idea(small_tape.parent, monkeypatch, returned))
    with pytest.raises(ConfigError, match=r"^strategy: Idea\.quote returned ") as refusal:
        backtest.run_pass(backtest.queue())
    assert problem in str(refusal.value)


@pytest.mark.slow
def test_a_wrong_quote_ends_a_run_with_one_line(
    run_main: Callable[..., Any], small_tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong only while the run goes on is a wrong setting too: status 2."""
    words = words_of_idea(small_tape.parent, monkeypatch, "'quotes'")
    outcome = run_main(main, small_tape.parent, "run", *words)
    assert outcome.status == 2, outcome
    assert outcome.err[-1].startswith("python -m sim run: strategy: Idea.quote returned 'quotes'")
