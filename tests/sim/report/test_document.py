"""The report is self-contained, names what it shows, and refuses an unreadable run folder."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recordings.parquet import TableWriter
from recordings.uplot import chart_script
from sim.report.document import write_report
from sim.report.quoting_section import silences
from sim.report.run_folder import read_run
from sim.results.run_tables import TABLES
from strategies.trading.model.errors import ConfigError
from tests.sim.report.reported_runs import (
    FIGURES,
    HOSTILE,
    PAIR,
    at,
    report_on,
    rows_of_a_game,
    start_summary,
    summary,
    visible_text,
    write_run,
)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report of an ordinary run, made once for all tests that only read it."""
    return report_on(tmp_path_factory.mktemp("run"))


def test_a_report_is_self_contained(document: str) -> None:
    """It holds no address, script, style sheet or picture from elsewhere, and may fetch none."""
    banner = chart_script().splitlines()[0]
    assert "://" not in document.replace(banner, "")
    assert "url(" not in document.replace("url(#", "")
    for tag in ("<script src", "<link", "<img", "<iframe", "@import"):
        assert tag not in document
    assert (
        "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" in document
    )
    targets = re.findall(r'(?:href|src)="([^"]*)"', document)
    assert [target for target in targets if not target.startswith("#")] == []


def test_every_picture_is_well_formed_and_refers_to_nothing(document: str) -> None:
    """Several pictures share one page, so none has ids that others could have too."""
    pictures = re.findall(
        r"<figure[^>]*>\s*(<svg.*?</svg>)(?=<script|\s*<figcaption>)", document, re.DOTALL
    )
    assert len(pictures) == len(FIGURES)
    for picture in pictures:
        attributes = [each.attrib for each in ElementTree.fromstring(picture).iter()]
        assert not any("id" in each or "href" in each for each in attributes)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_a_run_is_drawn(document: str, name: str) -> None:
    """Equity, inventory, quotes and values of fills are each a picture with a caption."""
    shape = rf'<figure id="{name}">\s*<svg[^>]*>.*?<path.*?</svg>.*?<figcaption>[^<]+'
    assert re.search(shape, document, flags=re.DOTALL)


@pytest.mark.slow
def test_the_same_run_gives_the_same_report_to_the_byte(document: str, tmp_path: Path) -> None:
    """A report is a function of its run folder: drawing it again changes nothing."""
    assert report_on(tmp_path) == document


@pytest.mark.slow
def test_a_simulated_recording_is_marked_beside_its_name(tmp_path: Path) -> None:
    """The profit on a simulated game cannot be mistaken for that on a real one."""
    assert "Recording one-game simulated generated data" in visible_text(
        report_on(tmp_path, {}, simulated=True)
    )


def test_a_real_recording_is_not_called_simulated(document: str) -> None:
    """The word appears only for simulated recordings."""
    assert "simulated" not in visible_text(document)


@pytest.mark.slow
def test_names_from_files_are_escaped(tmp_path: Path) -> None:
    """Names of events and pairs, notes and reasons come from files, and may hold any text."""
    game, rows = summary(), rows_of_a_game()
    game["events"][0]["name"] = HOSTILE
    game["pairs"][0].update(label=HOSTILE, first=HOSTILE, second=HOSTILE)
    game["settled"][0]["label"] = HOSTILE
    rows["denials"][0]["reason"] = HOSTILE
    texts = {"recording": HOSTILE, "recording_source": HOSTILE, "halted": HOSTILE}
    named = {key: game[key] for key in ("events", "pairs", "settled")}
    document = report_on(tmp_path, rows, notes=[HOSTILE], **texts, **named)
    assert HOSTILE not in document
    assert HOSTILE in visible_text(document)


def test_money_is_shown_in_dollars_with_its_sign(document: str) -> None:
    """Profit, and front and back beside the chosen model, are amounts of money."""
    seen = visible_text(document)
    assert "Settled profit +$1,234.56 net of commission" in seen
    assert "front (optimistic: cancellations are ahead of us) +$1,500.00 +$265.44" in seen
    assert "not a bound" in seen


