"""From the snapshot to what the sectors page draws: the board of sectors, indices and baskets, the chosen sector's card,
the weekly review's text. Without Streamlit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from basketwatch.analysis import baskets, prices, weekly
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.analysis.valuation.bands import FIXED
from basketwatch.domain.markets import SECTORS
from basketwatch.errors import UsageError
from basketwatch.views import html
from basketwatch.views import pe as pe_words
from basketwatch.views import review as review_words
from basketwatch.views.charts import sectors as sector_charts
from basketwatch.words.text import DASH, day, escape, listed, percent, plain, points, say, signed, times

if TYPE_CHECKING:
    from basketwatch.analysis.valuation.bands import Band
    from basketwatch.analysis.weekly import Week
    from basketwatch.views.charts.sectors import Figure

WINDOWS = tuple(sorted(prices.WINDOWS, key=lambda w: {"1w": 0, "ytd": 1}.get(w, 2)))  # the page's order: the week first
USUAL = pe_words.USUAL

# The text to copy is set as text, not as code, and its button always shows; Streamlit has no other box with one.
STYLE = """<style>
.st-key-review [data-testid="stCode"] pre{background:transparent;padding:0;border-radius:0;overflow:visible}
.st-key-review [data-testid="stCode"] :is(pre,pre *){font-family:inherit!important;font-size:13px;line-height:1.6;
white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere}
.st-key-review [data-testid="stCode"]>div{opacity:1!important;visibility:visible!important;top:-46px;right:-4px}
.st-key-sector_card,.st-key-sector_bars,.st-key-review{gap:.4rem!important;padding:.7rem .9rem!important}
.bw .weeks{display:flex;gap:2px;margin-top:3px}
.bw .weeks i{flex:1;text-align:center;font-style:normal;font-size:11.5px;padding:2px 0;border-radius:3px;min-width:0}
.bw .swatch{display:inline-block;width:18px;height:10px;margin-right:5px;color:var(--soft);background:currentColor}
.bw .swatch.index{background:radial-gradient(currentColor 1px,transparent 1.3px) 0 0/4px 4px;outline:1px solid}
.bw .swatch.basket{background:repeating-linear-gradient(135deg,currentColor 0 1.5px,transparent 1.5px 4px);outline:1px solid}
.st-key-scatter .scatterlayer .trace:nth-child(3){display:none}
@media (max-width:640px){.st-key-scatter .scatterlayer .trace:nth-child(2){display:none}
.st-key-scatter .scatterlayer .trace:nth-child(3){display:inline}}
</style>"""


@dataclass(frozen=True)
class ChartPanel:
    """One chart of the page: heading, quiet note, warning, figure."""

    title: str
    note: str
    warning: str
    figure: Figure


# --- the board ---------------------------------------------------------------------------------------------------


def board(snapshot: Snapshot, window: str, lang: str) -> pd.DataFrame:
    """Sectors, mainland indices and baskets over a window, the best on top, unknown ones last.

    Columns: key, name, kind (sector, index, basket), value (fraction), shown, rank, of, pe, percentile (of the last
    three years), tone (dear, cheap, soft), premium (over the mean of the fixed window), definition, hover.
    """
    rows = [_listed(snapshot, s.ticker, "sector", window, lang) for s in snapshot.universe.sectors]
    rows += [_listed(snapshot, t, "index", window, lang) for t in weekly.indices(snapshot.universe)]
    rows += [_basket(snapshot, view, window, lang) for view in snapshot.baskets]
    frame = pd.DataFrame(rows, columns=["key", "name", "kind", "value", "rank", "of", *_VALUED])
    frame["shown"] = [signed(v) for v in frame["value"]]
    frame["hover"] = [_hover(row, lang) for row in frame.to_dict("records")]
    return frame.sort_values("value", ascending=False, na_position="last", kind="stable", ignore_index=True)


_VALUED = ("pe", "percentile", "tone", "premium", "definition")


def _listed(snapshot: Snapshot, ticker: str, kind: str, window: str, lang: str) -> dict[str, Any]:
    names = {s.ticker: s.name for s in snapshot.universe.sectors}
    name = names[ticker][lang] if ticker in names else snapshot.name(ticker)[lang]
    value = float(snapshot.table[window].get(ticker, np.nan))
    rank = float(snapshot.ranks[window].get(ticker, np.nan)) if kind == "sector" else np.nan
    own = snapshot.valuations.get(ticker)
    found = {"key": ticker, "name": name, "kind": kind, "value": value, "rank": rank, "of": SECTORS}
    if own is None:
        return found | _unvalued()
    told = _valued(own.pe, own.losing, own.bands.get(USUAL), own.bands.get(FIXED))
    return found | told | {"definition": own.key.definition}


def _basket(snapshot: Snapshot, view: Any, window: str, lang: str) -> dict[str, Any]:
    rank = view.would_rank[window]
    value = view.returns[window] if view.home == weekly.HOME else np.nan
    row = {"key": view.basket.id, "name": view.basket.short[lang], "kind": "basket", "value": value,
             "rank": np.nan if rank is None else float(rank), "of": SECTORS + 1}  # fmt: skip
    own = snapshot.basket_valuations.get(view.basket.id)
    if own is None or own.home != weekly.HOME:
        return row | _unvalued()
    now = pe_words.leg(own)
    told = _valued(now.pe, pe_words.loses(now), own.bands.get(USUAL), own.bands.get(FIXED))
    return row | told | {"definition": "aggregate_ttm"}


def _unvalued() -> dict[str, Any]:
    return {"pe": np.nan, "percentile": np.nan, "tone": "soft", "premium": np.nan, "definition": ""}


def _valued(pe: float, losing: bool, usual: Band | None, fixed: Band | None) -> dict[str, Any]:
    known = not losing and pe > 0
    place = usual.percentile if usual and known else math.nan
    mean = fixed.mean if fixed and known and not fixed.insufficient else math.nan
    return {"pe": pe if known else np.nan, "percentile": place, "tone": pe_words.tone(place),
            "premium": pe / mean - 1}  # fmt: skip


def _hover(row: dict[Any, Any], lang: str) -> str:
    parts = [f"{row['name']} {row['shown']}", ranked(row["rank"], int(row["of"]), row["kind"], lang)]
    if row["pe"] > 0:
        parts.append(f"{say('pe_short_' + row['definition'], lang)} {times(row['pe'])}")
    if row["percentile"] == row["percentile"]:
        place = say("pe_place", lang, window=say(f"pe_window_{USUAL}", lang), percentile=percent(row["percentile"]))
        parts.append(place)
    return " · ".join(p for p in parts if p)


def ranked(rank: float | None, of: int, kind: str, lang: str) -> str:
    """第 2/31, of a basket 同排第 2/32; "" without a rank."""
    if rank is None or not rank > 0:
        return ""
    return say("sectors_would_rank" if kind == "basket" else "sectors_rank_of", lang, rank=int(rank), of=of)


def missing(snapshot: Snapshot, window: str, lang: str) -> str:
    """Which sectors have no return over the window, where that leaves all without a rank; "" where none is missing."""
    known = [s.ticker for s in snapshot.universe.sectors]
    moves = baskets.same_session(snapshot.table.loc[[t for t in known if t in snapshot.table.index]])[window].reindex(
        known
    )
    gone = list(moves.index[moves.isna()])
    names = {s.ticker: s.name[lang] for s in snapshot.universe.sectors}
    shown = listed((names[t] for t in gone[:8]), lang) + ("…" if len(gone) > 8 else "")
    return say("sectors_missing", lang, window=say(f"col_{window}", lang), n=len(gone), names=shown) if gone else ""


def span(snapshot: Snapshot, window: str, lang: str) -> str:
    """The sessions that a window runs between, on the mainland's calendar."""
    state, calendar = snapshot.markets.get(weekly.HOME), snapshot.calendars.get(weekly.HOME)
    newest = snapshot.table.loc[snapshot.table["group"] == weekly.HOME, "session"].max()
    if state is None or calendar is None or pd.isna(newest):
        return ""
    last = newest.date()
    base = calendar.before(last) if window == "1d" else None
    start = base.day if base else prices.window_bases(calendar, last)[window]
    live = state.session is not None and state.session.day == last and snapshot.now < state.session.closes
    shown = day(start, lang) if start else DASH
    return say("sectors_sessions_live" if live else "sectors_sessions", lang, base=shown, last=day(last, lang))


