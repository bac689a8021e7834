"""What a reader sees of valuation: the band chart and the channel, the words, the ledger, the Valuation page."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from basketwatch import clock
from basketwatch.analysis.valuation import bands as valuation_bands
from basketwatch.analysis.valuation import baskets
from basketwatch.analysis.valuation.bands import Band, channel
from basketwatch.analysis.valuation.baskets import BasketPe
from basketwatch.analysis.valuation.readings import BasketPeReading, PeReading
from basketwatch.app.refreshing import refresher
from basketwatch.domain.model import Names, SeriesKey
from basketwatch.sources.demo import market
from basketwatch.store import notes, prices
from basketwatch.views import pe as pe_words
from basketwatch.views import valuation
from basketwatch.views.charts import bands
from basketwatch.words.text import say, times
from tests.apps import html_of, run
from tests.stores import fill

NAMES = {"pe": "PE-TTM", "price": "price"}
NAN = math.nan


def history(years: int = 10) -> pd.DataFrame:
    """A made-up daily series that ends on Friday 2026-07-03, with half a year of losses."""
    days = pd.bdate_range(f"{2026 - years}-07-04", "2026-07-03")
    pe = 40 + 15 * np.sin(np.arange(len(days)) / 180) + np.arange(len(days)) % 7
    frame = pd.DataFrame({"session": days.astype("datetime64[s]"), "pe": pe, "losing": False, "price": pe * 2.5})
    lost = slice(len(days) // 2, len(days) // 2 + 125)
    frame.loc[frame.index[lost], ["pe", "losing"]] = [NAN, True]
    return frame.assign(market_cap=pe * 1e9, eps=2.5)


def band(**given: Any) -> Band:
    """A band of 727 values around 30, of which the tests change what they are about."""
    usual = Band(
        n=727, first=date(2023, 7, 4), last=date(2026, 7, 3), mean=30.0, std=5.0, percentile=0.5, z=0.0, q10=20.0, q30=25.0,
        q50=30.0, q70=35.0, q90=40.0, minimum=15.0, maximum=50.0, weekly=False,
    )  # fmt: skip
    return replace(usual, **given)


FEW = band(n=243, mean=NAN, std=NAN, percentile=NAN, z=NAN)


def valued(**given: Any) -> PeReading:
    """One ticker's PE of 2026-07-03."""
    usual = PeReading(
        key=SeriesKey("300308.SZ", "eastmoney", "ttm"), pe=63.25, losing=False, session=date(2026, 7, 3), price=850.97,
        market_cap=9.4551e11, profit=1.4949e10, eps=NAN, fetched_at=datetime(2026, 7, 3, 8, 30, tzinfo=UTC), bands={"3y": band()},
        weekly=False, cap_source="eastmoney",
    )  # fmt: skip
    return replace(usual, **given)


def basket_pe(**given: Any) -> BasketPe:
    usual = BasketPe(earnings_yield=1 / 63.4, pe=63.4, pe_positive=58.1, positive=26, losing=1, pe_median=51.0, covered=27,
                     members=27, losing_cap_share=0.041)  # fmt: skip
    return replace(usual, **given)


def basket(now: BasketPe, **bands_of: Band) -> BasketPeReading:
    empty = pd.DataFrame(columns=["session", "earnings_yield", "pe", "pe_positive", "pe_median", "covered", "coverage"])
    return BasketPeReading(
        now=now, by_group={"CN": now}, home="CN", history=empty, session=date(2026, 7, 3), members_with_history=27,
        bands={k.removeprefix("w"): b for k, b in bands_of.items()}, sources=("eastmoney",),
    )  # fmt: skip


# --- the band chart ----------------------------------------------------------------------------------------------


def drawn(frame: pd.DataFrame, window: Band, kind: bands.Kind = "quantiles") -> go.Figure:
    return bands.band(baskets.thin(frame), window, kind, NAMES, dark=False)


