"""The parts of a report that are words and tables; the pictures are in `report_figures`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from sim.report_page import (
    Html,
    Tile,
    code_block,
    folded,
    join,
    paragraph,
    subheading,
    table,
    tiles,
)
from sim.report_run import Columns, Run
from sim.report_text import (
    NONE,
    count,
    dollars,
    minutes_from_start,
    odds_text,
    percent,
    points,
    seconds,
    signed_dollars,
    utc,
)

FILLS_LISTED = 15
REASONS_LISTED = 20
_FATES = {
    "matched": "matched in full",
    "cancelled": "cancelled by us",
    "wiped": "wiped at the start",
    "rejected": "rejected by the exchange",
    "invalid": "invalid after acceptance",
    "open": "still open at the end",
}
_MEASURES = ("edge", "markout_1s", "markout_10s", "markout_60s")


def key_figures(run: Run) -> Html:
    """Return the tiles at the head of the report."""
    s = run.summary
    share = percent(s.profit_cents / s.turnover_cents) if s.turnover_cents else NONE
    open_count = len(s.open_positions)
    return tiles(
        [
            Tile("Settled profit", signed_dollars(s.profit_cents), "net of commission"),
            Tile("Commission", dollars(s.commission_cents), "taken from settled winnings"),
            Tile("Marked, not settled", signed_dollars(s.marked_cents), _open_text(open_count)),
            Tile("Turnover", dollars(s.turnover_cents), f"stake matched; profit is {share} of it"),
            Tile("Fills", count(s.fills), f"{count(s.wagers_matched)} wagers matched"),
            Tile("Mean edge at the fill", points(s.mean_edge), "fair less implied, by stake"),
            Tile("Mean markout at 60 s", points(s.mean_markout_60s), "fair after, less at fill"),
            Tile("Wagers placed", count(s.wagers_placed), f"{count(s.wagers_cancelled)} cancelled"),
            Tile("Largest exposure", dollars(s.max_exposure_cents), "worst case, resting included"),
            Tile("Largest drawdown", dollars(s.max_drawdown_cents), "fall from the highest equity"),
            Tile("Denials", count(s.denials), "by our own risk controls"),
            Tile("Starting balance", dollars(s.starting_balance_cents), "of the session"),
        ]
    )


def _open_text(open_count: int) -> str:
    if not open_count:
        return "no position is open"
    return f"{count(open_count)} open, at the last fair price"


def queue_models(run: Run) -> Html:
    """Return the settled profit under the chosen queue model, and under front and back."""
    s = run.summary
    chosen = s.models.get("queue", NONE)
    rows = [
        (f"{chosen} (chosen)", signed_dollars(s.profit_cents), NONE),
        _queue_row("front", "hopeful: cancellations leave ahead of us", run, s.profit_cents_front),
        _queue_row("back", "fearful: cancellations leave behind us", run, s.profit_cents_back),
    ]
    return join(
        [
            table(("queue model", "#settled profit", "#against the chosen"), rows),
            paragraph(
                "A fill model is an opinion: the recording does not show which stake left the "
                "queue. With the commands fixed, front fills no less than back; with a strategy "
                "that answers to its fills, the two profits are a sensitivity, in either order, "
                "not a bound.",
                "aside",
            ),
        ]
    )


def _queue_row(name: str, meaning: str, run: Run, cents: int | None) -> tuple[str, str, str]:
    apart = None if cents is None else cents - run.summary.profit_cents
    return f"{name} ({meaning})", signed_dollars(cents), signed_dollars(apart)


def fills_by_pair(run: Run) -> Html:
    """Return number, stake, edge and markouts of the fills of each pair and of all."""
    stakes = run.fills["stake_cents"]
    if not stakes:
        return paragraph("There were no fills.")
    places: dict[str, list[int]] = defaultdict(list)
    for place, pair_id in enumerate(run.fills["pair_id"]):
        places[pair_id].append(place)
    rows = [_fill_row(run.pair_name(key).label, run.fills, places[key]) for key in sorted(places)]
    heads = ("market", "#fills", "#on first", "#stake", "#mean edge")
    markouts = ("#markout 1 s", "#markout 10 s", "#markout 60 s")
    total = _fill_row("all", run.fills, range(len(stakes)))
    return table((*heads, *markouts), rows, total)


def _fill_row(label: str, fills: Columns, places: Sequence[int]) -> list[str]:
    stakes = [fills["stake_cents"][place] for place in places]
    firsts = sum(fills["first"][place] for place in places)
    means = [_mean_by_stake([fills[name][p] for p in places], stakes) for name in _MEASURES]
    return [label, count(len(stakes)), count(firsts), dollars(sum(stakes)), *map(points, means)]


def _mean_by_stake(values: Iterable[float | None], stakes: Iterable[int]) -> float | None:
    known = [
        (value, stake) for value, stake in zip(values, stakes, strict=True) if value is not None
    ]
    weight = sum(stake for _, stake in known)
    return sum(value * stake for value, stake in known) / weight if weight else None


def largest_fills(run: Run) -> Html:
    """Return the fills of the largest stakes, in order of time."""
    fills = run.fills
    by_stake = sorted(range(len(fills["ns"])), key=lambda place: -fills["stake_cents"][place])
    if not by_stake:
        return Html("")
    shown = sorted(by_stake[:FILLS_LISTED])
    title = f"The {len(shown)} largest of {count(len(by_stake))} fills, in order of time"
    heads = ("time", "#from start", "market", "backed", "#odds", "#stake", "#to win")
    rows = [_fill_cells(run, place) for place in shown]
    return join([subheading(title), table((*heads, "#fair", "#edge", "#markout 60 s"), rows)])


def _fill_cells(run: Run, place: int) -> list[str]:
    fill = {name: column[place] for name, column in run.fills.items()}
    name, event = run.pair_name(fill["pair_id"]), run.event_of(fill["pair_id"])
    return [
        utc(fill["ns"]),
        minutes_from_start(fill["ns"], event.scheduled_ns) if event else NONE,
        name.label,
        name.first if fill["first"] else name.second,
        odds_text(fill["odds"]),
        dollars(fill["stake_cents"]),
        dollars(fill["profit_cents"]),
        percent(fill["fair"]),
        points(fill["edge"]),
        points(fill["markout_60s"]),
    ]


def wager_fates(run: Run) -> Html:
    """Return what became of the wagers, and how long they lived."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, reason in enumerate(run.wagers["reason"]):
        places[reason].append(place)
    if not places:
        return paragraph("No wager was placed.")
    order = [*_FATES, *sorted(set(places) - set(_FATES))]
    rows = [_fate_row(_FATES.get(r, r), run.wagers, places[r]) for r in order if r in places]
    heads = ("fate", "#wagers", "#partly matched", "#stake placed", "#stake matched")
    total = _fate_row("all", run.wagers, range(len(run.wagers["reason"])))
    return table((*heads, "#median life"), rows, total)