def windows(lang: str) -> dict[str, str]:
    """Window -> its label."""
    return {w: say(f"col_{w}", lang) for w in WINDOWS}


def bars(
    snapshot: Snapshot, rows: pd.DataFrame, window: str, chosen: str, lang: str, *, dark: bool, green_up: bool
) -> ChartPanel:  # fmt: skip
    """The sorted bars of ``board``."""
    sessions = span(snapshot, window, lang)
    titles = (f"{say(f'col_{window}', lang)} · {sessions}", say("sectors_pe_head", lang))
    figure = sector_charts.bars(rows, chosen, titles, dark=dark, green_up=green_up)
    return ChartPanel(say("sectors_bars", lang), "", missing(snapshot, window, lang), figure)


def key(lang: str) -> str:
    """What the marks of the bars and the colours of the dots mean."""
    marks = "".join(
        f'<span><span class="swatch {kind}"></span>{escape(say(f"sectors_kind_{kind}", lang))}</span>'
        for kind in ("sector", "index", "basket")
    )
    dots = "".join(
        f'<span class="{tone}">● {escape(say(f"sectors_key_{tone}", lang))}</span>' for tone in ("dear", "cheap")
    )
    return f'<div class="dots" style="font-size:12px">{marks}{dots}</div>'


# --- the chosen sector -------------------------------------------------------------------------------------------


