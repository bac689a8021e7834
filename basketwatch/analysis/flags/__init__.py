"""Flags: unusual events, each reported once with its reason, and rules that could not be judged.

Pure: ``Inputs`` (one market, sessions × tickers) and rules in, a frame of flags out.

* A level rule fires when its threshold is passed and again only after the value has left the exit band; an event rule
  (``flag_rules.SPECS``) is about one session and is judged anew on each.
* The identity of a flag is rule:ticker:session:direction. The same bars give the same rows with the same sentences,
  however often they are judged and whatever sessions follow.
* ``notice`` says whether a reader should be told. It is taken away by the cool-down (unless the flag escalates), from
  the members whose basket has one line for all of them, and from ``no_data``; the row itself stays.
* ``no_data`` is told on the first session on which a rule cannot be judged for a ticker, and again after it could.
* Only final bars are judged. ``running=True`` adds the unfinished bars of a running session for the rules in ``LIVE``;
  their rows carry ``final=False`` and may be gone at the close, so a log that can be replayed keeps the final ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pandas as pd

from basketwatch.analysis.flags import baskets as groups
from basketwatch.analysis.flags import data_quality, deviation, price, semantics, spans, valuation, volume
from basketwatch.analysis.flags.inputs import LONG_LISTED, AdjustedPrices, BasketInput, Inputs, Leader, RawPrices, empty
from basketwatch.analysis.flags.market import Judged, MarketData
from basketwatch.analysis.flags.semantics import Event, RuleEvents
from basketwatch.domain.model import Rule

__all__ = ["COLUMNS", "LIVE", "LONG_LISTED", "LOOKBACK", "AdjustedPrices", "BasketInput", "Inputs", "Leader",
           "RawPrices", "empty", "evaluate"]  # fmt: skip

COLUMNS = ("id", "rule", "ticker", "basket", "session", "direction", "severity", "value", "threshold", "reason_zh",
           "reason_en", "state", "cause", "notice", "final")  # fmt: skip
LIVE = ("limit", "big_move")
LOOKBACK = 320  # sessions before the first wanted one that the windows, and the levels entered in them, need

FAMILIES: dict[str, Callable[[MarketData, Rule], Judged]] = {
    "limit": price.limit, "big_move": price.big_move, "sigma_move": price.sigma_move,
    "volume_surge": volume.volume_surge, "gap": price.gap, "high_low": price.high_low, "excess": spans.excess,
    "deviation": deviation.deviation, "pe_percentile": valuation.pe_percentile, "pe_rebase": valuation.pe_rebase,
    "basket_breadth": groups.basket_breadth, "basket_excess": groups.basket_excess,
    "sector_rank": groups.sector_rank, "us_leader": groups.us_leader,
    "source_disagreement": data_quality.source_disagreement, "stale_data": data_quality.stale_data,
}  # fmt: skip


def evaluate(
    inputs: Inputs, rules: Sequence[Rule], *, since: date | None = None, running: bool = False
) -> pd.DataFrame:
    """Flags of one market in ``COLUMNS``, in the order of sessions, rules, tickers and directions.

    ``since``: the first session whose rows are wanted; those before are judged all the same, for edges and cool-down.
    ``value`` and ``threshold`` are in the rule's own unit (fractions; ``ratio``, standard deviations, ranks).
    Raises KeyError for a rule that is not in ``FAMILIES``.
    """
    if not (len(inputs.sessions) and len(inputs.tickers)):
        return _frame([])
    first = 0 if since is None else int(np.searchsorted(inputs.sessions, np.datetime64(since)))
    seen = MarketData(inputs, running)
    told: dict[str, set[tuple[int, int, str]]] = {}
    rows: list[_Row] = []
    for rule in sorted((r for r in rules if r.enabled), key=lambda r: r.id in semantics.SUPPRESSED):
        found = _found(seen, rule, told)
        rows += (_row(seen, found, event) for event in found.events if event.row >= first)
    place = {rule.id: order for order, rule in enumerate(rules)}
    return _frame(sorted(rows, key=lambda row: (row[4], place[row[1]], row[2], row[5])))


_Row = tuple[str, str, str, tuple[str, ...], str, str, str, float, float, str, str, str, str, bool, bool]


def _found(market: MarketData, rule: Rule, raised: dict[str, set[tuple[int, int, str]]]) -> RuleEvents:
    """One rule judged, its events grouped and cooled down; ``raised``: cells of each rule that suppresses a later one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        judged = FAMILIES[rule.id](market, rule)
    found = RuleEvents(rule, judged, semantics.events_of(judged))
    if rule.id in semantics.SUPPRESSED.values():
        raised[rule.id] = {(e.row, e.column, e.direction) for e in found.events if e.signal}
    semantics.suppress(found.events, raised.get(semantics.SUPPRESSED.get(rule.id, ""), set()))
    semantics.group(market, found)
    semantics.cool_down(found)
    return found


def _row(market: MarketData, fired: RuleEvents, event: Event) -> _Row:
    """One row in the order of ``COLUMNS``."""
    ticker, rule, day = semantics.ticker(fired, event), fired.rule.id, market.days[event.row]
    baskets = (event.grouped[0],) if event.grouped else fired.judged.baskets_of(event.row, event.column)
    return (
        f"{rule}:{ticker}:{day}:{event.direction}", rule, ticker, baskets, day, event.direction,
        semantics.severity(fired, event), event.value, event.threshold, *semantics.reasons(market, fired, event),
        "no_data" if event.signal is None else "firing", semantics.cause(fired, event), event.notice,
        bool(market.inputs.due[event.row]) or rule == "us_leader",
    )  # fmt: skip


def _frame(rows: list[_Row]) -> pd.DataFrame:
    out = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = {"session": "datetime64[s]", "value": "float64", "threshold": "float64", "notice": "bool", "final": "bool"}
    texts = ("id", "rule", "ticker", "direction", "severity", "reason_zh", "reason_en", "state", "cause")
    return out.astype(kinds | dict.fromkeys(texts, "str"))