def _fate_row(fate: str, wagers: Columns, places: Sequence[int]) -> list[str]:
    stakes = [wagers["stake_cents"][place] for place in places]
    matched = [wagers["matched_cents"][place] for place in places]
    partly = sum(0 < part < whole for part, whole in zip(matched, stakes, strict=True))
    lives = [
        wagers["ended_ns"][place] - wagers["placed_ns"][place]
        for place in places
        if wagers["ended_ns"][place] is not None
    ]
    return [
        fate,
        count(len(stakes)),
        count(partly),
        dollars(sum(stakes)),
        dollars(sum(matched)),
        seconds(median(lives) if lives else None),
    ]


def denials(run: Run) -> Html:
    """Return how often each control of our own denied a wager, and for which reasons."""
    if not run.summary.denials_by_control:
        return paragraph("Our own risk controls denied nothing.")
    controls = table(("control", "#denials"), _by_count(run.summary.denials_by_control))
    reasons = _reasons(run.denials)
    return join([controls, reasons]) if run.denials["control"] else controls


def _reasons(denials: Columns) -> Html:
    keys = list(zip(denials["control"], denials["reason"], strict=True))
    asked: Counter[tuple[str, str]] = Counter()
    for key, stake_cents in zip(keys, denials["stake_cents"], strict=True):
        asked[key] += stake_cents or 0
    common = Counter(keys).most_common(REASONS_LISTED)
    rows = [(*key, count(number), dollars(asked[key])) for key, number in common]
    return table(("control", "reason", "#denials", "#stake asked"), rows)


