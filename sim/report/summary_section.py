"""The tables on the whole run: key figures, settlement, open positions, models."""

from typing import Any

from sim.report.long_lists import largest, with_left_out
from sim.report.number_text import (
    NONE,
    count,
    dollars,
    percent,
    signed_dollars,
)
from sim.report.page import (
    Html,
    Tile,
    code_block,
    facts,
    folded,
    join,
    paragraph,
    table,
    tiles,
)
from sim.report.run_folder import Run
from sim.results.run_summary import MonthRebate, Split
from strategies.trading.model.counted import counted


def key_figures(run: Run) -> Html:
    """Return the tiles at the head of the report."""
    s = run.summary
    open_count = len(s.open_positions)
    return tiles(
        [
            Tile("Settled profit", signed_dollars(s.profit_cents), "net of commission"),
            Tile("Commission", dollars(s.commission_cents), "taken from settled winnings"),
            Tile("Marked, not settled", signed_dollars(s.marked_cents), _open_text(open_count)),
            Tile("Turnover", dollars(s.turnover_cents), _turnover_text(run)),
            Tile("Fills", count(s.fills), f"{counted(s.wagers_matched, 'wager')} matched"),
            Tile("Edge and adverse", signed_dollars(_known_early(s.split)), "to 60 s after fills"),
            Tile("Outcome", signed_dollars(s.split.outcome_cents), _chance_text(s.split)),
            Tile("Wagers placed", count(s.wagers_placed), f"{count(s.wagers_cancelled)} cancelled"),
            Tile("Largest exposure", dollars(s.max_exposure_cents), "worst case, resting included"),
            Tile("Largest drawdown", dollars(s.max_drawdown_cents), "fall from peak equity"),
            Tile("Denials", count(s.denials), "by our risk controls"),
            Tile("Starting balance", dollars(s.starting_balance_cents), "of the session"),
        ]
    )


def event_figures(run: Run) -> Html:
    """Return the tiles of one event: what an account has for all of them is not among them."""
    s = run.summary
    return tiles(
        [
            Tile("Settled profit", signed_dollars(s.profit_cents), "net of commission"),
            Tile("Commission", dollars(s.commission_cents), "taken from settled winnings"),
            Tile("Edge and adverse", signed_dollars(_known_early(s.split)), "to 60 s after fills"),
            Tile("Outcome", signed_dollars(s.split.outcome_cents), _chance_text(s.split)),
            Tile(
                "Marked, not settled",
                signed_dollars(s.marked_cents),
                _open_text(len(s.open_positions)),
            ),
            Tile("Turnover", dollars(s.turnover_cents), "stake matched"),
            Tile("Fills", count(s.fills), "of this event"),
            Tile("Wagers placed", count(s.wagers_placed), "of this event"),
        ]
    )


def _known_early(split: Split) -> int:
    """Return what fills were worth 60 s after them: the game has decided least of it."""
    return split.edge_cents + split.adverse_cents


def _chance_text(split: Split) -> str:
    return f"what the game decided; one s.d. {dollars(split.outcome_sd_cents)}"


def _turnover_text(run: Run) -> str:
    s = run.summary
    if not (s.settled and s.turnover_cents):
        return "stake matched"
    return f"stake matched; profit is {percent(s.profit_cents / s.turnover_cents)} of it"


def _open_text(open_count: int) -> str:
    if not open_count:
        return "no position is open"
    return f"{count(open_count)} open, at the last fair price"


def settlement(run: Run) -> Html:
    """Return the profit of each settled market."""
    settled = run.summary.settled
    if not settled:
        return paragraph("No position was settled.")
    rows = [
        (
            run.short_label(s.label),
            s.market,
            *_gross_to_net(s.gross_cents, s.commission_cents, s.rebate_cents, s.net_cents),
        )
        for s in largest(settled, lambda each: abs(each.net_cents))
    ]
    total = _gross_to_net(
        sum(s.gross_cents for s in settled),
        sum(s.commission_cents for s in settled),
        sum(s.rebate_cents for s in settled),
        sum(s.net_cents for s in settled),
    )
    heads = ("market", "id", "#gross profit", "#commission", "#rebate", "#net profit")
    listed = table(heads, rows, ("all", "", *total))
    return with_left_out(listed, len(settled), "largest profits and losses", "summary.json")


def _gross_to_net(
    gross_cents: int, commission_cents: int, rebate_cents: int, net_cents: int
) -> tuple[str, ...]:
    return (
        signed_dollars(gross_cents),
        *(dollars(commission_cents), dollars(rebate_cents)),
        signed_dollars(net_cents),
    )


def fees(run: Run) -> Html:
    """Return what the exchange takes of winnings, and what it pays back of each month's."""
    s = run.summary
    won_cents = sum(max(0, each.gross_cents) for each in s.settled)
    if not won_cents:
        return paragraph("No market was won, so nothing was charged.")
    paid_cents = s.commission_cents - s.split.rebate_cents
    effective = paragraph(
        f"Of the {dollars(won_cents)} that winning markets brought, the exchange keeps "
        f"{dollars(paid_cents)}: an effective rate of {percent(paid_cents / won_cents, 2)}."
    )
    if not s.rebates:
        return effective
    rows = [_month_row(each) for each in s.rebates]
    heads = ("month", "#contracts matched", "#commission", "#paid back", "#rebate", "#kept")
    explanation = (
        "Months are those of New York. The volume is that of this run's account, and begins at "
        "nothing; with games=apart each game has an account of its own. The rebate is paid after "
        "its month, so it is in no balance, limit or equity."
    )
    return join([effective, table(heads, rows), paragraph(explanation, "aside")])


def _month_row(each: MonthRebate) -> tuple[str, ...]:
    commission_cents, rebate_cents = each.commission_cents, each.rebate_cents
    part = percent(rebate_cents / commission_cents, 2) if commission_cents else NONE
    return (
        each.month,
        count(each.volume_cents // 100),
        dollars(commission_cents),
        part,
        dollars(rebate_cents),
        dollars(commission_cents - rebate_cents),
    )


def open_positions(run: Run) -> Html:
    """Return the unsettled positions with their marks."""
    positions = run.summary.open_positions
    if not positions:
        return paragraph("No position is open.")
    rows = [
        (
            run.short_label(position.label),
            signed_dollars(position.profit_if_first_cents),
            signed_dollars(position.profit_if_second_cents),
            signed_dollars(position.marked_cents),
        )
        for position in largest(positions, lambda each: abs(each.marked_cents or 0))
    ]
    heads = ("market", "#profit if first wins", "#profit if second wins", "#marked at last fair")
    total = ("all", "", "", signed_dollars(run.summary.marked_cents))
    warning = "Settled profit does not include these positions or their marks."
    listed = with_left_out(
        table(heads, rows, total), len(positions), "largest marks", "summary.json"
    )
    return join([paragraph(warning), listed])


def models(run: Run) -> Html:
    """Return the models and settings that the run was made with."""
    named = run.summary.models.items()
    shown = facts([(name.replace("_", " "), _words(value)) for name, value in named])
    if run.config is None:
        return shown
    return join([shown, folded("Composed configuration", code_block(run.config))])


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NONE if value is None else str(value)
