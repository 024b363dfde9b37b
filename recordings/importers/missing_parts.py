"""What a recording lacks, by what an importer wrote of it."""

from collections.abc import Iterator

from recordings.tape import Unreported


def missing_parts(
    *, amounts: bool, offers: bool, trades: bool, takers: bool, results: bool
) -> Iterator[Unreported]:
    """Yield what is unreported, by whether it was written.

    `amounts` is whether every offer has one, `takers` whether any trade has one.
    """
    if not amounts:
        yield Unreported.AMOUNTS
    if not offers:
        yield Unreported.OFFERS
    if not trades:
        yield Unreported.TRADES
    elif not takers:
        yield Unreported.TAKERS
    if not results:
        yield Unreported.RESULTS
