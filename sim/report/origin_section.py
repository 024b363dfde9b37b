"""The origin of a report's figures: the parts that differ between a backtest and a session run."""

from collections.abc import Sequence
from dataclasses import dataclass

from conf.modes import Mode
from sim.report.number_text import NONE, count, dollars, signed_dollars
from sim.report.page import Html, code_block, facts, join, paragraph, section, source, table
from sim.report.run_folder import Run
from sim.results.run_summary import TRUE_QUEUE, BacktestSummary, SessionRunSummary
from strategies.trading.model.counted import counted

_ASSUMED = {
    "front": "optimistic: cancellations are ahead of us",
    "back": "pessimistic: cancellations are behind us",
    "prorata": "proportional: cancellations are ahead of us and behind",
}


@dataclass(frozen=True, slots=True)
class OriginTexts:
    """The texts about the origin of a run: in the header, after the result, and at the end.

    `overrides` are the settings that were given for it.
    """

    overline: str
    head: Html
    after_result: list[Html]
    repetition: Html
    overrides: Sequence[str] = ()


def origin(run: Run) -> OriginTexts:
    """Return the texts about the origin of a run."""
    summary = run.summary
    if isinstance(summary, SessionRunSummary):
        return _of_session_run(summary)
    return _of_backtest(run, summary)


# A backtest ----------------------------------------------------------------------------------


def _of_backtest(run: Run, s: BacktestSummary) -> OriginTexts:
    # A backtest that nobody named has the name of its mode.
    named = f", session {s.session}" if s.session and s.session != s.mode.value else ""
    feed = "Fed by a" if s.models.get("queue") == TRUE_QUEUE else "Recording"
    return OriginTexts(
        overline=f"{s.mode} of {s.strategy}{named}",
        head=join(
            [
                source(feed, s.recording, s.recording_source, simulated=s.simulated),
                *([paragraph(f"Settings: {', '.join(s.overrides)}")] if s.overrides else []),
            ]
        ),
        after_result=[section("Effect of the queue model", [_queue_models(s)])],
        repetition=_repeat_command(run, s),
        overrides=s.overrides,
    )


def _queue_models(s: BacktestSummary) -> Html:
    """Return the settled profit under the chosen queue model, and under front and back."""
    chosen = s.models.get("queue", NONE)
    if chosen == TRUE_QUEUE:
        return paragraph(
            "None: our wagers queued with those of a simulated crowd, so every place in the queue "
            "is known. Profit under front and back would be the same by construction."
        )
    matched = {"front": s.turnover_cents_front, "back": s.turnover_cents_back}
    rows = [
        (
            _queue_name(chosen, "chosen"),
            signed_dollars(s.profit_cents),
            NONE,
            dollars(s.turnover_cents),
        ),
        *(
            (
                _queue_name(name),
                signed_dollars(cents),
                signed_dollars(cents - s.profit_cents),
                dollars(matched[name]),
            )
            for name, cents in s.profits_by_other_queue.items()
        ),
    ]
    explanation = (
        "A queue model is an assumption: the recording does not show which stake left the queue. "
        "With fixed commands, front fills no less than back; with a strategy that reacts to its "
        "fills, the two profits show a sensitivity, in either order, and are not a bound."
    )
    heads = ("queue model", "#settled profit", "#difference", "#matched stake")
    bracket = [paragraph(s.queue_bracket, "aside")] if s.queue_bracket else []
    return join([table(heads, rows), *bracket, paragraph(explanation, "aside")])


def _queue_name(name: str, *remarks: str) -> str:
    """Return the name of a queue model with what it assumes, if it is one of the extremes."""
    assumed = [_ASSUMED[name]] if name in _ASSUMED else []
    described = "; ".join([*remarks, *assumed])
    return f"{name} ({described})" if described else name


def _repeat_command(run: Run, s: BacktestSummary) -> Html:
    """Return the command that repeats the run, and the digests that prove it is the same."""
    rows = [
        *_digests(s),
        ("tape", f"{counted(s.rows, 'row')}, {count(round(s.rows_per_second))} a second"),
        ("longest time without a row", f"{count(s.feed.longest_silence_seconds)} s"),
        ("trades of unknown side", f"{count(s.trades_of_unknown_side)}, which fill no wager"),
        *_versions(s),
    ]
    explanation = "The same code, settings, recording and seed give the same decision digest."
    return join([code_block(_command(run)), facts(rows), paragraph(explanation, "aside")])


def _command(run: Run) -> str:
    if run.overrides is None:
        return "The command is unknown: the run folder has no .hydra folder."
    return " ".join(("python -m sim run", *run.overrides))


# A run of a session ------------------------------------------------------------------------


def _of_session_run(s: SessionRunSummary) -> OriginTexts:
    market = source("The market of", s.exchange, s.recording_source, simulated=s.simulated)
    return OriginTexts(
        overline=f"{s.mode} session {s.session}, start {s.start}: {s.strategy}",
        head=join([market, paragraph(_stake_text(s))]),
        after_result=[],
        repetition=_replay_command(s),
    )


def _stake_text(s: SessionRunSummary) -> str:
    if s.mode is Mode.PAPER:
        text = "The wagers were simulated; the exchange never received them."
    else:
        money = "real money" if s.real_money else "play money"
        text = f"The wagers were placed at {s.exchange}, with {money}."
    if s.speed != 1:
        text += f" All times are of the session's clock, which ran at {s.speed:g} times real time."
    return text


def _replay_command(s: SessionRunSummary) -> Html:
    """Return the command that replays the session run."""
    rows = [
        *_digests(s),
        ("recording", s.recording),
        ("inputs of the desk", count(s.inputs)),
        *_versions(s),
    ]
    explanation = (
        "This report is made from a replay of the session run: the same desk received the inputs "
        "of the session and sent the same commands."
    )
    command = f"python -m sim replay sessions/{s.session}"
    return join([code_block(command), facts(rows), paragraph(explanation, "aside")])


# Both ----------------------------------------------------------------------------------------


def _digests(s: BacktestSummary | SessionRunSummary) -> list[tuple[str, str]]:
    return [
        ("commit", s.commit or "unknown: the code did not run from a clone"),
        ("seed", str(s.seed)),
        ("decision digest", s.digest),
        ("recording digest", s.recording_digest or "none: a crowd was simulated"),
        *((f"digest of {module}", digest) for module, digest in s.code.items()),
    ]


def _versions(s: BacktestSummary | SessionRunSummary) -> list[tuple[str, str]]:
    return [
        ("decisions", count(s.decisions)),
        ("versions", ", ".join(f"{name} {version}" for name, version in s.versions.items())),
    ]
