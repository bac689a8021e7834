"""The card of the day: a sentence, the home market's indices, a block a basket, who led and who lagged, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from basketwatch.analysis.baskets import same_session
from basketwatch.analysis.snapshot import BasketView, Snapshot, home_rows
from basketwatch.domain import markets
from basketwatch.domain.model import Names
from basketwatch.views import pe
from basketwatch.views.basket import market_label
from basketwatch.views.cards import parts
from basketwatch.views.cards.parts import Data
from basketwatch.views.today import title
from basketwatch.words.text import DASH, day, points, say, source_name

TILES, BASKETS, EACH, HIT = 3, 6, 3, 4
# what is said of limits: chip, the states it holds, its tone
LIMITS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "card_limit_up": (("sealed_up", "one_price_up", "t_up"), "up"),
    "card_touched_up": (("touched_up",), "amber"),
    "card_limit_down": (("sealed_down", "one_price_down", "t_down"), "down"),
}


def card(snapshot: Snapshot, lang: str) -> Data:
    """The card of the day."""
    group = markets.home([t for view in snapshot.baskets for t in view.table.index])
    shown = snapshot.baskets[:BASKETS]
    rows = _members(shown, group)
    newest = rows["session"].max()
    leading = newest.date() if pd.notna(newest) else None
    sentences = _sentences(snapshot, shown, lang)
    return parts.whole(
        snapshot, "today", day(leading, lang, weekday=True) if leading else DASH, lang,
        markets=parts.market_lines(snapshot, _groups(snapshot), leading, lang),
        stamp=parts.stamp(snapshot, rows, group, lang), sentences=sentences,
        tiles=_tiles(snapshot, group, lang), baskets=[block(snapshot, v, group, lang) for v in shown],
        rest=_rest(snapshot, shown, lang), **_leaders(snapshot, rows, group, lang), limits=limits(snapshot, rows, lang),
        foot=_foot(snapshot, shown, rows, group, lang), alt=" ".join(plain(s) for s in sentences),
    )  # fmt: skip


def _groups(snapshot: Snapshot) -> set[str]:
    """Markets of the members and of the indices of the strip."""
    of_members = {str(g) for view in snapshot.baskets for g in view.table["group"]}
    return {g for g in (of_members | {markets.group(b.ticker) for b in snapshot.universe.benchmarks})
            if g in markets.GROUP and markets.GROUP[g].in_first_line}  # fmt: skip


def _members(views: Sequence[BasketView], group: str) -> pd.DataFrame:
    """The home market's members of all baskets, each once."""
    frames = [v.table.loc[v.table["group"] == group] for v in views]
    rows = (
        pd.concat(frames)
        if frames
        else pd.DataFrame(columns=["session", "stale", "suspended", "1d", "quote_time", "source", "limit_state"])
    )
    return rows.loc[~rows.index.duplicated()]


def _rest(snapshot: Snapshot, shown: Sequence[BasketView], lang: str) -> str:
    left = len(snapshot.baskets) - len(shown)
    return say("card_rest_of_baskets", lang, n=left) if left else ""


# --- the sentence ------------------------------------------------------------------------------------------------


def plain(runs: Sequence[Data]) -> str:
    """The runs of a sentence as one text."""
    return "".join(str(run["text"]) for run in runs)


def _sentences(snapshot: Snapshot, views: Sequence[BasketView], lang: str) -> list[list[Data]]:
    """The best and the worst basket of the day, against their benchmark, and what happened at the limits."""
    known = sorted((v for v in views if v.returns["1d"] == v.returns["1d"]), key=lambda v: -v.returns["1d"])
    chosen = known if len(known) < 2 else [known[0], known[-1]]
    return [_sentence(snapshot, view, lang) for view in chosen]


