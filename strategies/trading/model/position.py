"""The position in a pair: profit by outcome, open stake, and the worst case."""

from strategies.trading.model.market import Pair, Result


def worst_case_cents(profit_if: tuple[int, int], open_cents: tuple[int, int]) -> int:
    """Return the least that a pair can bring in, over every outcome and every subset of fills.

    `profit_if` is the matched profit if the first or the second line wins; `open_cents` the
    unmatched stake on each. An open wager can only lower an outcome by losing its stake there,
    so the worst subset for an outcome is every open wager on the other line. A push or a void
    returns all stakes and brings zero.
    """
    return min(profit_if[0] - open_cents[1], profit_if[1] - open_cents[0], 0)


class Position:
    """What is matched and what is open on the two lines of one pair, in cents.

    `profit_if[0]` is the profit if the first line wins, `profit_if[1]` if the second does;
    `matched_cents` and `open_cents` are stakes on the first and second line.
    """

    __slots__ = ("matched_cents", "open_cents", "pair", "profit_if")

    def __init__(self, pair: Pair) -> None:
        """Start flat."""
        self.pair = pair
        self.profit_if = [0, 0]
        self.matched_cents = [0, 0]
        self.open_cents = [0, 0]

    @property
    def flat(self) -> bool:
        """Return whether nothing is matched."""
        return self.matched_cents == [0, 0]

    def book_fill(self, side: int, stake_cents: int, profit_cents: int) -> None:
        """Book a fill on the first (0) or second (1) line."""
        self.profit_if[side] += profit_cents
        self.profit_if[1 - side] -= stake_cents
        self.matched_cents[side] += stake_cents

    def change_open(self, side: int, change_cents: int) -> int:
        """Change the open stake on a side; return by how much that worsens the worst case."""
        before_cents = self.worst_case_cents()
        self.open_cents[side] += change_cents
        return before_cents - self.worst_case_cents()

    def match(
        self, side: int, stake_cents: int, profit_cents: int, from_open_cents: int
    ) -> tuple[int, int]:
        """Book a fill, of which `from_open_cents` had counted as open.

        Return by how much that worsens the worst case, and by how much it raises the credit.
        """
        worst_cents, credit_cents = self.worst_case_cents(), self.credit_cents()
        self.open_cents[side] -= from_open_cents
        self.book_fill(side, stake_cents, profit_cents)
        return worst_cents - self.worst_case_cents(), self.credit_cents() - credit_cents

    def add_matched_of(self, other: "Position") -> None:
        """Add what is matched of another position in the same pair."""
        for side in (0, 1):
            self.profit_if[side] += other.profit_if[side]
            self.matched_cents[side] += other.matched_cents[side]

    def worst_case_cents(self) -> int:
        """Return the least this pair can bring in, open wagers included; never above zero."""
        first, second = self.profit_if
        open_first, open_second = self.open_cents
        return worst_case_cents((first, second), (open_first, open_second))

    def credit_cents(self) -> int:
        """Return the stake set free as what is matched on both lines covers each other.

        With profits p and stakes s of lines 1 and 2: min(0, p1 - s2, p2 - s1) + s1 + s2, which is
        never below zero. Commission is left out, as the exchange does.
        """
        return min(0, *self.profit_if) + sum(self.matched_cents)

    def added_worst_case_cents(self, side: int, stake_cents: int) -> int:
        """Return by how much one more open wager on a side would worsen the worst case."""
        open_cents = [*self.open_cents]
        open_cents[side] += stake_cents
        first, second = self.profit_if
        worse = worst_case_cents((first, second), (open_cents[0], open_cents[1]))
        return self.worst_case_cents() - worse

    def profit_under(self, first_result: Result) -> int:
        """Return the gross profit of what is matched, given the result of the first line."""
        if first_result is Result.WON:
            return self.profit_if[0]
        if first_result is Result.LOST:
            return self.profit_if[1]
        return 0

    def marked_cents(self, fair_first: float) -> int:
        """Return the expected profit of what is matched at a fair probability of the first."""
        return round(fair_first * self.profit_if[0] + (1.0 - fair_first) * self.profit_if[1])
