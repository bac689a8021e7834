"""Small HTML and SVG pieces of the pages: tiles, cards, the map of a chain, lists. Strings in, strings out.

Every value passes ``text.escape`` here; colours are CSS variables, so light, dark and both colour conventions need no
second drawing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from basketwatch.views.colours import VARIABLES
from basketwatch.words.text import escape, signed

# One stylesheet for all pieces. Its variables follow the theme that the reader chose.
STYLE = (
    "<style>\n.bw{"
    + VARIABLES
    + """--up:var(--red);--down:var(--green);
color:var(--ink);font-size:13px;line-height:1.45;font-variant-numeric:tabular-nums}
.bw.greenup{--up:var(--green);--down:var(--red)}
.bw *{box-sizing:border-box}.bw .up{color:var(--up)}.bw .down{color:var(--down)}.bw .soft{color:var(--soft)}
.bw .num{font-weight:600;white-space:nowrap}.bw .amber{color:var(--amber)}
.bw .spark{background:color-mix(in srgb,var(--accent) 78%,var(--soft));
-webkit-mask:var(--line-of) 0 0/100% 100% no-repeat;mask:var(--line-of) 0 0/100% 100% no-repeat}
.bw .row{display:flex;justify-content:space-between;gap:8px;align-items:baseline}
.bw .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
.bw .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px}
.bw .tile{border:1px solid var(--line);background:var(--card);border-radius:8px;padding:8px 12px 6px;min-width:0}
.bw .tile .last{font-size:16px;font-weight:650;margin:1px 0 3px}
.bw .big{font-size:24px;font-weight:700;letter-spacing:-.01em;line-height:1.1}
.bw .rule{border-top:1px solid var(--line);margin:7px 0 6px}
.bw .bar{display:flex;height:7px;border-radius:4px;overflow:hidden;background:var(--track);gap:1px}
.bw .bar i{display:block;height:100%}
.bw .pair{display:grid;grid-template-columns:minmax(0,auto) minmax(0,auto);gap:1px 10px;font-size:12.5px}
.bw .pair .row{gap:4px}.bw .pair .name{letter-spacing:-.01em}.bw .pair .soft{font-size:11.5px;letter-spacing:-.01em}
.bw .facts{display:flex;flex-wrap:wrap;gap:1px 9px;font-size:12.5px}
.bw .chip{display:inline-block;border-radius:4px;padding:0 6px;font-size:11.5px;white-space:nowrap;
background:color-mix(in srgb,var(--tone,var(--soft)) 14%,transparent);color:var(--tone,var(--soft))}
.bw .dots{display:flex;flex-wrap:wrap;gap:2px 16px;align-items:center;color:var(--soft)}
.bw .dot{display:inline-block;width:7px;height:7px;border-radius:50%;margin-right:6px;background:var(--soft);opacity:.6}
.bw .dot.on{background:var(--accent);opacity:1}
.bw .map{display:flex;gap:3px;min-height:250px}
.bw .seg{display:flex;flex-direction:column;gap:2px;min-width:104px}
.bw .seg h5{font-size:12px;font-weight:500;color:var(--soft);margin:0 0 2px;padding:0;white-space:nowrap;overflow:hidden;
text-overflow:ellipsis;line-height:1.4}
.bw .cell{display:flex;justify-content:space-between;gap:0 4px;border-radius:4px;padding:3px 5px;min-height:25px;
overflow:hidden;font-size:11.5px;color:var(--ink);letter-spacing:-.01em}
.bw .cell.strong{color:var(--on-colour)}
.bw table{border-collapse:collapse;width:100%}.bw td,.bw th{padding:3px 8px 3px 0;text-align:right;font-weight:400;
border-bottom:1px solid var(--line);white-space:nowrap}
.bw th{color:var(--soft);font-size:12px}.bw td:first-child,.bw th:first-child{text-align:left}
.bw .scroll{overflow-x:auto;background:linear-gradient(90deg,transparent,var(--page) 70%) 100% 0/44px 100%
no-repeat local,linear-gradient(90deg,transparent,light-dark(#0002,#fff2)) 100% 0/14px 100% no-repeat scroll}
.bw .under .scroll{--page:var(--card)}.bw .scroll td:first-child,.bw .scroll th:first-child{position:sticky;left:0;background:var(--page)}
.bw .of{text-decoration:underline dotted var(--soft);text-underline-offset:3px;cursor:help}
.bw .said{padding:5px 0;border-bottom:1px solid var(--line);font-size:12.5px}.bw .said a{color:inherit;text-decoration:none}
.bw .said .soft{margin-right:7px}.bw .said .chip{margin-right:5px}
.bw .dear{--tone:var(--amber);color:var(--amber)}.bw .cheap{--tone:var(--teal);color:var(--teal)}
.bw .track{position:relative;height:8px;border-radius:4px;margin:5px 0 3px;background:linear-gradient(90deg,
var(--track) 10%,color-mix(in srgb,var(--accent) 16%,var(--track)) 10% 30%,color-mix(in srgb,var(--accent) 36%,var(--track)) 30% 70%,
color-mix(in srgb,var(--accent) 16%,var(--track)) 70% 90%,var(--track) 90%)}
.bw .track::before{content:"";position:absolute;left:50%;top:-2px;bottom:-2px;width:1.5px;background:var(--accent)}
.bw .track i{position:absolute;top:50%;width:11px;height:11px;border-radius:50%;transform:translate(-50%,-50%);
background:var(--tone,var(--ink));border:2px solid var(--card)}
.bw .track i.soft{--tone:var(--ink)}
.bw details summary{cursor:pointer;list-style:none;color:var(--soft);font-size:12px;white-space:nowrap;overflow:hidden;
text-overflow:ellipsis}
.bw details summary::-webkit-details-marker{display:none}.bw details summary::after{content:"";display:inline-block;width:5px;
height:5px;margin:0 2px 0 7px;border:solid currentColor;border-width:0 1.5px 1.5px 0;transform:rotate(45deg);vertical-align:2px}
.bw details[open] summary::after{transform:rotate(225deg);vertical-align:-1px}
.bw details.pop{position:relative}.bw details.pop[open]{z-index:60}
.bw details.pop .under{position:absolute;top:100%;left:-12px;min-width:min(340px,86vw);z-index:60;padding:8px 12px;
border:1px solid var(--line);border-radius:8px;background:var(--card);box-shadow:0 6px 22px #0003}
.bw .tile:nth-child(n+4) details.pop .under{left:auto;right:-12px}
.bw .sheet td{white-space:nowrap;text-align:left}.bw .sheet td:first-child{color:var(--soft);padding-right:14px}
.bw .wrap,.bw .sheet td.wrap{white-space:normal}.bw .sheet td .wrap{display:block;max-width:420px}
.bw h4{font-size:14px;font-weight:650;margin:0;padding:0}
.bw .title{font-size:20px;font-weight:700;color:var(--ink)}
.bw .demo{--tone:var(--amber);font-weight:600}
[data-testid="stMainBlockContainer"]{padding:1.1rem 1.4rem 2rem;max-width:1600px}
[data-testid="stHeader"]{height:0;min-height:0;background:transparent}
[data-testid="stToolbar"]{position:fixed;top:.55rem;right:.35rem;left:auto;width:auto;height:auto}
[data-testid="stStatusWidget"]{display:none}
[data-testid="stSidebar"]{min-width:200px;max-width:200px}
[data-testid="stSidebarContent"]{padding:0 .2rem}[data-testid="stSidebarHeader"]{height:2.2rem;padding-bottom:0}
[data-testid="stSidebarUserContent"]{padding-left:.9rem;padding-right:.6rem}
[class*="st-key-card_"]{padding:.7rem .85rem .6rem!important;gap:.15rem!important}
[class*="st-key-card_"] [data-testid="stPageLink-NavLink"]{padding-left:0;min-height:0;height:auto}
[class*="st-key-card_"] [data-testid="stPageLink-NavLink"] p{font-size:16px;font-weight:650}
[class*="st-key-pe_"] [data-testid="stPageLink-NavLink"]{margin-top:2px}
[class*="st-key-card_"] [class*="st-key-pe_"] [data-testid="stPageLink-NavLink"] p{font-size:12.5px;font-weight:400}
[data-testid="stLayoutWrapper"]:has(>:is(.st-key-board_open,.st-key-says)){display:none}
.bw .totop{display:block;text-align:center;padding:9px 12px;border-radius:8px;background:var(--accent);color:var(--on-colour);
font-weight:600;text-decoration:none;box-shadow:0 4px 16px #0004}
[data-testid="stHtml"]:has(details.pop[open]){overflow:visible;z-index:60;position:relative}
@media (max-width:640px){[data-testid="stLayoutWrapper"]:has(>.st-key-log){display:none}
[data-testid="stLayoutWrapper"]:has(>:is(.st-key-board_open,.st-key-says)){display:flex}
[data-testid="stLayoutWrapper"]:has(>.st-key-board_open){position:sticky;bottom:10px;z-index:50}
[data-testid="stMainBlockContainer"]{padding:2.6rem .8rem 2rem}
.bw .tiles{grid-template-columns:1fr 1fr}.bw .tile:nth-child(odd) details.pop .under{left:-12px;right:auto}
.bw .tile:nth-child(even) details.pop .under{left:auto;right:-12px}.bw .map{flex-direction:column}.bw .seg{min-width:0}}
</style>"""
)


def block(inner: str, *, green_up: bool = False) -> str:
    """Wrap pieces so that the stylesheet applies."""
    return f'<div class="bw{" greenup" if green_up else ""}">{inner}</div>'


def heading(title: str, note: str = "") -> str:
    """A panel's heading, with a quiet line under it."""
    under = f'<span class="soft">{escape(note)}</span>' if note else ""
    return f"<h4>{escape(title)}</h4>{under}"


def tone(value: float | None) -> str:
    """CSS class of a change: up, down, or neither for the unknown and for what prints as 0.00."""
    if value is None or math.isnan(value) or abs(value) < 0.00005:
        return "soft"
    return "up" if value > 0 else "down"


def change(value: float | None, shown: str | None = None, *, css: str = "num", title: str = "") -> str:
    """A signed, coloured change."""
    hint = f' title="{escape(title)}"' if title else ""
    return f'<span class="{css} {tone(value)}"{hint}>{escape(signed(value) if shown is None else shown)}</span>'


def chip(label: str, colour: str = "var(--soft)", title: str = "") -> str:
    """A small label; ``colour`` is one of our own CSS values, never data."""
    hint = f' title="{escape(title)}"' if title else ""
    return f'<span class="chip" style="--tone:{colour}"{hint}>{escape(label)}</span>'


def spark(values: Sequence[float], *, height: int = 26) -> str:
    """A line of closes in a neutral colour: red and green are kept for the move of the day beside it."""
    points = [v for v in values if not math.isnan(v)]
    if len(points) < 2:
        return f'<div style="height:{height}px"></div>'
    low, high = min(points), max(points)
    scale = (height - 3) / (high - low) if high > low else 0
    step = 100 / (len(points) - 1)
    path = " ".join(f"{i * step:.1f},{height - 1.5 - (v - low) * scale:.1f}" for i, v in enumerate(points))
    # Streamlit strips <svg>; as a mask the line keeps the theme's colour, which an <img> would not
    drawing = quote(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {height}" preserveAspectRatio="none"><polyline points="{path}" '
        'fill="none" stroke="#000" stroke-width="1.5" stroke-linejoin="round" vector-effect="non-scaling-stroke"/></svg>',
        safe=" ,.:/",
    )
    return f'<div class="spark" style="height:{height}px;--line-of:url(\'data:image/svg+xml,{drawing}\')"></div>'


def tile(
    name: str, last: str, day: float | None, values: Sequence[float], note: str = "", title: str = "", under: str = ""
) -> str:
    """One benchmark: name, change of the day, last, 60-session line; ``note`` is what the reader must know (stale…).

    ``under``: finished markup below the line.
    """
    extra = f' <span class="amber">{escape(note)}</span>' if note else ""
    return (
        f'<div class="tile" title="{escape(title)}"><div class="row"><span class="name soft">{escape(name)}{extra}</span>'
        f'{change(day)}</div><div class="last">{escape(last)}</div>{spark(values)}{under}</div>'
    )


def tiles(items: Iterable[str]) -> str:
    """Finished tiles side by side."""
    return f'<div class="tiles">{"".join(items)}</div>'


def breadth_bar(counts: Mapping[str, int]) -> str:
    """Members up, flat, down as one bar."""
    total = counts["up"] + counts["flat"] + counts["down"]
    if not total:
        return '<div class="bar"></div>'
    colours = (("up", "var(--up)"), ("flat", "var(--soft)"), ("down", "var(--down)"))
    parts = "".join(f'<i style="flex:{counts[k]};background:{c}"></i>' for k, c in colours if counts[k])
    return f'<div class="bar">{parts}</div>'


def grid(items: Sequence[tuple[str, float | None, str]]) -> str:
    """Label and change, two to a row; the third of each is how the change is written."""
    cells = "".join(
        f'<div class="row"><span class="name soft" title="{escape(label)}">{escape(label)}</span>{change(value, shown)}</div>'
        for label, value, shown in items
    )
    return f'<div class="pair">{cells}</div>'


def pairs(left: Sequence[tuple[str, float | None]], right: Sequence[tuple[str, float | None]]) -> str:
    """Leaders beside laggards."""
    cells = []
    for i in range(max(len(left), len(right))):
        for side in (left, right):
            cells.append(_pair(*side[i]) if i < len(side) else "<span></span>")
    return f'<div class="pair">{"".join(cells)}</div>'


def _pair(name: str, value: float | None) -> str:
    shown = escape(name)
    return f'<div class="row"><span class="name" title="{shown}">{shown}</span>{change(value)}</div>'


def cell(name: str, value: float | None, weight: float, title: str, mark: str = "") -> str:
    """One member in the map: height by ``weight``, colour by the move of the day (full at ±10 %)."""
    known = value is not None and not math.isnan(value)
    strength = min(1.0, abs(value) / 0.10) if known else 0.0  # type: ignore[arg-type]
    colour = "var(--track)" if not known or value == 0 else f"var(--{'up' if value > 0 else 'down'})"  # type: ignore[operator]
    share = round(18 + 72 * strength) if known and value else 100
    strong = " strong" if known and strength > 0.8 else ""
    shown = mark or signed(value)
    return (
        f'<div class="cell{strong}" title="{escape(title)}" style="flex:{weight:.3f} 0 25px;'
        f'background:color-mix(in srgb,{colour} {share}%,var(--card))">'
        f'<span class="name">{escape(name)}</span><span class="num">{escape(shown)}</span></div>'
    )


def segments(columns: Sequence[tuple[str, float, Sequence[str]]]) -> str:
    """The map: a column a segment (title, weight, cells), cells growing with their weight down to a size that can be read."""
    drawn = "".join(
        f'<div class="seg" style="flex:{weight:.3f} 1 96px"><h5 title="{escape(title)}">{escape(title)}</h5>{"".join(cells)}</div>'
        for title, weight, cells in columns
    )
    return f'<div class="map">{drawn}</div>'


_SPAN = re.compile(r"<span ([^<>]*)>([^<>]*)</span>")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A small table; cells are finished markup, the head is text."""
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    return f'<div class="scroll"><table><tr>{top}</tr>{_rows(rows)}</table></div>'


def _rows(rows: Sequence[Sequence[str]]) -> str:
    return "".join("<tr>" + "".join(_cell(c) for c in row) + "</tr>" for row in rows)


def _cell(inner: str) -> str:
    """A cell; one that holds a single span is that span itself, half the elements of a page of numbers."""
    alone = _SPAN.fullmatch(inner)
    return f"<td {alone[1]}>{alone[2]}</td>" if alone else f"<td>{inner}</td>"


def facts(rows: Sequence[Sequence[str]]) -> str:
    """What is known of one number, a line each: label and value, both finished markup."""
    return f'<div class="scroll"><table class="sheet"><tbody>{_rows(rows)}</tbody></table></div>'


def fold(summary: str, inner: str, css: str = "") -> str:
    """A line that opens what lies behind it with a click or a tap, without asking the server; both finished markup."""
    alone = ' name="pop"' if css else ""  # of those with a name only one is open at a time
    return f'<details class="{css}"{alone}><summary>{summary}</summary><div class="under">{inner}</div></details>'


def track(percentile: float | None, css: str = "soft", title: str = "") -> str:
    """A line from a window's lowest value to its highest by rank, its inner 80 and 40 % shaded, a dot where today stands."""
    dot = "" if percentile is None else f'<i class="{css}" style="left:{percentile * 100:.1f}%"></i>'
    hint = f' title="{escape(title)}"' if title else ""
    return f'<div class="track"{hint}>{dot}</div>'
