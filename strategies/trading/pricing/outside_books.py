"""Fair prices from several outside sources: books, other exchanges, models.

A source counts for a pair while what it says is recent, did not jump, and lies near the anchor; the
fair price is the weighted mean of those that count. Before a game, a point that a source does not
offer is taken from its other points, and from its moneyline, on the sport's distribution of scores.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from msgspec import Meta

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.market import EventStatus, Market, Pair, SportEvent
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import PositiveNumber, PositiveSeconds, nanoseconds
from strategies.trading.model.source_prices import SourcePrice
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.pricing.other_points import price_at
from strategies.trading.pricing.touch import NO_FAIR_PRICE, Pricing
from strategies.trading.pricing.vig import Vig, VigMethod, fair_probability

TOO_FEW, NO_ANCHOR = "too few sources", "no anchor"
NOT_A_SOURCE, JUMPS = "not in pricing.weights", "jumps"

_Distance = Annotated[float, Meta(gt=0, le=1)]


class Opinion(NamedTuple):
    """What a source says of a pair now: a fair probability of its first line, or why it has none.

    `is_other_point` is whether the source does not offer the point itself.
    """

    source: str
    fair: float | None
    problem: str = ""
    is_other_point: bool = False


class BookRules:
    """How prices of outside sources are read with `pricing=books`, and how old they may be."""

    def __init__(
        self,
        vig: VigMethod,
        names: Iterable[str],
        max_age_seconds: float,
        source_max_age_seconds: Mapping[str, float],
        sport_max_age_seconds: Mapping[str, float],
        max_jump: float,
    ) -> None:
        """Take the settings of `Books`; without names, every source counts."""
        self.vig = vig
        self._names = frozenset(names)
        self._max_age_ns = nanoseconds(max_age_seconds)
        self._by_source_ns = _in_ns(source_max_age_seconds)
        self._by_sport_ns = {
            sport.lower(): limit for sport, limit in _in_ns(sport_max_age_seconds).items()
        }
        self._max_jump = max_jump
        # Asked for every price whenever one arrives.
        self._limits_ns: dict[tuple[str, str], int] = {}

    @property
    def across_markets(self) -> bool:
        """Return True: a moneyline gives the price of a spread."""
        return True

    def fair(self, price: ReferencePrice) -> float:
        """Return the fair probability of a price's line."""
        return fair_probability(price, self.vig)

    def refusal(
        self, source: str, fair: float, before: SourcePrice | None, event: EventState, at_ns: int
    ) -> str | None:
        """Return why a price does not count: a source that is not named, or a jump."""
        if self._names and source not in self._names:
            return NOT_A_SOURCE
        if before is None or not before.accepted_ns:
            return None
        recent = at_ns - before.accepted_ns <= self.limit_ns(source, event)
        if recent and abs(fair - before.accepted_fair) > self._max_jump:
            return f"{JUMPS}: from {before.accepted_fair:.3f} to {fair:.3f}"
        return None

    def limit_ns(self, source: str, event: EventState) -> int:
        """Return the age limit: the smaller of those of source and sport, else that of all."""
        sport = event.event.sport
        limit_ns = self._limits_ns.get((source, sport))
        if limit_ns is None:
            of_source, of_sport = (
                self._by_source_ns.get(source),
                self._by_sport_ns.get(sport.lower()),
            )
            named = [each for each in (of_source, of_sport) if each is not None]
            limit_ns = min(named) if named else self._max_age_ns
            self._limits_ns[source, sport] = limit_ns
        return limit_ns


def _in_ns(seconds: Mapping[str, float]) -> dict[str, int]:
    return {name: nanoseconds(each) for name, each in seconds.items()}


