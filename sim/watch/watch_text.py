"""A moment of a recording as text for a terminal of any width; names are shown as plain text."""

from collections.abc import Sequence

from rich.text import Text

from recordings.utc_time import utc_text
from sim.inspect.book_table import amount_text, score_text, status_text
from sim.inspect.time_argument import span_text, start_text
from sim.watch.pair_history import PairMoment
from sim.watch.playback import Playback
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.market import MarketStatus, Pair
from strategies.trading.model.money import dollars_text
from strategies.trading.model.one_line import one_line

# Colours only repeat what the words beside them say.
_ALARM = "bold reverse"
_DIM = "dim"
_HEADING = "bold"
_ODDS_WIDTH = 7
_STAKE_WIDTH = 13
_BAR = "▪"
_NS_PER_MS = 1_000_000

SideOffers = Sequence[tuple[int, int]]


def head_lines(moment: PairMoment, catalogue: Catalogue, pair: Pair, place: str) -> list[Text]:
    """Return the time, the event, the market with its place among all, and the feed."""
    event = catalogue.events[pair.market.event_id]
    milliseconds = moment.at_ns // _NS_PER_MS % 1_000
    utc = utc_text(moment.at_ns).replace(" UTC", f".{milliseconds:03d} UTC")
    time = Text(f"{utc}  {start_text(moment.at_ns, moment.start_ns)}")
    name = Text(one_line(f"{event.name}; {status_text(moment.event_status)}"))
    score = "no score yet" if moment.score is None else score_text(event, moment.score)
    market = Text(f"{one_line(pair.label(event))} ({place})  ", _HEADING)
    market.append_text(_status_text(moment))
    return [time, name, Text(one_line(score)), market, _feed_text(moment)]


def _status_text(moment: PairMoment) -> Text:
    if moment.status is None:
        return Text("no status yet")
    since = f" for {span_text(moment.at_ns - moment.status_ns)}"
    style = "" if moment.status is MarketStatus.OPEN else _ALARM
    return Text(moment.status.name, style).append(since, "")


def _feed_text(moment: PairMoment) -> Text:
    if moment.lost_ns is None:
        text = Text("feed without a gap")
    else:
        text = Text("FEED LOST", _ALARM)
        text.append(f" for {span_text(moment.at_ns - moment.lost_ns)}: changes may be missing", "")
    if moment.outside is not None:
        ago = span_text(moment.at_ns - moment.outside_ns)
        text.append(f"  outside price {100 * moment.outside:.1f} %, {ago} old", "")
    return text


def position_bar(playback: Playback, start_ns: int, width: int) -> Text:
    """Return how far the recording was played, with an S at the scheduled start."""
    inner = max(1, width - 10)
    done = round(playback.part * inner)
    cells = ["=" * done, "-" * (inner - done)]
    bar = list("".join(cells))
    length_ns = max(1, playback.last_ns - playback.first_ns)
    start = int((start_ns - playback.first_ns) / length_ns * inner)
    if 0 <= start < inner:
        bar[start] = "S"
    return Text(f"[{''.join(bar)}] {100 * playback.part:5.1f} %")


def book_lines(
    moment: PairMoment, catalogue: Catalogue, pair: Pair, width: int, height: int
) -> list[Text]:
    """Return both sides of a book beside each other: a heading each, then the levels.

    What does not fit in the height is counted in the last line.
    """
    event = catalogue.events[pair.market.event_id]
    half = max(_ODDS_WIDTH + _STAKE_WIDTH, (width - 3) // 2)
    names = (each.label(pair.market, event) for each in (pair.first, pair.second))
    headings = [
        _cell(f"{one_line(name)}{_result_text(moment, side)}", half, _HEADING)
        for side, name in enumerate(names)
    ]
    columns = [
        _cell(f"{'odds':>{_ODDS_WIDTH}}{'stake':>{_STAKE_WIDTH}}", half, _DIM) for _ in range(2)
    ]
    most = max((cents for side in moment.sides for _, cents in side), default=0)
    shown = max(1, height - 3)
    rows = [
        [_level(side, at, most, half) for side in moment.sides]
        for at in range(min(shown, max(map(len, moment.sides))))
    ]
    more = [max(0, len(side) - shown) for side in moment.sides]
    if any(more):
        rows.append([_cell(f"{each} more" if each else "", half, _DIM) for each in more])
    if not rows:
        rows.append([_cell("no offer", half, _DIM) for _ in range(2)])
    return [Text(" | ").join(cells) for cells in ([*headings], [*columns], *rows)]


def _result_text(moment: PairMoment, side: int) -> str:
    result = moment.results[side]
    return "" if result is None else f" {result.name}"


def _level(side: SideOffers, at: int, most_cents: int, width: int) -> Text:
    if at >= len(side):
        return _cell("", width)
    odds, cents = side[at]
    bar_width = max(0, width - _ODDS_WIDTH - _STAKE_WIDTH - 1)
    bar = _BAR * (round(bar_width * max(0, cents) / most_cents) if most_cents > 0 else 0)
    numbers = f"{odds:>+{_ODDS_WIDTH}d}{amount_text(cents):>{_STAKE_WIDTH}}"
    return _cell(f"{numbers} {bar}", width, _HEADING if at == 0 else "")


def _cell(text: str, width: int, style: str = "") -> Text:
    cell = Text(text, style)
    cell.truncate(width, overflow="ellipsis", pad=True)
    return cell


def trade_lines(moment: PairMoment, catalogue: Catalogue, pair: Pair, height: int) -> list[Text]:
    """Return the last trades in the market, as their takers made them, newest first."""
    event = catalogue.events[pair.market.event_id]
    lines = [Text(f"last trades in {one_line(pair.market.label(event))}", _HEADING)]
    if not moment.trades:
        lines.append(Text("  none yet", _DIM))
    for trade in moment.trades[: max(1, height - 1)]:
        line = catalogue.lines[trade.trade.line_id].label(pair.market, event)
        ago = span_text(moment.at_ns - trade.at_ns)
        taken = f"{dollars_text(trade.trade.stake_cents):>12} at {trade.trade.odds:+5d}"
        lines.append(Text(f"  {taken} on {one_line(line)}, {ago} ago"))
    return lines


def pair_line(catalogue: Catalogue, pair: Pair, sides: Sequence[SideOffers], width: int) -> Text:
    """Return a pair with the longest odds on each of its lines, for a list."""
    event = catalogue.events[pair.market.event_id]
    odds = (f"{side[0][0]:+d}" if side else "none" for side in sides)
    touch = "".join(f"{each:>8}" for each in odds)
    return _cell(one_line(pair.label(event)), max(10, width - len(touch))).append(touch)