def rejections(run: Run) -> Html:
    """Return how often the exchange rejected a wager, by its code."""
    if not run.summary.rejections_by_code:
        return paragraph("The exchange rejected nothing.")
    return table(("code", "#rejections"), _by_count(run.summary.rejections_by_code))


def _by_count(counts: dict[str, int]) -> list[tuple[str, str]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(name, count(number)) for name, number in ordered]


def settlement(run: Run) -> Html:
    """Return what each settled market brought in."""
    settled = run.summary.settled
    if not settled:
        return paragraph("Nothing was settled: the recording holds no result for what was matched.")
    rows = [
        (s.label, s.market, *_gross_to_net(s.gross_cents, s.commission_cents, s.net_cents))
        for s in settled
    ]
    total = _gross_to_net(
        sum(s.gross_cents for s in settled),
        sum(s.commission_cents for s in settled),
        sum(s.net_cents for s in settled),
    )
    heads = ("market", "id", "#gross profit", "#commission", "#net profit")
    return table(heads, rows, ("all", "", *total))


def _gross_to_net(gross_cents: int, commission_cents: int, net_cents: int) -> tuple[str, str, str]:
    return signed_dollars(gross_cents), dollars(commission_cents), signed_dollars(net_cents)


def open_positions(run: Run) -> Html:
    """Return what was left unsettled, with its marks."""
    positions = run.summary.open_positions
    if not positions:
        return paragraph("No position was left open.")
    rows = [
        (
            position.label,
            signed_dollars(position.profit_if_first_cents),
            signed_dollars(position.profit_if_second_cents),
            signed_dollars(position.marked_cents),
        )
        for position in positions
    ]
    heads = ("market", "#profit if first wins", "#profit if second wins", "#marked at last fair")
    total = ("all", "", "", signed_dollars(run.summary.marked_cents))
    warning = "These positions are outside settled profit: their marks are never added in."
    return join([paragraph(warning), table(heads, rows, total)])


def models(run: Run) -> Html:
    """Return the models and settings that the run was made with."""
    named = run.summary.models.items()
    shown = table(("model", "setting"), [(name.replace("_", " "), _words(v)) for name, v in named])
    if run.config is None:
        return shown
    return join([shown, folded("The composed configuration", code_block(run.config))])


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NONE if value is None else str(value)


def reproduction(run: Run) -> Html:
    """Return all that it takes to make the same run again, and to know that it is the same."""
    s = run.summary
    rows = [
        ("commit", s.commit or "not known: the code was not run from a clone"),
        ("seed", str(s.seed)),
        ("digest of the decisions", s.digest),
        ("digest of the recording", s.recording_digest),
        ("tape", f"{count(s.rows)} rows, {count(round(s.rows_per_second))} a second"),
        ("decisions", count(s.decisions)),
        ("versions", ", ".join(f"{name} {version}" for name, version in s.versions.items())),
    ]
    told = "The same code, configuration, recording and seed give the same digest of the decisions."
    return join([code_block(_command(run)), table(("", ""), rows), paragraph(told, "aside")])


def _command(run: Run) -> str:
    if run.overrides is None:
        return "The command was not kept: there is no .hydra folder in the run folder."
    return " ".join(("python -m sim run", *run.overrides))
