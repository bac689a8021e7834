"""Sina: quotes and the dollar in yuan from hand-written lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from basketwatch.domain.columns import QUOTES
from basketwatch.errors import BadAnswer, Blocked, NoData, SourceError, Unreachable
from basketwatch.sources import sina, tencent
from tests.upstream import Upstream

CLOSED = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def line(symbol: str, **changed: str) -> str:
    """A line of invented prices: 20.50 after 20.00, 123,400 shares for 2,505,020 yuan."""
    fields = ["0"] * 33
    for place, value in {
        0: "示例光电", 1: "20.100", 2: "20.000", 3: "20.500", 4: "20.800", 5: "19.900", 8: "123400", 9: "2505020.000",
        30: "2026-03-10", 31: "15:00:03", 32: "00",
    }.items():  # fmt: skip
        fields[place] = value
    for place, value in changed.items():
        fields[int(place.removeprefix("f"))] = value
    return f'var hq_str_{symbol}="{",".join(fields)}";\n'


DOLLAR = (
    'var hq_str_fx_susdcny="01:30:00,6.9010,6.9020,6.9100,120,6.9110,6.9130,6.9000,6.9050,在岸人民币,'
    '-0.0724,-0.0050,0.0130,行情,0,0,,2026-03-11";\n'
)


def quote(text: str, ticker: str, at: datetime = CLOSED) -> pd.Series:
    return sina.parse_quotes(text, [ticker], at).iloc[0]


def test_a_line_in_canonical_units() -> None:
    row = quote(line("sz300999"), "300999.SZ")
    assert (row["last"], row["previous_close"], row["open"], row["high"], row["low"]) == (20.5, 20.0, 20.1, 20.8, 19.9)
    assert (row["volume"], row["amount"]) == (123_400, 2_505_020)
    assert row["low"] <= row["amount"] / row["volume"] <= row["high"]
    assert row["session"] == pd.Timestamp("2026-03-10")
    assert row["quote_time"] == pd.Timestamp("2026-03-10 07:00:03", tz="UTC")
    assert row[["pe_ttm", "limit_up", "limit_down", "market_cap", "turnover"]].isna().all()
    assert (row["name"], row["currency"], bool(row["suspended"])) == ("示例光电", "CNY", False)


def test_the_frame_is_the_nomenclature() -> None:
    frame = sina.parse_quotes(line("sz300999"), ["300999.SZ"], CLOSED)
    assert list(frame) == list(QUOTES)
    assert {c: str(d) for c, d in frame.dtypes.items()} == {c: dtype for c, (dtype, _, _) in QUOTES.items()}


def test_the_dollar() -> None:
    row = quote(DOLLAR, "USDCNY.FX", datetime(2026, 3, 10, 18, 0, tzinfo=UTC))
    assert (row["last"], row["previous_close"]) == (6.905, 6.91)
    assert (row["open"], row["high"], row["low"]) == (6.911, 6.913, 6.9)
    assert row["quote_time"] == pd.Timestamp("2026-03-10 17:30:00", tz="UTC")  # half past one in Beijing
    assert row["session"] == pd.Timestamp("2026-03-10")
    assert (row["currency"], bool(row["suspended"])) == ("CNY", False)
    assert pd.isna(row["volume"])


def test_symbols() -> None:
    tickers = ["300308.SZ", "920045.BJ", "000300.SH", "USDCNY.FX", "00700.HK", "NVDA.US", "801770.SI"]
    assert list(map(sina.symbol, tickers)) == ["sz300308", "bj920045", "sh000300", "fx_susdcny", None, None, None]


@pytest.mark.parametrize("columns", [sina.SHARE, sina.FX])
def test_no_two_fields_become_one_column(columns: dict[int, str]) -> None:
    assert len(columns) == len(set(columns.values()))
    assert set(columns.values()) <= set(QUOTES)


def test_index_volume_is_not_read() -> None:
    row = quote(line("sh000300"), "000300.SH")
    assert pd.isna(row["volume"])
    assert row["amount"] == 2_505_020


def test_suspended() -> None:
    nothing = dict.fromkeys(("f1", "f3", "f4", "f5", "f8", "f9"), "0.000")
    idle = line("sz300999", f31="09:00:00", f32="03", **nothing)
    row = quote(idle, "300999.SZ")
    assert row["suspended"]
    assert row["last"] == 20.0
    with pytest.raises(BadAnswer):  # before the opening a share has no price yet
        quote(idle, "300999.SZ", datetime(2026, 3, 10, 1, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    "bad",
    [
        line("sz300001").replace("示例光电,", "示例光电,0,"),  # a surplus field
        line("sz300001", f8="1234"),  # lots in place of shares
        line("sz300001", f9="250.502"),  # 万元
        line("sz300001", f3="21.000"),
        line("sz300001", f2="0.000"),
        line("sz300001", f3="nan"),
        line("sz300001", f30=""),
        'var hq_str_sz300001="short,1,2";\n',
        'var hq_str_sz300001="";\n',
    ],
)
def test_a_line_that_cannot_be_believed_is_left_out(bad: str) -> None:
    frame = sina.parse_quotes(bad + line("sz300999"), ["300001.SZ", "300999.SZ"], CLOSED)
    assert list(frame["ticker"]) == ["300999.SZ"]


def test_answers_without_a_quote() -> None:
    with pytest.raises(NoData):
        sina.parse_quotes('var hq_str_sz300999="";\n', ["300999.SZ"], CLOSED)
    for text in ("", "<html>Forbidden</html>", line("sz300001"), line("sz300999", f30="")):
        with pytest.raises(BadAnswer):
            sina.parse_quotes(text, ["300999.SZ"], CLOSED)


# --- over the wire -----------------------------------------------------------------------------------------------


LIST = ["300308.SZ", "688498.SH", "920045.BJ", "000300.SH", "515880.SH", "002272.SZ"]


def test_a_list_and_the_dollar_in_one_request(wire: Upstream) -> None:
    frame = sina.fetch_quotes([*LIST, "USDCNY.FX", "00700.HK"]).set_index("ticker")
    assert sorted(frame.index) == sorted([*LIST, "USDCNY.FX"])
    assert len(wire.log) == 1
    assert frame.loc["300308.SZ", "name"] == "中际旭创"
    assert frame.loc["USDCNY.FX", "last"] == pytest.approx(6.75, rel=0.01)


def test_two_sources_agree(wire: Upstream) -> None:
    ours, theirs = (source.fetch_quotes(LIST).set_index("ticker") for source in (sina, tencent))
    for column in ("last", "previous_close", "open", "high", "low", "volume", "amount"):
        both = pd.DataFrame({"ours": ours[column], "theirs": theirs[column]}).dropna()
        assert both["ours"].to_numpy() == pytest.approx(both["theirs"].to_numpy(), rel=1e-4), column
    assert ours["suspended"].to_dict() == theirs["suspended"].to_dict()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("status:403", Blocked),
        ("status:456", Blocked),
        ("status:500", Unreachable),
        ("body:<html></html>", BadAnswer),
        ("extra_column", BadAnswer),
        ("zero_price", BadAnswer),
        ("lots_as_shares", BadAnswer),
    ],
)
def test_faults(wire: Upstream, kind: str, error: type[SourceError]) -> None:
    wire.fault(r"hq\.sinajs", "", kind)
    with pytest.raises(error):
        sina.fetch_quotes(["300308.SZ", "688498.SH"])


def test_half_missing_gives_the_other_half(wire: Upstream) -> None:
    wire.fault(r"hq\.sinajs", "", "half_missing")
    assert len(sina.fetch_quotes([f"3000{n:02d}.SZ" for n in range(1, 61)])) == 30
    assert len(wire.log) == 1


def test_unknown_symbols(wire: Upstream) -> None:
    with pytest.raises(NoData):
        sina.fetch_quotes(["999999.SZ"])