@pytest.mark.slow
def test_fills_are_summed_by_stake_for_each_pair(tmp_path: Path) -> None:
    """The table weighs the edge by stake, and adds up what came after it."""
    rows = {"fills": rows_of_a_game()["fills"]}
    rows["fills"][0].update(stake_cents=3_000, edge=0.03, edge_cents=50)
    seen = visible_text(report_on(tmp_path, rows))
    # Edges: (3000 x 3 pp + 3 x 1000 x 1 pp) / 6000.
    assert "moneyline 4 1 home, 3 away $60.00 +2.00 pp +$1.10 -$0.20 +$0.04" in seen


@pytest.mark.slow
def test_open_positions_are_listed_outside_settled_profit(tmp_path: Path) -> None:
    """Marked positions are separate from settled profit."""
    left_open = {
        "pair_id": PAIR,
        "label": "Herons at Lanterns: moneyline",
        "profit_if_first_cents": -2_000,
        "profit_if_second_cents": 2_000,
        "marked_cents": -350,
    }
    seen = visible_text(
        report_on(tmp_path, {}, open_positions=[left_open], marked_cents=-350, settled=[])
    )
    assert "Settled profit does not include these positions or their marks." in seen
    assert "moneyline -$20.00 +$20.00 -$3.50" in seen
    assert "No position was settled" in seen


def test_denials_and_rejections_are_counted_apart(document: str) -> None:
    """Denials are ours, by control and reason; rejections are the exchange's, by code."""
    seen = visible_text(document)
    assert "max_event_loss limit 1 $50.00" in seen
    assert "odds_changed 2" in seen


def test_silences_are_listed_with_their_reason(tmp_path: Path) -> None:
    """Since when and until when a market was not quoted, and by which limit."""
    rows = rows_of_a_game()
    lasted = {"event_id": "9001", "market_id": "219", "reason": "position: nothing fits"}
    rows["silences"] = [
        lasted | {"since_ns": at(10), "until_ns": at(12), "traded_cents": 12_345},
        lasted | {"since_ns": at(110), "until_ns": None, "traded_cents": 0},
    ]
    write_run(tmp_path, summary(), rows)
    run = read_run(tmp_path)
    seen = visible_text(str(silences(run)))
    assert "moneyline 2026-" in seen
    assert "2.0 min $123.45 position: nothing fits" in seen
    assert "10.0 min $0.00 position: nothing fits" in seen
    # By reason, over all markets.
    assert "position 1 12.0 min $123.45" in seen
    (tmp_path / "silences.parquet").unlink()
    assert "quoted to the end" in visible_text(str(silences(read_run(tmp_path))))


@pytest.mark.slow
def test_a_halt_is_stated_in_the_header(tmp_path: Path) -> None:
    """The reason of a halt comes first, as it changes the meaning of the result."""
    seen = visible_text(report_on(tmp_path, {}, halted="max_daily_loss: $1,500.20 lost today"))
    assert seen.index("Trading was halted: max_daily_loss") < seen.index("Settled profit")


@pytest.mark.slow
def test_a_run_without_fills_has_a_note_in_place_of_empty_figures(tmp_path: Path) -> None:
    """Without fills there is no inventory and no value of fills; the quotes are still drawn."""
    rows = {**rows_of_a_game(), "fills": []}
    document = report_on(tmp_path, rows, fills=0, fill_values=[])
    seen = visible_text(document)
    for text in ("no wager was matched", "There were no fills"):
        assert text in seen
    assert re.findall(r'<figure id="([^"]+)"', document) == ["equity", "quotes-0"]


def test_a_run_in_which_nothing_happened_is_still_reported(tmp_path: Path) -> None:
    """Empty tables and a recording without events give a report that names what is missing."""
    document = report_on(tmp_path, {}, events=[], pairs=[], settled=[], fills=0)
    assert "<figure" not in document
    assert "No wager was placed" in visible_text(document)


