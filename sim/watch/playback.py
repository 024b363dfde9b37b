"""Where a recording is being played: the moment, the speed and the direction."""

from strategies.trading.model.units import NS_PER_SECOND

# Seconds of the recording for each second at the terminal.
SPEEDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600)
_FIRST_SPEED = SPEEDS.index(10)


class Playback:
    """A moment between the first and the last row of a recording, in nanoseconds.

    It has no clock: `advance` moves it by time that elapsed at the terminal.
    """

    def __init__(self, first_ns: int, last_ns: int, at_ns: int) -> None:
        """Stand still at a moment."""
        self.first_ns, self.last_ns = first_ns, last_ns
        self.at_ns = at_ns
        self.is_playing = False
        self.is_backward = False
        self._speed = _FIRST_SPEED

    @property
    def speed(self) -> int:
        """Return how many seconds of the recording a second at the terminal is."""
        return SPEEDS[self._speed]

    @property
    def part(self) -> float:
        """Return how much of the recording is before this moment, from 0 to 1."""
        return (self.at_ns - self.first_ns) / max(1, self.last_ns - self.first_ns)

    @property
    def text(self) -> str:
        """Return in words what it does."""
        if self.is_playing:
            return f"PLAYING {'BACK ' if self.is_backward else ''}{self.speed}x"
        ends = {self.first_ns: " at the beginning", self.last_ns: " at the end"}
        return f"PAUSED{ends.get(self.at_ns, '')} ({self.speed}x)"

    def play_or_pause(self) -> None:
        """Play, or stand still; from the end it plays again from the beginning."""
        end_ns, beginning_ns = self.last_ns, self.first_ns
        if self.is_backward:
            end_ns, beginning_ns = beginning_ns, end_ns
        if not self.is_playing and self.at_ns == end_ns:
            self.at_ns = beginning_ns
        self.is_playing = not self.is_playing

    def turn(self) -> None:
        """Play in the other direction."""
        self.is_backward = not self.is_backward

    def change_speed(self, steps: int) -> None:
        """Take a higher speed, or with negative steps a lower one."""
        self._speed = min(max(0, self._speed + steps), len(SPEEDS) - 1)

    def advance(self, elapsed_ns: int) -> None:
        """Let time pass at the terminal; at either end it pauses."""
        if not self.is_playing:
            return
        moved_ns = elapsed_ns * self.speed
        self.go_to(self.at_ns - moved_ns if self.is_backward else self.at_ns + moved_ns)
        self.is_playing = self.at_ns != (self.first_ns if self.is_backward else self.last_ns)

    def go_to(self, at_ns: int) -> None:
        """Go to a moment, or to the end of the recording that is nearest to it."""
        self.at_ns = min(max(self.first_ns, at_ns), self.last_ns)

    def step_seconds(self, seconds: int) -> None:
        """Go on by seconds, or back by negative ones."""
        self.go_to(self.at_ns + seconds * NS_PER_SECOND)
