"""Metrics of a running session: what Prometheus reads is what the session says."""

import asyncio
import json
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.request import urlopen

import pytest
from msgspec.structs import replace
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from conf.compose import build_parts
from live.__main__ import main
from live.metrics.line_metrics import MOST_LINES
from live.metrics.metric_families import MetricFamilies
from live.metrics.metrics_verb import LOOPBACK, MetricsServer
from live.metrics.session_metrics import MOST_EVENTS, MOST_MARKETS, add_session
from live.session.control.snapshot_client import read_session
from strategies.trading.model.ids import WagerRef
from strategies.trading.snapshot.snapshot_types import (
    EventDetail,
    EventSummary,
    FeedView,
    LineView,
    MarketDetail,
    OfferLevel,
    PairDetail,
    RoundTripTimes,
    SessionView,
    WagerView,
)
from tests.fixture_types import Compose, RunMain
from tests.live.session.controlled_session import ControlledSession
from tests.paths import PROJECT

WORDS = ("mode=live", "strategy.quote_refresh_seconds=0", "strategy.default_stake=10")
DASHBOARD = PROJECT / "docs" / "grafana-dashboard.json"
PAGE = PROJECT / "docs" / "metrics.md"
SECOND = 1_000_000_000

Samples = dict[str, list[tuple[dict[str, str], float]]]


@pytest.fixture
def controlled(compose_settings: Compose, tmp_path: Path) -> ControlledSession:
    """Return sessions that quote $10 on both lines of one moneyline."""
    return ControlledSession(build_parts(compose_settings(*WORDS)), tmp_path)


def scraped(port: int) -> Samples:
    """Return the samples of one scrape by name."""
    with urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=30) as response:
        return samples_of(text_string_to_metric_families(response.read().decode()))


def samples_of(families: Iterable[Metric]) -> Samples:
    """Return the samples of families by name."""
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    """Return the only sample with these labels among its own."""
    (found,) = [v for own, v in samples[name] if labels.items() <= own.items()]
    return found