class Books(Pricing):
    """The weighted mean of the outside sources that count.

    Without enough of them, and without the anchor if one is named, there is no fair price.
    """

    def __init__(
        self,
        vig: Vig,
        weights: Annotated[
            Mapping[str, PositiveNumber],
            Meta(description="The weight of each source, by name; if any is named, only these."),
        ],
        min_sources: Annotated[
            int, Meta(ge=1, description="With fewer sources that count there is no fair price.")
        ],
        max_age_seconds: Annotated[
            PositiveSeconds, Meta(description="The age beyond which a source drops out.")
        ],
        source_max_age_seconds: Annotated[
            Mapping[str, PositiveSeconds], Meta(description="The same of a source, by its name.")
        ],
        sport_max_age_seconds: Annotated[
            Mapping[str, PositiveSeconds], Meta(description="The same in a sport, by its name.")
        ],
        anchor: Annotated[
            str | None, Meta(description="The source that others must lie near; null: none.")
        ],
        max_anchor_gap: Annotated[
            _Distance,
            Meta(description="A source further from the anchor, in probability, is ignored."),
        ],
        max_jump: Annotated[
            _Distance,
            Meta(
                description="A price that differs by more from the last one of its source is "
                "refused, until that is too old."
            ),
        ],
    ) -> None:
        """Take the settings; raise SettingError for an anchor or a number that cannot be."""
        if weights and anchor is not None and anchor not in weights:
            raise SettingError("anchor", f"{anchor!r} is not in pricing.weights")
        if weights and min_sources > len(weights):
            raise SettingError(
                "min_sources", f"{min_sources} is more than pricing.weights has, {len(weights)}"
            )
        for name in source_max_age_seconds:
            if weights and name not in weights:
                raise SettingError("source_max_age_seconds", f"{name!r} is not in pricing.weights")
        self._rules = BookRules(
            vig, weights, max_age_seconds, source_max_age_seconds, sport_max_age_seconds, max_jump
        )
        self._weights = dict(weights)
        self._min_sources = min_sources
        self._anchor = anchor
        self._max_anchor_gap = max_anchor_gap

    def __repr__(self) -> str:
        """Return its name in reports."""
        named = f", weights={self._weights}" if self._weights else ""
        anchor = f", anchor={self._anchor}" if self._anchor else ""
        return f"Books(vig={self._rules.vig}, min_sources={self._min_sources}{anchor}{named})"

    @property
    def source_rules(self) -> BookRules:
        """Return how prices of outside sources are read."""
        return self._rules

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:
        """Return the fair probability of the pair's first line, None without enough sources."""
        opinions = self.opinions(book.pair, event, now_ns)
        counted = [each for each in opinions if each.fair is not None]
        if len(counted) < self._min_sources or not self._has_anchor(counted):
            return None
        total = weighted = 0.0
        for source, fair, *_ in counted:
            assert fair is not None, "only those with a price were kept"
            weight = self._weights.get(source, 1.0)
            total += weight
            weighted += weight * fair
        return weighted / total

    def opinions(self, pair: Pair, event: EventState, now_ns: int) -> list[Opinion]:
        """Return what each source that may count says of a pair now, in order of their names."""
        names = sorted(self._weights or event.sources.names)
        found = [self._opinion(name, pair, event, now_ns) for name in names]
        anchor = next((each.fair for each in found if each.source == self._anchor), None)
        return found if anchor is None else [self._near(each, anchor) for each in found]

    def unpriced_reason(self, book: Book, event: EventState, now_ns: int) -> str:
        """Return how many sources count, and why each of the others does not."""
        opinions = self.opinions(book.pair, event, now_ns)
        counted = [each for each in opinions if each.fair is not None]
        problems = "".join(f"; {each.source} {each.problem}" for each in opinions if each.problem)
        if len(counted) < self._min_sources:
            return f"{TOO_FEW}: {len(counted)} of {self._min_sources}{problems}"
        if not self._has_anchor(counted):
            return f"{NO_ANCHOR}: {self._anchor} does not count{problems}"
        return NO_FAIR_PRICE

    def next_move_ns(self, event: EventState, after_ns: int) -> int | None:
        """Return when the next price of the event becomes too old."""
        ends = (
            price.at_ns + self._rules.limit_ns(name, event) + 1
            for name, price in event.sources.all()
            if price.refusal is None
        )
        return min((end for end in ends if end > after_ns), default=None)

    def missing_for(
        self,
        market: Market,  # noqa: ARG002 - an outside price may be of any market
        event: SportEvent,  # noqa: ARG002
        *,
        outside_prices: bool,
    ) -> str | None:
        """Return that outside prices are missing, None if there are some."""
        return None if outside_prices else "outside prices, of which there are none"

    def _opinion(self, name: str, pair: Pair, event: EventState, now_ns: int) -> Opinion:
        kind, point = pair.market.kind, pair.first.point
        own = event.sources.at(kind, point).get(name)
        if own is not None and own.refusal is not None:
            return Opinion(name, None, own.refusal.replace(":", "", 1))
        oldest_ns = now_ns - self._rules.limit_ns(name, event)
        if own is not None and own.at_ns >= oldest_ns:
            return Opinion(name, own.fair)
        if event.status is EventStatus.NOT_STARTED:
            fair = price_at(event, name, pair, oldest_ns)
            if fair is not None:
                return Opinion(name, fair, is_other_point=True)
        if own is None:
            return Opinion(name, None, "does not offer it")
        # Without its age, which would be another reason at every decision.
        most_s = (now_ns - oldest_ns) / NS_PER_SECOND
        return Opinion(name, None, f"is older than {most_s:g} s")

    def _near(self, opinion: Opinion, anchor: float) -> Opinion:
        """Return an opinion, without its price if that is too far from the anchor."""
        gap = None if opinion.fair is None else abs(opinion.fair - anchor)
        if gap is None or gap <= self._max_anchor_gap:
            return opinion
        far = f"is {gap:.3f} from {self._anchor}, of {self._max_anchor_gap:g} permitted"
        return Opinion(opinion.source, None, far)

    def _has_anchor(self, counted: list[Opinion]) -> bool:
        return self._anchor is None or any(each.source == self._anchor for each in counted)