@pytest.mark.slow
def test_a_recording_that_ends_before_the_start_is_drawn_whole(tmp_path: Path) -> None:
    """A tape of the hours before a game has no in-play part."""
    game = summary()["events"][0] | {"live_ns": None, "ended_ns": None}
    seen = visible_text(report_on(tmp_path, events=[game], last_ns=at(-1)))
    assert "Profit, dollars, before the start" not in seen
    assert "Profit, dollars, in play" not in seen
    assert "-30 00:00" in seen


@pytest.mark.slow
def test_a_long_run_is_thinned_and_its_extremes_are_kept(tmp_path: Path) -> None:
    """A report of a hundred thousand changes stays small, and mentions the thinning."""
    rows = rows_of_a_game()
    rows["equity"] = [
        {"ns": at(n / 1_000 - 55), "profit_cents": 0, "marked_cents": n % 7, "exposure_cents": 100}
        for n in range(100_000)
    ]
    rows["equity"][61_803]["marked_cents"] = 987_600
    document = report_on(tmp_path, rows)
    thinned = "about 4,000 of 100,000 points, and on paper about 1,600, extremes included"
    assert thinned in visible_text(document)
    assert "$7,500" in visible_text(document)
    assert len(document) < 1_000_000


@pytest.mark.slow
def test_the_report_repeats_the_command_of_the_run(tmp_path: Path) -> None:
    """The arguments after `run` are repeated as recorded in the run folder."""
    hydra = tmp_path / ".hydra"
    hydra.mkdir()
    (hydra / "overrides.yaml").write_text("- +experiment=nba\n- seed=11\n", encoding="utf-8")
    (hydra / "config.yaml").write_text("queue: back # <as composed>\n", encoding="utf-8")
    seen = visible_text(report_on(tmp_path, {}))
    assert "python -m sim run +experiment=nba seed=11" in seen
    assert "queue: back # <as composed>" in seen


@pytest.mark.parametrize(
    "name",
    [
        *(f"{table}.parquet" for table in TABLES if table not in ("silences", "notes")),
        "summary.json",
    ],
)
def test_a_missing_file_is_named_in_one_line_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    """A run folder with a missing file cannot be reported on."""
    write_run(tmp_path, summary(), rows_of_a_game())
    (tmp_path / name).unlink()
    with pytest.raises(ConfigError, match=re.escape(name)) as caught:
        write_report(tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.glob("*report*")) == list(tmp_path.glob(".*report*")) == []


@pytest.mark.parametrize("name", ["fills.parquet", "summary.json"])
def test_a_corrupt_file_is_named(tmp_path: Path, name: str) -> None:
    """Bytes that are no table or no summary are refused with the file's name."""
    write_run(tmp_path, summary(), rows_of_a_game())
    (tmp_path / name).write_bytes(b'{"mode": "back')
    with pytest.raises(ConfigError, match=re.escape(name)):
        write_report(tmp_path)


def test_a_summary_without_a_figure_is_refused_by_the_name_of_the_figure(tmp_path: Path) -> None:
    """A report never leaves a required figure blank."""
    figures = summary()
    del figures["max_drawdown_cents"]
    write_run(tmp_path, figures, rows_of_a_game())
    with pytest.raises(ConfigError, match="max_drawdown_cents"):
        write_report(tmp_path)


def test_a_table_without_a_column_is_refused_by_the_name_of_the_column(tmp_path: Path) -> None:
    """A table of another version is refused as a whole."""
    write_run(tmp_path, summary(), rows_of_a_game())
    TableWriter(tmp_path / "wagers.parquet", {"ref": "string", "reason": "string"}).close()
    with pytest.raises(ConfigError, match=r"wagers\.parquet: no column placed_ns"):
        write_report(tmp_path)