def whole_view(controlled: ControlledSession) -> SessionView:
    """Return the snapshot of a session after a fill, with a feed and round trips."""
    kept: list[SessionView] = []

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        session.toy.fill(WagerRef(next(iter(session.toy.open_wagers))))
        while True:
            view = await asyncio.to_thread(read_session, session.folder)
            assert view is not None
            if view.counts is not None and view.counts.fills:
                kept.append(view)
                return

    controlled.run(scenario)
    (view,) = kept
    assert view.counts is not None
    now_ns, times = view.desk.at_ns, RoundTripTimes(9, SECOND // 50, SECOND // 4)
    (event,) = view.events
    event = replace(event, score=(54, 51), clock_ns=900 * SECOND)
    (market,) = event.markets
    market = replace(market, settled_cents=-105, reasons=["feed stale"], silent_since_ns=now_ns)
    return replace(
        view,
        events=[replace(event, markets=[market])],
        feed=FeedView(now_ns - SECOND, {event.event_id: now_ns - 2 * SECOND}, 0, 1, SECOND, 0),
        placing=times,
        cancelling=times,
        counts=replace(view.counts, denials={"max_market_exposure": 3}),
    )


def exported(view: SessionView, lines: int = 2) -> Samples:
    """Return the samples of a snapshot, with a pair of lines or many that have wagers open."""
    found = MetricFamilies()
    add_session(found, "toy", view, [detail_of(view.events[0], lines // 2)])
    return samples_of(found)


def detail_of(event: EventSummary, pairs: int) -> EventDetail:
    """Return an event with pairs that have one wager of ours and one of others on each line."""
    level, ours = OfferLevel(-110, 5_000, 1_500), OfferLevel(105, 700, 700)
    wager = WagerView("toy-1", 110, -110, 1_500, 300, 1_200, "open", 1, 3_500)
    first, second = (
        LineView(name, name.upper(), [ours, level], [wager], 0, 300, 1_200) for name in ("h", "a")
    )
    pair = PairDetail(
        "1:1:0", 0.0, first, second, 0.55, None, [], None, None, 0, [], [], 0
    )  # fmt: skip
    (market, *_) = event.markets
    return EventDetail(1, event, 1, [MarketDetail(market, 1, 0, [pair] * pairs)], [], [])


def test_a_scrape_shows_a_session_that_comes_and_goes(controlled: ControlledSession) -> None:
    """It is up with its money in dollars while it runs; away it has no other sample."""
    with MetricsServer([controlled.folder], 0) as server:
        assert scraped(server.port) == {"prophet_session_up": [({"session": "toy"}, 0.0)]}

        async def scenario(session: ControlledSession) -> None:
            await session.quoting()
            samples = await asyncio.to_thread(scraped, server.port)
            assert value(samples, "prophet_session_up") == 1
            assert value(samples, "prophet_equity_dollars", session="toy") == 10_000
            staked = session.staked_cents() / 100
            assert value(samples, "prophet_open_stake_dollars") == staked
            assert value(samples, "prophet_desk_state", state="active") == 1
            assert value(samples, "prophet_desk_state", state="halted") == 0
            of_lines = samples["prophet_line_open_stake_dollars"]
            assert sum(dollars for _, dollars in of_lines) == staked
            await session.say("halt", "test")
            while "prophet_markets_unquoted" not in samples:
                samples = await asyncio.to_thread(scraped, server.port)
            assert value(samples, "prophet_desk_state", state="halted") == 1
            assert value(samples, "prophet_markets_unquoted", reason="halted") == 1

        controlled.run(scenario)
        assert scraped(server.port) == {"prophet_session_up": [({"session": "toy"}, 0.0)]}


def test_figures_are_in_base_units(controlled: ControlledSession) -> None:
    """Seconds, dollars and ratios; counters end in _total."""
    samples = exported(whole_view(controlled))
    assert value(samples, "prophet_fills_total") == 1
    assert value(samples, "prophet_fill_stake_dollars_total") > 0
    assert value(samples, "prophet_round_trip_seconds", request="place", percentile="99") == 0.25
    assert value(samples, "prophet_feed_age_seconds") == 1
    assert value(samples, "prophet_event_feed_age_seconds") == 2
    assert value(samples, "prophet_event_clock_seconds") == 900
    assert value(samples, "prophet_market_settled_profit_dollars") == -1.05
    assert value(samples, "prophet_event_score", team="away") == 51
    assert value(samples, "prophet_line_fair_probability", line="A") == pytest.approx(0.45)
    # At +105 all is ours, at -110 a part.
    assert value(samples, "prophet_line_best_odds", line="H") == -110
    assert value(samples, "prophet_line_best_stake_dollars", line="H") == 35
    assert value(samples, "prophet_line_open_stake_dollars", line="H") == 12
    assert value(samples, "prophet_line_stake_ahead_dollars", line="H") == 35
    wagers = "risk.max_concurrent_wagers"
    used, limit = (value(samples, f"prophet_limit{end}", limit=wagers) for end in ("_used", ""))
    assert value(samples, "prophet_limit_used_ratio", limit=wagers) == used / limit


def test_labels_are_bounded(controlled: ControlledSession) -> None:
    """Beyond the most events and markets there are sums, and a count of what is left out."""
    view = whole_view(controlled)
    (event,) = view.events
    markets = [replace(event.markets[0], market_id=str(n)) for n in range(9)]
    events = [replace(event, event_id=str(n), markets=markets) for n in range(150)]
    samples = exported(replace(view, events=events))
    assert value(samples, "prophet_events") == 150
    assert len(samples["prophet_event_exposure_dollars"]) == MOST_EVENTS
    assert len(samples["prophet_market_quoted"]) == MOST_MARKETS
    assert value(samples, "prophet_rows_left_out") == 50 + 150 * 9 - MOST_MARKETS
    samples = exported(view, lines=MOST_LINES + 40)
    assert len(samples["prophet_line_fair_probability"]) == MOST_LINES
    assert value(samples, "prophet_lines_left_out") == 40


def test_reasons_are_bounded(controlled: ControlledSession) -> None:
    """Beyond the most there is a sum of the others."""
    view = whole_view(controlled)
    (event,) = view.events
    markets = [replace(event.markets[0], reasons=[f"reason {n}: {n}"]) for n in range(50)]
    samples = exported(replace(view, events=[replace(event, markets=markets)]))
    unquoted = samples["prophet_markets_unquoted"]
    assert len(unquoted) == 21
    assert sum(number for _, number in unquoted) == 50


def test_every_query_of_the_dashboard_names_what_is_exported(controlled: ControlledSession) -> None:
    """Also each label in it, and in the legend of its panel."""
    samples = exported(whole_view(controlled))
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(targets) > 20
    for target in targets:
        names = re.findall(r"prophet_\w+", target["expr"])
        assert names
        assert set(names) <= samples.keys(), target["expr"]
        used = set(re.findall(r"(?:\{|,)(\w+)=", target["expr"]))
        used |= set(re.findall(r"by \((\w+)\)", target["expr"]))
        used |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        for name in names:
            assert used <= samples[name][0][0].keys(), target
    variables = json.dumps(dashboard["templating"])
    assert set(re.findall(r"prophet_\w+", variables)) <= samples.keys()


def test_the_page_lists_every_metric(controlled: ControlledSession) -> None:
    """By its whole name, and no other."""
    listed = set(re.findall(r"`(prophet_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert listed == set(exported(whole_view(controlled)))


def test_a_port_that_is_taken_is_named(run_main: RunMain, tmp_path: Path) -> None:
    """As are a session that does not exist and no session at all."""
    folder = tmp_path / "sessions" / "first"
    folder.mkdir(parents=True)
    (folder / "journal.sqlite").touch()
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        outcome = run_main(main, tmp_path, "metrics", "session.name=first", "--port", port)
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert f"--port {port}: cannot be used" in outcome.err[0]
    for words, named in (
        ((), "the following arguments are required: session.name=NAME"),
        (("session.name=frist",), "did you mean session.name=first?"),
        (("session.name=first", "--port", "99999"), "--port 99999: cannot be used"),
    ):
        outcome = run_main(main, tmp_path, "metrics", *words)
        assert (outcome.status, len(outcome.err)) == (2, 1)
        assert named in outcome.err[0]
