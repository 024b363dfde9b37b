"""Polls The Odds API for the games that the exchange offers, and makes lines of its prices.

| phase of a league | pause between two polls |
|---|---|
| none of its games is followed, or to be polled | nothing is asked |
| a game is on | `in_play_seconds`; null: not polled for it |
| a start is within `near_minutes` | `near_seconds` |
| otherwise | `early_seconds` |

With little of the quota left the pauses are four times as long, and with `keep` left nothing is
asked until the source reports more. Whatever fails is one line for a person, and never raised.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from live.decode_errors import DecodeErrors
from live.reference.odds_api.game_matching import FollowedGame, match_games
from live.reference.odds_api.odds_client import (
    OddsApiError,
    OddsClient,
    QuotaSpentError,
    odds_client,
)
from live.reference.odds_api.odds_lines import reference_lines
from live.reference.odds_api.odds_report import REPORT_FILE, OddsReport
from live.reference.odds_api.odds_settings import API_KEY, OddsApiSettings
from live.reference.odds_api.odds_wire import read_games, read_prices
from live.reference.odds_api.quota import Quota
from live.reference.odds_api.team_names import League, read_leagues
from live.wall_clock import WallClock
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, CredentialsError, ProtocolError
from strategies.trading.model.market import EventStatus
from strategies.trading.model.settings import nanoseconds
from strategies.trading.model.units import NS_PER_SECOND

_LOG = logging.getLogger(__name__)

# How often a new game, or a phase that began, is looked for.
_LOOK_NS = 10 * NS_PER_SECOND
# The pause after a failure, doubled with each further one in a row.
_FAILURE_SECONDS, _FAILURE_SECONDS_MAX = 15.0, 600.0
# How often a spent quota is asked for, which is free.
_SPENT_SECONDS = 3_600.0

GamesFollowed = Callable[[], Sequence[FollowedGame]]
OnLines = Callable[[list[bytes]], object]


class OddsPoller:
    """Polls the leagues of the settings until it is cancelled, or its key is refused."""

    def __init__(
        self,
        settings: OddsApiSettings,
        environ: Mapping[str, str],
        clock: WallClock,
        decode_errors: DecodeErrors,
        games: GamesFollowed,
        folder: Path,
    ) -> None:
        """Prepare; `games` returns the games that are followed now.

        Raise CredentialsError without a key in the environment, and ConfigError for a league that
        nothing describes or a table of teams that cannot be read.
        """
        self._settings = settings
        self._key = environ.get(API_KEY, "").strip()
        if not self._key:
            message = f"reference.odds_api.sports: the source needs a key; set {API_KEY}"
            raise CredentialsError(message)
        self._leagues = _chosen(settings)
        self._clock = clock
        self._decode_errors = decode_errors
        self._games = games
        self._report_file = folder / REPORT_FILE
        self._quota = Quota(settings.cost, settings.slow_below, settings.keep)
        self._polled_ns: dict[str, int] = {}
        self._held_until_ns = 0
        self._failures = 0
        self._problem: str | None = None
        self._was_low = False
        self._was_spent = False

    async def run(self, on_lines: OnLines, notify: Callable[[str], None]) -> None:
        """Poll until cancelled; return where no request of this start can succeed any more."""
        try:
            await self._poll_all(on_lines, notify)
        except OddsApiError as error:
            notify(f"odds api: {error}; it is not asked again before the next start")
        except Exception as error:
            # A defect here costs its prices, never the desk. The text may quote a request.
            text = f"{type(error).__name__}: {error}".replace(self._key, "***")
            _LOG.error("odds api: stopped by %s", text)
            notify(f"odds api: stopped by {text}; its prices end")

    async def _poll_all(self, on_lines: OnLines, notify: Callable[[str], None]) -> None:
        report = OddsReport(self._report_file, self._quota, notify)
        names = ", ".join(league.key for league in self._leagues)
        notify(f"odds api: polls {names} at {self._settings.url}")
        async with odds_client(self._settings, self._key, self._quota) as client:
            # Free, and shows the quota before any of it is used.
            await self._request(client.sports, notify)
            while True:
                now_ns = self._clock.wall_ns()
                if self._quota.is_spent:
                    await self._wait_for_quota(client, notify)
                elif now_ns >= self._held_until_ns:
                    await self._poll_due(client, report, on_lines, notify)
                await self._clock.sleep_until(self._next_look_ns())

    async def _poll_due(
        self,
        client: OddsClient,
        report: OddsReport,
        on_lines: OnLines,
        notify: Callable[[str], None],
    ) -> None:
        games = self._games()
        for league in self._leagues:
            followed = [each for each in games if league.has_game(each.event.tournament)]
            now_ns = self._clock.wall_ns()
            if self._due_ns(league, followed, now_ns) > now_ns or self._quota.is_spent:
                continue
            self._polled_ns[league.key] = now_ns

            async def poll(
                league: League = league, followed: list[FollowedGame] = followed
            ) -> None:
                body = await client.odds(league.sport_key)
                await self._use(body, league, followed, report, on_lines)

            await self._request(poll, notify)
            self._note_quota(notify)
            if self._clock.wall_ns() < self._held_until_ns:
                return

    async def _use(
        self,
        body: bytes,
        league: League,
        followed: list[FollowedGame],
        report: OddsReport,
        on_lines: OnLines,
    ) -> None:
        """Make lines of a response, a game at a time; raise OddsApiError if it cannot be read."""
        try:
            games = read_games(body, league.sport_key, self._decode_errors)
        except ProtocolError as error:
            self._decode_errors.note(error)
            message = f"{league.key}: an answer that is no list of games"
            raise OddsApiError(message) from None
        tolerance_ns = nanoseconds(self._settings.start_tolerance_minutes * 60)
        matching = match_games(games, followed, league, tolerance_ns)
        count = 0
        for matched in matching.matched:
            if self._phase_seconds(matched.followed, self._clock.wall_ns()) is None:
                continue
            prices = read_prices(matched.game, self._decode_errors)
            lines = list(reference_lines(prices, matched.followed))
            count += len(lines)
            on_lines(lines)
            # A long response takes a tenth of a second: what the desk waits for goes between.
            await asyncio.sleep(0)
        report.on_matching(league.key, matching, count, self._clock.wall_ns())

    async def _request(
        self, request: Callable[[], Awaitable[None]], notify: Callable[[str], None]
    ) -> None:
        """Send a request; hold others back after a failure, and raise one that is final."""
        try:
            await request()
        except QuotaSpentError:
            self._quota.remaining = 0
        except OddsApiError as error:
            if error.is_final:
                raise
            self._failed(error, notify)
        else:
            if self._failures:
                notify(f"odds api: answers again, after {counted(self._failures, 'failure')}")
            self._failures, self._problem = 0, None

    def _failed(self, error: OddsApiError, notify: Callable[[str], None]) -> None:
        backed_off = min(_FAILURE_SECONDS * 2**self._failures, _FAILURE_SECONDS_MAX)
        self._failures = min(self._failures + 1, 1_000)
        self._held_until_ns = self._clock.wall_ns() + nanoseconds(
            max(error.retry_seconds, backed_off)
        )
        # A problem that lasts is one line.
        if str(error) != self._problem:
            self._problem = str(error)
            notify(f"odds api: {error}")

    def _note_quota(self, notify: Callable[[str], None]) -> None:
        low = self._quota.is_low
        if low and not self._was_low:
            notify(
                f"odds api: {self._quota.remaining} of its quota are left, fewer than "
                f"reference.odds_api.slow_below; polls are {self._quota.slower} times as rare"
            )
        self._was_low = low

    async def _wait_for_quota(self, client: OddsClient, notify: Callable[[str], None]) -> None:
        """Notify once that the quota is used up; ask, which is free, whether there is more."""
        if not self._was_spent:
            self._was_spent = True
            notify(
                f"odds api: {self._quota.remaining} of its quota are left, and a poll costs "
                f"{self._quota.cost} with {self._settings.keep} to be kept; polling has stopped"
            )
        elif self._clock.wall_ns() < self._held_until_ns:
            return
        else:
            await self._request(client.sports, notify)
        if self._quota.is_spent:
            self._held_until_ns = self._clock.wall_ns() + nanoseconds(_SPENT_SECONDS)
        else:
            self._was_spent = False
            notify(f"odds api: {self._quota.remaining} of its quota are left; polling goes on")

    def _next_look_ns(self) -> int:
        return self._clock.wall_ns() + _LOOK_NS

    def _due_ns(self, league: League, followed: Sequence[FollowedGame], now_ns: int) -> int:
        """Return when a league is polled next; far ahead if none of its games is to be polled."""
        phases = [self._phase_seconds(game, now_ns) for game in followed]
        pauses = [seconds for seconds in phases if seconds is not None]
        if not pauses:
            return now_ns + _LOOK_NS
        polled_ns = self._polled_ns.get(league.key)
        if polled_ns is None:
            return now_ns
        return polled_ns + nanoseconds(min(pauses)) * self._quota.slower

    def _phase_seconds(self, game: FollowedGame, now_ns: int) -> float | None:
        """Return the pause between polls for a game, None if it is not polled for it."""
        settings = self._settings
        if game.status is EventStatus.ENDED:
            return None
        if game.status is EventStatus.LIVE or now_ns >= game.scheduled_ns:
            return settings.in_play_seconds
        if game.scheduled_ns - now_ns <= nanoseconds(settings.near_minutes * 60):
            return settings.near_seconds
        return settings.early_seconds


def _chosen(settings: OddsApiSettings) -> list[League]:
    leagues = read_leagues(None if settings.teams is None else Path(settings.teams))
    chosen = [key.lower() for key in settings.sports]
    unknown = [key for key in chosen if key not in leagues]
    if unknown:
        known = ", ".join(leagues)
        message = (
            f"reference.odds_api.sports: {unknown[0]!r} is no league; there are {known}, and "
            "reference.odds_api.teams may add others"
        )
        raise ConfigError(message)
    return [leagues[key] for key in dict.fromkeys(chosen)]