def plain_figure(frame: pd.DataFrame, window: Band) -> go.Figure:
    """The chart that people write: every session, and each line of the band as a column of its own."""
    figure = go.Figure()
    figure.add_scatter(x=frame["session"], y=frame["pe"], name="PE")
    for q in ("q10", "q30", "q50", "q70", "q90"):
        figure.add_scatter(x=frame["session"], y=np.full(len(frame), getattr(window, q)), name=q)
    figure.add_scatter(x=frame["session"], y=frame["price"], name="price", yaxis="y2")
    return figure


def test_ten_years_weigh_a_quarter_of_the_plain_daily_figure_at_most() -> None:
    frame = history()
    window = valuation_bands.bands(frame)["10y"]
    assert len(drawn(frame, window).to_json()) <= 0.25 * len(plain_figure(frame, window).to_json())


def test_the_last_point_is_the_last_session_unrounded() -> None:
    frame = history()
    frame.loc[frame.index[-1], ["pe", "price"]] = [63.123456, 850.987654]
    pe, price, dot = drawn(frame, band()).data
    assert (pe.x[-1], pe.y[-1]) == ("2026-07-03", 63.123456)
    assert price.y[-1] == 850.987654 and (dot.x[0], dot.y[0]) == ("2026-07-03", 63.123456)


def test_lines_of_the_window_are_shapes_at_its_quantiles() -> None:
    lines = [s.y0 for s in drawn(history(), band()).layout.shapes if s.type == "line"]
    assert lines == [20, 25, 30, 35, 40]


def test_lines_of_sigma_leave_out_what_is_no_multiple() -> None:
    """Mean 30, σ 20: −2σ would be −10."""
    lines = [s.y0 for s in drawn(history(), band(std=20.0), "sigma").layout.shapes if s.type == "line"]
    assert lines == [10, 30, 50, 70]


def test_an_insufficient_window_has_no_lines() -> None:
    assert [s for s in drawn(history(2), FEW).layout.shapes if s.type == "line"] == []


def test_a_time_of_losses_is_a_gap_with_a_bar_under_it() -> None:
    frame = history()
    lost = frame.loc[frame["losing"], "session"].dt.strftime("%Y-%m-%d")
    figure = drawn(frame, band())
    pe = dict(zip(figure.data[0].x, figure.data[0].y, strict=True))
    assert all(v is None for d, v in pe.items() if lost.min() <= d <= lost.max())
    bars = [s for s in figure.layout.shapes if s.yref == "y domain"]
    assert len(bars) == 1 and lost.min() <= bars[0].x0 <= lost.max() < bars[0].x1


def test_one_absurd_point_does_not_flatten_the_others() -> None:
    """3 × q90 = 120 is where the axis ends; the point at 4000 is counted, not drawn."""
    frame = history()
    frame.loc[4, "pe"] = 4000.0  # a Friday
    figure = drawn(frame, band())
    low, high = figure.layout.yaxis.range
    assert 120 <= high < 130 and low < 20
    assert bands.beyond(baskets.thin(frame), band(), "quantiles") == 1


def test_labels_of_close_lines_do_not_overlap() -> None:
    figure = drawn(history(), band(q10=29.0, q30=29.5, q50=30.0, q70=30.2, q90=30.4))
    low, high = figure.layout.yaxis.range
    pixels = (figure.layout.height - figure.layout.margin.t - figure.layout.margin.b) * 0.6 / (high - low)
    at = sorted(a.y * pixels + a.yshift for a in figure.layout.annotations if a.xref == "paper" and a.x == 1)
    assert len(at) == 5 and min(np.diff(at)) > 13.9


def test_channel_is_earnings_times_the_windows_quantiles() -> None:
    """EPS = price / PE = 2.5 on every day with a profit; blank while losing."""
    frame = history()
    window = valuation_bands.bands(frame)["10y"]
    figure = bands.channel(
        baskets.thin(channel(frame, "10y")),
        {q: q for q in ("q10", "q30", "q50", "q70", "q90", "price")},
        dark=True,
    )
    lines = {t.name: t for t in figure.data if t.mode == "lines"}
    assert lines["q50"].y[-1] == pytest.approx(2.5 * window.q50)
    assert lines["q90"].y[-1] == pytest.approx(2.5 * window.q90)
    assert None in lines["q50"].y and None not in lines["price"].y


