"""The stand-in of the upstreams speaks as the real ones do: unmodified akshare and yfinance parse what it sends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import requests

from tests.upstream import Upstream
from tests.upstream.listings import find
from tests.upstream.paths import limits
from tests.upstream.view import CONTENT

pytest_plugins = ["tests.upstream.plugin"]

SINA = {"Referer": "https://finance.sina.com.cn"}
FRIDAY = date(2026, 7, 3)


@pytest.fixture
def ups(upstream: Upstream) -> Iterator[Upstream]:
    """The stand-in, with the demand that it knew every request and broke on none."""
    yield upstream
    assert (upstream.unknown, upstream.broken) == ([], [])


def tencent(*symbols: str) -> dict[str, list[str]]:
    """Fields of the quotes by symbol."""
    text = requests.get(f"https://qt.gtimg.cn/q={','.join(symbols)}", timeout=5).content.decode("gbk")
    lines = (line.removeprefix("v_").partition("=") for line in text.split(";\n") if line)
    return {key: value.strip('"').split("~") for key, _, value in lines}


def eastmoney(secids: str, fields: str, **more: str) -> list[dict]:
    """Rows of ``ulist.np``; none when ``data`` is null."""
    url = "https://push2delay.eastmoney.com/api/qt/ulist.np/get"
    answer = requests.get(url, params={"secids": secids, "fields": fields, **more}, timeout=5).json()
    return (answer["data"] or {"diff": []})["diff"]


def datacenter(report: str, filter_: str, columns: str = "ALL") -> dict:
    """The answer of the data centre."""
    url = "https://datacenter-web.eastmoney.com/api/data/v1/get"
    params = {"reportName": report, "filter": filter_, "columns": columns, "pageSize": "5000", "pageNumber": "1"}
    return requests.get(url, params=params, timeout=5).json()


class TestAkshare:
    """Calls of the library itself."""

    def test_a_share_bars_raw_and_adjusted(self, ups: Upstream) -> None:
        import akshare

        raw = akshare.stock_zh_a_hist("300308", start_date="20260420", end_date="20260703")
        adjusted = akshare.stock_zh_a_hist("300308", start_date="20260420", end_date="20260703", adjust="qfq")
        raw, adjusted = raw.set_index("日期"), adjusted.set_index("日期")
        before, ex = date(2026, 4, 29), date(2026, 4, 30)
        assert raw.loc[ex, "收盘"] - raw.loc[ex, "涨跌额"] == pytest.approx(raw.loc[before, "收盘"] - 1.0)
        ratio = (raw.loc[before, "收盘"] - 1.0) / raw.loc[before, "收盘"]
        assert adjusted.loc[before, "收盘"] == pytest.approx(raw.loc[before, "收盘"] * ratio, abs=0.006)
        assert adjusted.loc[FRIDAY, "收盘"] == raw.loc[FRIDAY, "收盘"] == 905.0
        assert akshare.stock_zh_a_hist("999001").empty

    def test_bars_of_funds_indices_hong_kong_and_america(self, ups: Upstream) -> None:
        import akshare

        fund = akshare.fund_etf_hist_em("515880").set_index("日期")
        assert fund.loc["2026-02-03", "收盘"] / fund.loc["2026-02-02", "收盘"] == pytest.approx(1 / 3, rel=0.05)
        assert akshare.stock_zh_index_daily_em("sh000300").iloc[-1]["close"] == 4842.17
        assert akshare.stock_zh_index_daily_em("csi931160").iloc[-1]["close"] == 9350.0
        assert akshare.stock_hk_hist("01686").iloc[-1]["日期"] == FRIDAY
        assert akshare.stock_us_hist("105.NVDA").iloc[-1]["日期"] == "2026-07-02"

    def test_sina_decoders_read_the_packed_histories(self, ups: Upstream) -> None:
        import akshare

        index = akshare.stock_zh_index_daily("sh000300")
        other = akshare.stock_zh_index_daily_em("sh000300")
        assert (index["close"].to_numpy() == other["close"].to_numpy()).all()
        assert (index["volume"] // 100 == other["volume"]).all()
        sina, em = akshare.fund_etf_hist_sina("sh515880"), akshare.fund_etf_hist_em("515880")
        for mine, theirs in {"open": "开盘", "high": "最高", "low": "最低", "close": "收盘"}.items():
            assert (sina[mine].to_numpy() == em[theirs].to_numpy()).all()
        assert (sina["amount"].to_numpy() - em["成交额"].to_numpy()).max() <= 0.5
        days = akshare.tool_trade_date_hist_sina()["trade_date"].to_list()
        assert date(2026, 10, 8) in days and date(2026, 10, 7) not in days

    def test_tencent_bars(self, ups: Upstream) -> None:
        import akshare

        bars = akshare.stock_zh_a_hist_tx("sz300308", start_date="20260101", end_date="20260703")
        assert bars.iloc[-1]["close"] == 905.0
        assert bars.iloc[-1]["amount"] / bars.iloc[-1]["volume"] == pytest.approx(901.13, abs=0.01)

    def test_shenwan(self, ups: Upstream) -> None:
        import akshare

        history = akshare.index_hist_sw("801770")
        report = akshare.index_analysis_daily_sw("一级行业", "20260702", "20260703")
        now = akshare.index_realtime_sw("一级行业").set_index("指数代码")
        assert len(report) == 62 and report["市盈率"].notna().all()
        row = report[(report["指数代码"] == "801770") & (report["发布日期"] == FRIDAY)].iloc[0]
        assert history.iloc[-1]["收盘"] == row["收盘指数"] == now.loc["801770", "最新价"] == 8500.12
        assert now.loc["801770", "昨收盘"] == history.iloc[-2]["收盘"]

    def test_valuations_and_dividends(self, ups: Upstream) -> None:
        import akshare

        value = akshare.stock_value_em("300308")
        assert value.iloc[0]["数据日期"] == date(2018, 1, 2) and value.iloc[-1]["数据日期"] == FRIDAY
        assert value.iloc[-1]["总市值"] == pytest.approx(
            value.iloc[-1]["当日收盘价"] * value.iloc[-1]["总股本"], rel=1e-6
        )
        assert (akshare.stock_value_em("688167")["PE(TTM)"] < 0).all()
        paid = akshare.stock_fhps_detail_em("688498").iloc[-1]
        assert (paid["除权除息日"], paid["送转股份-送转总比例"], paid["现金分红-现金分红比例"]) == (
            date(2026, 5, 18),
            4.5,
            5.0,
        )
        with pytest.raises(TypeError):
            akshare.stock_value_em("999001")


YAHOO = """
import json, sys, warnings
import yfinance as yf
from curl_cffi import requests
from yfinance.data import YfData
warnings.simplefilter("ignore")
yf.set_tz_cache_location(sys.argv[1])
yf.config.debug.hide_exceptions = False
session = requests.Session(impersonate="chrome")
url = "https://query1.finance.yahoo.com/v7/finance/quote"
quotes = YfData(session=session).get_raw_json(url, {"symbols": "NVDA,AXTI,ZZZZ,^SOX,CNY=X,0700.HK,2308.TW,300308.SZ"})
bars = {}
for symbol in ("NVDA", "AVGO", "515880.SS", "CNY=X"):
    table = yf.Ticker(symbol, session=session).history(period="10y", auto_adjust=False)
    bars[symbol] = {
        "rows": len(table), "last": table["Close"].iloc[-1], "day": str(table.index[-1].date()),
        "close": {str(day.date()): close for day, close in table["Close"].tail(700).items()},
        "adjusted": table["Adj Close"].iloc[0] / table["Close"].iloc[0],
        "dividends": {str(day.date()): paid for day, paid in table["Dividends"].items() if paid},
        "splits": {str(day.date()): ratio for day, ratio in table["Stock Splits"].items() if ratio},
    }
