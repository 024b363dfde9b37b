"""The Betfair importer: trades from cumulative traded stakes."""

from recordings.tape import Kind, Side
from tests.recordings.importers.conftest import StreamFile

HOME, AWAY = "1.1:11", "1.1:22"


def test_a_trade_is_half_the_rise_of_the_cumulative_stake(moneyline: StreamFile) -> None:
    """Betfair counts both sides: 100 and then 160 traded are trades of 50 and 30."""
    moneyline.change({"id": 11, "atb": [[2.5, 200]]})
    moneyline.change({"id": 11, "trd": [[2.5, 100]]})
    moneyline.change({"id": 11, "trd": [[2.5, 160]]})
    assert moneyline.imported().trades() == [
        (HOME, 150, 5000, Side.TAKER),
        (HOME, 150, 3000, Side.TAKER),
    ]


def test_a_trade_at_a_lay_price_was_taken_on_the_other_line(moneyline: StreamFile) -> None:
    """A trade of 50 at an atl price of 2.5 was taken on the other line, with 75 at -150."""
    moneyline.change({"id": 11, "atl": [[2.5, 200]]})
    moneyline.change({"id": 11, "trd": [[2.5, 100]]})
    assert moneyline.imported().trades() == [(AWAY, -150, 7500, Side.TAKER)]


def test_a_trade_is_on_the_rung_of_the_offer_it_hit(moneyline: StreamFile) -> None:
    """At a price between rungs, offer and trade are snapped together and by the same amount."""
    moneyline.change({"id": 11, "atl": [[1.53, 200]]}, {"id": 22, "atb": [[2.87, 5]]})
    moneyline.change({"id": 11, "atl": [[1.53, 150]], "trd": [[1.53, 100]]})
    imported = moneyline.imported()
    ((line, odds, cents, _),) = imported.trades()
    before, after = (row[2] for row in imported.offers() if row[:2] == (line, odds))
    assert cents == before - after


def test_the_taker_is_found_from_the_book_before_the_message(moneyline: StreamFile) -> None:
    """A message that trades a level away and moves the price to the other side does not mislead."""
    moneyline.change({"id": 11, "atb": [[2.5, 50]]})
    moneyline.change({"id": 11, "atb": [[2.5, 0]], "atl": [[2.5, 70]], "trd": [[2.5, 100]]})
    assert moneyline.imported().trades() == [(HOME, 150, 5000, Side.TAKER)]


def test_a_trade_at_a_price_without_offers_has_no_known_taker(moneyline: StreamFile) -> None:
    """It is recorded on its own runner's line, as unknown, and the notes count it."""
    moneyline.change({"id": 11, "atb": [[2.4, 50]]})
    moneyline.change({"id": 11, "trd": [[2.5, 100]]})
    moneyline.change({"id": 11, "trd": [[2.4, 100]]})
    imported = moneyline.imported()
    assert imported.trades() == [
        (HOME, 150, 5000, Side.UNKNOWN),
        (HOME, 140, 5000, Side.TAKER),
    ]
    assert any("1 of 2 (50.0%) have an unknown taker" in note for note in imported.info.notes)


def test_two_stakes_matched_with_each_other_are_one_trade_at_full_size(
    moneyline: StreamFile,
) -> None:
    """60 at 1.5 and 30 at 3 both pay 90: one trade, by the taker of the stake waiting at 3."""
    moneyline.change({"id": 22, "atl": [[3, 100]]})
    moneyline.change({"id": 11, "trd": [[1.5, 60]]}, {"id": 22, "trd": [[3, 30]], "atl": [[3, 70]]})
    imported = moneyline.imported()
    assert imported.trades() == [(HOME, -200, 6000, Side.TAKER)]
    assert imported.report.trades_crossed == 1
    assert imported.offers() == [(HOME, -200, 20_000), (HOME, -200, 14_000)]


def test_payouts_are_equal_up_to_rounding(moneyline: StreamFile) -> None:
    """74.00 at 1.32 pays 97.68 and 23.26 at 4.2 pays 97.69: the same trade, rounded twice."""
    moneyline.change({"id": 11, "atl": [[1.32, 100]]})
    moneyline.change({"id": 11, "trd": [[1.32, 74]]}, {"id": 22, "trd": [[4.2, 23.26]]})
    assert moneyline.imported().trades() == [(AWAY, 310, 2368, Side.TAKER)]