@pytest.mark.parametrize("losing", [False, True])
def test_a_series_with_nothing_to_plot_is_still_a_chart(losing: bool) -> None:
    """A stock that loses money in all its history, and one without a single session in the window."""
    frame = history(1).assign(pe=NAN, losing=True) if losing else history(1).head(0)
    figure = drawn(frame, FEW)
    assert [s for s in figure.layout.shapes if s.type == "line"] == []
    assert [v for trace in figure.data[:1] for v in trace.y if v is not None] == []


def test_names_are_text_in_plotly() -> None:
    figure = bands.band(baskets.thin(history()), band(), "quantiles", {"pe": "<b>&", "price": "<i>"}, dark=False)
    assert figure.data[0].name == "&lt;b&gt;&amp;" and "<i>" not in figure.to_json()


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percentile", "word", "css"),
    [(0.95, "very_dear", "dear"), (0.9, "very_dear", "dear"), (0.7, "dear", "dear"), (0.69, "middle", "soft"),
     (0.31, "middle", "soft"), (0.3, "cheap", "cheap"), (0.1, "very_cheap", "cheap"), (NAN, "", "soft")],
)  # fmt: skip
def test_level(percentile: float, word: str, css: str) -> None:
    assert (pe_words.level(percentile), pe_words.tone(percentile)) == (word, css)


@pytest.mark.parametrize(("value", "shown"), [(63.414, "63.41"), (1234.4, "1,234"), (NAN, "–"), (None, "–")])
def test_times(value: float | None, shown: str) -> None:
    assert times(value) == shown


def test_a_card_says_losses_place_and_headline() -> None:
    found = basket(basket_pe(), w3y=band(percentile=0.9164))
    assert pe_words.card_line(found, "zh") == "PE-TTM 63.4 · 含 1 家亏损 · 3年 p91"


def test_a_card_of_a_losing_basket_shows_the_yield_and_no_negative_pe() -> None:
    """The five-stock case of the field's own: the aggregate would be −399, its yield is −0.25 %."""
    found = basket(basket_pe(earnings_yield=-1 / 399, pe=NAN), w3y=band(percentile=NAN))
    line = pe_words.card_line(found, "zh")
    assert line == "PE-TTM 亏损 · 盈利收益率 −0.25%"
    assert "399" not in pe_words.basket_facts(found, "zh")


def test_a_weekly_series_is_measured_in_a_longer_window() -> None:
    """Three years of weekly values are 157, too few; five years are 261."""
    place = {"3y": FEW, "5y": band(n=261, percentile=0.54, weekly=True)}
    assert pe_words.telling(place) == "5y"
    assert pe_words.rank(place, "5y", "en") == "5y p54"
    assert pe_words.telling({"3y": FEW}) == ""


def shown(**given: Any) -> valuation.ShownSeries:
    usual = valuation.ShownSeries(name="n", subject="300308.SZ", pe=63.25, losing=False, whose="", history=history(), bands={"3y": band()},
                                  upper="", note="", ledger="")  # fmt: skip
    return replace(usual, **given)


def test_words_say_place_dates_and_count() -> None:
    seen = shown(bands={"3y": band(percentile=0.936, z=1.678)})
    said = valuation.words(seen, "3y", "zh")
    for part in ("2023-07-04", "2026-07-03", "727", "93.6%", "很贵", "30.00", "+1.68", "÷ n"):
        assert part in said


def test_words_of_too_few_weekly_values_and_of_losses() -> None:
    assert "243" in valuation.words(shown(bands={"3y": FEW}), "3y", "zh")
    assert "每周" in valuation.words(shown(bands={"3y": replace(FEW, weekly=True)}), "3y", "zh")
    lost = valuation.words(shown(losing=True, pe=-12.0, bands={"3y": band(percentile=NAN)}), "3y", "zh")
    assert "亏损" in lost and "-12" not in lost and "−12" not in lost


