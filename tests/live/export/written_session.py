"""A session's folder, written without trading: its saved start, its recording, its journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import OmegaConf

from conf.compose import build_parts
from recordings.journal.entries import RunContext
from recordings.journal.session_journal import SessionJournal
from recordings.tape import Clocks
from recordings.utc_time import utc_ns
from recordings.writer import TapeWriter
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, MarketSettled, TradeBroken, WagerMatched
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds
from tests.fixture_types import Compose

GAME, MONEYLINE = EventId("77"), MarketId("219")
NAME = "Montréal, QC at H"
HOME_WINS = ((LineId("h"), Result.WON), (LineId("a"), Result.LOST))
AWAY_WINS = ((LineId("h"), Result.LOST), (LineId("a"), Result.WON))
VOID = ((LineId("h"), Result.VOIDED), (LineId("a"), Result.VOIDED))


def fill(ref: str, cents: int, total: int, odds: int = 150) -> WagerMatched:
    """Return a fill of a wager, whose profit is that of its odds."""
    return WagerMatched(WagerRef(ref), Odds(odds), cents, profit_cents(cents, odds), total)


def broken(ref: str, cents: int, total: int, odds: int = 150) -> TradeBroken:
    """Return a broken trade of a wager."""
    return TradeBroken(WagerRef(ref), cents, profit_cents(cents, odds), total)


def settled(results: tuple[tuple[LineId, Result], ...], revision: int) -> MarketSettled:
    """Return a settlement of the moneyline."""
    return MarketSettled(MarketKey(GAME, MONEYLINE), results, revision)


@dataclass
class WrittenSession:
    """Writes a session start by start; times are UTC, as 2026-07-01T23:00."""

    compose: Compose
    home: Path
    name: str = "first"
    settings: Sequence[str] = ("mode=live",)
    _number: int = field(default=0, init=False)

    @property
    def folder(self) -> Path:
        """Return the folder of the session."""
        return self.home / "sessions" / self.name

    @property
    def journal(self) -> Path:
        """Return its journal."""
        return self.folder / "journal.sqlite"

    def start(
        self, *happened: tuple[str, PlaceWager | Event], taken_over: Sequence[str] = ()
    ) -> "WrittenSession":
        """Write a start in which this happened, whose desk took over these wagers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.compose(*self.settings)
        with SessionJournal(self.journal) as journal:
            self._number = journal.begin_run(utc_ns(happened[0][0]) if happened else 0)
            self._write_tape(self.folder / f"tape-{self._number:05d}")
            saved = self.folder / f"start-{self._number:05d}.yaml"
            saved.write_text(OmegaConf.to_yaml(config, resolve=True), encoding="utf-8")
            limits, refs = build_parts(config)["risk"], tuple(map(WagerRef, taken_over))
            key = MarketKey(GAME, MONEYLINE)
            context = RunContext(limits, 1_000_000, (key,), 1, 1, 2, refs, ref_token="ab")
            journal.write_run_context(context)
            for seq, (at, payload) in enumerate(happened, 1):
                if isinstance(payload, PlaceWager):
                    journal.sent(utc_ns(at), payload)
                else:
                    journal.received(seq, utc_ns(at), payload)
            journal.commit()
        return self

    def wager(self, number: int, cents: int, line: str = "h", odds: int = 150) -> PlaceWager:
        """Return the request of a wager with a reference of this session."""
        return PlaceWager(
            WagerRef(f"{self.name}-{number}"), LineId(line), Odds(odds), cents, Intent.REST
        )

    @staticmethod
    def _write_tape(folder: Path) -> None:
        with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
            start_ns = utc_ns("2026-07-01T23:30")
            tape.add_event(SportEvent(GAME, NAME, "H", "Montréal", "NBA", "basketball", start_ns))
            tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
            for name, selection in (("h", Selection.HOME), ("a", Selection.AWAY)):
                tape.add_line(Line(LineId(name), GAME, MONEYLINE, selection, 0.0))
            tape.begin_message(start_ns, start_ns)
            tape.market_status(0, MarketStatus.OPEN)
