"""Which alerts go out now: by level, by quiet hours, and repeats collapsed."""

from dataclasses import dataclass, replace

from msgspec.structs import replace as changed

from live.session.alerts.alert import Alert, AlertLevel, level_of
from live.session.alerts.alert_settings import AlertSettings
from strategies.trading.model.counted import counted
from strategies.trading.model.settings import nanoseconds

# What waits for the end of quiet hours, by kind and subject; what is beyond is only counted.
_MOST_HELD = 50

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Repeats:
    """Alerts of one kind and subject since a moment: how many, and the last."""

    since_ns: int
    count: int
    last: Alert


class AlertFilter:
    """Decides when alerts go out; all times are the caller's, in nanoseconds since the epoch.

    The first alert of a kind and subject goes out at once. What repeats it within `repeat_minutes`
    is counted, and goes out as one alert with the count when that time has passed. In quiet hours
    what is below `quiet_level` waits until they end, and goes out as one alert then.
    """

    def __init__(self, settings: AlertSettings) -> None:
        """Start with nothing sent."""
        self._lowest = level_of(settings.level)
        self._quiet = settings.quiet_hours()
        self._quiet_lowest = level_of(settings.quiet_level)
        self._repeat_ns = nanoseconds(60 * settings.repeat_minutes)
        self._repeats: dict[_Key, _Repeats] = {}
        self._held: dict[_Key, _Repeats] = {}
        self._uncounted = 0

    def admit(self, alert: Alert) -> list[Alert]:
        """Return what goes out because of an alert, which happened at its `at_ns`."""
        if alert.level < self._lowest:
            return []
        key, now_ns = (alert.kind, alert.subject), alert.at_ns
        earlier = self._repeats.get(key)
        if earlier is not None and now_ns - earlier.since_ns < self._repeat_ns:
            self._repeats[key] = replace(earlier, count=earlier.count + 1, last=alert)
            return []
        # Repeats of which the time has passed without a look at them go out with this one.
        late = [] if earlier is None else self._collapsed(earlier)
        self._repeats[key] = _Repeats(now_ns, 0, alert)
        return self._out([*late, alert], now_ns)

    def due(self, now_ns: int) -> list[Alert]:
        """Return what goes out because time has passed."""
        ended = {
            key: each
            for key, each in self._repeats.items()
            if now_ns - each.since_ns >= self._repeat_ns
        }
        alerts = []
        for key, repeats in ended.items():
            alerts += self._collapsed(repeats)
            if repeats.count:
                self._repeats[key] = _Repeats(now_ns, 0, repeats.last)
            else:
                del self._repeats[key]
        out = self._out(alerts, now_ns)
        return out if self._is_quiet(now_ns) else [*self._released(now_ns), *out]

    def close(self, now_ns: int) -> list[Alert]:
        """Return what was counted and held: nobody looks again."""
        alerts = [each for repeats in self._repeats.values() for each in self._collapsed(repeats)]
        self._repeats.clear()
        return [*self._released(now_ns), *alerts]

    def _is_quiet(self, now_ns: int) -> bool:
        return self._quiet is not None and self._quiet.contain(now_ns)

    def _out(self, alerts: list[Alert], now_ns: int) -> list[Alert]:
        """Return the alerts that are sent now, and hold the others."""
        if not self._is_quiet(now_ns):
            return alerts
        for alert in alerts:
            if alert.level < self._quiet_lowest:
                self._hold(alert)
        return [alert for alert in alerts if alert.level >= self._quiet_lowest]

    def _hold(self, alert: Alert) -> None:
        key = (alert.kind, alert.subject)
        held = self._held.get(key)
        if held is None and len(self._held) >= _MOST_HELD:
            self._uncounted += 1
            return
        count, since_ns = (0, alert.at_ns) if held is None else (held.count, held.since_ns)
        self._held[key] = _Repeats(since_ns, count + 1, alert)

    def _released(self, now_ns: int) -> list[Alert]:
        if not self._held:
            return []
        lines = [
            f"{each.last.text}{f' (the last of {each.count})' if each.count > 1 else ''}"
            for each in self._held.values()
        ]
        if self._uncounted:
            lines.append(counted(self._uncounted, "more alert"))
        level = max((each.last.level for each in self._held.values()), default=AlertLevel.INFO)
        self._held.clear()
        self._uncounted = 0
        return [Alert("quiet hours", level, "\n".join(lines), at_ns=now_ns)]

    def _collapsed(self, repeats: _Repeats) -> list[Alert]:
        if not repeats.count:
            return []
        minutes = self._repeat_ns / nanoseconds(60)
        text = f"{repeats.count} more within {minutes:g} min, the last: {repeats.last.text}"
        return [changed(repeats.last, text=text)]
