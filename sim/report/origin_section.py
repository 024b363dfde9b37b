"""Where a report's figures come from: what differs between a backtest and a start of a session."""

from dataclasses import dataclass

from sim.report.number_text import NONE, count, signed_dollars
from sim.report.page import Html, code_block, facts, join, paragraph, section, source, table
from sim.report.run_folder import BacktestSummary, Run, StartSummary
from sim.results.summary import TRUE_QUEUE


@dataclass(frozen=True, slots=True)
class Origin:
    """What a report says of its origin: above all, at its head, after its result, at its foot."""

    kicker: str
    head: Html
    after_result: list[Html]
    repetition: Html


def origin(run: Run, title: str) -> Origin:
    """Return what to say of where a run comes from, under its title."""
    summary = run.summary
    if isinstance(summary, StartSummary):
        return _of_start(summary, title)
    return _of_backtest(run, summary, title)


# A backtest ----------------------------------------------------------------------------------


def _of_backtest(run: Run, s: BacktestSummary, title: str) -> Origin:
    named = f", session {s.session}" if s.session else ""
    feed = "Fed by a" if s.models.get("queue") == TRUE_QUEUE else "Recording"
    return Origin(
        kicker=f"{s.mode} of {s.strategy}{named}",
        head=source(title, feed, s.recording, s.recording_source, simulated=s.simulated),
        after_result=[section("What the queue model decides", [_queue_models(s)])],
        repetition=_same_run(run, s),
    )


def _queue_models(s: BacktestSummary) -> Html:
    """Return the settled profit under the chosen queue model, and under front and back."""
    chosen = s.models.get("queue", NONE)
    if chosen == TRUE_QUEUE:
        return paragraph(
            "Nothing: we stood in the queue ourselves, among a simulated crowd, so everybody's "
            "place in it is known. Profit under front and back would be the same by construction."
        )
    rows = [
        (f"{chosen} (chosen)", signed_dollars(s.profit_cents), NONE),
        _queue_row("front", "hopeful: cancellations leave ahead of us", s, s.profit_cents_front),
        _queue_row("back", "fearful: cancellations leave behind us", s, s.profit_cents_back),
    ]
    told = (
        "A fill model is an opinion: the recording does not show which stake left the queue. With "
        "the commands fixed, front fills no less than back; with a strategy that answers to its "
        "fills, the two profits are a sensitivity, in either order, not a bound."
    )
    heads = ("queue model", "#settled profit", "#against the chosen")
    return join([table(heads, rows), paragraph(told, "aside")])


def _queue_row(
    name: str, meaning: str, s: BacktestSummary, cents: int | None
) -> tuple[str, str, str]:
    apart = None if cents is None else cents - s.profit_cents
    return f"{name} ({meaning})", signed_dollars(cents), signed_dollars(apart)


def _same_run(run: Run, s: BacktestSummary) -> Html:
    """Return all that it takes to make the same run again, and to know that it is the same."""
    rows = [
        *_digests(s),
        ("tape", f"{count(s.rows)} rows, {count(round(s.rows_per_second))} a second"),
        ("trades of unknown side", f"{count(s.trades_of_unknown_side)}, which fill nobody"),
        *_made_of(s),
    ]
    told = "The same code, configuration, recording and seed give the same digest of the decisions."
    return join([code_block(_command(run)), facts(rows), paragraph(told, "aside")])


def _command(run: Run) -> str:
    if run.overrides is None:
        return "The command was not kept: there is no .hydra folder in the run folder."
    return " ".join(("python -m sim run", *run.overrides))


# A start of a session ------------------------------------------------------------------------


def _of_start(s: StartSummary, title: str) -> Origin:
    market = source(title, "The market of", s.exchange, s.recording_source, simulated=s.simulated)
    return Origin(
        kicker=f"{s.mode} session {s.session}, start {s.start}: {s.strategy}",
        head=join([market, paragraph(_what_was_staked(s))]),
        after_result=[],
        repetition=_same_start(s),
    )


def _what_was_staked(s: StartSummary) -> str:
    if s.mode == "paper":
        told = "The wagers were simulated here; nobody at the exchange saw them."
    else:
        money = "real money" if s.real_money else "play money"
        told = f"The wagers were placed at {s.exchange}, with {money}."
    if s.speed != 1:
        told += f" All times are of the session's clock, which ran at {s.speed:g} times real time."
    return told


def _same_start(s: StartSummary) -> Html:
    """Return how to play the start again."""
    rows = [
        *_digests(s),
        ("recording", s.recording),
        ("inputs of the desk", count(s.inputs)),
        *_made_of(s),
    ]
    told = (
        "This report is drawn from the replay of the start: the same desk was fed what the "
        "session's heard, and asked for the same, command for command."
    )
    command = f"python -m sim replay sessions/{s.session}"
    return join([code_block(command), facts(rows), paragraph(told, "aside")])


# Both ----------------------------------------------------------------------------------------


def _digests(s: BacktestSummary | StartSummary) -> list[tuple[str, str]]:
    return [
        ("commit", s.commit or "not known: the code was not run from a clone"),
        ("seed", str(s.seed)),
        ("digest of the decisions", s.digest),
        ("digest of the recording", s.recording_digest or "there is none: a crowd was simulated"),
    ]


def _made_of(s: BacktestSummary | StartSummary) -> list[tuple[str, str]]:
    return [
        ("decisions", count(s.decisions)),
        ("versions", ", ".join(f"{name} {version}" for name, version in s.versions.items())),
    ]
