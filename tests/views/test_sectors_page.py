"""The sectors page: what it shows of the demo market, its deep link, the missing sector, the figures behind it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from basketwatch import clock
from basketwatch.analysis import weekly
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.app.refreshing import refresher
from basketwatch.sources.demo import market
from basketwatch.store import notes, opening, schema
from basketwatch.store.database import Store
from basketwatch.views import sectors as sectors_view
from basketwatch.views.charts import sectors as sector_charts
from basketwatch.words.text import say
from tests import apps
from tests.apps import html_of
from tests.stores import PROJECT, fill, universe

SECTOR = "801770.SI"


@pytest.fixture(autouse=True)
def _new_refresher() -> None:
    refresher.clear()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sectors") / "live.sqlite"
    fill(path, is_demo=False)
    return path


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The demo market with its valuations."""
    store = fill(tmp_path_factory.mktemp("demo") / "demo.sqlite", is_demo=True)
    return market_snapshot(store, universe(), market.NOW)


def without(live: Path, tmp_path: Path, ticker: str, day: str) -> Store:
    """A copy of the store in which one bar is missing."""
    path = tmp_path / "hole.sqlite"
    shutil.copy(live, path)
    store, _ = opening.open_writer(f"sqlite:///{path}")
    b = schema.bars.c
    with store.engine.begin() as c:
        c.execute(delete(schema.bars).where(b.ticker == ticker, b.session == datetime.fromisoformat(day).date()))
    notes.new_version(store)
    return store


def run(path: Path, monkeypatch: pytest.MonkeyPatch, lang: str = "zh", now: str = "", **query: str) -> AppTest:
    monkeypatch.setenv("BASKETWATCH_DB", str(path))
    monkeypatch.setenv("BASKETWATCH_LANG", lang)
    monkeypatch.setenv("BASKETWATCH_NOW", now or clock.iso(market.NOW))
    return apps.run("sectors", **query)


# --- the page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "said"), [("zh", "分别跑"), ("en", "percentage points")])
def test_the_page_has_the_review_to_copy_in_the_readers_language(
    live: Path, monkeypatch: pytest.MonkeyPatch, lang: str, said: str
) -> None:
    app = run(live, monkeypatch, lang)
    assert not app.exception and len(app.get("plotly_chart")) == 3
    assert said in app.code[0].value and "2/31" in html_of(app)
    assert app.selectbox(key="choice_sector").value == SECTOR


