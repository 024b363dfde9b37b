"""What a run on a recording cannot show, because the recording's source does not report it."""

from collections.abc import Iterator

from recordings.tape import TapeInfo, Unreported
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import cents_from_dollars, dollars_text

_OF_REST = {
    Unreported.OFFERS: "No offers: nothing can be taken, and no price comes from the touch.",
    Unreported.TRADES: "No trades: a resting wager is filled only by an offer that crosses it, so "
    "fills are rare, and the queue models front and back cannot differ.",
    Unreported.TAKERS: "No takers: nobody knows which side of a trade was the taker, so no trade "
    "fills a wager.",
    Unreported.RESULTS: "No results: positions are not settled, only marked.",
}


def assumed_cents(name: str, info: TapeInfo, assumed_stake: float | None) -> int | None:
    """Return the amount of an offer of unreported size, None where every amount is reported.

    `name` is the recording's. Raise ConfigError if amounts are unreported and none is assumed.
    """
    if Unreported.AMOUNTS not in info.unreported:
        return None
    if assumed_stake is None:
        message = (
            f"recording {name!r}: its source does not report amounts; state the stake that every "
            "offer is assumed to have, in dollars, by recording.assumed_stake=100"
        )
        raise ConfigError(message)
    return cents_from_dollars(assumed_stake)


def limits_of(info: TapeInfo, assumed: int | None) -> Iterator[str]:
    """Yield what a run on a recording cannot show, the assumed amount (in cents) first."""
    if assumed is not None:
        yield (
            f"AMOUNTS ARE ASSUMED: the source does not report them, and every offer without one "
            f"counts as {dollars_text(assumed)} (recording.assumed_stake). Fills, and the queue "
            "models front and back, mean little here."
        )
    for each in info.unreported:
        if each in _OF_REST:
            yield _OF_REST[each]
