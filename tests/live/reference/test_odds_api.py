"""The Odds API polled from a stub: which prices are received, and what its failures cost."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from live.decode_errors import DecodeErrors
from live.reference.odds_api.game_matching import FollowedGame
from live.reference.odds_api.odds_client import BODY_BYTES_MAX
from live.reference.odds_api.odds_poller import OddsPoller
from live.reference.odds_api.odds_report import REPORT_FILE
from live.reference.odds_api.odds_settings import API_KEY, OddsApiSettings
from live.reference.reference_source import ReferenceLine, ReferenceSettings, ReferenceSource
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError, CredentialsError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.live.reference.followed_game import followed_game
from tests.live.reference.odds_stub import (
    KEY,
    CutResponse,
    OddsStub,
    SlowResponse,
    book,
    game,
    serving,
)

SPEED = 200
MINUTE_NS = 60 * NS_PER_SECOND
HOME, AWAY = "Boston Celtics", "Miami Heat"
Scenario = Callable[[], Awaitable[None]]


@dataclass
class Polling:
    """A poller of a stub, beside the other sources, and what is received of it."""

    folder: Path
    stub: OddsStub = field(default_factory=OddsStub)
    settings: dict[str, Any] = field(default_factory=dict)
    starts_in_minutes: float = 30
    received: list[ReferenceLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)
    decode_errors: DecodeErrors = field(default_factory=DecodeErrors)
    clock: WallClock = field(default_factory=lambda: WallClock(speed=SPEED))
    followed: list[FollowedGame] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=lambda: {API_KEY: KEY})

    def __post_init__(self) -> None:
        """Offer one game at the exchange and at the stub, with two bookmakers."""
        start_ns = self.clock.wall_ns() + int(self.starts_in_minutes * MINUTE_NS)
        self.followed.append(followed_game(HOME, AWAY, start_ns))
        self.stub.games = lambda _: self.games(start_ns)

    def games(self, start_ns: int) -> list[dict[str, Any]]:
        """Return what the stub lists, and note when it was asked."""
        now_ns = self.clock.wall_ns()
        self.times_ns.append(now_ns)
        books = [
            book("sharp", HOME, AWAY, now_ns, h2h=(-150, 130), spreads=(-4.5, -110, -108)),
            book("soft_us", HOME, AWAY, now_ns, h2h=(-160, 140), totals=(221.5, -105, -115)),
        ]
        return [game(HOME, AWAY, start_ns, *books)]

    def run(self, scenario: Scenario) -> None:
        """Run a scenario while the stub is polled."""

        async def run() -> None:
            async with serving(self.stub):
                poller = self.poller()
                source = ReferenceSource(
                    ReferenceSettings(), self.clock, self.decode_errors, self.folder, poller
                )
                running = asyncio.create_task(source.run(self.received.append, self.notes.append))
                await scenario()
                assert not running.done(), "the sources go on"
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        run_watching(run())

    def poller(self) -> OddsPoller:
        """Return a poller of the stub with these settings."""
        given = {"sports": ["nba"], "url": self.stub.url, "near_seconds": 1, **self.settings}
        settings = read_settings("reference.odds_api", OddsApiSettings, given)
        return OddsPoller(
            settings,
            self.environ,
            self.clock,
            self.decode_errors,
            lambda: self.followed,
            self.folder,
        )

    async def until_noted(self, text: str) -> None:
        """Wait for a line for persons."""
        await until(lambda: any(text in note for note in self.notes))

    async def until_passed(self) -> None:
        """Wait for a minute of the clock, in which the poller looks several times."""
        end_ns = self.clock.wall_ns() + MINUTE_NS
        await until(lambda: self.clock.wall_ns() >= end_ns)

    def prices(self) -> list[ReferencePrice]:
        """Return the prices that were received."""
        return [line.price.price for line in self.received if line.price is not None]

    def report(self) -> dict[str, Any]:
        """Return the file of what matched."""
        report: dict[str, Any] = json.loads((self.folder / REPORT_FILE).read_text())
        return report


@pytest.fixture
def polling(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Polling]:
    """Return a poller of a stub; whatever is shown, logged or saved never holds the key."""
    caplog.set_level(logging.DEBUG)
    polling = Polling(tmp_path)
    yield polling
    shown = [*polling.notes, caplog.text, *(f"{line.raw!r}" for line in polling.received)]
    shown += [file.read_text() for file in tmp_path.iterdir() if file.is_file()]
    assert not [text for text in shown if KEY in text]


def test_the_prices_of_every_bookmaker_are_received(polling: Polling) -> None:
    """Each market of each bookmaker is a line of its source, with its odds, point and time."""

    async def scenario() -> None:
        await until(lambda: len(polling.received) >= 4)

    polling.run(scenario)
    sharp, spread, soft, total = polling.prices()[:4]
    at_ns = polling.times_ns[0] // NS_PER_SECOND * NS_PER_SECOND
    assert sharp == ReferencePrice(
        LineId("1 home 0"), implied_probability(-150), "sharp", at_ns, implied_probability(130)
    )
    assert (spread.line_id, spread.point) == ("1 home -4.5", -4.5)
    assert soft.source == "soft_us"
    # The exchange has 220.5 only: its line stands for the market, with the bookmaker's point.
    assert (total.line_id, total.point) == ("1 over 220.5", 221.5)
    query = polling.stub.queries[1]
    assert query == {
        "apiKey": KEY,
        "regions": "us",
        "markets": "h2h,spreads,totals",
        "oddsFormat": "american",
        "dateFormat": "iso",
    }
    assert "odds api: nba: odds of 1 game, 0 without, 0 refused" in polling.notes
    assert polling.report()["leagues"]["nba"]["matched"][0]["event_id"] == "1"


def test_bad_parts_cost_only_themselves(polling: Polling) -> None:
    """A price of 1.7, one side only, points that do not agree: each is refused by its book."""
    start_ns = polling.followed[0].scheduled_ns
    bad: list[Any] = [
        book("liar", HOME, AWAY, start_ns - 31 * MINUTE_NS, h2h=(1.7, -110)),
        book("zero", HOME, AWAY, start_ns - 31 * MINUTE_NS, h2h=(0, 0)),
        book("quarter", HOME, AWAY, start_ns - 31 * MINUTE_NS, spreads=(-4.25, -110, -110)),
        book("other", HOME, "Miami", start_ns - 31 * MINUTE_NS, h2h=(-110, -110)),
        book("late", HOME, AWAY, start_ns + 60 * MINUTE_NS, h2h=(-110, -110)),
        book("Bad Key", HOME, AWAY, start_ns, h2h=(-110, -110)),
        {"key": "half", "markets": [{"key": "h2h", "outcomes": [{"name": HOME, "price": 120}]}]},
        7,
    ]
    crooked = book("crooked", HOME, AWAY, start_ns - 31 * MINUTE_NS, spreads=(-4.5, -110, -110))
    crooked["markets"][0]["outcomes"][1]["point"] = 5.5
    good = book("good", HOME, AWAY, start_ns - 31 * MINUTE_NS, h2h=(-120, 105))
    games: list[Any] = [
        {"id": "x"},
        "game",
        game(HOME, HOME, start_ns),
        game(HOME, AWAY, start_ns, sport="icehockey_nhl"),
        game(HOME, AWAY, start_ns, *bad, crooked, good),
    ]
    polling.stub.games = lambda _: games

    async def scenario() -> None:
        await until(polling.prices)

    polling.run(scenario)
    assert {price.source for price in polling.prices()} == {"good"}
    reasons = "\n".join(polling.decode_errors.counts)
    for of_book in ("liar", "zero", "quarter", "other", "late", "half", "crooked"):
        assert of_book in reasons


def test_another_game_of_the_same_teams_is_never_quoted_on(polling: Polling) -> None:
    """Yesterday's game and swapped sides give no price; each is shown once, by name."""
    start_ns, now_ns = polling.followed[0].scheduled_ns, polling.clock.wall_ns()
    prices = book("sharp", HOME, AWAY, now_ns, h2h=(-150, 130))
    swapped = book("sharp", AWAY, HOME, now_ns, h2h=(-150, 130))
    polling.stub.games = lambda _: [
        game(HOME, AWAY, start_ns - 24 * 60 * MINUTE_NS, prices),
        game(AWAY, HOME, start_ns, swapped),
        game("Nowhere Nobodies", AWAY, start_ns, prices),
    ]

    async def scenario() -> None:
        await until(lambda: polling.stub.served >= 3)

    polling.run(scenario)
    assert polling.received == []
    refused = [note for note in polling.notes if f"{AWAY} at {HOME}, 20" in note]
    assert len(refused) == 2, polling.notes
    assert any("starts 24 h 00 min before the exchange's game" in note for note in refused)
    assert any("no odds" in note for note in refused)
    assert sum("the other way round" in note for note in polling.notes) == 1
    assert sum("'Nowhere Nobodies' is no team of nba" in note for note in polling.notes) == 1
    assert len(polling.report()["leagues"]["nba"]["refused"]) == 3


