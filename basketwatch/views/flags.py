"""Flags as the reader sees them: the feed of Today, the log, marks on a chart, and the rules as the editor takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pandas as pd

from basketwatch.analysis.flags import outcomes, reading
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain import markets, rules
from basketwatch.domain.model import Rule, Universe
from basketwatch.domain.universe import names
from basketwatch.views import html
from basketwatch.views.colours import LINE
from basketwatch.words import text
from basketwatch.words.text import DASH, day, escape, joined, plain, say

NEAREST = 5  # shares
FEED = 8  # lines of the feed; the rest is on the page of its own
SHOWN = 400  # lines of the log
LISTED, OF_STOCK = 40, 6  # lines of the log on a phone, and of one stock's beside its chart
SPANS = {"1": 1, "5": 5, "20": 20, "250": 250}  # sessions that the log can be narrowed to
_LOUD = {name: i for i, name in enumerate(rules.SEVERITIES)}
_LOUD["data"] = -1  # about the data, not about the market: last, whatever else there is
_VALUATION = ("pe_percentile", "pe_rebase")  # dear and cheap are not red and green


@dataclass(frozen=True)
class Line:
    """One line of the feed: a label and a tooltip in Streamlit's markdown, and the page and query it leads to."""

    label: str
    page: str
    query: dict[str, str]
    hint: str | None = None


@dataclass(frozen=True)
class Feed:
    """What Today says of the flags: a note beside the title, the lines, and a title and text where there are none."""

    note: str
    lines: tuple[Line, ...]
    empty_title: str
    empty_text: str
    more: tuple[Line, ...]


STYLE = """<style>
.st-key-feed{gap:0!important}.st-key-feed>*{flex-shrink:0;margin:0!important}.st-key-feed_more{gap:0 1rem!important}
[class*="st-key-feed"] [data-testid="stPageLink-NavLink"]{padding:2px 0;margin:0;min-height:0;height:auto;width:100%;border-radius:0}
.st-key-feed>[data-testid="stElementContainer"]:has(a){width:100%;border-top:1px solid LINE}
.st-key-feed_more{border-top:1px solid LINE;padding-top:2px}
[class*="st-key-feed"] [data-testid="stPageLink-NavLink"] *{white-space:normal!important;overflow:visible!important}
[class*="st-key-feed"] [data-testid="stPageLink-NavLink"] p{font-size:12px!important;line-height:1.4}
[class*="st-key-feed"] [data-testid="stPageLink-NavLink"] .stMarkdownBadge{font-size:11px;padding:0 4px;margin-right:2px}
.st-key-overnight{gap:.2rem!important}
.st-key-overnight .bw{columns:300px 3;column-gap:32px;column-rule:1px solid var(--line)}
.st-key-overnight .bw .row,.st-key-overnight .bw h4{break-inside:avoid;break-after:auto}
@media (max-width:640px){[data-testid="stColumn"]:has(.st-key-feed){order:-1}}
</style>""".replace("LINE", LINE.css)

# --- the feed ----------------------------------------------------------------------------------------------------


def feed(snapshot: Snapshot, lang: str, before: int | None, *, green_up: bool) -> Feed:
    """The flags of the judged sessions: new since ``before`` (seconds since 1970; None = no earlier look) first, then
    the loudest; one line a ticker, led by its loudest rule.
    """
    told = snapshot.flags.loc[snapshot.flags["notice"]]
    groups = by_ticker(snapshot, told, before)
    fresh = {bool(rows["new"].any()) for rows in groups}
    lines = [_line(snapshot, rows, lang, green_up, marked=len(fresh) > 1) for rows in groups[:FEED]]
    lost = int((snapshot.flags["state"] == "no_data").sum())
    more = [Line(plain(say("feed_more", lang, n=len(groups) - FEED)), "flags", {})] if len(groups) > FEED else []
    if lost:
        more.append(Line(plain(say("feed_no_data", lang, n=lost)), "flags", {"severity": "data"}))
    if not groups or not more:
        more.insert(0, Line(plain(say("feed_all", lang)), "flags", {}))
    return Feed(
        _note(snapshot, told, before, lang), tuple(lines), *_when_empty(snapshot, groups, lost, lang), tuple(more)
    )


