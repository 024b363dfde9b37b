"""Imports recorded messages and candlesticks of Kalshi, a recording of each game.

The files are read once, in the order given; the games that they are about are written side by side
and appear under their names when all are whole.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from recordings.importers.kalshi.kalshi_game import KalshiGame
from recordings.importers.kalshi.kalshi_messages import (
    BookDelta,
    BookSnapshot,
    Candle,
    Candles,
    ContractTicker,
    ContractTrade,
    KalshiEnvelope,
    KalshiMessage,
    MarketDescription,
    MarketLifecycle,
    Markets,
    json_documents,
    number_of,
)
from recordings.importers.kalshi.kalshi_tickers import (
    KalshiContract,
    parse_ticker,
    start_ns,
    teams_of,
)
from recordings.importers.kalshi.sequences import SubscriptionSequences
from recordings.importers.many_imports import make_folder_of_recordings
from recordings.reader import Tape
from recordings.writing import writing
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError

_KINDS: Mapping[str, type[KalshiMessage]] = {
    "orderbook_snapshot": BookSnapshot,
    "orderbook_delta": BookDelta,
    "trade": ContractTrade,
    "ticker": ContractTicker,
    "market_lifecycle_v2": MarketLifecycle,
}
# Times of trades are whole seconds, and messages of several subscriptions cross.
_MOST_BACK_NS = 10 * 10**9
_FIRST_FIELD = b'"candlesticks"'


def import_kalshi(
    files: Sequence[Path],
    out: Path,
    *,
    markets: Path | None = None,
    starts: Mapping[str, int] | None = None,
    skip_errors: bool = False,
) -> Iterator[str]:
    """Write a recording of each game into a folder of its own in `out`; yield lines about it.

    `markets` is a saved response of REST that describes the markets, with strikes and results;
    `starts` are the starts of games, by the part of their tickers that names them. Raise TapeError
    for the first line that cannot be read, unless errors are skipped; then nothing is left.
    """
    made = make_folder_of_recordings(out)
    importer = _KalshiImporter(out, starts or {})
    try:
        if markets is not None:
            importer.describe(markets)
        contracts = _contracts(files)
        importer.prepare(contracts)
        for file in files:
            yield from importer.read(file, skip_errors=skip_errors)
        yield from importer.finish()
    finally:
        importer.abandon()
        if made:
            # Nothing is left where nothing could be imported.
            with suppress(OSError):
                out.rmdir()


def _contracts(files: Sequence[Path]) -> list[KalshiContract]:
    """Return the contracts on games that files are about: who is home is in all of them."""
    tickers: dict[str, None] = {}
    for file in files:
        for _, line in json_documents(file):
            with suppress(msgspec.MsgspecError):
                found = msgspec.json.decode(line, type=_Named)
                tickers[found.msg.market_ticker or found.ticker or found.market_ticker] = None
    parsed = (parse_ticker(ticker) for ticker in tickers)
    return [contract for contract in parsed if contract is not None]


class _Subject(msgspec.Struct, frozen=True):
    market_ticker: str = ""


class _Named(msgspec.Struct):
    """The ticker of a line, whatever it is."""

    msg: _Subject = _Subject()
    ticker: str = ""
    market_ticker: str = ""


class _KalshiImporter:
    def __init__(self, out: Path, starts: Mapping[str, int]) -> None:
        self._out = out
        self._starts = starts
        self._strikes: dict[str, float] = {}
        self._results: dict[str, str] = {}
        self._contracts: dict[str, KalshiContract] = {}
        self._teams: dict[str, tuple[str, str]] = {}
        self._games: dict[str, KalshiGame] = {}
        self._kept: dict[str, int] = {}
        self._known: set[str] = set()
        self._without_strike: set[str] = set()
        self._others: set[str] = set()
        self._sequences = SubscriptionSequences()
        self._waiting: list[tuple[KalshiMessage, KalshiEnvelope]] = []
        self._candles: list[tuple[str, int, str, Candle]] = []
        self._last_ns = 0
        self._skipped = 0
        self._missing = 0

    def describe(self, file: Path) -> None:
        """Take strikes and results from a response of REST."""
        for number, document in json_documents(file):
            try:
                found = msgspec.json.decode(document, type=Markets)
                each = [*found.markets, *([found.market] if found.market else [])]
                for market in each:
                    self._describe(market.ticker, market)
            except (msgspec.MsgspecError, TapeError) as error:
                message = f"{file}, line {number}: no description of markets ({error})"
                raise TapeError(message) from error

    def prepare(self, contracts: Sequence[KalshiContract]) -> None:
        """Find the teams of every game, and the games that are there already."""
        sides: dict[str, list[str]] = {}
        for contract in contracts:
            self._contracts[contract.ticker] = contract
            sides.setdefault(contract.game, []).append(contract.side)
        for contract in contracts:
            named = [side for side in sides[contract.game] if side]
            self._teams[contract.game] = teams_of(contract, named)
            if (self._out / contract.game).exists():
                self._kept[contract.game] = Tape(self._out / contract.game).rows_total

    def read(self, file: Path, *, skip_errors: bool) -> Iterator[str]:
        """Write what the lines of a file say; yield the messages of those that were skipped."""
        for number, line in json_documents(file):
            try:
                self._apply_line(line)
            except (msgspec.MsgspecError, TapeError) as error:
                message = f"{file}, line {number}: {error}"
                if not skip_errors:
                    raise TapeError(message) from error
                self._skipped += 1
                yield f"skipped {message}"

    def finish(self) -> Iterator[str]:
        """Give the recordings their names; yield a line about each, and about what was left out."""
        if self._waiting:
            message = "no message has a time: add that of its arrival to each line, as received_ns"
            raise TapeError(message)
        if not self._games and not self._kept:
            message = (
                f"no message is about a moneyline, spread or total of a game{self._left_out()}"
            )
            raise TapeError(message)
        self._write_candles()
        lines = {game: tape.finish(self._results) for game, tape in sorted(self._games.items())}
        for game, line in lines.items():
            with writing(self._out / game):
                self._part(game).rename(self._out / game)
            yield f"{game}: {line}"
        self._games.clear()
        yield from (f"{game}: kept, {rows:,} rows" for game, rows in self._kept.items())
        yield (
            f"{counted(len(lines), 'recording')} imported, {len(self._kept)} kept, "
            f"{counted(self._skipped, 'line')} skipped for an error, "
            f"{counted(self._missing, 'message')} missing in sequences{self._left_out()}"
        )

    def abandon(self) -> None:
        """Remove what is not whole."""
        for game, tape in self._games.items():
            tape.writer.abandon()
            shutil.rmtree(self._part(game), ignore_errors=True)

    def _left_out(self) -> str:
        parts = []
        if self._without_strike:
            some = sorted(self._without_strike)[0]
            number = counted(len(self._without_strike), "contract")
            parts.append(f"{number} without a strike left out ({some}): give --markets")
        if self._others:
            some = sorted(self._others)[0]
            number = counted(len(self._others), "contract")
            parts.append(f"{number} on other questions left out ({some})")
        return "".join(f"; {part}" for part in parts)

    def _part(self, game: str) -> Path:
        return self._out / f".{game}.part"

    def _describe(self, ticker: str, market: MarketDescription) -> None:
        if market.floor_strike is not None:
            self._strikes[ticker] = float(number_of(market.floor_strike))
        if market.result:
            self._results[ticker] = market.result

    def _apply_line(self, line: bytes) -> None:
        if _FIRST_FIELD in line:
            self._keep_candles(msgspec.json.decode(line, type=Candles))
            return
        envelope = msgspec.json.decode(line, type=KalshiEnvelope)
        if not envelope.type:
            text = "no message of Kalshi: it has no type"
            raise TapeError(text)
        kind = _KINDS.get(envelope.type)
        if kind is None:
            return
        message = msgspec.json.decode(envelope.msg, type=kind)
        ns = envelope.arrival_ns() or message.exchange_ns()
        if ns is None and self._last_ns == 0:
            # Snapshots have no time: they come with the first message that has one.
            self._waiting.append((message, envelope))
            return
        self._advance(ns)
        waiting, self._waiting = self._waiting, []
        for each in (*waiting, (message, envelope)):
            self._apply(*each)

    def _advance(self, ns: int | None) -> None:
        if ns is not None:
            if ns < self._last_ns - _MOST_BACK_NS:
                message = f"goes back in time, from {self._last_ns} to {ns} ns"
                raise TapeError(message)
            self._last_ns = max(self._last_ns, ns)

    def _apply(self, message: KalshiMessage, envelope: KalshiEnvelope) -> None:
        self._follow_sequence(message, envelope)
        ticker = message.market_ticker
        if isinstance(message, MarketLifecycle) and message.additional_metadata is not None:
            self._describe(ticker, message.additional_metadata)
        game = self._game_of(ticker)
        if game is None:
            return
        ns = self._last_ns
        game.counts.messages += 1
        if isinstance(message, BookSnapshot):
            self._apply_snapshot(game, message, envelope)
        elif isinstance(message, BookDelta):
            if ticker not in self._sequences.stale and not game.apply_delta(ns, message):
                self._lose([ticker], "a change of a book that was not sent before it")
        else:
            _APPLY[type(message)](game, ns, message)

    def _apply_snapshot(
        self, game: KalshiGame, message: BookSnapshot, envelope: KalshiEnvelope
    ) -> None:
        game.apply_snapshot(self._last_ns, message)
        self._sequences.on_snapshot(envelope.sid, message.market_ticker)
        name = self._contracts[message.market_ticker].game
        stale = {self._contracts[ticker].game for ticker in self._sequences.stale}
        if name not in stale:
            game.restore_feed(self._last_ns)

    def _follow_sequence(self, message: KalshiMessage, envelope: KalshiEnvelope) -> None:
        missing = self._sequences.missing(envelope.sid, envelope.seq)
        self._missing += missing
        if missing and isinstance(message, BookDelta | BookSnapshot):
            reason = f"{counted(missing, 'message')} missing before sequence {envelope.seq}"
            self._lose(list(self._sequences.books_of(envelope.sid)), reason)

    def _lose(self, tickers: Sequence[str], reason: str) -> None:
        for ticker in tickers:
            self._sequences.stale.add(ticker)
            game = self._game_of(ticker)
            if game is not None:
                game.lose_feed(self._last_ns, reason)

    def _write_candles(self) -> None:
        """Write the candles of all files in order of time, as each file is of one contract."""
        for game, ns, ticker, candle in sorted(self._candles, key=itemgetter(0, 1, 2)):
            if self._games[game].counts.messages:
                message = f"{ticker}: candlesticks and messages of one game; import one of them"
                raise TapeError(message)
            self._games[game].apply_candle(ns, ticker, candle)

    def _keep_candles(self, candles: Candles) -> None:
        ticker = candles.ticker or candles.market_ticker
        if self._game_of(ticker) is not None:
            game = self._contracts[ticker].game
            for candle in candles.candlesticks:
                self._candles.append((game, candle.end_period_ts * 10**9, ticker, candle))

    def _game_of(self, ticker: str) -> KalshiGame | None:
        """Return the game of a contract, None of a contract that is not imported."""
        contract = self._contracts.get(ticker)
        if contract is None:
            self._others.add(ticker)
            return None
        if contract.game in self._kept:
            return None
        strike = self._strikes.get(ticker)
        if strike is None and contract.type.row.has_point:
            self._without_strike.add(ticker)
            return None
        if contract.game not in self._games:
            self._games[contract.game] = self._new_game(contract)
        game = self._games[contract.game]
        if ticker not in self._known:
            self._known.add(ticker)
            self._without_strike.discard(ticker)
            game.add_contract(contract, strike)
        return game

    def _new_game(self, contract: KalshiContract) -> KalshiGame:
        part = self._part(contract.game)
        # Left by an import that was killed.
        shutil.rmtree(part, ignore_errors=True)
        begins_ns = self._starts.get(contract.game, start_ns(contract))
        return KalshiGame(part, contract, self._teams[contract.game], begins_ns)


_APPLY: Mapping[type[KalshiMessage], Callable[[KalshiGame, int, Any], None]] = {
    ContractTrade: KalshiGame.apply_trade,
    ContractTicker: KalshiGame.apply_ticker,
    MarketLifecycle: KalshiGame.apply_lifecycle,
}