def replies(polling: Polling) -> dict[str, tuple[Callable[[web.Request], web.StreamResponse], str]]:
    """Return answers that are failures, each with the line that a person reads."""
    stub = polling.stub

    def plain(body: bytes) -> Callable[[web.Request], web.StreamResponse]:
        return lambda _: web.Response(body=body, headers=stub.headers)

    unreadable = "odds api: nba: an answer that is no list of games"
    return {
        "busy": (lambda _: stub.error(429, "EXCEEDED_FREQ_LIMIT"), "asks for fewer requests (429"),
        "failed": (lambda _: stub.error(503, ""), "odds api: failed (503)"),
        "html": (lambda _: web.Response(status=502, text="<html>"), "odds api: failed (502)"),
        "unknown sport": (
            lambda _: stub.error(404, "UNKNOWN_SPORT"),
            "does not know what is asked for (404, UNKNOWN_SPORT)",
        ),
        "redirect": (
            lambda _: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
            "answers with status 302",
        ),
        "no JSON": (plain(b"<html>"), unreadable),
        "an object": (plain(b'{"message": "ok"}'), unreadable),
        "empty": (plain(b""), unreadable),
        "deep": (plain(b"[" * 100_000), unreadable),
        "cut": (lambda _: CutResponse(), "odds api: the answer was cut off"),
        "long": (plain(b" " * (BODY_BYTES_MAX + 1)), "odds api: the answer is longer than 16 MiB"),
        "packed": (
            lambda _: web.Response(body=b"x", headers={"Content-Encoding": "gzip"}),
            "odds api: the answer is compressed",
        ),
        "slow": (lambda _: SlowResponse(), "odds api: no whole answer within 0.2 s"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        *("busy", "failed", "html", "unknown sport", "redirect", "no JSON", "an object"),
        *("empty", "deep", "cut", "long", "packed", "slow"),
    ],
)
def test_a_failure_is_one_line_and_passes(polling: Polling, kind: str) -> None:
    """Whatever an answer is, it is one line for a person, and the next good one is used."""
    reply, shown = replies(polling)[kind]
    polling.stub.scripted.append(reply)
    if kind == "slow":
        polling.settings["answer_seconds"] = 0.2

    async def scenario() -> None:
        await until(lambda: polling.received)
        await polling.until_noted("answers again, after 1 failure")

    polling.run(scenario)
    assert sum(shown in note for note in polling.notes) == 1, polling.notes
    assert all("\n" not in note for note in polling.notes)


