"""The words with which a person controls a running session: from words to an event of its desk."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import NamedTuple

from live.session.control.settable_settings import SettableSettings
from live.session.gateway import Notify
from live.wall_clock import WallClock
from recordings.journal.session_journal import JournalingListener, SessionJournal
from strategies.trading.desk.desk import Desk
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import (
    Event,
    EventPaused,
    MarketPaused,
    QuotesPulled,
    SettingsChanged,
    TradingState,
    TradingStateSet,
)
from strategies.trading.model.ids import EventId, MarketId, MarketKey
from strategies.trading.model.settings import SettingValue

USAGE = {
    "status": "status",
    "pause": "pause [GAME [MARKET]]",
    "resume": "resume [GAME [MARKET]]",
    "reduce": "reduce",
    "halt": "halt [REASON]",
    "pull": "pull [GAME [MARKET]]",
    "set": "set NAME=VALUE ...",
    "reload": "reload",
    "snapshot": "snapshot [EVENT_ID | since=VERSION]",
}
_MOST_SHOWN = 5
_LARGEST = 1e12


class Scope(NamedTuple):
    """All markets, those of one event, or one market; and its name for people."""

    event_id: EventId | None
    market_id: MarketId | None
    name: str

    @property
    def market_key(self) -> MarketKey | None:
        """Return the key of the market, None for an event or all."""
        if self.event_id is None or self.market_id is None:
            return None
        return MarketKey(self.event_id, self.market_id)


class ControlWords:
    """Applies the words of operators to one desk, in the order in which they come.

    Each is an input of the desk, in the journal with who gave it before it is answered. From
    `close` on, every word that changes something is refused.
    """

    def __init__(
        self,
        desk: Desk,
        listener: JournalingListener,
        clock: WallClock,
        journal: SessionJournal,
        settings: SettableSettings,
        status: Callable[[], list[str]],
        snapshot: Callable[[Sequence[str]], Awaitable[list[str]]],
        notify: Notify,
    ) -> None:
        """Let words reach the desk through its listener; `notify` receives what was done."""
        self._desk = desk
        self._listener = listener
        self._clock = clock
        self._journal = journal
        self._settings = settings
        self._status = status
        self._snapshot = snapshot
        self._notify = notify
        self._is_closed = False
        self._verbs: dict[str, Callable[[str, Sequence[str]], Event]] = {
            "pause": self._pause,
            "resume": self._resume,
            "reduce": self._reduce,
            "halt": self._halt,
            "pull": self._pull,
            "set": self._set,
        }

    def close(self) -> None:
        """Refuse every further word that changes something: the session ends."""
        self._is_closed = True

    async def answer(self, operator: str, words: Sequence[str]) -> list[str]:
        """Apply words; return lines for the operator, or raise ConfigError with no change."""
        with _refusing_errors():
            verb, arguments = known_verb(words), words[1:]
            if verb == "status":
                require_no_more(verb, arguments)
                return self._status()
            if verb == "snapshot":
                return await self._snapshot(arguments)
            if verb == "reload":
                require_no_more(verb, arguments)
                event: Event = await self._settings.reloaded(operator)
            else:
                event = self._verbs[verb](operator, arguments)
        if self._is_closed:
            message = "the session is ending; it takes no more words"
            raise ConfigError(message)
        self._apply(event)
        done = self._text(event)
        if not isinstance(event, TradingStateSet):
            # A change of the state is an alert, whose line says the same.
            self._notify(done)
        return [done]

    def _apply(self, event: Event) -> None:
        def enter() -> None:
            now_ns = self._clock.now_ns()
            self._listener.take(event, now_ns)
            self._listener.act(now_ns)

        self._clock.enter(enter)
        self._journal.commit()
        if isinstance(event, SettingsChanged):
            self._settings.present = event

    # Verbs ------------------------------------------------------------------------------------

    def _pause(self, operator: str, words: Sequence[str]) -> Event:
        scope = self._scope("pause", words)
        if scope.event_id is None:
            return self._state(TradingState.PAUSED, f"by {operator}", operator)
        return _paused(scope, operator, paused=True)

    def _resume(self, operator: str, words: Sequence[str]) -> Event:
        scope = self._scope("resume", words)
        if scope.event_id is not None:
            return _paused(scope, operator, paused=False)
        if self._desk.risk.state is TradingState.ACTIVE:
            message = "the session is active; name a game, or a game and a market, to resume one"
            raise ConfigError(message)
        return TradingStateSet(TradingState.ACTIVE, f"by {operator}", operator)

    def _reduce(self, operator: str, words: Sequence[str]) -> Event:
        require_no_more("reduce", words)
        return self._state(TradingState.REDUCING, f"by {operator}", operator)

    def _halt(self, operator: str, words: Sequence[str]) -> Event:
        # Every kind of halt begins with its name.
        reason = " ".join(["operator:", *" ".join(words).split(), f"by {operator}"])
        return self._state(TradingState.HALTED, reason, operator)

    def _pull(self, operator: str, words: Sequence[str]) -> Event:
        scope = self._scope("pull", words)
        return QuotesPulled(scope.event_id, scope.market_id, operator)

    def _set(self, operator: str, words: Sequence[str]) -> Event:
        if not words:
            message = f"set: name a setting and its value: {USAGE['set']}"
            raise ConfigError(message)
        changes: dict[str, SettingValue] = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                message = f"set: {word!r} is not NAME=VALUE"
                raise ConfigError(message)
            changes[name] = value_of(value)
        return self._settings.changed(changes, operator)

    def _state(self, state: TradingState, reason: str, operator: str) -> Event:
        present = self._desk.risk.state
        if present is state:
            message = f"the session is {state} already"
            raise ConfigError(message)
        if present is TradingState.HALTED:
            message = f"the session is halted, which is more than {state}; resume lifts the halt"
            raise ConfigError(message)
        return TradingStateSet(state, reason, operator)

    # Scopes -----------------------------------------------------------------------------------

    def _scope(self, verb: str, words: Sequence[str]) -> Scope:
        if len(words) > 2:
            message = f"{verb}: write {USAGE[verb]}, with quotes around a name of several words"
            raise ConfigError(message)
        if not words or words[0] == "all":
            require_no_more(verb, words[1:])
            return Scope(None, None, "everything")
        states = self._desk.market_states
        games = {str(key): state.event.name for key, state in states.events.items()}
        event_id = EventId(chosen("game", words[0], games))
        name = games[event_id]
        if len(words) == 1:
            return Scope(event_id, None, name)
        event = states.events[event_id].event
        markets = {
            str(market.key.market_id): market.market.label(event)
            for market in states.markets_of(event_id)
        }
        market_id = MarketId(chosen(f"market of {name}", words[1], markets))
        return Scope(event_id, market_id, f"{name}, {markets[market_id]}")

    def _text(self, event: Event) -> str:
        """Return in words what an event does, and who gave it."""
        match event:
            case TradingStateSet():
                return f"{event.state}: {event.reason}"
            case EventPaused() | MarketPaused():
                done = f"{'paused' if event.paused else 'resumed'} {self._name_of(event)}"
            case QuotesPulled():
                done = f"pulled the quotes of {self._name_of(event)}"
            case SettingsChanged():
                done = self._settings.text(event)
            case _:
                raise AssertionError(event)
        return f"{done} by {event.operator}"

    def _name_of(self, event: EventPaused | MarketPaused | QuotesPulled) -> str:
        name_of = self._desk.market_states.catalogue.name_of
        if isinstance(event, MarketPaused):
            return name_of(event.market_key)
        if event.event_id is None:
            return "everything"
        if isinstance(event, EventPaused) or event.market_id is None:
            return name_of(event.event_id)
        return name_of(MarketKey(event.event_id, event.market_id))


@contextmanager
def _refusing_errors() -> Iterator[None]:
    """Raise ConfigError for any error within the context.

    It comes before anything reaches the desk, so whatever words are found to break must not end
    the session.
    """
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        message = " ".join(f"nothing was done: {type(error).__name__}: {error}".split())
        raise ConfigError(message) from error


def known_verb(words: Sequence[str]) -> str:
    """Return the verb of a request; raise ConfigError if it is missing or unknown."""
    if not words:
        message = f"no word; there are {', '.join(USAGE)}"
        raise ConfigError(message)
    verb = words[0]
    if verb not in USAGE:
        nearest = get_close_matches(verb, USAGE, n=1)
        guess = f"did you mean {nearest[0]}? " if nearest else ""
        message = f"no word {verb[:40]!r}; {guess}there are {', '.join(USAGE)}"
        raise ConfigError(message)
    return verb


def require_no_more(verb: str, words: Sequence[str]) -> None:
    """Raise ConfigError if words follow where none are taken."""
    if words:
        message = f"{verb}: takes nothing after it here; got {words[0][:40]!r}: {USAGE[verb]}"
        raise ConfigError(message)


def value_of(text: str) -> SettingValue:
    """Return the value that a text of the command line stands for.

    Raise ConfigError for a number that no setting has, and that a journal could not keep.
    """
    named: Mapping[str, SettingValue] = {"true": True, "false": False, "null": None}
    if text.lower() in named:
        return named[text.lower()]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if not abs(number) < _LARGEST:
            message = f"set: {text[:40]!r} is too large, or no number"
            raise ConfigError(message)
        return number
    return text


def chosen(what: str, word: str, names: Mapping[str, str]) -> str:
    """Return the id that a word chooses: the id itself, the name, or a part of only one name.

    Raise ConfigError if none or several fit.
    """
    if word in names:
        return word
    wanted = word.casefold()
    whole = [key for key, name in names.items() if name.casefold() == wanted]
    fitting = whole or [key for key, name in names.items() if wanted in name.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    shown = "; ".join(f"{names[key]} ({key})" for key in list(fitting or names)[:_MOST_SHOWN])
    if fitting:
        message = f"{word[:40]!r} is part of more than one {what}; give the id of one: {shown}"
        raise ConfigError(message)
    nearest = get_close_matches(word, [*names.values(), *names], n=1, cutoff=0.5)
    guess = f"did you mean {nearest[0]}?" if nearest else f"there are {shown or 'none'}"
    message = f"no {what} {word[:40]!r}; {guess}"
    raise ConfigError(message)


def _paused(scope: Scope, operator: str, *, paused: bool) -> EventPaused | MarketPaused:
    assert scope.event_id is not None, "the scope is not all"
    if scope.market_key is None:
        return EventPaused(scope.event_id, paused, operator)
    return MarketPaused(scope.market_key, paused, operator)