def test_ledger_names_everything_behind_a_pe() -> None:
    shown = pe_words.ledger(valued(), "zh")
    for part in ("850.97 CNY", "9,455亿 CNY", "149亿 CNY", "PE-TTM", "东方财富", "2026-07-03", "16:30 北京时间"):
        assert part in shown


def test_other_sources_stand_beside_with_their_difference() -> None:
    """66.41 / 63.25 − 1 = +5.0 %; nothing is compared with a loss."""
    baidu = valued(key=SeriesKey("300308.SZ", "baidu", "ttm"), pe=66.41)
    assert "+5.0%" in pe_words.ledger(valued(others=(baidu,)), "en")
    lost = pe_words.ledger(valued(others=(replace(baidu, losing=True, pe=-3.0),)), "zh")
    assert "亏损" in lost and "%" not in lost


def test_a_fund_that_stands_in_is_named() -> None:
    fund = valued(key=SeriesKey("SOXX.US", "yahoo", "etf_trailing"), pe=46.0)
    seen: Any = SimpleNamespace(valuations={"^SOX.US": fund}, name=lambda _: Names("费城半导体", "SOX"))
    assert "SOXX PE 46.0" in pe_words.tile_note(seen, "^SOX.US", "zh")
    assert "SOXX" in valuation.open_series(seen, "^SOX.US", "yahoo/etf_trailing", {}, None, "zh").note


def test_another_series_gets_a_band_of_its_own_history() -> None:
    """The band of the series that counts is never lent to another source's."""
    other = valued(key=SeriesKey("300308.SZ", "baidu", "ttm"), pe=41.0, bands={})
    seen: Any = SimpleNamespace(
        valuations={"300308.SZ": valued(others=(other,))}, name=lambda _: Names("x", "x"), basket_valuations={}
    )
    assert list(valuation.choices(seen, "300308.SZ", "zh")) == ["eastmoney/ttm", "baidu/ttm"]
    frame = history()
    found = valuation.open_series(seen, "300308.SZ", "baidu/ttm", {other.key: frame}, None, "zh")
    assert found.bands["10y"].q50 == valuation_bands.bands(frame)["10y"].q50 != band().q50
    assert found.pe == 41.0


def test_an_index_without_prices_takes_the_stored_closes() -> None:
    frame = history().assign(price=NAN)
    closes = pd.DataFrame({"session": frame["session"].tail(3), "close": [1.0, 2.0, 3.0]})
    assert valuation.priced(frame, closes)["price"].tail(4).tolist()[1:] == [1.0, 2.0, 3.0]
    assert valuation.priced(history(), closes)["price"].equals(history()["price"])


def test_the_fixed_window_shows_today_beside_its_years() -> None:
    shown = valuation.within(history(), "2023-2025")
    assert shown["session"].iloc[0] == pd.Timestamp("2023-01-02") and shown["session"].iloc[-1] == pd.Timestamp(
        "2026-07-03"
    )


def test_a_year_shows_the_250_sessions_that_its_band_counts() -> None:
    frame = history().assign(losing=False, pe=30.0)
    shown, counted = valuation.within(frame, "1y"), valuation_bands.bands(frame)["1y"]
    assert len(shown) == counted.n == 250 and shown["session"].iloc[0].date() == counted.first


# --- pages -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("stores")
    fill(folder / "demo.sqlite", is_demo=True)
    return {"demo": folder / "demo.sqlite"}