def test_the_sector_of_the_link_is_shown_and_an_unknown_one_is_said(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(live, monkeypatch, sector="801780.si")
    assert app.selectbox(key="choice_sector").value == "801780.SI" and "申万银行行业指数" in app.code[0].value
    assert app.query_params["sector"] == "801780.SI"
    app.selectbox(key="choice_sector").select(SECTOR).run()
    assert "申万通信行业指数" in app.code[0].value and app.query_params["sector"] == SECTOR
    odd = run(live, monkeypatch, sector="<b>x</b>")
    assert any("没有跟踪行业" in w.value and "<b>" not in w.value.lower() for w in odd.warning)
    assert odd.selectbox(key="choice_sector").value == SECTOR


def test_on_a_weekday_the_review_stays_that_of_last_week(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wednesday noon: the page is of Wednesday, the review of the week that ended on 26 June."""
    app = run(live, monkeypatch, now="2026-07-01T04:00:00Z")
    assert app.code[0].value.startswith("上周，") and "2026年6月22日—6月26日" in html_of(app)
    store = opening.open_reader(f"sqlite:///{live}")
    assert store is not None
    then = market_snapshot(store, universe(), datetime(2026, 6, 28, 12, tzinfo=UTC))
    expected = then.closes.loc["2026-06-26", SECTOR] / then.closes.loc["2026-06-18", SECTOR] - 1
    assert f"{abs(expected) * 100:.2f}%" in app.code[0].value


def test_a_missing_sector_is_named_and_leaves_no_rank(
    live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = without(live, tmp_path, "801780.SI", "2026-06-26")
    snapshot = market_snapshot(store, universe(), market.NOW)
    found = weekly.review(snapshot, weekly.week_of(snapshot.calendars["CN"], market.NOW))
    assert (found.rank["1w"], found.missing["1w"]) == (None, ("801780.SI",))
    app = run(store.path or tmp_path, monkeypatch)
    assert "有1个缺收盘价（银行），不给排名" in app.code[0].value


def test_a_sector_without_prices_is_said_above_the_bars(snapshot: Snapshot) -> None:
    table = snapshot.table.drop(index="801780.SI")
    bare = Snapshot(**{f: getattr(snapshot, f) for f in snapshot.__dataclass_fields__} | {"table": table})
    assert "银行" in sectors_view.missing(bare, "1w", "zh") and "不给排名" in sectors_view.missing(bare, "1w", "zh")
    assert sectors_view.missing(snapshot, "1w", "zh") == ""
    last = sectors_view.board(bare, "1w", "zh").iloc[-1]
    assert (last["key"], last["shown"]) == ("801780.SI", "–")


def test_names_full_of_markup_are_shown_verbatim(live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    file = tmp_path / "sector_maps" / "shenwan.toml"
    nasty = "<img src=x onerror=alert(1)>"
    file.write_text(file.read_text(encoding="utf-8").replace('zh = "通信"', f'zh = "{nasty}"'), encoding="utf-8")
    monkeypatch.setenv("BASKETWATCH_HOME", str(tmp_path))
    app = run(live, monkeypatch)
    assert not app.exception and "<img" not in html_of(app)
    assert all("<img" not in str(chart.proto.spec) for chart in app.get("plotly_chart"))


# --- what is drawn -----------------------------------------------------------------------------------------------


def test_the_board_is_sorted_and_holds_sectors_indices_and_baskets(snapshot: Snapshot) -> None:
    board = sectors_view.board(snapshot, "ytd", "zh")
    assert board["kind"].value_counts().to_dict() == {"sector": 31, "basket": len(universe().baskets), "index": 2}
    assert board["value"].is_monotonic_decreasing
    sectors = board.loc[board["kind"] == "sector"]
    assert sectors["rank"].tolist() == list(range(1, 32)), "sorted by return is sorted by rank"
    own = snapshot.valuations[SECTOR]
    row = board.set_index("key").loc[SECTOR]
    assert row["percentile"] == own.bands["3y"].percentile
    assert row["premium"] == pytest.approx(own.pe / own.bands["2023-2025"].mean - 1)


def test_ranks_of_the_rotation_are_those_of_each_weeks_closes(snapshot: Snapshot) -> None:
    """By hand for the week of Dragon Boat: it ended on Thursday 18 June, the one before on Friday the 12th."""
    ranks = weekly.rotation(snapshot)
    assert ranks.shape == (31, 12) and list(ranks.columns) == sorted(ranks.columns)
    week = pd.Timestamp("2026-06-18").date()
    assert week in list(ranks.columns)
    moves = snapshot.closes.loc["2026-06-18", ranks.index] / snapshot.closes.loc["2026-06-12", ranks.index] - 1
    assert (ranks[week] == [1 + (moves > v).sum() for v in moves]).all()


def test_a_week_in_which_a_sector_lacks_its_close_has_no_ranks(live: Path, tmp_path: Path) -> None:
    ranks = weekly.rotation(market_snapshot(without(live, tmp_path, "801780.SI", "2026-06-12"), universe(), market.NOW))
    gone = [str(week) for week in ranks.columns if ranks[week].isna().all()]
    assert gone == ["2026-06-12", "2026-06-18"], "the week that ends there and the one that starts there"
    assert ranks.drop(columns=[w for w in ranks.columns if str(w) in gone]).notna().all(axis=None)


@pytest.mark.parametrize("green_up", [False, True])
def test_bars_are_red_or_green_by_sign_and_places_amber_or_teal(snapshot: Snapshot, green_up: bool) -> None:
    board = sectors_view.board(snapshot, "1w", "zh")
    figure = sector_charts.bars(board, SECTOR, ("a", "b"), dark=False, green_up=green_up)
    bars, _, dots = figure.data
    up, down = ("#0b8f5a", "#cf2338") if green_up else ("#cf2338", "#0b8f5a")
    assert all((hue == up) == (v > 0) for hue, v in zip(bars.textfont.color, board["value"], strict=True) if v)
    assert set(dots.marker.color) <= {"#8a5a00", "#0e7490", "#667085"} and not {up, down} & set(dots.marker.color)
    assert all(text[0] in "+−0" for text in bars.text), "the sign is printed"
    assert list(bars.customdata) == list(board["key"])


def test_names_of_the_scatter_lie_on_no_other_name(snapshot: Snapshot) -> None:
    """For a desktop and for a phone, on which a letter takes twice the share of the width: fewer names, the same rule."""
    board = sectors_view.board(snapshot, "1w", "en")
    _, desktop, phone = sector_charts.scatter(board, SECTOR, ("x", "y"), dark=False).data
    own = sectors_view.labels(snapshot, "en")[SECTOR]
    assert own in desktop.text and own in phone.text, "the chosen one has the first choice"
    assert 0 < sum(map(bool, phone.text)) < sum(map(bool, desktop.text))
    for trace, letter in zip((desktop, phone), (0.023, 0.042), strict=True):
        spread = board["value"][board["percentile"].notna()].max() - board["value"][board["percentile"].notna()].min()
        boxes = []
        for x, y, text, place in zip(trace.x, trace.y, trace.text, trace.textposition, strict=True):
            if not text:
                continue
            wide, middle, up = letter * 0.6 * len(text), x / 112, y / spread
            left = {"right": middle, "left": middle - wide}.get(place.split()[1], middle - wide / 2)
            up += {"top": 0.037, "bottom": -0.037}.get(place.split()[0], 0)
            boxes.append((left, left + wide * 0.95, up - 0.016, up + 0.016))
        for i, a in enumerate(boxes):
            assert not any(a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3] for b in boxes[:i])


def test_an_empty_rotation_and_scatter_still_draw(snapshot: Snapshot) -> None:
    names = sectors_view.labels(snapshot, "zh")
    bare = pd.DataFrame(index=list(names))
    assert not sector_charts.rotation(bare, names, SECTOR, dark=True).layout.annotations
    nothing = sectors_view.board(snapshot, "1w", "zh").assign(percentile=float("nan"))
    assert len(sector_charts.scatter(nothing, SECTOR, ("x", "y"), dark=True).data) == 1


def test_the_key_to_the_marks_is_in_both_languages() -> None:
    for lang in ("zh", "en"):
        assert all(say(f"sectors_kind_{k}", lang) in sectors_view.key(lang) for k in ("sector", "index", "basket"))