def _sentence(snapshot: Snapshot, view: BasketView, lang: str) -> list[Data]:
    name = parts.named(view.basket.short, view.basket.id, lang)
    runs = [name | {"tone": "ink"}, parts.figure(" "), parts.move(view.returns["1d"]) | {"bold": True}]
    runs += against(snapshot, view, lang)
    rows, lost = home_rows(view), set(parts.not_current(home_rows(view)))
    for key, word in (("card_limit_up", "limit_sealed_up"), ("card_limit_down", "limit_sealed_down")):
        hit = [str(t) for t in rows.index[rows["limit_state"].isin(LIMITS[key][0])] if t not in lost][:2]
        if hit:
            told = say("card_event", lang, names=_HERE, what=say(word, lang))
            runs += _around(told, [parts.name_of(snapshot, t, lang) for t in hit])
    return [*runs, parts.figure(say("card_stop", lang))]


def against(snapshot: Snapshot, view: BasketView, lang: str) -> list[Data]:
    """跑赢申万通信 1.28pp: against the basket's first benchmark with which it ended together."""
    known = [(t, values["1d"]) for t, values in view.excess.items() if values["1d"] == values["1d"]]
    if not known:
        return []
    ticker, value = known[0]
    key, away = "card_ahead" if value >= 0 else "card_behind", points(abs(value)).lstrip("+")
    return _around(say(key, lang, name=_HERE, x=away), [parts.name_of(snapshot, ticker, lang)])


_HERE = "\n"  # where names come into a sentence; no text has one of its own


def _around(told: str, names: Sequence[Data]) -> list[Data]:
    """Runs of a sentence with names in it, which are never broken between two lines (``keep``)."""
    before, _, after = told.partition(_HERE)
    kept = [name | {"tone": "ink", "keep": True} for name in names]
    spaced = [run for name in kept for run in (parts.figure(" "), name)][1:]
    return [parts.figure(before), *spaced, parts.figure(after)]


# --- tiles and blocks --------------------------------------------------------------------------------------------


def _tiles(snapshot: Snapshot, group: str, lang: str) -> list[Data]:
    """The first indices and sectors of the strip that are of the home market, on the session that is due."""
    own = [
        b for b in snapshot.universe.benchmarks if markets.group(b.ticker) == group and b.ticker in snapshot.table.index
    ]
    rows = same_session(snapshot.table.loc[[b.ticker for b in own]])
    rows.loc[parts.not_current(rows), "1d"] = float("nan")  # an old index is no measure of the day
    return [{"label": parts.named(b.name, b.ticker, lang), "figure": parts.move(float(rows["1d"][b.ticker]))}
            for b in own[:TILES]]  # fmt: skip


def block(snapshot: Snapshot, view: BasketView, group: str, lang: str) -> Data:
    """A basket: of how many members of its home market, the move of the day, breadth, excess, week, place of its PE.

    One of another market than the card's ``group`` has its own session beside it, and its own stamp where it is old.
    """
    other = view.home != group
    stamp = parts.stamp(snapshot, home_rows(view), view.home, lang) if other else None
    week = {"label": say("week", lang), "figure": parts.move(view.returns["1w"])}
    return {
        "name": heading(view, lang), "count": count(view, lang, dated=other), "figure": parts.move(view.returns["1d"]),
        "breadth": {k: view.breadth[k] for k in ("up", "flat", "down")}, "stamp": stamp["text"] if stamp else "",
        "facts": [*_excess(snapshot, view, lang), week, place(snapshot, view, lang)],
    }  # fmt: skip


def heading(view: BasketView, lang: str) -> Data:
    """A basket's short and long name."""
    return {"text": parts.cut(title(view, lang)), "latin": parts.latin(Names("", title(view, "en")), view.basket.id)}


def count(view: BasketView, lang: str, *, dated: bool = False) -> str:
    """A股 26/26 · 涨 18 跌 8 · 停牌 1; ``dated``: with the session."""
    told = [market_label(view, view.home, lang)] if dated else [covered(view, lang)]
    told.append(say("card_breadth", lang, up=view.breadth["up"], down=view.breadth["down"]))
    told += [say("card_flat", lang, n=view.breadth["flat"])] if view.breadth["flat"] else []
    told += [say("suspended_n", lang, n=view.breadth["suspended"])] if view.breadth["suspended"] else []
    return " · ".join(told)