@pytest.mark.slow
def test_a_paper_run_is_distinguished_from_a_backtest(tmp_path: Path) -> None:
    """Its header names the market and that the wagers were simulated, and no queue model."""
    run = write_run(tmp_path, start_summary(), {})
    seen = visible_text(write_report(run).read_text(encoding="utf-8"))
    assert "paper session evening, start 3: SimpleMarketMaker" in seen
    assert "The market of production Source: an exchange, recorded" in seen
    assert "The wagers were simulated; the exchange never received them." in seen
    assert "python -m sim replay sessions/evening" in seen
    for of_a_backtest in ("front", "backtest", "sim run", "real money", "The command is unknown"):
        assert of_a_backtest not in seen


def test_a_live_start_names_the_kind_of_money(tmp_path: Path) -> None:
    """Real money is never mistaken for play money, nor the other way."""
    for real_money, shown, hidden in ((True, "real", "play"), (False, "play", "real")):
        run = write_run(tmp_path, start_summary(mode="live", real_money=real_money), {})
        seen = visible_text(write_report(run).read_text(encoding="utf-8"))
        assert f"The wagers were placed at production, with {shown} money." in seen
        assert f"{hidden} money" not in seen


def test_a_start_on_a_fast_clock_is_marked(tmp_path: Path) -> None:
    """Where the session's clock ran fast, so did every time and latency in the report."""
    seen = visible_text(
        write_report(write_run(tmp_path, start_summary(speed=20.0), {})).read_text(encoding="utf-8")
    )
    assert "All times are of the session's clock, which ran at 20 times real time." in seen


def test_a_start_of_seconds_without_wagers_is_reported(tmp_path: Path) -> None:
    """Missing figures are named, and nothing is invented."""
    figures = start_summary(
        first_ns=at(-10), last_ns=at(-9.5), settled=[], wagers_placed=0, fills=0
    )
    prices = [{"ns": at(-9.9), "pair_id": PAIR, "first_touch": -102, "second_touch": -102}]
    document = write_report(write_run(tmp_path, figures, {"prices": prices})).read_text(
        encoding="utf-8"
    )
    seen = visible_text(document)
    for text in ("No wager was placed", "No placement was answered", "No position was settled"):
        assert text in seen
    assert "<figure" not in document


@pytest.mark.slow
def test_the_ticks_of_a_short_run_show_seconds(document: str, tmp_path: Path) -> None:
    """Within a minute every tick would otherwise have the same label."""
    of_seconds = re.compile(r"<text[^>]*>\d\d:\d\d:\d\d</text>")
    rows = rows_of_a_game()
    rows["quotes"] = [{"ns": at(-50), "pair_id": PAIR, "first_odds": 104, "second_odds": 104}]
    assert of_seconds.search(report_on(tmp_path, rows, first_ns=at(-50), last_ns=at(-49.5)))
    assert not of_seconds.search(document)


def test_response_times_of_the_exchange_are_given(document: str) -> None:
    """Of two wagers one was answered; the unanswered one is not counted as fast."""
    assert "1 of 2 placements answered: half of them within 150 ms" in visible_text(document)


@pytest.mark.slow
def test_a_pair_that_was_never_quoted_has_no_picture(tmp_path: Path) -> None:
    """A decision without quotes is a row like any other, but has no picture."""
    rows = rows_of_a_game()
    rows["quotes"].append({"ns": at(-50), "pair_id": "9001:223:-4.5"})
    assert 'id="quotes-1"' not in report_on(tmp_path, rows)


@pytest.mark.slow
def test_the_market_is_drawn_until_the_run_ends(tmp_path: Path) -> None:
    """A price that never changed is drawn as a line to the end, not as a point."""
    rows = {**rows_of_a_game(), "fills": [], "quotes": rows_of_a_game()["quotes"][:1]}
    rows["prices"] = rows["prices"][:1]
    once = report_on(tmp_path, rows, last_ns=at(-30))
    rows["prices"].append({**rows["prices"][0], "ns": at(-30)})
    assert report_on(tmp_path, rows, last_ns=at(-30)) == once
