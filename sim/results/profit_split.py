"""Profit, taken apart: what was earned at the fill, lost to those who knew, and left to the game.

A fill is worth `fair x payout - stake`. Its profit is the sum of four moves of that value, each
rounded to the cent where it begins, so that they add up:

edge     at the fill: the fair price then, against the price paid
adverse  from the fill to 60 s after it, but not beyond the start of the game
drift    from there to the close, the last fair price before the start; none for a fill in play
outcome  from there to the result: what the game decided

In play every later move of the price is the game, so there is no drift. Where a price is missing
the last one before it stands, and the price paid where there was none. Positions of earlier starts
of a session are outcome as a whole.

The commission of a market is divided over its winning fills by what they won, and the rebate of a
month over the fills that its commission was divided over, by their commission.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate
from math import sqrt
from typing import NamedTuple

from recordings.utc_time import month_of
from sim.results.measured_fill import MeasuredFill
from sim.results.monthly_rebates import monthly_rebates
from sim.results.outcome_variance import Stake, outcome_variance
from sim.results.run_summary import NamedSplit, Split
from strategies.trading.accounting.ledger import Ledger, Settlement
from strategies.trading.desk.desk import Desk
from strategies.trading.model.ids import MarketKey, PairId
from strategies.trading.model.market import Line, Pair, Result

# The phase and the selection of what earlier starts matched.
EARLIER_STARTS = "earlier starts"


class ProfitPart(NamedTuple):
    """The profit of a fill in cents, taken apart; without `fill`, of all fills of earlier starts.

    `close` and `reference_close` are the last fair and outside probabilities of the fill's line
    before the start. `settled_cents` is its profit before commission, None while there is no
    result; `outcome_cents`, `commission_cents` and `rebate_cents` are zero then.
    """

    pair: Pair
    fill: MeasuredFill | None
    close: float | None
    reference_close: float | None
    edge_cents: int
    adverse_cents: int
    drift_cents: int
    outcome_cents: int
    commission_cents: int
    settled_cents: int | None
    stake: Stake | None
    rebate_cents: int = 0

    @property
    def line(self) -> Line | None:
        """Return the line that was backed, None for fills of earlier starts."""
        if self.fill is None:
            return None
        return self.pair.first if self.fill.first else self.pair.second


def profit_parts(fills: Iterable[MeasuredFill], desk: Desk) -> list[ProfitPart]:
    """Return the profit of a run's fills by what its desk knows at the end, in their order.

    What earlier starts matched and this run settled comes after them, a part for each pair.
    """
    parts = [_part_before_commission(fill, desk) for fill in fills]
    by_market: dict[MarketKey, list[int]] = defaultdict(list)
    for index, part in enumerate(parts):
        by_market[part.pair.market_key].append(index)
    for key, settlement in desk.ledger.settlements.items():
        indices = by_market[key]
        for earlier in _earlier_parts([parts[index] for index in indices], settlement):
            indices.append(len(parts))
            parts.append(earlier)
        won = [max(0, parts[index].settled_cents or 0) for index in indices]
        shares = divided(settlement.commission_cents, won)
        for index, cents in zip(indices, shares, strict=True):
            parts[index] = parts[index]._replace(commission_cents=cents)
    return _with_rebates(parts, desk.ledger)


def split_of(parts: Iterable[ProfitPart]) -> Split:
    """Return the sums over parts."""
    parts = list(parts)
    stakes = [part.stake for part in parts if part.stake is not None]
    edge = sum(part.edge_cents for part in parts)
    adverse = sum(part.adverse_cents for part in parts)
    drift = sum(part.drift_cents for part in parts)
    outcome = sum(part.outcome_cents for part in parts)
    commission = sum(part.commission_cents for part in parts)
    rebate = sum(part.rebate_cents for part in parts)
    fills = [part.fill for part in parts if part.fill is not None]
    return Split(
        fills=len(fills),
        stake_cents=sum(fill.stake_cents for fill in fills),
        edge_cents=edge,
        adverse_cents=adverse,
        drift_cents=drift,
        outcome_cents=outcome,
        outcome_sd_cents=round(sqrt(outcome_variance(stakes))),
        commission_cents=commission,
        profit_cents=edge + adverse + drift + outcome - commission + rebate,
        reference_cents=sum(map(_reference_cents, parts)),
        reference_edge_cents=sum(map(_reference_edge_cents, parts)),
        mispricing_cents=sum(
            _reference_edge_cents(part) - part.edge_cents
            for part in parts
            if part.fill is not None and None not in (part.fill.reference, part.fill.fair)
        ),
        rebate_cents=rebate,
    )


def _with_rebates(parts: list[ProfitPart], ledger: Ledger) -> list[ProfitPart]:
    """Return the parts with the rebate of each month divided over those that it was charged on."""
    fills = [part.fill for part in parts if part.fill is not None]
    for each in monthly_rebates(fills, ledger):
        charged = [
            index
            for index, part in enumerate(parts)
            if part.commission_cents and _charged_in(part, ledger) == each.month
        ]
        shares = divided(each.rebate_cents, [parts[index].commission_cents for index in charged])
        for index, cents in zip(charged, shares, strict=True):
            parts[index] = parts[index]._replace(rebate_cents=cents)
    return parts


def _charged_in(part: ProfitPart, ledger: Ledger) -> str:
    return month_of(ledger.settlements[part.pair.market_key].at_ns)


def _reference_edge_cents(part: ProfitPart) -> int:
    if part.fill is None or part.fill.reference is None:
        return 0
    return part.fill.value_cents(part.fill.reference)


def _reference_cents(part: ProfitPart) -> int:
    if part.fill is None or part.reference_close is None:
        return 0
    return part.fill.value_cents(part.reference_close)


def splits_by(
    parts: Iterable[ProfitPart], name_of: Callable[[ProfitPart], tuple[str, str]]
) -> list[NamedSplit]:
    """Return the sums over the parts of each name; a name is a key and a label for people."""
    groups: dict[tuple[str, str], list[ProfitPart]] = defaultdict(list)
    for part in parts:
        groups[name_of(part)].append(part)
    return [NamedSplit(key, label, split_of(groups[key, label])) for key, label in groups]


def divided(cents: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount in proportion to weights, to the cent; all zero if every weight is."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    # Rounding the running sums, not the shares, keeps their sum.
    ends = [round(Fraction(cents * weight, total)) for weight in accumulate(weights)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _part_before_commission(fill: MeasuredFill, desk: Desk) -> ProfitPart:
    pair = fill.pair
    state = desk.market_states.events[pair.first.event_id]
    close = _of_line(fill, state.pre_game_fairs.get(pair.pair_id))
    paid = fill.stake_cents / max(1, fill.payout_cents)
    at_fill = paid if fill.fair is None else fill.fair
    held = at_fill if fill.held_fair is None else fill.held_fair
    at_end = held if fill.in_play or close is None else close
    edge, after_adverse, at_close = map(fill.value_cents, (at_fill, held, at_end))
    settled = _settled_cents(fill, desk.ledger.result_of(pair))
    return ProfitPart(
        pair=pair,
        fill=fill,
        close=None if fill.in_play else close,
        reference_close=None
        if fill.in_play
        else _of_line(fill, state.closing_references.get(pair.pair_id)),
        edge_cents=edge,
        adverse_cents=after_adverse - edge,
        drift_cents=at_close - after_adverse,
        outcome_cents=0 if settled is None else settled - at_close,
        commission_cents=0,
        settled_cents=settled,
        stake=_stake(fill, state.event.sport, at_end),
    )


def _of_line(fill: MeasuredFill, fair_first: float | None) -> float | None:
    """Return the probability of a fill's line, given that of the first of its pair."""
    return fair_first if fair_first is None or fill.first else 1.0 - fair_first


def _stake(fill: MeasuredFill, sport: str, fair: float) -> Stake:
    if fill.first:
        return Stake(fill.pair, sport, fill.payout_cents, fair)
    return Stake(fill.pair, sport, -fill.payout_cents, 1.0 - fair)


def _settled_cents(fill: MeasuredFill, first_result: Result | None) -> int | None:
    """Return the profit of a fill before commission, None without a result."""
    if first_result is None:
        return None
    if first_result not in (Result.WON, Result.LOST):
        return 0
    return fill.profit_cents if (first_result is Result.WON) is fill.first else -fill.stake_cents


def _earlier_parts(parts: Sequence[ProfitPart], settlement: Settlement) -> Iterable[ProfitPart]:
    """Yield what the pairs of a settled market brought in beyond these fills of theirs."""
    by_pair: dict[PairId, int] = defaultdict(int)
    for part in parts:
        by_pair[part.pair.pair_id] += part.settled_cents or 0
    for pair, gross_cents in settlement.gross_by_pair:
        cents = gross_cents - by_pair[pair.pair_id]
        if cents:
            yield ProfitPart(pair, None, None, None, 0, 0, 0, cents, 0, cents, None)