def covered(view: BasketView, lang: str) -> str:
    """A股 26/26."""
    part = view.by_group.get(view.home, {"covered": 0, "members": view.home_members})
    group = say(f"group_{view.home}", lang)
    return say("card_home", lang, group=group, covered=part["covered"], members=part["members"])


def _excess(snapshot: Snapshot, view: BasketView, lang: str) -> list[Data]:
    own = [t for t in view.excess if markets.group(t) == view.home][:1]
    return [
        {"label": parts.against(snapshot, t, lang), "figure": parts.move(view.excess[t]["1d"], points)} for t in own
    ]


def place(snapshot: Snapshot, view: BasketView, lang: str) -> Data:
    """PE 3年 p99, in the tone of dear or cheap."""
    reading = snapshot.basket_valuations.get(view.basket.id)
    window = pe.telling(reading.bands) if reading else ""
    if reading is None or not window:
        return {"label": "PE", "figure": parts.figure(DASH, "soft")}
    brief, percentile = pe.rank(reading.bands, window, lang).rsplit(" ", 1)
    tone = pe.tone(reading.bands[window].percentile)
    shown = parts.figure(percentile, "ink" if tone == "soft" else tone)
    return {"label": say("card_pe", lang, window=brief), "figure": shown}


# --- leaders and limits ------------------------------------------------------------------------------------------


def _leaders(snapshot: Snapshot, rows: pd.DataFrame, group: str, lang: str) -> Data:
    """Best and worst of all members of the home market, of its newest session."""
    ranked = ranked_day(rows)
    each = min(EACH, len(ranked) // 2)
    best, worst = list(ranked.index[:each]), list(ranked.index[::-1][:each])
    heads = (say("card_leaders", lang, group=say(f"group_{group}", lang), n=len(ranked)), say("card_laggards", lang))
    made = [[{"name": parts.name_of(snapshot, str(t), lang), "figure": parts.move(float(ranked[t]))} for t in side]
            for side in (best, worst)]  # fmt: skip
    return {"leaders": {"title": heads[0], "rows": made[0]}, "laggards": {"title": heads[1], "rows": made[1]}}


def ranked_day(rows: pd.DataFrame) -> pd.Series:
    """Ticker -> return of the day, best first, of the rows that are up to date."""
    lost = set(parts.not_current(rows))
    day_moves = rows.loc[[t not in lost for t in rows.index], "1d"].dropna()
    return day_moves.sort_values(ascending=False, kind="stable")


def limits(snapshot: Snapshot, rows: pd.DataFrame, lang: str) -> list[Data]:
    """Who closed or stood at its limit, each kind with a chip."""
    lost, out = set(parts.not_current(rows)), []
    for key, (states, tone) in LIMITS.items():
        hit = [str(t) for t in rows.index[rows["limit_state"].isin(states)] if t not in lost]
        if hit:
            names = parts.names_of(snapshot, hit[:HIT], lang, " · ")
            names = names if len(hit) <= HIT else parts.worded(names, lambda n: f"{n} …")
            out.append({"chip": parts.figure(say(key, lang, n=len(hit)), tone), "text": names})
    return out


# --- the foot ----------------------------------------------------------------------------------------------------


def _foot(snapshot: Snapshot, views: Sequence[BasketView], rows: pd.DataFrame, group: str, lang: str) -> list[Any]:
    method = say("card_equal_method", lang, group=say(f"group_{group}", lang))
    read = [r for v in views if (r := snapshot.basket_valuations.get(v.basket.id)) and r.session]
    return [
        parts.prices_line(snapshot, rows, group, lang),
        " · ".join([method, *pe_to(read, lang)]), *parts.missing_line(snapshot, rows, lang),
        parts.signature(snapshot, [v.basket.id for v in views], lang),
    ]  # fmt: skip


def pe_to(read: Sequence[Any], lang: str) -> list[str]:
    """Up to which session the PEs go, and from where."""
    if not read:
        return []
    sources = dict.fromkeys(source_name(s, lang) for r in read for s in r.sources)
    return [say("card_pe_to", lang, day=day(min(r.session for r in read), lang), source=" ".join(sources))]