@pytest.fixture
def on_demo(stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    refresher.clear()
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    monkeypatch.setenv("BASKETWATCH_LANG", "zh")
    monkeypatch.setenv("BASKETWATCH_DEMO", "1")
    monkeypatch.setattr("basketwatch.settings.DEMO_FILE", str(stores["demo"]))


@pytest.mark.usefixtures("on_demo")
def test_the_link_opens_a_stock_with_chart_and_ledger() -> None:
    app = run("valuation", ticker="300308.SZ")
    assert not app.exception
    assert app.selectbox[0].value == "300308.SZ"
    shown = html_of(app)
    for part in ("300308.SZ", "总市值 ÷ 最近四个已公告季度", say("pe_item_fetched_at", "zh"), "2023–2025"):
        assert part in shown
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.usefixtures("on_demo")
@pytest.mark.parametrize(("key", "value"), [("pe_window", "10y"), ("pe_chart", "sigma"), ("pe_chart", "channel")])
def test_window_and_kind_come_from_the_link(key: str, value: str) -> None:
    app = run("valuation", ticker="300308.SZ", **{key: value})
    assert not app.exception
    group = next(g for g in app.get("button_group") if g.key == f"choice_{key}")
    assert group.value in (value, [value])


@pytest.mark.usefixtures("on_demo")
def test_a_basket_says_whose_members_and_gives_three_multiples() -> None:
    app = run("valuation", basket="cpo")
    shown = html_of(app)
    assert "按今天的成分回溯" in shown
    for part in ("盈利收益率", "剔除亏损 PE", "盈利成分中位数", "覆盖", "分市场"):
        assert part in shown
    other = run("valuation", basket="cpo", pe_series="pe_median")
    assert not other.exception and len(other.get("plotly_chart")) == 1


@pytest.mark.usefixtures("on_demo")
def test_everything_in_the_list_opens() -> None:
    app = run("valuation")
    names = app.selectbox[0].options
    assert len(names) > 60
    for kind in ("篮子", "指数", "行业", "个股"):
        of_kind = next(i for i, name in enumerate(names) if name.endswith(kind))
        app.selectbox[0].select_index(of_kind).run()
        assert not app.exception, names[of_kind]


@pytest.mark.usefixtures("on_demo")
def test_an_unknown_subject_is_said_and_the_first_is_shown() -> None:
    app = run("valuation", ticker="<b>no</b>.SZ")
    assert not app.exception
    assert len(app.warning) == 1 and "<b>" not in app.warning[0].value


@pytest.mark.usefixtures("on_demo")
def test_the_board_holds_everything_dearest_first() -> None:
    app = run("valuation")
    frame = app.dataframe[0].value
    assert len(frame) == len(app.selectbox[0].options)
    known = frame["3y"].dropna()
    assert list(known) == sorted(known, reverse=True) and known.between(0, 100).all()
    assert not (frame["pe"] < 0).any()
    assert {"亏损", "很贵"} <= set(frame["level"])


@pytest.mark.usefixtures("on_demo")
def test_today_leads_to_the_ledger_of_every_pe() -> None:
    app = run("today")
    shown = html_of(app)
    assert shown.count("<details") == 5, "five benchmarks have a PE, USD/CNY has none"
    links = [link.proto for link in app.get("page_link") if link.proto.label.startswith("PE")]
    assert len(links) == 4 and {"basket=cpo"} <= {link.query_string for link in links}


@pytest.mark.usefixtures("on_demo")
def test_an_open_stock_shows_its_pe_behind_its_price() -> None:
    app = run("basket", basket="cpo", ticker="300308.SZ", stock_view="band")
    assert not app.exception
    assert "获取时间" in html_of(app)
    frame = next(d.value for d in app.dataframe if "pe_place" in d.value)
    assert frame["pe"].notna().any() and not (frame["pe"] < 0).any()


def test_a_store_without_any_pe_says_what_will_fill_it(
    stores: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_demo: None
) -> None:
    opened_store = fill(tmp_path / "live.sqlite", is_demo=False)
    quotes = prices.read_quotes(opened_store).assign(pe_ttm=NAN)
    prices.save_quotes(opened_store, quotes)
    notes.new_version(opened_store)
    monkeypatch.delenv("BASKETWATCH_DEMO")
    monkeypatch.setenv("BASKETWATCH_DB", str(tmp_path / "live.sqlite"))
    app = run("valuation")
    assert not app.exception
    assert any("refresh" in i.value and "valuation" in i.value for i in app.info)