def card(snapshot: Snapshot, ticker: str, lang: str) -> str:
    """Week and year of the chosen sector with its ranks, its excess over the indices, its PE on its own track."""
    head = "".join(f"<div>{_figure(snapshot, ticker, window, lang)}</div>" for window in ("1w", "ytd"))
    rows = [(say("relative", lang, name=snapshot.name(i)[lang]), i) for i in weekly.indices(snapshot.universe)]
    excess = "".join(
        f'<div class="row"><span class="name soft">{escape(label)}</span>{_excess(snapshot, ticker, index, window)}</div>'
        for label, index in rows
        for window in ("1w", "ytd")
    )
    rule = '<div class="rule"></div>'
    pair = f'<div class="pair" style="gap:2px 22px">{head}{excess}</div>'
    return pair + rule + _pe(snapshot, ticker, lang) + rule + _weeks(snapshot, ticker, lang)


def _figure(snapshot: Snapshot, ticker: str, window: str, lang: str) -> str:
    value = float(snapshot.table[window].get(ticker, np.nan))
    rank = ranked(float(snapshot.ranks[window].get(ticker, np.nan)), SECTORS, "sector", lang)
    return (
        f'<div class="soft">{escape(say(f"col_{window}", lang))}</div><div class="row">'
        f"{html.change(value, css='big')}<span>{escape(rank or DASH)}</span></div>"
    )


def _excess(snapshot: Snapshot, ticker: str, index: str, window: str) -> str:
    """Before rounding, and only over the same two sessions."""
    if ticker not in snapshot.table.index or index not in snapshot.table.index:
        return DASH
    own, other = snapshot.row(ticker), snapshot.row(index)
    same = own["session"] == other["session"]
    value = float(own[window] - other[window]) if same else math.nan
    return html.change(value, points(value))


