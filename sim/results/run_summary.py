"""Every figure of a run, as `summary.json` has them.

Money is cents, times are nanoseconds since the epoch, probabilities lie in 0..1.
"""

from typing import Any

from msgspec import Struct

from conf.modes import Mode
from sim.results.queue_bracket import bracket_text
from strategies.trading.model.counted import counted

# Reported in place of a queue model if every wager's place in the queue is known.
TRUE_QUEUE = "true queue"


class EventSpan(Struct, frozen=True):
    """A sport event of the run, with the times at which it was in play and ended."""

    event_id: str
    name: str
    scheduled_ns: int
    live_ns: int | None
    ended_ns: int | None


class PairName(Struct, frozen=True, omit_defaults=True):
    """The names of a pair and its two selections, and its result.

    `first_won` is None without a result, and where neither selection won, as in a push.
    """

    pair_id: str
    label: str
    first: str
    second: str
    first_won: bool | None = None


class OpenPosition(Struct, frozen=True):
    """A position that was not settled."""

    pair_id: str
    label: str
    profit_if_first_cents: int
    profit_if_second_cents: int
    marked_cents: int | None


class Settled(Struct, frozen=True, omit_defaults=True):
    """The profit of a market, before and after commission and its part of rebates."""

    market: str
    label: str
    gross_cents: int
    commission_cents: int
    net_cents: int
    rebate_cents: int = 0


class MonthRebate(Struct, frozen=True):
    """What the exchange pays back of a month's commission.

    `month` is that of New York, such as 2026-07, `volume_cents` the payout of all that was matched
    in it, `commission_cents` that of the markets whose results came in it.
    """

    month: str
    volume_cents: int
    commission_cents: int
    rebate_cents: int


class Split(Struct, frozen=True, omit_defaults=True):
    """The profit of fills: edge + adverse + drift + outcome - commission + rebate, in cents.

    `outcome_sd_cents` is one standard deviation of the outcome, as chance had it from the close on.
    `reference_edge_cents` is what fills were worth at the outside price when they were filled, and
    `mispricing_cents` that less their edge; `reference_cents` is what those before the start were
    worth at the outside price at the close. Fills without an outside price add nothing to them.
    """

    fills: int
    stake_cents: int
    edge_cents: int
    adverse_cents: int
    drift_cents: int
    outcome_cents: int
    outcome_sd_cents: int
    commission_cents: int
    profit_cents: int
    reference_cents: int = 0
    reference_edge_cents: int = 0
    mispricing_cents: int = 0
    rebate_cents: int = 0


class NamedSplit(Struct, frozen=True):
    """The profit of the fills of one event, market, selection or phase."""

    key: str
    label: str
    split: Split


class FillValue(Struct, frozen=True):
    """The mean value of fills at one time, weighted by payout.

    `fills` had a price then. `kept` is the fair price less the price paid, in cents of a contract
    that pays a dollar; `kept_half_spreads` the same in half-spreads of the touch at the fill, None
    where none was known. `drift` is the fair price less that at the fill, in cents.
    """

    at: str
    fills: int
    kept: float | None
    kept_half_spreads: float | None
    drift: float | None


class PriceScore(Struct, frozen=True):
    """The mean log loss of a run's pricing and of the market's price, in a phase of play.

    It is minus the logarithm of the probability of what happened; less is better.
    """

    phase: str
    samples: int
    pricing: float
    market: float


class Losses(Struct, frozen=True):
    """The mean log losses of a source, of the desk and of the market, on the same samples."""

    samples: int
    source: float
    desk: float
    market: float


class SourceScore(Struct, frozen=True):
    """How right an outside source was in one game, beside the desk's pricing and the market.

    `desk_gap` is how far its prices were from the desk's, in probability, a mean over all samples.
    `by_results` are losses by the results of the pairs; `by_close` those of samples from before
    play by the market's last price before it, beyond the loss of that price itself.
    """

    event_id: str
    source: str
    samples: int
    desk_gap: float
    by_results: Losses
    by_close: Losses


class SilenceTotal(Struct, frozen=True):
    """For how long markets were not quoted for one reason, added up over these markets.

    `longest` is the reason of the longest time with its figures; `traded_cents` is what takers
    staked there meanwhile.
    """

    reason: str
    longest: str
    markets: int
    seconds: int
    traded_cents: int


class Quoted(Struct, frozen=True):
    """How long a market was quoted on both sides, by wagers of ours that were open.

    `width` is the mean distance between the two prices in probability, `size_cents` the mean of the
    smaller of the two stakes, both over that time.
    """

    market: str
    label: str
    two_sided_seconds: int
    observed_seconds: int
    width: float
    size_cents: int


class RiskLimits(Struct, frozen=True):
    """The limits of one account that a report compares positions, exposure and losses with.

    A daily loss of 0 sets no limit.
    """

    max_position_cents: int
    max_market_exposure_cents: int
    max_event_exposure_cents: int
    max_total_exposure_cents: int
    max_daily_loss_cents: int


