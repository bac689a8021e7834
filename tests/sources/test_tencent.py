"""Tencent: quotes and bars from hand-written wire text, with the answers worked out beside it; faults over the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from basketwatch.domain.columns import BARS, QUOTES
from basketwatch.errors import BadAnswer, Blocked, NoData, SourceError, Unreachable
from basketwatch.sources import tencent
from tests.upstream import Upstream

CLOSED = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)  # 16:00 in Shanghai and Hong Kong


def line(symbol: str, **changed: str) -> str:
    """A mainland line of invented prices: 20.50 after 20.00, 1,234 lots for 2,505,020 yuan, mean price 20.30."""
    fields = [""] * 60
    for place, value in {
        0: "51", 1: "示例光电", 2: symbol[2:], 3: "20.50", 4: "20.00", 5: "20.10", 6: "1234", 30: "20260310150003",
        31: "0.50", 32: "2.50", 33: "20.80", 34: "19.90", 35: "20.50/1234/2505020", 36: "1234", 37: "251",
        38: "1.25", 39: "41.50", 43: "4.50", 44: "123.45", 45: "150.00", 46: "3.10",
        47: "24.00", 48: "16.00", 49: "1.30",
    }.items():  # fmt: skip
        fields[place] = value
    for place, value in changed.items():
        fields[int(place.removeprefix("f"))] = value
    return f'v_{symbol}="{"~".join(fields)}";\n'


HONG_KONG = (
    'v_hk09999="100~示例控股~09999~50.500~50.000~49.800~2000000.0~0~0~50.500'
    + "~0" * 9 + "~50.500" + "~0" * 9 + "~2000000.0~2026/03/10 16:08:11~0.500~1.00~51.000~49.500~50.500~2000000.0"
    + '~100400000.000~0~18.20~~0~0~3.00~1500.0000~1600.0000~EXAMPLE~0.95~66.000~33.000~0.71~-43.20";\n'
)  # fmt: skip
US = (
    'v_usEXMP="200~示例~EXMP.OQ~110.00~100.00~101.00~3000000~0~0~110.00~520' + "~0" * 8 + "~110.10~80" + "~0" * 8
    + '~~2026-03-09 16:00:01~10.00~10.00~112.00~99.00~USD~3000000~318000000~0.50~30.00~~33.00~~13.00~900.00'
    + '~1000.00~Example Inc.~3.67~130.00~60.00~440";\n'
)  # fmt: skip


def quote(text: str, ticker: str, at: datetime = CLOSED) -> pd.Series:
    return tencent.parse_quotes(text, [ticker], at).iloc[0]


def test_a_mainland_line_in_canonical_units() -> None:
    row = quote(line("sz300999"), "300999.SZ")
    assert (row["last"], row["previous_close"], row["open"], row["high"], row["low"]) == (20.5, 20.0, 20.1, 20.8, 19.9)
    assert row["volume"] == 123_400  # 1,234 手
    assert row["amount"] == 2_505_020  # exact 元 of field 35, not 251 万
    assert row["turnover"] == pytest.approx(0.0125)  # 1.25 %
    assert (row["float_cap"], row["market_cap"]) == (pytest.approx(12_345_000_000), 15_000_000_000)  # 亿
    assert (row["limit_up"], row["limit_down"], row["volume_ratio"], row["pe_ttm"]) == (24.0, 16.0, 1.3, 41.5)
    assert row["name"] == "示例光电"
    assert (row["currency"], row["source"], bool(row["suspended"])) == ("CNY", "tencent", False)


def test_the_frame_is_the_nomenclature() -> None:
    frame = tencent.parse_quotes(line("sz300999"), ["300999.SZ"], CLOSED)
    assert list(frame) == list(QUOTES)
    assert {c: str(d) for c, d in frame.dtypes.items()} == {c: dtype for c, (dtype, _, _) in QUOTES.items()}


def test_time_is_the_exchanges_and_leaves_as_an_instant() -> None:
    row = quote(line("sz300999"), "300999.SZ")
    assert row["session"] == pd.Timestamp("2026-03-10")
    assert row["quote_time"] == pd.Timestamp("2026-03-10 07:00:03", tz="UTC")  # 15:00:03 in Shanghai
    assert quote(US, "EXMP.US")["session"] == pd.Timestamp("2026-03-09")
    # 16:00:01 in New York, on daylight time since 8 March
    assert quote(US, "EXMP.US")["quote_time"] == pd.Timestamp("2026-03-09 20:00:01", tz="UTC")


@pytest.mark.parametrize(
    ("ticker", "text"),
    [
        ("300999.SZ", line("sz300999")),
        ("688999.SH", line("sh688999", f36="123400", f35="20.50/123400/2505020")),  # STAR counts shares
        ("920999.BJ", line("bj920999")),
        ("09999.HK", HONG_KONG),
        ("EXMP.US", US),
    ],
)
def test_mean_price_lies_in_the_range(ticker: str, text: str) -> None:
    """A slip between lots and shares, or between 元 and 万元, is a factor of a hundred or more."""
    row = quote(text, ticker)
    assert row["low"] <= row["amount"] / row["volume"] <= row["high"]


def test_amount_of_ten_thousands_where_the_exact_one_is_missing() -> None:
    assert quote(line("sz300999", f35="20.50"), "300999.SZ")["amount"] == 2_510_000  # 251 万元


def test_index_volume_is_read_as_lots_and_its_pe_not_at_all() -> None:
    row = quote(line("sh000300", f47="-1", f48="-1"), "000300.SH")
    assert row["volume"] == 123_400
    assert row[["pe_ttm", "limit_up", "limit_down"]].isna().all()


def test_hong_kong_and_us_have_other_fields_where_the_mainland_has_limits() -> None:
    for text, ticker in ((HONG_KONG, "09999.HK"), (US, "EXMP.US")):
        assert quote(text, ticker)[["limit_up", "limit_down", "volume_ratio"]].isna().all()
    assert quote(HONG_KONG, "09999.HK")["amount"] == 100_400_000
    assert quote(HONG_KONG, "09999.HK")["delay_minutes"] == 15
    assert pd.isna(quote(HONG_KONG, "09999.HK")["turnover"])
    assert quote(US, "EXMP.US")["turnover"] == pytest.approx(0.005)
    assert quote(US, "EXMP.US")["market_cap"] == 100_000_000_000  # 1,000 亿


@pytest.mark.parametrize("layout", [tencent.MAINLAND, tencent.HONG_KONG, tencent.US, tencent.ROW])
def test_no_two_fields_become_one_column(layout: dict[int, tuple[str, float]]) -> None:
    columns = [column for column, _ in layout.values()]
    assert len(columns) == len(set(columns))
    assert set(columns) <= set(QUOTES) | set(BARS)


def test_suspended_only_once_the_session_has_begun() -> None:
    nothing = dict.fromkeys(("f5", "f31", "f32", "f33", "f34"), "0.00")
    idle = line("sz300999", f3="20.00", f35="20.00/0/0", f36="0", **nothing)
    before = datetime(2026, 3, 10, 1, 20, tzinfo=UTC)  # 09:20
    assert not quote(idle, "300999.SZ", before)["suspended"]
    row = quote(idle, "300999.SZ")
    assert row["suspended"]
    assert row[["open", "high", "low"]].isna().all()
    assert row["last"] == 20.0


def test_limits_of_zero_and_losses() -> None:
    row = quote(line("sz300999", f47="0.00", f48="-1", f39="-12.30"), "300999.SZ")
    assert pd.isna(row["limit_up"])
    assert pd.isna(row["limit_down"])
    assert row["pe_ttm"] == -12.3


def shifted(symbol: str, at: int) -> str:
    """The same line with a surplus field."""
    fields = line(symbol).split("~")
    return "~".join([*fields[:at], "0", *fields[at:]])


@pytest.mark.parametrize(
    "bad",
    [
        *(shifted("sz300001", at) for at in (2, 3, 5, 10, 30, 31, 33, 35)),
        line("sz300001", f2="300002"),  # another stock under the symbol that was asked for
        line("sz300001", f31="5.00"),
        line("sz300001", f32="0.025"),  # a fraction in place of percent
        line("sz300001", f3="21.00", f35="21.00/1/1", f31="1.00", f32="5.00"),  # above its own high
        line("sz300001", f30=""),
        line("sz300001", f30="20260230150003"),
        line("sz300001", f3="-", f35="-/0/0"),
        line("sz300001", f3="nan", f35="nan/0/0"),
        line("sz300001", f4="0.00"),
        'v_sz300001="";\n',
        'v_sz300001="51~short";\n',
    ],
)
def test_a_line_that_cannot_be_believed_is_left_out(bad: str) -> None:
    frame = tencent.parse_quotes(bad + line("sz300999"), ["300001.SZ", "300999.SZ"], CLOSED)
    assert list(frame["ticker"]) == ["300999.SZ"]
    with pytest.raises(BadAnswer):
        tencent.parse_quotes(bad, ["300001.SZ"], CLOSED)


def test_what_was_not_asked_for_is_dropped() -> None:
    frame = tencent.parse_quotes(line("sz300001") + line("sz300999"), ["300999.SZ"], CLOSED)
    assert list(frame["ticker"]) == ["300999.SZ"]


@pytest.mark.parametrize("text", ["", "<html><body>403</body></html>", '{"rc":0}', "v_"])
def test_no_quotes_at_all_is_a_bad_answer(text: str) -> None:
    with pytest.raises(BadAnswer):
        tencent.parse_quotes(text, ["300999.SZ"], CLOSED)


def test_none_matched() -> None:
    with pytest.raises(NoData):
        tencent.parse_quotes('v_pv_none_match="1";\n', ["300999.SZ"], CLOSED)


# --- bars --------------------------------------------------------------------------------------------------------

NEXT = date(2026, 3, 10)


def answer(symbol: str, *rows: list[object], key: str = "day") -> dict[str, object]:
    return {"code": 0, "msg": "", "data": {symbol: {key: list(rows), "prec": "0.00"}}}


def test_bars_of_six_and_of_nine_places() -> None:
    short: list[object] = ["2026-03-09", "20.10", "20.50", "20.80", "19.90", "1234.00"]
    full = [*short, {"nd": "2025", "fh_sh": "10"}, "1.25", "250.50"]
    bars = tencent.parse_bars(answer("sz300999", short, ["2026-03-10", *full[1:]]), "300999.SZ", final_before=NEXT)
    assert list(bars) == list(BARS)
    assert {c: str(d) for c, d in bars.dtypes.items()} == {c: dtype for c, (dtype, _, _) in BARS.items()}
    first, second = bars.iloc[0], bars.iloc[1]
    assert tuple(first[["open", "close", "high", "low"]]) == (20.1, 20.5, 20.8, 19.9)
    assert first["volume"] == 123_400  # 手
    assert first[["amount", "turnover"]].isna().all()
    assert second["amount"] == 2_505_000  # 250.50 万元
    assert second["turnover"] == pytest.approx(0.0125)
    assert second["low"] <= second["amount"] / second["volume"] <= second["high"]
    assert list(bars["final"]) == [True, False]


@pytest.mark.parametrize(
    ("ticker", "symbol", "shares"),
    [("688999.SH", "sh688999", 1_234), ("09999.HK", "hk09999", 1_234), ("515999.SH", "sh515999", 123_400)],
)
def test_volume_of_bars(ticker: str, symbol: str, shares: int) -> None:
    row: list[object] = ["2026-03-09", "20.10", "20.50", "20.80", "19.90", "1234.00"]
    assert tencent.parse_bars(answer(symbol, row), ticker, final_before=NEXT)["volume"].iloc[0] == shares


def test_bars_without_a_close_are_left_out_and_sorted() -> None:
    rows: list[list[object]] = [
        ["2026-03-10", "1", "2", "3", "1", "5"],
        ["2026-03-09", "1", "-", "3", "1", "5"],
        ["not a day", "1", "2", "3", "1", "5"],
        ["2026-03-06", "1", "2", "3", "1", "5"],
    ]
    bars = tencent.parse_bars(answer("sz300999", *rows), "300999.SZ", final_before=NEXT)
    assert list(bars["session"]) == [pd.Timestamp("2026-03-06"), pd.Timestamp("2026-03-10")]


ROW: list[object] = ["2026-03-09", "20.10", "20.50", "20.80", "19.90", "1234.00"]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (answer("sz300001", ROW), BadAnswer),  # another symbol
        (answer("sz300999", ROW, key="qfqday"), BadAnswer),  # adjusted
        (answer("sz300999", ROW[:4]), BadAnswer),
        ({"code": 0, "msg": "", "data": []}, BadAnswer),
        ([], BadAnswer),
        ({"data": {"sz300999": {"day": 1}}}, BadAnswer),
        ({"data": {"sz300999": {"day": [1, None]}}}, BadAnswer),
        (answer("sz300999"), NoData),
        ({"code": 1, "msg": "param error", "data": []}, NoData),  # an unknown symbol
    ],
)
def test_bars_that_cannot_be_believed(bad: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        tencent.parse_bars(bad, "300999.SZ", final_before=NEXT)


@pytest.mark.parametrize("ticker", ["920045.BJ", "NVDA.US", "801770.SI", "USDCNY.FX"])
def test_no_bars_of_these_markets(ticker: str) -> None:
    with pytest.raises(NoData):
        tencent.fetch_history(ticker, 3, final_before=NEXT)


# --- over the wire -----------------------------------------------------------------------------------------------


LIST = ["300308.SZ", "688498.SH", "920045.BJ", "00700.HK", "000300.SH", "515880.SH", "NVDA.US"]
SIXTY = [f"3000{n:02d}.SZ" for n in range(1, 61)]


def test_every_market_in_one_request(wire: Upstream) -> None:
    frame = tencent.fetch_quotes(LIST).set_index("ticker")
    assert sorted(frame.index) == sorted(LIST)
    assert len(wire.log) == 1
    shares = frame.drop(index="000300.SH")
    mean = shares["amount"] / shares["volume"]
    assert ((shares["low"] * 0.999 <= mean) & (mean <= shares["high"] * 1.001)).all()
    assert frame.loc["300308.SZ", "name"] == "中际旭创"  # GBK
    assert frame.loc["300308.SZ", "session"] == pd.Timestamp("2026-07-03")
    for ticker in LIST:
        bar = wire.market.bars(ticker)[-1]
        assert frame.loc[ticker, "volume"] == pytest.approx(bar.volume, abs=100)


def test_sixty_symbols_are_one_request_and_a_hundred_two(wire: Upstream) -> None:
    assert len(tencent.fetch_quotes(SIXTY)) == 60
    assert len(wire.log) == 1
    tencent.fetch_quotes(SIXTY + [f"6000{n:02d}.SH" for n in range(40)])
    assert len(wire.log) == 3


def test_nothing_to_ask(wire: Upstream) -> None:
    with pytest.raises(NoData):
        tencent.fetch_quotes(["801770.SI", "USDCNY.FX"])
    assert wire.log == []


def test_suspended_over_the_wire(wire: Upstream) -> None:
    assert tencent.fetch_quotes(["002272.SZ"])["suspended"].all()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("status:403", Blocked),
        ("status:429", Blocked),
        ("status:500", Unreachable),
        ("body:<html><body>服务器繁忙</body></html>", BadAnswer),
        ("body:", BadAnswer),  # what a burst of requests brings
        ("other_symbol", BadAnswer),
        ("extra_column", BadAnswer),
        ("nan_last", BadAnswer),
        ("zero_price", BadAnswer),
        ("negative", BadAnswer),
        ("percent_slip", BadAnswer),
    ],
)
def test_faults_of_quotes(wire: Upstream, kind: str, error: type[SourceError]) -> None:
    wire.fault(r"qt\.gtimg", "", kind)
    with pytest.raises(error):
        tencent.fetch_quotes(["300308.SZ", "688498.SH"])


def test_half_missing_gives_the_other_half(wire: Upstream) -> None:
    wire.fault(r"qt\.gtimg", "", "half_missing")
    assert len(tencent.fetch_quotes(SIXTY)) == 30


def test_unknown_symbols(wire: Upstream) -> None:
    assert list(tencent.fetch_quotes(["999999.SZ", "300308.SZ"])["ticker"]) == ["300308.SZ"]
    with pytest.raises(NoData):
        tencent.fetch_quotes(["999999.SZ"])


@pytest.mark.parametrize("ticker", ["300308.SZ", "688498.SH", "000300.SH", "515880.SH", "00700.HK"])
def test_history_over_the_wire(wire: Upstream, ticker: str) -> None:
    history = tencent.fetch_history(ticker, 3, final_before=date(2026, 7, 3))
    bars, true = history.bars, wire.market.bars(ticker)[-len(history.bars) :]
    assert len(wire.log) == 1
    assert 700 < len(bars) <= 800
    assert history.factors.empty
    assert bars["close"].tolist() == [bar.close for bar in true]  # raw, through dividends and splits
    assert bars["volume"].iloc[-1] == pytest.approx(true[-1].volume, rel=1e-4)
    assert bars["final"].tolist() == [True] * (len(bars) - 1) + [False]


def test_a_history_that_does_not_exist(wire: Upstream) -> None:
    with pytest.raises(NoData):
        tencent.fetch_history("999999.SZ", 1, final_before=date(2026, 7, 3))


@pytest.mark.parametrize(("kind", "error"), [("body:<html>", BadAnswer), ("truncated", BadAnswer), ("reset", Blocked)])
def test_faults_of_history(wire: Upstream, kind: str, error: type[SourceError]) -> None:
    wire.fault(r"ifzq", "", kind)
    with pytest.raises(error):
        tencent.fetch_history("300308.SZ", 1, final_before=date(2026, 7, 3))