def _pe(snapshot: Snapshot, ticker: str, lang: str) -> str:
    own = snapshot.valuations.get(ticker)
    if own is None:
        name = review_words.sector_name(snapshot, ticker, lang)
        return f'<span class="soft">{escape(say("review_no_valuation", lang, name=name))}</span>'
    window, fixed = pe_words.telling(own.bands), own.bands.get(FIXED)
    figure = pe_words.figure_of(own.pe, own.losing, lang)
    hue = pe_words.tone(own.bands[window].percentile) if window else "soft"
    left = f"<b>{escape(pe_words.series_name(own, lang))} {escape(figure)}</b>"
    mean = ""
    if fixed and not fixed.insufficient and not own.losing:
        mean = escape(say("sectors_mean", lang, mean=times(fixed.mean), x=signed(own.pe / fixed.mean - 1)))
    behind = html.fold(escape(own.session), pe_words.ledger(own, lang), css="pop")
    return (
        f'<div class="row" style="flex-wrap:wrap"><span>{left}</span>'
        f'<span class="num {hue}">{escape(pe_words.brief(own, lang))}</span></div>'
        f'{pe_words.track(own.bands)}<div class="row">{behind}<span class="soft">{mean}</span></div>'
    )


def _weeks(snapshot: Snapshot, ticker: str, lang: str) -> str:
    """The sector's rank week by week, the upper half in the colour of rises."""
    ranks = weekly.rotation(snapshot)
    if ticker not in ranks.index or not ranks.shape[1]:
        return ""
    weeks = [pd.Timestamp(end).date() for end in ranks.columns]
    cells = [_week_cell(end, rank, lang) for end, rank in zip(weeks, ranks.T[ticker].tolist(), strict=True)]
    ends = [day(end, lang) for end in (weeks[0], weeks[-1])]
    title = say("sectors_weeks", lang, n=len(cells)) + (say("sectors_running", lang) if running(snapshot) else "")
    return (
        f'<div class="row"><span>{escape(title)}</span><span class="soft">{escape(" → ".join(ends))}</span></div>'
        f'<div class="weeks">{"".join(cells)}</div>'
    )


def _week_cell(end: date, rank: float, lang: str) -> str:
    hint = escape(day(end, lang))
    if rank != rank:
        return f'<i title="{hint}" style="background:var(--track)">{DASH}</i>'
    middle = (SECTORS + 1) / 2
    hue, share = "up" if rank < middle else "down", abs(middle - rank) / (middle - 1)
    mix = f"color-mix(in srgb,var(--{hue}) {8 + 47 * share:.0f}%,var(--card))"
    return f'<i title="{hint}" style="background:{mix}">{rank:.0f}</i>'


# --- rotation, scatter, table ------------------------------------------------------------------------------------


def running(snapshot: Snapshot) -> bool:
    """Whether the newest week still has a session to come."""
    state, calendar = snapshot.markets.get(weekly.HOME), snapshot.calendars.get(weekly.HOME)
    if state is None or calendar is None or state.session is None:
        return False
    friday = state.session.day
    following = calendar.after(friday)
    same = following is not None and following.day.isocalendar()[:2] == friday.isocalendar()[:2]
    return same or snapshot.now < state.session.closes


def rotation(snapshot: Snapshot, chosen: str, lang: str, *, dark: bool) -> ChartPanel:
    """Ranks of the last weeks."""
    ranks = weekly.rotation(snapshot)
    title = say("sectors_rotation", lang, n=ranks.shape[1]) + (
        say("sectors_running", lang) if running(snapshot) else ""
    )
    figure = sector_charts.rotation(ranks, labels(snapshot, lang), chosen, dark=dark)
    return ChartPanel(title, say("sectors_rotation_note", lang, of=SECTORS), "", figure)