class FeedFigures(Struct, frozen=True):
    """What was lost and late of market data.

    A gap is counted from the last message before it. A delay is how long after it happened market
    data arrived, in whole seconds. Of a recording, `longest_silence_seconds` is the longest time
    without a row, marked as a gap or not; `rows_undated` counts the rows that count as of their
    arrival, as the exchange's time of them lies more than an hour before it, and
    `longest_hold_seconds` is the longest that a row waited for one that happened before it.
    """

    gaps: int = 0
    gap_seconds: float = 0.0
    longest_gap_seconds: float = 0.0
    longest_delay_seconds: int = 0
    longest_silence_seconds: int = 0
    rows_undated: int = 0
    longest_hold_seconds: int = 0

    def sentences(self) -> list[str]:
        """Return what a reader of the results must know, nothing for a feed without faults."""
        found = []
        if self.gaps:
            found.append(
                f"market data was lost {counted(self.gaps, 'time')}, for {self.gap_seconds:,.1f} s "
                f"in all and {self.longest_gap_seconds:,.1f} s at most, counted from the last "
                "message before"
            )
        if self.longest_delay_seconds:
            found.append(f"market data arrived up to {self.longest_delay_seconds:,} s late")
        if self.longest_hold_seconds:
            found.append(
                f"messages waited up to {self.longest_hold_seconds:,} s for late ones that "
                "happened before them"
            )
        if self.rows_undated:
            found.append(
                f"{counted(self.rows_undated, 'row')} dated more than an hour before arrival "
                "count as of their arrival"
            )
        return found


class RunSummary(Struct, frozen=True, kw_only=True):
    """The figures of a run.

    `profit_cents` is settled, net of commission and with `rebates`. `marked_cents` is the value of
    open positions at the last fair prices and in no other figure. `split` takes the profit apart,
    `splits` by event, market, selection and phase; `unsettled` is the same of fills without a
    result, in none of them. `max_open_stake_times_cash` is the largest open stake over cash, None
    if that was ever zero. `limits` say what the run cannot show, `models` the assumptions in words,
    `code` the SHA-256 of each module of the user's own. `price_scores` are empty where the market's
    own price is used, and in a session's runs; `source_scores` without outside prices.
    `risk_limits` are those of each of its `accounts` at its end; None in runs of earlier versions.
    """

    limits: list[str] = []
    mode: Mode
    session: str | None
    recording: str
    recording_source: str
    simulated: bool
    notes: list[str]
    seed: int
    strategy: str
    first_ns: int
    last_ns: int
    starting_balance_cents: int
    profit_cents: int
    commission_cents: int
    marked_cents: int
    turnover_cents: int
    max_exposure_cents: int
    max_drawdown_cents: int
    halted: str | None
    wagers_placed: int
    wagers_cancelled: int
    wagers_matched: int
    wagers_ended: dict[str, int]
    fills: int
    denials: int
    denials_by_control: dict[str, int]
    rejections_by_code: dict[str, int]
    commands: int
    split: Split
    splits: dict[str, list[NamedSplit]]
    feed: FeedFigures = FeedFigures()
    unsettled: Split
    fill_values: list[FillValue]
    silences: list[SilenceTotal]
    quoted: list[Quoted]
    max_open_stake_times_cash: float | None
    decisions: int
    digest: str
    events: list[EventSpan]
    pairs: list[PairName]
    settled: list[Settled]
    open_positions: list[OpenPosition]
    rebates: list[MonthRebate] = []
    commit: str | None
    versions: dict[str, str]
    recording_digest: str
    models: dict[str, Any]
    code: dict[str, str] = {}
    price_scores: list[PriceScore] = []
    source_scores: list[SourceScore] = []
    risk_limits: RiskLimits | None = None
    accounts: int = 1


class BacktestSummary(RunSummary, frozen=True, kw_only=True, omit_defaults=True):
    """The summary of a backtest; without front and back where the true queue is known.

    `turnover_cents_front` and `turnover_cents_back` are the stakes matched under these models.

    `rows_per_second` is the speed of the chosen pass, without imports and report. `overrides` are
    the settings given on the command line; in a sweep, those that differ between its runs.
    """

    profit_cents_front: int | None
    profit_cents_back: int | None
    turnover_cents_front: int | None = None
    turnover_cents_back: int | None = None
    trades_of_unknown_side: int
    rows: int
    rows_per_second: int
    overrides: list[str] = []

    @property
    def profits_by_other_queue(self) -> dict[str, int]:
        """Return the profit under each extreme queue model that was not the chosen one.

        Empty where the true queue is known.
        """
        profits = {"front": self.profit_cents_front, "back": self.profit_cents_back}
        chosen = self.models.get("queue")
        return {
            name: cents for name, cents in profits.items() if cents is not None and name != chosen
        }

    @property
    def queue_bracket(self) -> str | None:
        """Return how far the extreme queue models are apart, None where the true queue is known."""
        front_cents, back_cents = self.turnover_cents_front, self.turnover_cents_back
        if front_cents is None or back_cents is None:
            return None
        return bracket_text(front_cents, back_cents)


class SessionRunSummary(RunSummary, frozen=True, kw_only=True, omit_defaults=True):
    """The summary of one start of a session, on paper or live.

    `speed` is that of the session's clock relative to real time; all times are by that clock.
    """

    start: int
    exchange: str
    real_money: bool
    speed: int | float
    inputs: int
