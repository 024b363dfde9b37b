"""The passes of a backtest under the two extreme queue models, beside that under the chosen one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from recordings.workers import end_without_parent
from sim.exchange.queue_models import Back, Front, QueueModel
from sim.forked import Forked
from sim.results.queue_bracket import QueueFigures
from sim.sources.market_source import Progress

EXTREMES: Mapping[str, Callable[[], QueueModel]] = {"front": Front, "back": Back}

PlayUnder = Callable[[QueueModel, Progress], QueueFigures]


class QueuePasses:
    """Plays a backtest under front and back, in copies of this process where one is to spare."""

    def __init__(self, chosen: QueueModel, play: PlayUnder, show: Progress) -> None:
        """Play with `play` what is not the chosen model; `show` receives the progress."""
        self._chosen = chosen
        self._play = play
        self._show = show
        self._beside: dict[str, Forked[QueueFigures]] = {}

    @contextmanager
    def beside(self, processors: int) -> Iterator[None]:
        """Start passes on this number of free processors; what still runs ends with the context."""
        others = [name for name, model in EXTREMES.items() if type(self._chosen) is not model]
        try:
            # Without memory for a copy its pass runs in this process, after the chosen one.
            with suppress(OSError):
                for name in others[:processors]:
                    play = partial(self._play, EXTREMES[name](), _end_without_parent)
                    self._beside[name] = Forked(play)
            yield
        finally:
            for forked in self._beside.values():
                forked.end()

    def figures(self, of_chosen: QueueFigures, rows: int) -> dict[str, QueueFigures]:
        """Return the figures under each extreme model, with those of the chosen pass reused.

        A pass that failed beside is repeated here for its error.
        """
        return {
            name: of_chosen if type(self._chosen) is model else self._figures_under(name, rows)
            for name, model in EXTREMES.items()
        }

    def _figures_under(self, name: str, rows: int) -> QueueFigures:
        model, figures = EXTREMES[name](), None
        label = queue_label(model)
        if name in self._beside:
            self._show(label, 0, rows)
            figures = self._beside[name].result()
        if figures is None:
            figures = self._play(model, self._show)
        self._show(label, rows, rows)
        return figures


def queue_label(model: QueueModel) -> str:
    """Return the name of a pass under a queue model."""
    return f"queue {model}"


def _end_without_parent(_label: str, _rows: int, _rows_total: int) -> None:
    end_without_parent()