def empty(feed: Feed) -> str:
    """The sentence where nothing is unusual, as HTML."""
    return (
        '<div style="padding:18px 4px;border-left:3px solid var(--line);padding-left:12px;margin:8px 0">'
        f'<div style="font-size:15px;font-weight:600">{escape(feed.empty_title)}</div>'
        f'<div class="soft">{escape(feed.empty_text)}</div></div>'
    )


def by_ticker(snapshot: Snapshot, flag_rows: pd.DataFrame, before: int | None) -> list[pd.DataFrame]:
    """The rows of each ticker, loudest first; tickers with something new first, then the loudest, then the busiest.

    ``before`` is that of ``feed``.
    """
    order = {rule.id: i for i, rule in enumerate(snapshot.universe.rules)}
    rows = flag_rows.assign(
        loud=flag_rows["severity"].map(_LOUD).fillna(-1),
        order=flag_rows["rule"].map(order).fillna(len(order)),
        new=_new(flag_rows, before),
    ).sort_values(["loud", "order", "id"], ascending=[False, True, True], kind="stable")
    groups = [group for _, group in rows.groupby("ticker", sort=False)]
    return sorted(groups, key=_urgency)


def _urgency(group: pd.DataFrame) -> tuple[bool, int, int, int]:
    return not group["new"].any(), -int(group["loud"].to_numpy()[0]), -len(group), int(group["order"].to_numpy()[0])


def _new(flag_rows: pd.DataFrame, before: int | None) -> pd.Series:
    """Raised after the reader's last look; where there was none nothing is called new."""
    if before is None:
        return pd.Series(data=False, index=flag_rows.index)
    return flag_rows["raised_at"] > datetime.fromtimestamp(before, UTC)


def _note(snapshot: Snapshot, flag_rows: pd.DataFrame, before: int | None, lang: str) -> str:
    """8 条，3 条为上次查看后新增 · 截至 A股 7月3日、美股 7月2日收盘."""
    if not snapshot.judged:
        return ""
    new = int(_new(flag_rows, before).sum())
    counts = [say("feed_count", lang, n=len(flag_rows))] if len(flag_rows) else []
    counts += [say("feed_new", lang, n=new)] if new else []
    short = {g: say("feed_session", lang, group=say(f"short_{g}", lang), day=day(snapshot.judged[g], lang))
             for g in ("CN", "US") if g in snapshot.judged}  # fmt: skip
    judged = say("feed_judged", lang, sessions=text.listed(short.values(), lang))
    return " · ".join([joined(counts, lang, "phrases"), judged] if counts else [judged])


def _when_empty(snapshot: Snapshot, groups: Sequence[object], lost: int, lang: str) -> tuple[str, str]:
    """Title and text of a feed without lines; empty where it has some."""
    if groups:
        return "", ""
    if not snapshot.judged:
        return say("feed_unjudged", lang), ""
    enabled = sum(rule.enabled for rule in snapshot.universe.rules)
    return say("feed_quiet", lang), say("feed_quiet_but" if lost else "feed_quiet_help", lang, rules=enabled)


def _line(snapshot: Snapshot, rows: pd.DataFrame, lang: str, green_up: bool, *, marked: bool) -> Line:
    """``marked``: what is new carries a mark, as not all of the lines are."""
    first = rows.iloc[0]
    new = f":primary-badge[{plain(say('feed_mark_new', lang))}] " if marked and rows["new"].any() else ""
    badge = f":{_colour(first, green_up)}-badge[{plain(say('rule_' + first['rule'], lang))}]"
    also = set(rows["rule"]) - {first["rule"]}
    beside = f" :gray[{plain(say('feed_also', lang, n=len(also)))}]" if also else ""
    page, query = target(snapshot, first["ticker"], first["basket"])
    rest = None if len(rows) == 1 else "\n\n".join(plain(reason) for reason in rows[f"reason_{lang}"].iloc[1:])
    return Line(f"{new}{badge} {plain(first[f'reason_{lang}'])}{beside}", page, query, rest)


def _colour(row: pd.Series, green_up: bool) -> str:
    """Red and green for moves as the reader has them, others for what is not a move."""
    if row["severity"] == "data":
        return "gray"
    if row["rule"] in _VALUATION:
        return "orange" if row["direction"] == "up" else "blue"
    up, down = ("green", "red") if green_up else ("red", "green")
    return {"up": up, "down": down}.get(row["direction"], "orange")


