"""The Chain page: who stands where, what the colours say, what is counted; milestones and forecasts in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from basketwatch import clock
from basketwatch.analysis import chain as measured
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.app.refreshing import refresher
from basketwatch.domain.model import Chain, Names
from basketwatch.files.baskets import read_universe
from basketwatch.sources.demo import market
from basketwatch.store import opening
from basketwatch.views import chain as view
from basketwatch.views.chain import outlook
from basketwatch.views.colours import NO_STEP, STEPS_OF_GREEN, STEPS_OF_PE, STEPS_OF_RED
from tests import apps
from tests.stores import PROJECT, fill
from tests.views.test_colours import contrast, rgb


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / "live.sqlite"
    fill(path, is_demo=False)
    return path


@pytest.fixture(scope="module")
def snapshot(live: Path) -> Snapshot:
    store = opening.open_reader(f"sqlite:///{live}")
    assert store
    return market_snapshot(store, read_universe(PROJECT), market.NOW)


@pytest.fixture
def page(live: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """The page on the store, by its query."""
    monkeypatch.setenv("BASKETWATCH_DB", str(live))
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    refresher.clear()
    return lambda **query: apps.run("chain", **query)


@pytest.fixture(scope="module")
def cpo(snapshot: Snapshot) -> Chain:
    return next(c for c in snapshot.universe.chains if c.id == "cpo")


def test_every_company_stands_once_in_the_order_of_the_goods(snapshot: Snapshot, cpo: Chain) -> None:
    places = measured.places(snapshot, cpo)
    for lang in ("zh", "en"):
        drawn = view.map_of(snapshot, cpo, places, "1d", "", lang)
        assert drawn.count("<section>") == len(cpo.segments)
        heads = re.findall(r'class="head"><b>(.*?)</b>', drawn)
        assert heads == [s.name[lang].replace("&", "&amp;") for s in cpo.segments]
        assert len(re.findall(r'class="co (?!none)', drawn)) == len(places)


def test_a_segments_figures_are_of_its_mainland_companies_of_one_session(snapshot: Snapshot, cpo: Chain) -> None:
    """The median by hand: the middle of the sorted returns of those with the newest session."""
    for each in measured.segments(snapshot, cpo):
        rows = snapshot.table.loc[list(each.segment.tickers)]
        rows = rows.loc[(rows["session"] == rows["session"].max()) | rows["suspended"].eq(other=True)]
        values = sorted(v for v in rows["1w"].tolist() if not math.isnan(v))
        middle = len(values) // 2
        wanted = values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
        assert each.medians["1w"] == pytest.approx(wanted)
        assert each.coverage["1w"] == len(values) and set(each.home.index) == set(each.segment.tickers)


def test_a_member_of_an_older_session_is_in_no_median(snapshot: Snapshot, cpo: Chain) -> None:
    tickers = list(cpo.segments[2].tickers)
    table = snapshot.table.copy()
    table.loc[tickers[0], "session"] -= table.loc[tickers[0], "session"] - table["session"].min()
    late = replace(snapshot, table=table)
    before, after = (measured.segments(s, cpo)[2] for s in (snapshot, late))
    assert after.coverage["1d"] == before.coverage["1d"] - 1


def test_a_share_abroad_of_a_company_at_home_is_shown_and_not_counted(snapshot: Snapshot, cpo: Chain) -> None:
    places = measured.places(snapshot, cpo)
    assert places["03308.HK"].share_of == "300308.SZ"
    home, abroad = measured.companies(cpo, places)
    assert "300308.SZ" in home and "03308.HK" not in abroad and "NVDA.US" in abroad
    drawn = view.map_of(snapshot, cpo, places, "1d", "", "zh")
    assert "03308.HK" in drawn and "不另计" in drawn and "海外 7/7" in drawn


def test_a_company_in_two_chains_is_marked_with_the_other_one(snapshot: Snapshot, cpo: Chain) -> None:
    places = measured.places(snapshot, cpo)
    assert [c.id for c in places["300308.SZ"].chains] == ["ocs"] and not places["300502.SZ"].chains
    assert "也在 OCS" in view.legend(snapshot, places, "1d", "zh")


@pytest.mark.parametrize(
    ("value", "colour", "css"),
    [
        (0.06, "1d", "u4"), (0.0599, "1d", "u3"), (0.01, "1d", "u2"), (0.0099, "1d", "u1"), (0.00004, "1d", "u0"),
        (-0.00005, "1d", "d1"), (-0.2, "1d", "d4"), (0.0451, "1w", "u3"), (-0.31, "ytd", "d3"), (math.nan, "1d", "unknown"),
        (0.0, "pe", "p1"), (0.1, "pe", "p2"), (0.5, "pe", "p3"), (0.7, "pe", "p4"), (1.0, "pe", "p5"),
    ],
)  # fmt: skip
def test_the_step_of_a_value(value: float, colour: str, css: str) -> None:
    assert view.step(value, colour) == css


@pytest.mark.parametrize("step", [*STEPS_OF_RED, *STEPS_OF_GREEN, *STEPS_OF_PE, NO_STEP])
def test_ink_can_be_read_on_every_step(step: tuple[str, str]) -> None:
    """WCAG AA: 4.5 to 1."""
    assert contrast(*map(rgb, step)) >= 4.5


def test_names_are_text(snapshot: Snapshot, cpo: Chain) -> None:
    bad = Names("<script>alert(1)</script>", '"><img src=x>')
    segment = replace(cpo.segments[0], name=bad)
    baskets = tuple(
        replace(b, members=tuple(replace(m, name=bad, reason=bad) for m in b.members))
        for b in snapshot.universe.baskets
    )
    universe = replace(snapshot.universe, baskets=baskets)
    strange, chain = replace(snapshot, universe=universe), replace(cpo, segments=(segment, *cpo.segments[1:]))
    for lang in ("zh", "en"):
        drawn = view.map_of(strange, chain, measured.places(strange, chain), "1d", "", lang)
        assert "<script" not in drawn and "<img" not in drawn


def test_a_status_leaves_only_its_companies(snapshot: Snapshot, cpo: Chain) -> None:
    first, *others = snapshot.universe.baskets
    members = tuple(replace(m, status="volume") if m.ticker == "300308.SZ" else m for m in first.members)
    known = replace(snapshot, universe=replace(snapshot.universe, baskets=(replace(first, members=members), *others)))
    places = measured.places(known, cpo)
    assert list(view.statuses(places, "zh")) == ["", "volume"]
    drawn = view.map_of(known, cpo, places, "1d", "volume", "zh")
    assert (
        re.findall(r'class="co (?!none).*?<span class="name">(.*?)</span>', drawn) == ["中际旭创"]
        and "<i>量产</i>" in drawn
    )


def test_the_contradiction_and_the_growth_are_said_with_both_values(cpo: Chain) -> None:
    """65 % a year over three years: 1.65³ = 4.492."""
    said = outlook.doubts(cpo, "zh")
    assert "100 亿美元「摘要写 100」" in said and "920 亿美元「正文写 920 亿美元」" in said and "自相矛盾" in said
    assert "1.65^3 = 4.49 倍（增加 3.49 倍）" in said and "增长超过4倍" in said


def test_the_timeline_marks_what_is_overdue_and_where_today_is(snapshot: Snapshot, cpo: Chain) -> None:
    """On 2026-07-03 the second half of 2025 is over; half of 2026, the second of four years, is 37.5 % of the line."""
    today = market.NOW.date()
    drawn = outlook.timeline(cpo, today, "zh")
    assert "样品 · 窗口已过，未记录结果" in drawn and "放量 · 已到" in drawn
    share = float(re.findall(r"var\(--label\)\)\*([\d.]+)", drawn)[0])
    assert share == pytest.approx(0.375, abs=0.004)
    assert "到来的日期没有记下" in outlook.told(snapshot, cpo, today, "zh")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("chain", ["cpo", "ocs", "liquid_cooling", "power"])
def test_the_page(chain: str, lang: str, page: Callable[..., AppTest]) -> None:
    app = page(chain=chain, lang=lang)
    assert not app.exception and not app.error
    texts = apps.html_of(app)
    assert 'class="chain"' in texts
    assert ("里程碑" if lang == "zh" else "Milestones") in texts or chain in ("ocs", "power")


def test_the_inputs_of_a_size_can_be_changed(page: Callable[..., AppTest]) -> None:
    """200,000 racks × 100,000 USD = 20 bn; + 3 to 5 = 23 to 25."""
    app = page(chain="liquid_cooling", lang="zh")
    app.number_input[0].set_value(200_000).run()
    assert "23–25 十亿美元" in apps.html_of(app)


def test_a_chain_file_that_nobody_follows_is_drawn_too(snapshot: Snapshot, cpo: Chain) -> None:
    alone = replace(snapshot, universe=replace(snapshot.universe, baskets=()))
    places = measured.places(alone, cpo)
    assert "不在任何篮子里" in view.map_of(alone, cpo, places, "pe", "", "zh")


def test_phases_name_their_companies(snapshot: Snapshot, cpo: Chain) -> None:
    said = outlook.told(snapshot, cpo, market.NOW.date(), "zh")
    assert "阶段 预期</b> 2025H2，中际旭创、天孚通信" in said and "联特科技、飞荣达、光迅科技" in said