def test_failures_in_a_row_are_one_line_and_ever_rarer_requests(polling: Polling) -> None:
    """A source that keeps failing is one line, and is asked after longer and longer pauses."""
    asked_ns: list[int] = []

    def fail(_: web.Request) -> web.StreamResponse:
        asked_ns.append(polling.clock.wall_ns())
        return polling.stub.error(500, "")

    polling.stub.scripted.extend([fail] * 3)

    async def scenario() -> None:
        await polling.until_noted("answers again, after 3 failures")

    polling.run(scenario)
    assert sum("odds api: failed (500)" in note for note in polling.notes) == 1
    pauses = [(after - before) / NS_PER_SECOND for before, after in pairwise(asked_ns)]
    assert pauses[0] >= 15
    assert pauses[1] >= 30


def test_a_request_to_wait_is_respected(polling: Polling) -> None:
    """After status 429 nothing is asked before the time of its Retry-After is over."""
    refused_ns: list[int] = []

    def busy(_: web.Request) -> web.StreamResponse:
        refused_ns.append(polling.clock.wall_ns())
        return polling.stub.error(429, "EXCEEDED_FREQ_LIMIT", **{"Retry-After": "100"})

    polling.stub.scripted.append(busy)

    async def scenario() -> None:
        await until(lambda: polling.times_ns)

    polling.run(scenario)
    assert polling.times_ns[0] - refused_ns[0] >= 100 * NS_PER_SECOND


def test_a_refused_key_is_not_tried_again(polling: Polling) -> None:
    """Status 401 is one line; the source is not asked again, and the others go on."""
    polling.environ = {API_KEY: "another"}

    async def scenario() -> None:
        await polling.until_noted("not asked again")
        await polling.until_passed()

    polling.run(scenario)
    (note,) = [note for note in polling.notes if "401" in note]
    assert note == (
        "odds api: the key is refused (401, INVALID_KEY); check ODDS_API_KEY; it is not asked "
        "again before the next start"
    )
    assert polling.stub.requests == ["/v4/sports"]


def test_the_quota_is_never_used_up(polling: Polling) -> None:
    """With little of the quota polls become rare, and what is to be kept is never used."""
    polling.stub.remaining = 40
    polling.settings |= {"keep": 20, "slow_below": 35}

    async def scenario() -> None:
        await polling.until_noted("polling has stopped")
        await polling.until_passed()

    polling.run(scenario)
    assert polling.stub.remaining == 22
    slowed = "odds api: 34 of its quota are left, fewer than reference.odds_api.slow_below"
    assert sum(note.startswith(slowed) for note in polling.notes) == 1
    stopped = "odds api: 22 of its quota are left, and a poll costs 3 with 20 to be kept"
    assert sum(note.startswith(stopped) for note in polling.notes) == 1
    assert polling.report()["quota"] == {"remaining": 22, "used": 18}