def target(snapshot: Snapshot, ticker: str, baskets: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Page and query where a flag leads: its stock in a basket, its basket, its sector, else the log of the ticker."""
    if ticker.startswith("basket:"):
        return "basket", {"basket": ticker.removeprefix("basket:")}
    views = [view for b in baskets if (view := snapshot.basket(b))]
    for view in views:
        if ticker in view.table.index:
            return "basket", {"basket": view.basket.id, "ticker": ticker}
    if markets.is_ticker(ticker) and markets.kind(ticker) == "sector":
        return "sectors", {"sector": ticker}
    return "flags", {"ticker": ticker}


# --- the log -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What the reader wants to see of the log; None = all. ``sessions``: how many of the newest."""

    basket: str | None = None
    rule: str | None = None
    severity: str | None = None
    ticker: str | None = None
    sessions: int = 250


def filtered(flag_rows: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """The rows of the log (newest first) that the reader wants."""
    days = flag_rows["session"].drop_duplicates().nlargest(wanted.sessions)
    keep = flag_rows["session"] >= days.min() if len(days) else pd.Series(data=False, index=flag_rows.index)
    if wanted.basket:
        keep &= pd.Series([wanted.basket in b for b in flag_rows["basket"]], index=flag_rows.index, dtype=bool)
    for column in ("rule", "severity", "ticker"):
        chosen = getattr(wanted, column)
        if chosen:
            keep &= flag_rows[column] == chosen
    return flag_rows.loc[keep]


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Newest session first, in it the loudest, then in the rules' order."""
    order = {rule: i for i, rule in enumerate(rules.SPECS)}
    return rows.assign(loud=rows["severity"].map(_LOUD), order=rows["rule"].map(order)).sort_values(
        ["session", "loud", "order", "id"], ascending=[False, False, True, True], kind="stable"
    )


def log(snapshot: Snapshot, rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The newest ``SHOWN`` rows as a table: session, severity, reason, rule, link, basket, said."""
    shorts = {view.basket.id: view.basket.short[lang] for view in snapshot.baskets}
    shown = _ordered(rows).head(SHOWN)
    return pd.DataFrame({
        "session": shown["session"].dt.date.to_numpy(),
        "severity": [say(f"severity_{s}", lang) for s in shown["severity"]],
        "reason": shown[f"reason_{lang}"].to_numpy(),
        "rule": [rule_name(r, lang) for r in shown["rule"]],
        "link": [_address(snapshot, t, b, lang) for t, b in zip(shown["ticker"], shown["basket"], strict=True)],
        "basket": [text.listed((shorts.get(b, b) for b in own), lang) for own in shown["basket"]],
        "said": shown["raised_at"].dt.tz_convert(markets.zone_of("CN")).dt.strftime("%Y-%m-%d %H:%M").to_numpy(),
    })  # fmt: skip


def listed(snapshot: Snapshot, rows: pd.DataFrame, lang: str, most: int) -> str:
    """The newest ``most`` rows of a log (newest first) as lines that wrap: day, rule and reason, each a link."""
    return "".join(_said(snapshot, row, lang) for row in _ordered(rows).head(most).itertuples())


def _said(snapshot: Snapshot, row: Any, lang: str) -> str:
    return (
        f'<div class="said"><a href="{escape(_address(snapshot, row.ticker, row.basket, lang))}">'
        f'<span class="soft">{row.session:%m-%d}</span>{_chip(row.rule, row.direction, row.severity, lang)}'
        f"{escape(getattr(row, f'reason_{lang}'))}</a></div>"
    )


def phone_log(snapshot: Snapshot, rows: pd.DataFrame, lang: str) -> str:
    """The log for a screen on which a reason does not fit into a line: the newest ``LISTED``, and how many there are."""
    cut = say("flags_log_cut", lang, shown=LISTED, n=len(rows)) if len(rows) > LISTED else ""
    return listed(snapshot, rows, lang, LISTED) + (f'<div class="said soft">{escape(cut)}</div>' if cut else "")


def _chip(rule: str, direction: str, severity: str, lang: str) -> str:
    """The rule's name in the colour of its direction: dear and cheap are not red and green."""
    pair = ("amber", "teal") if rule in _VALUATION else ("up", "down")
    hue = dict(zip(("up", "down"), pair, strict=True)).get(direction, "amber") if severity != "data" else "soft"
    return html.chip(rule_name(rule, lang), f"var(--{hue})")


def of_stock(snapshot: Snapshot, flag_rows: pd.DataFrame, ticker: str, lang: str) -> str:
    """The newest flags of one stock with their reasons, and the way to all of them."""
    own = flag_rows.loc[flag_rows["ticker"] == ticker]
    head = html.heading(say("flags_of_stock", lang))
    if not len(own):
        return f'{head}<div class="soft">{escape(say("flags_of_stock_none", lang))}</div>'
    demo = {"demo": "1"} if snapshot.demo else {}
    address = escape(f"/flags?{urlencode({'ticker': ticker, 'lang': lang, **demo})}")
    more = f'<a class="soft" href="{address}">{escape(say("flags_of_stock_all", lang, n=len(own)))}</a>'
    return (
        head
        + listed(snapshot, own, lang, OF_STOCK)
        + (f'<div class="said">{more}</div>' if len(own) > OF_STOCK else "")
    )


def _address(snapshot: Snapshot, ticker: str, baskets: Sequence[str], lang: str) -> str:
    """A relative address; its fragment is the name that the table shows in place of it."""
    page, query = target(snapshot, ticker, baskets)
    view = snapshot.basket(ticker.removeprefix("basket:"))
    name = view.basket.short[lang] if view else snapshot.name(ticker)[lang]
    demo = {"demo": "1"} if snapshot.demo else {}
    return f"/{page}?{urlencode({**query, 'lang': lang, **demo})}#{quote(name)}"


def direction_name(direction: str, lang: str) -> str:
    """A direction's name; one that is damaged as it is written."""
    return say(f"direction_{direction}", lang) if direction in ("up", "down", "none") else direction


def rule_name(rule: str, lang: str) -> str:
    """A rule's name; one that a newer program wrote by its id."""
    return say(f"rule_{rule}", lang) if rule in rules.SPECS else rule


def rules_by_name(lang: str) -> dict[str, str]:
    """Id -> name of every rule, in the order of the defaults."""
    return {rule.id: say(f"rule_{rule.id}", lang) for rule in rules.DEFAULTS}


def severities(lang: str) -> dict[str, str]:
    """Severity -> name, loudest first."""
    return {
        name: say(f"severity_{name}", lang) for name in sorted(rules.SEVERITIES, key=_LOUD.__getitem__, reverse=True)
    }


def of_members(snapshot: Snapshot, lang: str) -> dict[str, str]:
    """Ticker -> the names of the rules that fired on its latest judged session, loudest first."""
    fired = snapshot.flags.loc[snapshot.flags["state"] == "firing"]
    fired = fired.iloc[np.argsort(-fired["severity"].map(_LOUD).to_numpy(), kind="stable")]
    out: dict[str, list[str]] = {}
    for ticker, rule in zip(fired["ticker"], fired["rule"], strict=True):
        out.setdefault(ticker, []).append(rule_name(rule, lang))
    return {ticker: " ".join(dict.fromkeys(named)) for ticker, named in out.items()}


def marks(flag_rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Of one ticker's log: session, text (a line a flag), one row a session, oldest first."""
    fired = flag_rows.loc[flag_rows["state"] == "firing"]
    grouped = fired.groupby("session", sort=True)[f"reason_{lang}"].agg(list)
    return pd.DataFrame({"session": grouped.index, "lines": grouped.to_list()})


# --- rules -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """One threshold as the editor shows it. A fraction is edited in percent: ``scale`` is 100."""

    key: str
    label: str
    value: float
    least: float
    most: float
    step: float
    scale: float
    help: str


def fields(rule: Rule, lang: str) -> list[Field]:
    """The thresholds of a rule in the order of its table."""
    return [_field(rule, key, limit, lang) for key, limit in rules.SPECS[rule.id].thresholds.items()]


def _field(rule: Rule, key: str, limit: rules.Threshold, lang: str) -> Field:
    share = limit.unit == "fraction"
    scale, step = (100.0, 0.5) if share else (1.0, 1.0 if limit.unit == "whole" else 0.1)
    label = say(f"value_{rule.id}_{key}", lang)
    least, most, default = (round(v * scale, 6) for v in (limit.least, limit.most, limit.default))
    told = {"value": f"{default:g}", "least": f"{least:g}", "most": f"{most:g}"}
    return Field(
        key, say("flags_percent", lang, label=label) if share else label, round(rule.values[key] * scale, 6), least, most,
        step, scale, say("flags_default", lang, **told),
    )  # fmt: skip


def edited(
    chosen: Sequence[Rule], rule_id: str, values: Mapping[str, float], changes: Mapping[str, Any]
) -> tuple[Rule, ...]:
    """The rules with one of them as the editor has it: ``values`` in the file's unit, other fields by name."""
    return tuple(replace(r, values=dict(values), **changes) if r.id == rule_id else r for r in chosen)


@dataclass(frozen=True)
class Trial:
    """What a rule would have said, in sentences."""

    sentence: str
    newest: tuple[str, ...]


def trial(data: reading.StoredData, chosen: Sequence[Rule], rule_id: str, lang: str) -> Trial:
    """The dry run of one rule as ``chosen`` has it, beside what the rules in force say."""
    rule = next(r for r in chosen if r.id == rule_id)
    if not rule.enabled:
        return Trial(say("flags_would_off", lang), ())
    would, now = (_fired(reading.dry_run(data, r), rule_id) for r in (chosen, data.universe.rules))
    fired = would.loc[would["state"] == "firing"]
    key = "flags_would" if len(fired) else "flags_would_never"
    last = fired["session"].max().date().isoformat() if len(fired) else DASH
    told = say(key, lang, sessions=reading.YEAR, n=len(fired), tickers=fired["ticker"].nunique(),
               notices=int(fired["notice"].sum()), last=last)  # fmt: skip
    lost = len(would) - len(fired)
    parts = [told, say("flags_would_now", lang, n=int((now["state"] == "firing").sum()))]
    parts += [say("flags_would_lost", lang, n=lost)] if lost else []
    newest = fired.sort_values("session", ascending=False, kind="stable").head(5)
    dated = zip(newest["session"].dt.date, newest[f"reason_{lang}"], strict=True)
    return Trial(joined(parts, lang), tuple(f"{d.isoformat()} {reason}" for d, reason in dated))


def _fired(flag_rows: pd.DataFrame, rule: str) -> pd.DataFrame:
    return flag_rows.loc[flag_rows["rule"] == rule]


def nearest(data: reading.StoredData, rule: Rule, lang: str) -> tuple[str, ...]:
    """The shares that are nearest to the exchanges' rule, a sentence each; whether or not anything was flagged."""
    lines, named = [], names(data.universe)
    for row in reading.standing(data, rule).head(NEAREST).to_dict("records"):
        told = {"n": row["sessions"], "value": text.points(row["value"]), "threshold": text.points(row["threshold"], 0)}
        name = named.get(str(row["ticker"]))
        lines.append(say("flags_nearest_line", lang, name=name[lang] if name else row["ticker"],
                         share=text.percent(row["share"], 0), day=day(row["session"].date(), lang), **told))  # fmt: skip
    return tuple(lines)


# --- what came of it ---------------------------------------------------------------------------------------------


def after(data: reading.StoredData, flag_rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """A row a rule and direction of the log: times fired, and mean and median excess in percentage points, with n."""
    fired = flag_rows.loc[(flag_rows["state"] == "firing") & (flag_rows["severity"] != "data")]
    against = benchmarks(data.universe, list(fired["ticker"].unique()))
    table = outcomes.summary(outcomes.excesses(fired, reading.closes_of(data), against))
    order = {rule.id: i for i, rule in enumerate(data.universe.rules)}
    table = table.sort_values(["rule", "direction"], key=lambda c: c.map(order).fillna(c) if c.name == "rule" else c)
    out = pd.DataFrame({
        "rule": [rule_name(r, lang) for r in table["rule"]],
        "direction": [direction_name(d, lang) for d in table["direction"]], "n": table["flags"].to_numpy(),
    })  # fmt: skip
    for h in outcomes.HORIZONS:
        out[f"mean_{h}"] = table[f"mean_{h}"].to_numpy(dtype="float64") * 100
        out[f"median_{h}"] = table[f"median_{h}"].to_numpy(dtype="float64") * 100
        out[f"n_{h}"] = table[f"n_{h}"].to_numpy()
    return out


def benchmarks(universe: Universe, tickers: Sequence[str]) -> dict[str, str]:
    """Ticker -> what its later return is held against; those without one are left out."""
    found = {ticker: reading.benchmark_of(universe, ticker) for ticker in tickers}
    return {ticker: benchmark for ticker, benchmark in found.items() if benchmark}
