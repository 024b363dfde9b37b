"""Metric families of one scrape, made as their first samples come."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from strategies.trading.model.units import NS_PER_SECOND

_CENTS_PER_DOLLAR = 100

Labels = dict[str, str]


class MetricFamilies:
    """Collects samples under names that begin with `prophet_`, in the units of Prometheus.

    A value that is None is not known and has no sample. All samples of a family have the same
    label names.
    """

    def __init__(self) -> None:
        """Start without samples."""
        self._made: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}

    def __iter__(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Return the families in the order of their first samples."""
        return iter(self._made.values())

    def gauge(self, name: str, text: str, value: float | None, labels: Labels) -> None:
        """Add what may rise and fall."""
        self._add(GaugeMetricFamily, name, text, value, labels)

    def dollars(self, name: str, text: str, cents: float | None, labels: Labels) -> None:
        """Add an amount of cents, in dollars."""
        value = None if cents is None else cents / _CENTS_PER_DOLLAR
        self.gauge(f"{name}_dollars", text, value, labels)

    def seconds(self, name: str, text: str, ns: int | None, labels: Labels) -> None:
        """Add a length of time in nanoseconds, in seconds."""
        self.gauge(f"{name}_seconds", text, None if ns is None else ns / NS_PER_SECOND, labels)

    def counter(self, name: str, text: str, value: float | None, labels: Labels) -> None:
        """Add what only rises, from zero at each start of a session; `_total` ends its name."""
        self._add(CounterMetricFamily, name, text, value, labels)

    def _add(
        self,
        kind: type[GaugeMetricFamily | CounterMetricFamily],
        name: str,
        text: str,
        value: float | None,
        labels: Labels,
    ) -> None:
        if value is None:
            return
        name = f"prophet_{name}"
        if name not in self._made:
            self._made[name] = kind(name, text, labels=list(labels))
        self._made[name].add_metric(list(labels.values()), value)