def test_rises_of_unequal_payout_are_separate_trades(moneyline: StreamFile) -> None:
    """60 at 1.5 and 40 at 3 in one message are two trades, each halved."""
    moneyline.change({"id": 11, "atb": [[1.5, 90]]}, {"id": 22, "atb": [[3, 90]]})
    moneyline.change({"id": 11, "trd": [[1.5, 60]]}, {"id": 22, "trd": [[3, 40]]})
    assert moneyline.imported().trades() == [
        (HOME, -200, 3000, Side.TAKER),
        (AWAY, 200, 2000, Side.TAKER),
    ]


def test_a_rise_is_merged_only_once(moneyline: StreamFile) -> None:
    """Of two equal rises on one runner only one is the other side of a rise on the other."""
    moneyline.change({"id": 11, "atl": [[1.5, 900], [1.6, 900]]}, {"id": 22, "atb": [[3, 1]]})
    moneyline.change({"id": 11, "trd": [[1.5, 60], [1.6, 56.25]]}, {"id": 22, "trd": [[3, 30]]})
    imported = moneyline.imported()
    assert imported.report.trades_crossed == 1
    assert len(imported.trades()) == 2


def test_contradicting_runners_leave_the_taker_unknown(moneyline: StreamFile) -> None:
    """Where both stakes had waited, the taker is not known."""
    moneyline.change({"id": 11, "atl": [[1.5, 60]]}, {"id": 22, "atl": [[3, 30]]})
    moneyline.change({"id": 11, "trd": [[1.5, 60]]}, {"id": 22, "trd": [[3, 30]]})
    assert moneyline.imported().trades() == [(HOME, -200, 6000, Side.UNKNOWN)]


def test_a_fall_makes_no_trade(moneyline: StreamFile) -> None:
    """A correction downwards is no trade, and later trades count from there."""
    moneyline.change({"id": 11, "atb": [[2.5, 200]]})
    moneyline.change({"id": 11, "trd": [[2.5, 100]]})
    moneyline.change({"id": 11, "trd": [[2.5, 80]]})
    moneyline.change({"id": 11, "trd": [[2.5, 90]]})
    assert [trade[2] for trade in moneyline.imported().trades()] == [5000, 500]


def test_an_image_makes_no_trade_and_resets_the_traded_volume(moneyline: StreamFile) -> None:
    """The volume of an image was traded earlier; only later volume is a trade."""
    moneyline.change({"id": 11, "atb": [[2.5, 200]], "trd": [[2.5, 100], [2.6, 4]]}, img=True)
    moneyline.change({"id": 11, "atb": [[2.5, 200]], "trd": [[2.5, 300]]}, img=True)
    moneyline.change({"id": 11, "trd": [[2.5, 320]]})
    assert moneyline.imported().trades() == [(HOME, 150, 1000, Side.TAKER)]


def test_rows_of_a_message_are_definitions_then_trades_then_offers(moneyline: StreamFile) -> None:
    """All rows of a message share seq and time, and come in the documented order."""
    moneyline.change({"id": 11, "atb": [[2.5, 200]]})
    definition = {**moneyline.messages[0]["mc"][0]["marketDefinition"], "status": "SUSPENDED"}
    runner = {"id": 11, "atb": [[2.5, 100]], "trd": [[2.5, 200]]}
    moneyline.send({"id": "1.1", "rc": [runner], "marketDefinition": definition})
    rows = [row for row in moneyline.imported().rows if row.received_ns == 1_600_000_002 * 10**9]
    assert [row.kind for row in rows] == [Kind.MARKET_STATUS, Kind.TRADE, Kind.OFFER]
    assert len({(row.seq, row.received_ns, row.exchange_ns) for row in rows}) == 1


def test_a_trade_beyond_the_ladder_is_skipped_and_counted(moneyline: StreamFile) -> None:
    """A trade at 900 has no rung, so it is counted in the report."""
    moneyline.change({"id": 11, "atb": [[900, 5], [2.5, 1]]})
    moneyline.change({"id": 11, "trd": [[900, 2]]})
    imported = moneyline.imported()
    assert imported.trades() == []
    assert imported.report.trades_off_ladder == 1
