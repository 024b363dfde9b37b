"""What a source says of a point that it does not offer, from those that it does, before a game."""

from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import Pair
from strategies.trading.model.market_types import MarketKind, MarketType
from strategies.trading.pricing.score_scales import SCALES, Scale

_MONEYLINE, _SPREAD = MarketKind(MarketType.MONEYLINE), MarketKind(MarketType.SPREAD)
_TOTAL = MarketKind(MarketType.TOTAL)


def price_at(event: EventState, source: str, pair: Pair, oldest_ns: int) -> float | None:
    """Return the fair probability of a pair's first line, by other points of a source.

    None for what has no scale: a sport that is not known, a period or a team; and if no price of
    the source that is as recent as `oldest_ns` is within reach. Between two points the expected
    score is interpolated, beyond the last one it is that of the last.
    """
    scales, kind = SCALES.get(event.event.sport.lower()), pair.market.kind
    if scales is None or kind not in (_MONEYLINE, _SPREAD, _TOTAL):
        return None
    scale: Scale = scales.total if kind == _TOTAL else scales.margin
    kinds = (_TOTAL,) if kind == _TOTAL else (_MONEYLINE, _SPREAD)
    known = sorted(
        (known_point, price.fair)
        for each in kinds
        for known_point, price in event.sources.of_source(source, each)
        if price.refusal is None and price.at_ns >= oldest_ns
    )
    point = pair.first.point
    below = max((each for each in known if each[0] <= point), default=None)
    above = min((each for each in known if each[0] >= point), default=None)
    near = [each for each in (below, above) if each is not None]
    if not near or min(abs(each[0] - point) for each in near) > scale.reach:
        return None
    return scale.fair(_mean(scale, near, point), point)


def _mean(scale: Scale, near: list[tuple[float, float]], point: float) -> float:
    """Return the expected score at a point, by one or two points with their fair prices."""
    first, last = near[0], near[-1]
    mean = scale.mean(first[1], first[0])
    if first[0] == last[0]:
        return mean
    share = (point - first[0]) / (last[0] - first[0])
    return mean + share * (scale.mean(last[1], last[0]) - mean)