@pytest.mark.slow  # an hour of the fastest clock
def test_polling_goes_on_with_a_new_quota(polling: Polling) -> None:
    """A spent quota is asked for at times, which is free, and polls go on when there is more."""
    polling.stub.remaining = 5

    async def scenario() -> None:
        await polling.until_noted("polling has stopped")
        assert polling.stub.served == 0
        polling.stub.remaining = 500
        polling.followed[0] = polling.followed[0]._replace(
            scheduled_ns=polling.clock.wall_ns() + 90 * MINUTE_NS
        )
        await polling.until_noted("polling goes on")
        await until(lambda: polling.stub.served)

    polling.run(scenario)


def test_a_quota_that_others_use_up_stops_the_polls(polling: Polling) -> None:
    """When another program uses the last of the quota, that answer stops the polls too."""
    polling.stub.shows_quota = False
    polling.stub.scripted.append(lambda _: polling.stub.error(401, "OUT_OF_USAGE_CREDITS"))

    async def scenario() -> None:
        await polling.until_noted("polling has stopped")
        await polling.until_passed()

    polling.run(scenario)
    assert polling.stub.served == 1


def test_nothing_is_asked_without_a_game_to_price(polling: Polling) -> None:
    """No request is spent on a league without games, on games that are over, or in play."""
    now_ns = polling.clock.wall_ns()
    live = replace_status(polling.followed[0], EventStatus.LIVE)
    ended = replace_status(polling.followed[0], EventStatus.ENDED)
    started = polling.followed[0]._replace(scheduled_ns=now_ns)
    other = followed_game(HOME, AWAY, now_ns + MINUTE_NS, tournament="NHL")
    polling.followed[:] = [live, ended, started, other]

    async def scenario() -> None:
        await until(lambda: polling.stub.requests)
        await polling.until_passed()
        assert polling.stub.served == 0
        polling.followed.append(followed_game(HOME, AWAY, now_ns + 60 * MINUTE_NS))
        await until(lambda: polling.stub.served)

    polling.run(scenario)


def replace_status(followed: FollowedGame, status: EventStatus) -> FollowedGame:
    """Return a game with another status."""
    return followed._replace(status=status)


def test_a_defect_of_the_poller_ends_only_the_poller(polling: Polling) -> None:
    """An error that nobody foresaw is one line without the key; the other sources go on."""

    class Defective(list[FollowedGame]):
        def __iter__(self) -> Iterator[FollowedGame]:
            message = f"apiKey={KEY}"
            raise ZeroDivisionError(message)

    polling.followed = Defective(polling.followed)

    async def scenario() -> None:
        await polling.until_noted("stopped by ZeroDivisionError: apiKey=***")

    polling.run(scenario)


def test_a_report_that_cannot_be_written_costs_no_price(polling: Polling) -> None:
    """A full or missing disk costs the report, with one line, and no price."""
    polling.folder /= "missing"

    async def scenario() -> None:
        await until(lambda: len(polling.received) >= 8)

    polling.run(scenario)
    assert sum(REPORT_FILE in note for note in polling.notes) == 1


def test_a_key_is_needed(polling: Polling) -> None:
    """Without a key in the environment a session does not start, and says which it needs."""
    polling.environ, polling.stub.url = {}, "http://127.0.0.1:1"
    with pytest.raises(CredentialsError, match=r"reference\.odds_api\.sports: .*ODDS_API_KEY"):
        polling.poller()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("sports", ["nbaa"]),
        ("sports", "nba"),
        ("sports", ["NBAA"]),
        ("url", "http://odds.example"),
        ("url", "https://odds.example/v4"),
        ("url", "https://key@odds.example"),
        ("url", "odds"),
        ("markets", ["moneyline"]),
        ("markets", []),
        ("regions", []),
        ("regions", ["us,eu"]),
        ("near_seconds", 0),
        ("in_play_seconds", -1),
        ("keep", 101),
        ("slow_below", -1),
        ("teams", "missing.yaml"),
        ("key", "secret"),
    ],
)
def test_a_wrong_setting_is_refused(polling: Polling, setting: str, value: object) -> None:
    """Each wrong setting is one line that names it."""
    polling.stub.url = "http://127.0.0.1:1"
    polling.settings = {setting: value}
    with pytest.raises(ConfigError) as caught:
        polling.poller()
    named = "slow_below" if setting == "keep" else setting
    assert str(caught.value).startswith(f"reference.odds_api.{named}")
    assert "\n" not in str(caught.value)
