"""The style and the HTML elements of a report's page.

Text is escaped here; only pictures and finished elements are passed as HTML.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple, NewType, TypeAlias
from urllib.parse import quote

from sim.report.page_script import SORTABLE, needs_script, policy, script_element, style

Html = NewType("Html", str)

_STYLE = """
:root { --ink: #1c2430; --muted: #667180; --rule: #dfe3e8; --soft: #f6f7f9; --minus: #a33a2c; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); font-size: 14px; line-height: 1.5;
  font-family: "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 32px 64px; }
header { border-bottom: 2px solid var(--ink); padding-bottom: 18px; }
.overline { color: var(--muted); font-size: 12px; letter-spacing: .08em; margin: 0;
  text-transform: uppercase; }
h1 { font-size: 28px; font-weight: 600; line-height: 1.25; margin: 4px 0 10px; }
h2 { font-size: 18px; font-weight: 600; margin: 44px 0 6px; }
h3 { font-size: 14px; font-weight: 600; margin: 26px 0 4px; }
p { margin: 6px 0; max-width: 86ch; }
.verdict { background: var(--soft); border-left: 3px solid var(--ink); margin: 12px 0 14px;
  padding: 12px 18px; }
.verdict p { font-size: 19px; font-weight: 600; line-height: 1.35; margin: 0 0 6px; }
.verdict ul { margin: 0; padding-left: 18px; }
.verdict li { margin: 3px 0; max-width: 100ch; }
.aside { color: var(--muted); font-size: 13px; }
.badge { border: 1px solid #b7791f; border-radius: 3px; color: #8a5a10; font-size: 12px;
  font-weight: 600; margin-left: 6px; padding: 1px 6px; white-space: nowrap; }
.warning { background: #fbf1ef; border-left: 3px solid var(--minus); padding: 8px 12px; }
.notes { color: var(--muted); font-size: 13px; margin: 8px 0 0; padding-left: 18px; }
code, pre { font-family: Menlo, Consolas, "Liberation Mono", monospace; font-size: 12px;
  overflow-wrap: anywhere; }
pre { background: var(--soft); margin: 8px 0; padding: 12px 14px; white-space: pre-wrap; }
.tiles { display: grid; gap: 1px; grid-template-columns: repeat(4, 1fr); margin: 14px 0;
  background: var(--rule); border: 1px solid var(--rule); }
.tile { background: #fff; padding: 12px 16px; }
.tile .name { color: var(--muted); font-size: 12px; }
.tile .value { font-size: 21px; font-weight: 600; line-height: 1.35; }
.tile .detail { color: var(--muted); font-size: 12px; }
.minus { color: var(--minus); }
.wide { overflow-x: auto; }
.scrolled { border-bottom: 1px solid var(--rule); max-height: 480px; overflow-y: auto; }
.scrolled .wide { overflow: visible; }
.scrolled thead th { background: #fff; position: sticky; top: 0; }
table { border-collapse: collapse; font-size: 13px; margin: 8px 0 14px; min-width: 46%; }
th { border-bottom: 1px solid var(--ink); color: var(--muted); font-size: 12px; font-weight: 600;
  text-align: left; vertical-align: bottom; }
td { border-bottom: 1px solid var(--rule); vertical-align: top; }
th, td { padding: 5px 22px 5px 0; }
tbody th { border-bottom-color: var(--rule); font-weight: 400; vertical-align: top; }
.facts td { overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
tfoot td { border-bottom: 0; border-top: 1px solid var(--ink); font-weight: 600; }
figure { margin: 10px 0 4px; }
figure > svg { display: block; height: auto; overflow: visible; width: 100%; }
figcaption { color: var(--muted); font-size: 12px; max-width: 110ch; }
a { color: inherit; }
.part { border-bottom: 1px solid var(--rule); padding: 4px 0; }
.scripted .part:not([open]) { display: none; }
.part summary { color: var(--ink); font-size: 14px; font-weight: 600; }
summary { color: var(--muted); cursor: pointer; font-size: 13px; }
button { background: none; border: 1px solid var(--rule); border-radius: 3px; color: var(--muted);
  cursor: pointer; font: inherit; font-size: 12px; line-height: 1; padding: 3px 7px; }
button:hover, button:focus-visible { border-color: var(--ink); color: var(--ink); }
.sortable :is(th, td):not(:last-child) { padding-right: 12px; }
.sortable td:first-child { white-space: nowrap; }
.sortable td:nth-child(2) { min-width: 180px; }
th button { border: 0; font-weight: inherit; padding: 0; text-align: inherit; }
th[aria-sort] button { color: var(--ink); text-decoration: underline; }
.zoomable > svg { display: none; }
.charts { display: grid; gap: 4px 18px;
  grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); }
.chart-head { align-items: baseline; display: flex; gap: 3px; margin: 6px 0 2px; }
.chart-head span { flex: 1; font-size: 12.5px; }
.chart-head button { min-height: 24px; min-width: 24px; }
.whole-row { grid-column: 1 / -1; }
.across { color: var(--muted); font-size: 11.5px; padding-left: 62px; text-align: center; }
.chart .u-legend { color: var(--muted); font-size: 12px; min-height: 24px; padding-left: 56px;
  text-align: left; }
.chart .u-legend th { border: 0; color: var(--ink); font-weight: 400; padding: 0 4px 0 0; }
.chart .u-legend.u-live th::after { content: none; }
.chart .u-legend td { border: 0; color: var(--muted); padding: 0 8px 0 0; }
.chart .u-legend :is(.moment th, .unnamed), .u-legend .moment:has(td:empty) { display: none; }
.hover { background: #fff; border: 1px solid var(--rule); border-radius: 3px; font-size: 12px;
  padding: 2px 6px; pointer-events: none; position: absolute; white-space: nowrap; z-index: 9; }
.hover[hidden] { display: none; }
@media screen and (max-width: 760px) {
  main { padding: 20px 16px 40px; }
  h1 { font-size: 23px; }
  th, td { padding-right: 14px; }
  th.number { white-space: normal; }
  .wide td:not(.number) { min-width: 92px; }
  /* The first column names the row, so it stays; the shadow says that there is more. */
  .wide td:first-child, .wide th:first-child { background: #fff; left: 0; min-width: 92px;
    padding-right: 10px; position: sticky; white-space: normal; }
  .scrolled thead th:first-child { z-index: 1; }
  .sortable td:first-child { min-width: 0; white-space: normal; width: 76px; }
  .sortable td:nth-child(2) { min-width: 130px; }
  .wide, figure { background:
    linear-gradient(to left, #fff 30px, #fff0) right / 60px 100% local no-repeat,
    linear-gradient(to left, #1c243038, #1c243000) right / 12px 100% scroll no-repeat; }
  .chart-head button { min-height: 32px; min-width: 32px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .across { padding-left: 0; }
  .chart .u-legend { padding-left: 0; }
  figure { overflow-x: auto; }
  figure > svg { min-width: 720px; }
}
@media print {
  @page { margin: 14mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .charts { display: none; }
  .scrolled { max-height: none; overflow: visible; }
  .zoomable > svg { display: block; }
  figure > svg text { font-size: 13.5px; }
  .hint { display: none; }
  .tiles { grid-template-columns: repeat(4, 1fr); }
  .wide { overflow: visible; }
  table { font-size: 10px; }
  th { font-size: 9.5px; }
  th, td { padding: 3px 9px 3px 0; }
  h2, h3 { break-after: avoid; }
  figure, tr, .tiles { break-inside: avoid; }
}
"""


class Anchor(NamedTuple):
    """A text that leads to the part of the page with a name."""

    text: str
    target: str


# What stands in a table.
Cell: TypeAlias = str | Anchor


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure: its name, its value, and a line that explains it."""

    name: str
    value: str
    detail: str


def page(title: str, parts: Sequence[Html]) -> str:
    """Return a self-contained HTML document; a script is in it where something zooms or sorts.

    Its policy lets a browser fetch nothing, and run no other script.
    """
    body = join(parts)
    scripted = needs_script(body)
    script = f"{script_element()}\n" if scripted else ""
    chart_style = style() if scripted else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(scripted=scripted)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{chart_style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{script}</body>\n</html>\n"
    )


def join(parts: Sequence[Html]) -> Html:
    """Return parts one after the other."""
    return Html("\n".join(parts))


def header(parts: Sequence[Html]) -> Html:
    """Return the head of the page."""
    return Html(f"<header>\n{join(parts)}\n</header>")


def headline(text: str) -> Html:
    """Return the title of the page."""
    return Html(f"<h1>{escape(text)}</h1>")


def verdict(finding: str, reasons: Sequence[str]) -> Html:
    """Return what was found, and the sentences that it rests on."""
    found = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return Html(f'<div class="verdict"><p>{escape(finding)}</p><ul>{found}</ul></div>')


def source(feed: str, name: str, origin: str, *, simulated: bool) -> Html:
    """Return the source of the data, with a badge if it is simulated."""
    badge = ""
    if simulated:
        badge = '<span class="badge">simulated</span> generated data, not a real market'
    return Html(
        f"<p>{escape(feed)} <code>{escape(name)}</code>{badge}<br>"
        f'<span class="aside">Source: {escape(origin)}</span></p>'
    )


def section(title: str, parts: Sequence[Html]) -> Html:
    """Return a part of the page under a heading."""
    return Html(f"<section>\n<h2>{escape(title)}</h2>\n{join(parts)}\n</section>")


def subheading(text: str) -> Html:
    """Return a heading within a section."""
    return Html(f"<h3>{escape(text)}</h3>")


def paragraph(text: str, kind: str = "") -> Html:
    """Return a paragraph; its kind is a class of the style: aside, overline or warning."""
    return Html(f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>")


def notes(lines: Sequence[str]) -> Html:
    """Return a list of remarks."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return Html(f'<ul class="notes">{items}</ul>' if items else "")


def code_block(text: str) -> Html:
    """Return preformatted text."""
    return Html(f"<pre>{escape(text)}</pre>")


def folded(title: str, part: Html) -> Html:
    """Return a part that opens on a click."""
    return Html(f"<details><summary>{escape(title)}</summary>{part}</details>")


def folded_part(name: str, title: str, part: Html) -> Html:
    """Return a part of the page that an `Anchor` leads to; it opens then, or on a click."""
    opening = f'<details id="{escape(name)}" class="part">'
    return Html(f"{opening}<summary>{escape(title)}</summary>{part}</details>")


def figure(name: str, picture: Html, caption: str) -> Html:
    """Return a picture with its caption; `name` is its element id."""
    return Html(
        f'<figure id="{escape(name)}">\n{picture}\n<figcaption>{escape(caption)}</figcaption>\n'
        "</figure>"
    )


def tiles(shown: Sequence[Tile]) -> Html:
    """Return key figures side by side."""
    return Html(f'<div class="tiles">{"".join(_tile(tile) for tile in shown)}</div>')


def _tile(tile: Tile) -> str:
    return (
        f'<div class="tile"><div class="name">{escape(tile.name)}</div>'
        f'<div class="value{_minus(tile.value)}">{escape(tile.value)}</div>'
        f'<div class="detail">{escape(tile.detail)}</div></div>'
    )


def table(
    heads: Sequence[str],
    rows: Iterable[Iterable[Cell]],
    total: Sequence[str] | None = None,
    *,
    sortable: bool = False,
) -> Html:
    """Return a table; a head that starts with `#` is that of a right-aligned number column.

    With `sortable`, a click on a head sorts it.
    """
    numeric = [head.startswith("#") for head in heads]
    head = _row("th", [head.removeprefix("#") for head in heads], numeric)
    body = "".join(_row("td", row, numeric) for row in rows)
    foot = f"<tfoot>{_row('td', total, numeric)}</tfoot>" if total else ""
    kind = f' class="{SORTABLE}"' if sortable else ""
    parts = f"<thead>{head}</thead><tbody>{body}</tbody>{foot}"
    return Html(f'<div class="wide"><table{kind}>{parts}</table></div>')


def scrolled(part: Html) -> Html:
    """Return a part that scrolls within a height; on paper it is whole."""
    return Html(f'<div class="scrolled">{part}</div>')


def facts(rows: Sequence[tuple[str, str]]) -> Html:
    """Return pairs of a name and a text, as a table without heads."""
    body = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows
    )
    return Html(f'<table class="facts"><tbody>{body}</tbody></table>')


def _row(tag: str, cells: Iterable[Cell], numeric: Sequence[bool]) -> str:
    drawn = (_cell(tag, cell, is_number) for cell, is_number in zip(cells, numeric, strict=True))
    return f"<tr>{''.join(drawn)}</tr>"


def _cell(tag: str, text: Cell, numeric: bool) -> str:
    if isinstance(text, Anchor):
        target = escape(quote(text.target))
        return f'<{tag}><a href="#{target}">{escape(text.text)}</a></{tag}>'
    kind = f' class="number{_minus(text)}"' if numeric else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _minus(text: str) -> str:
    """Return the style class of a negative amount or share; negative odds are no loss."""
    return " minus" if text.startswith("-") and ("$" in text or "pp" in text) else ""
