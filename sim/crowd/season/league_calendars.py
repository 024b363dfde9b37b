"""The calendars of the leagues: dates of real seasons, and usual starting times.

docs/seasons.md says what was measured, and what is publicly known and not measured.
"""

from datetime import date

from sim.crowd.season.calendars import DailyCalendar, SeasonCalendar, start_times
from sim.crowd.season.series_calendar import SeriesCalendar
from sim.crowd.season.weekly_calendar import WeeklyCalendar, Window

# The season of 2025-26.
_NBA_WEEKDAY = start_times({"19:00": 50, "19:30": 40, "20:00": 6, "20:30": 4})
_NBA_SATURDAY = start_times({"17:00": 7, "18:00": 8, "19:00": 45, "19:30": 30, "20:00": 10})
_NBA_SUNDAY = start_times({"13:00": 15, "15:30": 20, "17:00": 10, "18:00": 35, "19:00": 20})
_NBA = DailyCalendar(
    first=date(2025, 10, 21),
    last=date(2026, 4, 12),
    rounds=82,
    max_meetings=4,
    games_by_weekday=(7.6, 6.1, 9.4, 4.5, 9.3, 8.0, 6.3),
    games_on={date(2025, 12, 25): 5},
    idle=(
        (date(2025, 11, 27), date(2025, 11, 27)),
        (date(2025, 12, 24), date(2025, 12, 24)),
        (date(2026, 2, 13), date(2026, 2, 18)),
        (date(2026, 4, 6), date(2026, 4, 6)),
    ),
    starts=(*[_NBA_WEEKDAY] * 5, _NBA_SATURDAY, _NBA_SUNDAY),
)

# The season of 2025-26, with the break for the Olympic Games.
_NHL_WEEKDAY = start_times({"19:00": 70, "19:30": 20, "20:00": 10})
_NHL_SATURDAY = start_times({"13:00": 15, "15:00": 10, "17:00": 5, "19:00": 70})
_NHL_SUNDAY = start_times({"13:00": 25, "15:00": 20, "17:00": 25, "18:00": 15, "19:00": 15})
_NHL = DailyCalendar(
    first=date(2025, 10, 7),
    last=date(2026, 4, 16),
    rounds=82,
    max_meetings=4,
    games_by_weekday=(4.5, 10.0, 4.0, 11.0, 5.0, 11.5, 5.0),
    games_on={},
    idle=(
        (date(2025, 11, 27), date(2025, 11, 27)),
        (date(2025, 12, 24), date(2025, 12, 26)),
        (date(2026, 2, 6), date(2026, 2, 24)),
    ),
    starts=(*[_NHL_WEEKDAY] * 5, _NHL_SATURDAY, _NHL_SUNDAY),
)

# The season of 2025: weeks begin on Thursday. Week 12 has Thanksgiving, week 16 Christmas.
_THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY, _MONDAY = range(5)
_SUNDAY_NIGHT, _MONDAY_NIGHT = Window(_SUNDAY, "20:20"), Window(_MONDAY, "20:15")
_SATURDAY_GAMES = (Window(_SATURDAY, "16:30"), Window(_SATURDAY, "20:00"))
_HOLIDAY = (Window(_THURSDAY, "13:00"), Window(_THURSDAY, "16:30"), Window(_THURSDAY, "20:15"))
_USUAL = (Window(_THURSDAY, "20:15"), _SUNDAY_NIGHT, _MONDAY_NIGHT)
_EARLY = start_times({"13:00": 85, "16:25": 15})
_NFL = WeeklyCalendar(
    first=date(2025, 9, 4),
    rounds=17,
    max_meetings=2,
    off_from=4,
    windows=_USUAL,
    windows_of={
        12: (*_HOLIDAY, Window(_FRIDAY, "15:00"), _SUNDAY_NIGHT, _MONDAY_NIGHT),
        15: (*_USUAL, *_SATURDAY_GAMES),
        16: (*_HOLIDAY, *_SATURDAY_GAMES, _SUNDAY_NIGHT, _MONDAY_NIGHT),
        17: (*_SATURDAY_GAMES, _SUNDAY_NIGHT),
    },
    main_day=_SUNDAY,
    main_starts={
        "E": _EARLY,
        "C": start_times({"12:00": 85, "15:25": 15}),
        "M": start_times({"14:05": 50, "14:25": 50}),
        "P": start_times({"13:05": 50, "13:25": 50}),
    },
)

# The season of 2026; week 15 has the All-Star Game.
_MLB_WEEKDAY = start_times({"13:10": 15, "18:40": 35, "19:05": 25, "19:10": 25})
_MLB_FRIDAY = start_times({"14:20": 5, "19:05": 45, "19:10": 35, "19:15": 15})
_MLB_SATURDAY = start_times({"13:10": 30, "16:10": 35, "18:10": 10, "19:10": 25})
_MLB_SUNDAY = start_times({"12:10": 10, "13:10": 40, "13:35": 40, "16:10": 10})
_MLB = SeriesCalendar(
    opening=(date(2026, 3, 26), date(2026, 3, 28), date(2026, 3, 29)),
    first=date(2026, 3, 30),
    weeks=26,
    long_weeks=frozenset({3, 7, 11, 17, 20, 23}),
    idle_weeks=frozenset({15}),
    max_meetings=3,
    starts=(*[_MLB_WEEKDAY] * 4, _MLB_FRIDAY, _MLB_SATURDAY, _MLB_SUNDAY),
)

CALENDARS: dict[str, SeasonCalendar] = {"nba": _NBA, "nfl": _NFL, "mlb": _MLB, "nhl": _NHL}
