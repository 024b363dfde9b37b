"""Money is integer cents. This module owns every conversion and every rounding.

Dollars exist only at the edges: in configurations and in texts.
"""

from decimal import Decimal

from strategies.trading.model.odds import opposite, payout_ratio
from strategies.trading.model.settings import Dollars


def cents_from_dollars(dollars: Dollars) -> int:
    """Return an amount of dollars as cents; raise ValueError if it has a third decimal."""
    exact = Decimal(str(dollars)) * 100
    cents = int(exact)
    if cents != exact:
        message = f"{dollars} dollars are no whole number of cents"
        raise ValueError(message)
    return cents


def dollars_text(cents: int) -> str:
    """Return cents as text in dollars: -1234 becomes -$12.34."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def profit_cents(stake_cents: int, odds: int) -> int:
    """Return the profit of a winning stake at these odds, in cents, rounded half up."""
    numerator, denominator = payout_ratio(odds)
    return (2 * stake_cents * numerator + denominator) // (2 * denominator)


def fill_profit_cents(filled_cents: int, stake_cents: int, odds: int) -> int:
    """Return the profit of a fill of `stake_cents` after `filled_cents` at the same odds.

    The profit is the rounded profit of the cumulative stake less that of earlier fills, so that
    splitting a wager into fills never changes its total profit.
    """
    return profit_cents(filled_cents + stake_cents, odds) - profit_cents(filled_cents, odds)


def stake_within_profit(filled_cents: int, open_cents: int, odds: int, budget_cents: int) -> int:
    """Return how much of `open_cents` a counterparty with `budget_cents` matches.

    The counterparty's stake is our profit. A budget that pays for all of `open_cents` matches all
    of it. A smaller one buys the exact amount over all fills at these odds, rounded half up; where
    the profit of that, rounded too, exceeds the budget, a cent less.
    """
    if fill_profit_cents(filled_cents, open_cents, odds) <= budget_cents:
        return open_cents
    profit_limit_cents = profit_cents(filled_cents, odds) + budget_cents
    # What the counterparty wins is our stake.
    cumulative_cents = profit_cents(profit_limit_cents, opposite(odds))
    if profit_cents(cumulative_cents, odds) > profit_limit_cents:
        cumulative_cents -= 1
    return max(0, cumulative_cents - filled_cents)