YfData()._crumb = "wrong"
again = YfData(session=session).get_raw_json(url, {"symbols": "AMD"})
try:
    yf.Ticker("ZZZZ", session=session).history(period="5d")
    unknown = ""
except Exception as error:
    unknown = type(error).__name__
print(json.dumps({"quotes": quotes, "bars": bars, "again": again, "unknown": unknown}))
"""


class TestYahoo:
    """yfinance in a process of its own: cookie, crumb and caches belong to the process."""

    def test_quotes_charts_and_crumbs(self, ups: Upstream, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", YAHOO, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        self.check_quotes(answer["quotes"]["quoteResponse"]["result"])
        self.check_bars(answer["bars"])
        assert answer["again"]["quoteResponse"]["result"][0]["symbol"] == "AMD"
        assert answer["unknown"] == "HTTPError"  # the 404 of quoteSummary, asked for the time zone first
        first = [(entry.host, entry.status) for entry in ups.log[:3]]
        api = "query1.finance.yahoo.com"
        assert first == [("fc.yahoo.com", 404), (api, 200), (api, 200)]
        assert 401 in {entry.status for entry in ups.requests("query1")}

    @staticmethod
    def check_quotes(rows: list[dict]) -> None:
        quotes = {row["symbol"]: row for row in rows}
        assert set(quotes) == {"NVDA", "AXTI", "^SOX", "CNY=X", "0700.HK", "2308.TW", "300308.SZ"}
        nvidia = quotes["NVDA"]
        assert nvidia["trailingPE"] == pytest.approx(nvidia["regularMarketPrice"] / nvidia["epsTrailingTwelveMonths"])
        assert "trailingPE" not in quotes["AXTI"] and quotes["AXTI"]["epsTrailingTwelveMonths"] < 0
        assert quotes["300308.SZ"]["regularMarketPrice"] == 905.0
        assert (quotes["0700.HK"]["currency"], quotes["CNY=X"]["quoteType"]) == ("HKD", "CURRENCY")

    @staticmethod
    def check_bars(bars: dict) -> None:
        nvidia, broadcom = bars["NVDA"], bars["AVGO"]
        assert nvidia["rows"] > 2500 and nvidia["day"] == "2026-07-02" and nvidia["last"] == 188.0
        assert nvidia["splits"] == {"2024-06-10": 10.0} and bars["515880.SS"]["splits"] == {"2026-02-03": 3.0}
        assert nvidia["close"]["2024-06-10"] / nvidia["close"]["2024-06-07"] == pytest.approx(1, rel=0.09)
        assert broadcom["dividends"]["2026-06-22"] == 0.6 and broadcom["adjusted"] < 0.97
        assert nvidia["adjusted"] == pytest.approx(1)
        assert bars["CNY=X"]["last"] == pytest.approx(6.75, rel=0.01)


class TestQuotes:
    """The quote upstreams on the wire, and that they agree."""

    def test_three_sources_agree(self, ups: Upstream) -> None:
        ticker, secid, symbol = "688205.SH", "1.688205", "sh688205"
        bar = ups.market.bars(ticker)[-1]
        one = tencent(symbol)[symbol]
        other = eastmoney(secid, "f2,f5,f6,f18,f115,f350,f351", fltt="2")[0]
        third = requests.get(f"https://hq.sinajs.cn/list={symbol}", headers=SINA, timeout=5).content.decode("gb18030")
        sina = third.split('"')[1].split(",")
        assert float(one[3]) == other["f2"] == float(sina[3]) == bar.close
        assert float(one[4]) == other["f18"] == float(sina[2]) == bar.reference
        assert int(one[36]) == int(sina[8]) == int(bar.volume)
        assert other["f5"] == int(bar.volume) // 100
        assert (float(one[47]), float(one[48])) == (other["f350"], other["f351"])
        value = datacenter("RPT_VALUEANALYSIS_DET", "(SECURITY_CODE=\"688205\")(TRADE_DATE='2026-07-03')")
        row = value["result"]["data"][0]
        assert row["CLOSE_PRICE"] == bar.close
        assert float(one[39]) == other["f115"] == pytest.approx(row["PE_TTM"], abs=0.005)

    def test_a_line_has_88_fields_and_its_identities(self, ups: Upstream) -> None:
        lines = tencent("sz300308", "sh688498", "bj920045", "sz300394", "sz002272", "sh688167", "hk00700", "sz999001")
        assert all(len(fields) == (78 if key == "hk00700" else 88) for key, fields in lines.items())
        assert "sz999001" not in lines and lines["sh688498"][1] == "源杰科技"
        limit_up, halted = lines["sz300394"], lines["sz002272"]
        assert limit_up[3] == limit_up[47] == limit_up[33] == f"{float(limit_up[4]) * 1.2:.2f}"
        assert (halted[5], halted[36], halted[3]) == ("0.00", "0", halted[4])
        assert float(lines["sh688167"][39]) < 0
        assert lines["sz300308"][30] == "20260703150003" and lines["hk00700"][30] == "2026/07/03 16:08:03"

    def test_nothing_found(self, ups: Upstream) -> None:
        assert requests.get("https://qt.gtimg.cn/q=sz999001", timeout=5).text == 'v_pv_none_match="1";\n'
        assert eastmoney("0.999001", "f2") == []
        assert datacenter("RPT_VALUEANALYSIS_DET", '(SECURITY_CODE="999001")')["code"] == 9201
        assert datacenter("RPT_NO_SUCH", "")["code"] == 9501
        assert requests.get("https://hq.sinajs.cn/list=sz300308", timeout=5).status_code == 403

    def test_integers_without_fltt_and_dashes(self, ups: Upstream) -> None:
        fund, halted = eastmoney("1.515880,0.002272", "f1,f2,f3,f12,f18")
        assert (fund["f1"], fund["f2"]) == (3, 1120) and isinstance(fund["f3"], int)
        assert halted["f2"] == "-" and halted["f18"] > 0

    def test_dividends_of_many_codes(self, ups: Upstream) -> None:
        filter_ = '(SECURITY_CODE in ("300308","688498"))(EX_DIVIDEND_DATE>=\'2026-04-01\')'
        rows = datacenter(
            "RPT_SHAREBONUS_DET", filter_, "SECURITY_CODE,EX_DIVIDEND_DATE,PRETAX_BONUS_RMB,BONUS_IT_RATIO"
        )
        assert rows["result"]["data"] == [
            {
                "SECURITY_CODE": "300308",
                "EX_DIVIDEND_DATE": "2026-04-30 00:00:00",
                "PRETAX_BONUS_RMB": 10.0,
                "BONUS_IT_RATIO": None,
            },
            {
                "SECURITY_CODE": "688498",
                "EX_DIVIDEND_DATE": "2026-05-18 00:00:00",
                "PRETAX_BONUS_RMB": 5.0,
                "BONUS_IT_RATIO": 4.5,
            },
        ]


class TestMarket:
    """The clock and the overrides."""

    def test_the_bar_of_today_is_provisional(self, ups: Upstream) -> None:
        final = ups.market.bars("300308.SZ")[-1]
        ups.market.now = datetime(2026, 7, 3, 4, 0, tzinfo=UTC)  # lunch
        assert tencent("sz300308")["sz300308"][30] == "20260703120000"
        half = ups.market.bars("300308.SZ")[-1]
        assert half.open == final.open and half.volume == pytest.approx(final.volume / 2, rel=0.01)
        assert final.low <= half.low <= half.close <= half.high <= final.high
        assert datacenter("RPT_VALUEANALYSIS_DET", "(SECURITY_CODE=300308)(TRADE_DATE>='2026-07-03')")["code"] == 9201
        ups.market.now = datetime(2026, 7, 3, 1, 0, tzinfo=UTC)  # before the open
        assert tencent("sz300308")["sz300308"][30] == "20260702150003"

    def test_overrides_reach_every_source(self, ups: Upstream) -> None:
        ups.market.set_bar("300502.SZ", date(2026, 7, 2), close=500.0, high=501.0)
        ups.market.set_quote("300502.SZ", volume_ratio=9.99)
        fields = tencent("sz300502")["sz300502"]
        assert (fields[4], fields[49]) == ("500.00", "9.99")
        assert eastmoney("0.300502", "f18", fltt="2")[0]["f18"] == 500.0

    def test_every_bar_is_possible(self, ups: Upstream) -> None:
        for ticker in ("300308.SZ", "688498.SH", "920045.BJ", "515880.SH", "300394.SZ", "01686.HK", "NVDA.US", "CNY=X"):
            item = find(ticker)
            for bar in ups.market.bars(ticker)[1:]:
                assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
                bounds = limits(item, bar.reference)
                assert bounds is None or bounds[1] <= bar.low <= bar.high <= bounds[0]


class TestFaults:
    """What can be made to go wrong."""

    def test_transport(self, ups: Upstream) -> None:
        url = "https://qt.gtimg.cn/q=sz300308"
        ups.fault("gtimg", "sz300308", "reset", times=1)
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)
        ups.fault("gtimg", "q=", "status:429", times=1, headers={"Retry-After": "30"})
        refused = requests.get(url, timeout=5)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        ups.fault("gtimg", "q=", "body:{}", times=1)
        assert requests.get(url, timeout=5).text == "{}"
        ups.fault("gtimg", "q=", "redirect:https://example.com/", times=1)
        assert requests.get(url, timeout=5, allow_redirects=False).headers["Location"] == "https://example.com/"
        whole = requests.get(url, timeout=5).content
        ups.fault("gtimg", "q=", "truncated", times=1)
        assert requests.get(url, timeout=5).content == whole[: len(whole) // 2]
        ups.fault("gtimg", "q=", "huge", times=1)
        assert len(requests.get(url, timeout=20).content) > 20_000_000
        assert [entry.status for entry in ups.requests("gtimg")] == [None, 429, 200, 302, 200, 200, 200]

    def test_slowness(self, ups: Upstream) -> None:
        url = "https://qt.gtimg.cn/q=sz300308"
        for kind in ("hang:60", "drip"):
            ups.fault("gtimg", "q=", kind, times=1)
            with pytest.raises(requests.RequestException):
                requests.get(url, timeout=0.4)
        ups.latency = 0.3
        started = time.monotonic()
        assert requests.get(url, timeout=5).ok and time.monotonic() - started >= 0.3

    def test_limit(self, ups: Upstream) -> None:
        counter = ups.limit("eastmoney", 3)
        url = "https://push2.eastmoney.com/api/qt/ulist.np/get?secids=0.300308&fields=f2"
        codes = [requests.get(url, timeout=5).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429] and counter.refused == 2

    @pytest.mark.parametrize("kind", ["other_symbol", "mislabelled"])
    def test_another_stock(self, ups: Upstream, kind: str) -> None:
        ups.fault("eastmoney", "kline/get", kind)
        url = "https://push2his.eastmoney.com/api/qt/stock/kline/get?secid=0.300308&klt=101&fqt=0&fields2=f51,f53&lmt=1"
        data = requests.get(url, timeout=5).json()["data"]
        assert data["code"] == ("600519" if kind == "other_symbol" else "300308")
        assert data["klines"] == ["2026-07-03,1380.00"]

    def test_bad_rows(self, ups: Upstream) -> None:
        url = "https://web.ifzq.gtimg.cn/appstock/app/fqkline/get?param=sz300308,day,,,5,"

        def rows(kind: str) -> list[list]:
            ups.fault("ifzq", "fqkline", kind, times=1)
            return requests.get(url, timeout=5).json()["data"]["sz300308"]["day"]

        good = requests.get(url, timeout=5).json()["data"]["sz300308"]["day"]
        assert rows("stale_day")[-1][0] == "2026-07-02"
        assert rows("nan_last")[-1][1:5] == ["", "", "", ""]
        assert rows("future_date")[-1][0] == "2026-07-06"
        assert len(rows("one_row")) == 1
        assert [row[0] for row in rows("duplicate_dates")[-2:]] == ["2026-07-03"] * 2
        assert rows("duplicate_dates:different")[-1][2] == "914.05"
        assert rows("zero_price")[-1][2] == "0.00" and rows("negative")[-1][2] == "-905.00"
        assert float(rows("lots_as_shares")[-1][5]) == float(good[-1][5]) * 100
        assert len(rows("extra_column")[-1]) == len(good[-1]) + 1
        assert float(rows("percent_slip")[-1][7]) == pytest.approx(float(good[-1][7]) / 100, abs=0.006)

    def test_bad_quotes(self, ups: Upstream) -> None:
        ups.fault("gtimg", "q=", "half_missing", times=1)
        assert list(tencent("sz300308", "sz300502", "sz300394")) == ["sz300308", "sz300394"]
        ups.fault("gtimg", "q=", "extra_column", times=1)
        assert len(tencent("sz300308")["sz300308"]) == 89
        ups.fault("eastmoney", "ulist", "nan_last", times=1)
        assert eastmoney("0.300308", "f2", fltt="2")[0]["f2"] == "-"
        ups.fault("gtimg", "q=", "stale_day")
        assert tencent("sz300308")["sz300308"][30] == "20260702150003"
        ups.clear_faults()
        assert tencent("sz300308")["sz300308"][30] == "20260703150003"

    @pytest.mark.parametrize("kind", sorted(CONTENT))
    def test_content_faults_break_no_handler(self, ups: Upstream, kind: str) -> None:
        ups.fault("", "", kind)
        assert tencent("sz300308", "sh000300", "hk00700", "usNVDA", "sz002272", "sh515880")
        eastmoney("0.300308,116.00700,105.NVDA,1.000300", "f2,f3,f10,f115,f350")
        requests.get("https://hq.sinajs.cn/list=sz300308,gb_nvda,fx_susdcny", headers=SINA, timeout=5)
        for symbol in ("NVDA", "CNY=X", "^SOX", "688498.SS"):
            url = f"https://query2.finance.yahoo.com/v8/finance/chart/{symbol}?range=5d&interval=1d"
            assert requests.get(url, timeout=5).json()["chart"]["result"]
        for report in ("RPT_VALUEANALYSIS_DET", "RPT_SHAREBONUS_DET"):
            assert datacenter(report, '(SECURITY_CODE in ("300308","688498"))')

    def test_akshare_cannot_tell_another_stock(self, ups: Upstream) -> None:
        import akshare

        ups.fault("push2his", "secid=0.300308", "other_symbol")
        table = akshare.stock_zh_a_hist("300308", start_date="20260703", end_date="20260703")
        assert table.iloc[0]["收盘"] == 1380.0 and table.iloc[0]["股票代码"] == "300308"

    def test_a_mistyped_fault_is_refused(self, ups: Upstream) -> None:
        with pytest.raises(ValueError, match="no fault"):
            ups.fault("x", "y", "rest")


def test_unknown_requests_are_recorded(upstream: Upstream) -> None:
    assert requests.get("https://push2.eastmoney.com/api/qt/clist/get", timeout=5).status_code == 599
    assert requests.get("http://www.example.com/x?y=1", timeout=5).status_code == 599
    assert [line.split()[1] for line in upstream.unknown] == [
        "push2.eastmoney.com/api/qt/clist/get",
        "www.example.com/x?y=1",
    ]


def test_keep_alive_and_distrust(upstream: Upstream) -> None:
    with requests.Session() as session:
        for _ in range(20):
            assert session.get("https://qt.gtimg.cn/q=sz300308", timeout=5).ok
    with pytest.raises(requests.exceptions.SSLError):
        requests.get("https://qt.gtimg.cn/q=sz300308", timeout=5, verify=requests.certs.where())
    deadline = time.monotonic() + 5  # the server's side of the failed handshake ends a little later
    while not upstream.tls_failures and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(upstream.tls_failures) == 1 and len(upstream.log) == 20


def test_runs_as_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.upstream", "--ca", str(tmp_path / "ca.pem"), "--now", "2026-07-02T08:30Z"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(9)]
        settings = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        answer = requests.get(
            "https://qt.gtimg.cn/q=sz300308",
            proxies={"https": settings["HTTPS_PROXY"]},
            verify=settings["REQUESTS_CA_BUNDLE"],
            timeout=10,
        )
        process.terminate()
        assert process.wait(10) == 0
    assert "20260702150003" in answer.text
