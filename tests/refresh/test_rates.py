"""Exchange rates at the first fill, over the wire: one source is wrong, by much or by little, alone or beside another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from basketwatch.store import prices, runs
from tests.refresh.world import FRIDAY, World, make_home, upstream_ticker

PAIR = "USDCNY.FX"
YAHOO = (r"query[12]\.finance\.yahoo", "v7/finance/quote")
CHART = (r"query[12]\.finance\.yahoo", "v8/finance/chart")


@pytest.fixture
def first(world: World) -> World:
    """An empty store of one US stock and the rate it needs."""
    make_home(world.home, ("COHR.US",), (PAIR,))
    return world


def stored(world: World) -> float | None:
    quotes = prices.read_quotes(world.store)
    return float(quotes.loc[PAIR, "last"]) if PAIR in quotes.index else None


def truth(world: World) -> float:
    return world.market.bars(upstream_ticker(PAIR))[-1].close


@pytest.mark.parametrize("rate", [1134.6, 0.14, 6.4])
def test_a_wrong_rate_of_the_first_source_is_not_stored(first: World, rate: float) -> None:
    """1134.6 and 0.14 lie outside the pair's range; 6.4 lies inside, and the second source and the history refute it."""
    first.up.fault(*YAHOO, f"rate:{rate}")
    first.run(FRIDAY, years=1)
    assert stored(first) == pytest.approx(truth(first), rel=0.01)
    assert any(r.ticker == PAIR and r.source == "yahoo" for r in runs.read_quarantine(first.store))


def test_the_other_order(first: World) -> None:
    """The first source is right and the second, which confirms it, is wrong."""
    first.up.fault(r"hq\.sinajs|qt\.gtimg", ".*", "rate:1134.6")
    first.run(FRIDAY, years=1)
    assert stored(first) == pytest.approx(truth(first), rel=0.01)


def test_where_nothing_can_decide_both_values_are_named_until_they_agree(first: World) -> None:
    first.up.fault(*YAHOO, "rate:6.4")
    first.up.fault(*CHART, "status:500")
    first.run(FRIDAY, years=1)
    assert stored(first) is None
    [said] = [
        dict(s.params)["detail"] for s in runs.read_states(first.store) if s.ticker == PAIR and s.part == "quotes"
    ]
    assert "6.4 (yahoo)" in said and f"{truth(first):.3g}"[:3] in said
    first.up.clear_faults()
    first.run(FRIDAY + timedelta(hours=2), years=1)
    assert stored(first) == pytest.approx(truth(first), rel=0.01)
    assert first.states()[PAIR] == "ok"