def scatter(rows: pd.DataFrame, window: str, chosen: str, lang: str, *, dark: bool) -> ChartPanel:
    """PE percentile against return."""
    shown = say(f"col_{window}", lang)
    figure = sector_charts.scatter(rows, chosen, (say("sectors_pe_axis", lang), shown), dark=dark)
    return ChartPanel(say("sectors_scatter", lang), say("sectors_scatter_note", lang, window=shown), "", figure)


def table(snapshot: Snapshot, lang: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Everything as numbers, one row a sector, index or basket, the week's best on top; and the columns' settings."""
    week, year = board(snapshot, "1w", lang), board(snapshot, "ytd", lang).set_index("key")
    own = year.loc[week["key"]]
    frame = pd.DataFrame({
        "name": week["name"], "key": week["key"], "1w": week["value"] * 100, "week_rank": week["rank"],
        "ytd": own["value"].to_numpy() * 100, "year_rank": own["rank"].to_numpy(), "pe": week["pe"],
        "place": week["percentile"] * 100, "premium": week["premium"] * 100,
        "definition": [say(f"pe_short_{d}", lang) if d else "" for d in week["definition"]],
    })  # fmt: skip
    titles = {
        "name": say("col_name", lang), "key": say("col_ticker", lang), "1w": say("col_1w", lang),
        "week_rank": say("sectors_col_week_rank", lang), "ytd": say("col_ytd", lang),
        "year_rank": say("sectors_col_year_rank", lang), "pe": say("pe_col_pe", lang),
        "place": say("pe_col_place", lang, window=say(f"pe_window_{USUAL}", lang)),
        "premium": say("sectors_col_premium", lang), "definition": say("pe_col_definition", lang),
    }  # fmt: skip
    formats = {"1w": "%+.2f%%", "ytd": "%+.2f%%", "premium": "%+.1f%%", "place": "%.1f%%", "pe": "%.2f"}
    kinds = {c: {"type": "number", "format": f} for c, f in (formats | dict.fromkeys(_RANKS, "%d")).items()}
    helps = dict.fromkeys(_RANKS, say("sectors_rank_help", lang, of=SECTORS, more=SECTORS + 1))
    columns = {c: {"label": plain(t), "help": helps.get(c), "type_config": kinds.get(c)} for c, t in titles.items()}
    return frame, columns


_RANKS = ("week_rank", "year_rank")


# --- the weekly review -------------------------------------------------------------------------------------------


def week_of(snapshot: Snapshot) -> Week | None:
    """The week that the review is about; None without a calendar that reaches back."""
    calendar = snapshot.calendars.get(weekly.HOME)
    try:
        return weekly.week_of(calendar, snapshot.now) if calendar else None
    except UsageError:
        return None


def review(snapshot: Snapshot, week: Week | None, sector: str, lang: str) -> tuple[str, str]:
    """Title and paragraphs to copy; an invented market says so in the text itself."""
    title = say("sectors_review", lang)
    if week is None:
        return title, say("sectors_no_review", lang)
    found = weekly.review(snapshot, week, sector)
    badge = say("review_badge", lang) if snapshot.demo else ""
    text = [say("sectors_no_review", lang)] if found.empty else review_words.paragraphs(snapshot, found, lang)
    return f"{title} · {review_words.span(week, lang)}", badge + "\n\n".join(text)


def review_notes(snapshot: Snapshot, week: Week | None, sector: str, lang: str) -> str:
    """Sessions, sources and gaps behind the review."""
    found = weekly.review(snapshot, week, sector) if week else None
    lines = review_words.notes(snapshot, found, lang) if found else []
    return "".join(f'<div class="soft" style="font-size:12px">{escape(line)}</div>' for line in lines)


def labels(snapshot: Snapshot, lang: str) -> dict[str, str]:
    """Sector -> its name, in the file's order."""
    return {s.ticker: s.name[lang] for s in snapshot.universe.sectors}
