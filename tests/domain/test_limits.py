"""Price limits against real bars, an independent Decimal computation and properties.

The bars are published prices of single sessions, typed in by hand with the class the market gave them; the bars whose
limit depends on the rounding rule are marked "rounding".
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.domain import limits

MAIN, CHINEXT, STAR, BSE, ETF = "600519.SH", "300308.SZ", "688498.SH", "920045.BJ", "515880.SH"
DAY = date(2026, 5, 11)
NAN = float("nan")

# ticker, day, previous close, open, high, low, close, up, down (None: not printed), state
BARS = [
    ("920125.BJ", "2026-05-11", 99.29, 102.10, 129.07, 102.00, 129.07, 129.07, 69.51, "sealed_up"),  # rounding
    ("920725.BJ", "2026-06-22", 84.95, 99.99, 110.43, 93.00, 110.43, 110.43, 59.47, "sealed_up"),  # rounding
    ("920367.BJ", "2026-06-23", 15.09, 15.47, 19.61, 15.10, 19.30, 19.61, 10.57, "touched_up"),  # rounding
    ("002851.SZ", "2026-06-03", 147.95, 148.00, 162.75, 145.50, 157.98, 162.75, 133.16, "touched_up"),  # rounding
    ("000586.SZ", "2026-04-03", 17.15, 18.87, 18.87, 18.87, 18.87, 18.87, 15.44, "one_price_up"),  # rounding
    ("002902.SZ", "2026-04-08", 26.70, 29.37, 29.37, 28.18, 29.37, 29.37, 24.03, "t_up"),
    ("002384.SZ", "2026-04-08", 109.01, 119.91, 119.91, 119.90, 119.91, 119.91, None, "t_up"),
    ("601137.SH", "2026-04-08", 17.78, 18.20, 19.56, 18.20, 19.56, 19.56, 16.00, "sealed_up"),
    ("300620.SZ", "2026-06-15", 285.88, 292.50, 343.06, 292.42, 343.05, 343.06, 228.70, "touched_up"),
    ("300548.SZ", "2026-04-08", 181.10, 190.00, 207.80, 190.00, 206.39, 217.32, None, "none"),
    ("688048.SH", "2026-04-22", 310.76, 322.00, 372.91, 322.00, 372.91, 372.91, 248.61, "sealed_up"),
    ("002491.SZ", "2026-05-21", 24.15, 23.93, 23.93, 21.74, 21.74, 26.57, 21.74, "sealed_down"),  # rounding
    ("002281.SZ", "2026-05-21", 236.40, 230.15, 231.64, 212.76, 217.30, 260.04, 212.76, "touched_down"),
    ("000818.SZ", "2026-04-07", 19.29, 17.36, 17.36, 17.36, 17.36, 21.22, 17.36, "one_price_down"),
    ("600367.SH", "2026-06-04", 42.72, 45.24, 46.98, 45.02, 46.98, 46.99, 38.45, "none"),
]


@pytest.mark.parametrize("bar", BARS, ids=[f"{b[0]} {b[1]}" for b in BARS])
def test_real_bars(bar: tuple[str, str, float, float, float, float, float, float, float | None, str]) -> None:
    ticker, day, previous, *ohlc, up, down, expected = bar
    found = limits.state_of(ticker, date.fromisoformat(day), *ohlc, previous)
    assert found.state == expected
    assert found.up == up
    assert down is None or found.down == down
    assert found.agrees is None


def test_the_reference_price_and_not_the_last_close_makes_the_limit() -> None:
    # 300308: close 846.00 on 2026-04-29, dividend 1.00, so 845.00 × 1.2 = 1014.00 on the 30th.
    assert limits.limit_prices(CHINEXT, date(2026, 4, 30), 845.00) == (1014.00, 676.00)
    # 688498 fell from 1559.00 to 1058.08 by its rights issue: an ordinary day against the reference price.
    up, down = limits.limit_prices(STAR, date(2026, 5, 18), 1058.08) or (0, 0)
    assert down < 1058.08 < up < 1559.00


@pytest.mark.parametrize(
    ("ticker", "board"),
    [
        ("600519.SH", "main"), ("601137.SH", "main"), ("603203.SH", "main"), ("605111.SH", "main"),
        ("000063.SZ", "main"), ("001267.SZ", "main"), ("002281.SZ", "main"), ("003816.SZ", "main"),
        ("300308.SZ", "chinext"), ("301205.SZ", "chinext"), ("302132.SZ", "chinext"),
        ("688498.SH", "star"), ("689009.SH", "star"), ("920045.BJ", "bse"), ("430047.BJ", "bse"), ("835185.BJ", "bse"),
        ("515880.SH", "etf"), ("159915.SZ", "etf"), ("161725.SZ", "etf"),
        ("000300.SH", None), ("399006.SZ", None), ("801770.SI", None), ("900901.SH", None), ("200012.SZ", None),
        ("01686.HK", None), ("NVDA.US", None), ("2330.TW", None), ("005930.KS", None), ("USDCNY.FX", None),
    ],
)  # fmt: skip
def test_boards(ticker: str, board: str | None) -> None:
    assert limits.board(ticker) == board


@pytest.mark.parametrize(
    ("ticker", "day", "plain", "st_share"),
    [
        (MAIN, "1996-12-13", None, None),
        (MAIN, "1996-12-16", 10, 10),
        (MAIN, "1998-04-22", 10, 5),
        (MAIN, "2026-07-03", 10, 5),
        (MAIN, "2026-07-06", 10, 10),  # the ST limit was raised on this day
        (CHINEXT, "2020-08-21", 10, 5),
        (CHINEXT, "2020-08-24", 20, 20),
        (STAR, "2019-07-19", None, None),
        (STAR, "2019-07-22", 20, 20),
        (BSE, "2021-11-12", None, None),
        (BSE, "2021-11-15", 30, 30),
        (ETF, "2026-05-11", 10, 10),
        ("2330.TW", "2015-05-29", 7, 7),
        ("2330.TW", "2015-06-01", 10, 10),
        ("005930.KS", "2015-06-12", 15, 15),
        ("005930.KS", "2015-06-15", 30, 30),
        ("01686.HK", "2026-05-11", None, None),
        ("NVDA.US", "2026-05-11", None, None),
        ("000300.SH", "2026-05-11", None, None),
    ],
)
def test_percent_by_date(ticker: str, day: str, plain: int | None, st_share: int | None) -> None:
    assert limits.percent(ticker, date.fromisoformat(day)) == plain
    assert limits.percent(ticker, date.fromisoformat(day), st=True) == st_share


def test_a_wide_fund_moves_twenty_percent_since_august_2020() -> None:
    assert limits.percent(ETF, date(2020, 8, 21), wide=True) == 20
    assert limits.percent("159915.SZ", date(2020, 8, 21), wide=True) == 10
    assert limits.percent("159915.SZ", date(2020, 8, 24), wide=True) == 20
    assert limits.percent(MAIN, DAY, wide=True) == 10


def test_every_rule_names_its_source_and_follows_its_board_in_order() -> None:
    assert all(r.source for r in limits.RULES)
    for board in {r.board for r in limits.RULES}:
        dates = [r.since for r in limits.RULES if r.board == board]
        assert dates == sorted(set(dates))


@pytest.mark.parametrize("name", ["ST兴化", "*ST美芝", "S*ST前锋", "SST华新", "＊ST柳化", "ST 柳化", "XD*ST美"])
def test_st_names(name: str) -> None:
    assert limits.is_st(name)


@pytest.mark.parametrize("name", ["中际旭创", "TCL科技", "退市海润", "N长鑫", "", "S佳通", "XD中际旭", "BEST股份"])
def test_other_names(name: str) -> None:
    assert not limits.is_st(name)


def test_an_st_share_on_both_sides_of_the_change() -> None:
    # 4.01 × 1.05 = 4.2105, × 0.95 = 3.8095; × 1.10 = 4.411, × 0.90 = 3.609
    assert limits.limit_prices("002323.SZ", date(2026, 7, 3), 4.01, st=True) == (4.21, 3.81)
    assert limits.limit_prices("002323.SZ", date(2026, 7, 6), 4.01, st=True) == (4.41, 3.61)


@pytest.mark.parametrize(
    ("ticker", "day", "last_free"),
    [
        (MAIN, DAY, 5), (CHINEXT, DAY, 5), (STAR, DAY, 5), (BSE, DAY, 1), (ETF, DAY, 0),
        (MAIN, date(2023, 4, 7), 1), (CHINEXT, date(2020, 8, 21), 1),
    ],
)  # fmt: skip
def test_new_listings(ticker: str, day: date, last_free: int) -> None:
    for session in range(1, 8):
        free = limits.limit_prices(ticker, day, 20.0, sessions_listed=session) is None
        found = limits.state_of(ticker, day, 20.0, 20.0, 20.0, 20.0, 20.0, sessions_listed=session)
        assert free == (session <= last_free)
        assert found.state == ("no_limit" if free else "none")


@pytest.mark.parametrize(
    ("ticker", "day", "percent", "st_share"),
    [
        (MAIN, DAY, 10, False), (MAIN, DAY, 5, True), (MAIN, date(2026, 7, 6), 10, True),
        (CHINEXT, DAY, 20, False), (CHINEXT, date(2020, 8, 21), 10, False), (STAR, DAY, 20, False),
        (BSE, DAY, 30, False),
    ],
)  # fmt: skip
def test_every_price_up_to_200_yuan_against_decimal(ticker: str, day: date, percent: int, st_share: bool) -> None:
    cent, rate = Decimal("0.01"), Decimal(percent) / 100
    above, below = (ROUND_FLOOR, ROUND_CEILING) if ticker == BSE else (ROUND_HALF_UP, ROUND_HALF_UP)
    wrong = []
    for fen in range(2, 20_001):
        previous = Decimal(fen) / 100
        up = max((previous * (1 + rate)).quantize(cent, above), previous + cent)
        down = min((previous * (1 - rate)).quantize(cent, below), previous - cent)
        if limits.limit_prices(ticker, day, fen / 100, st=st_share) != (float(up), float(down)):
            wrong.append(fen)
    assert wrong == []


def test_a_fund_has_a_tick_of_a_tenth_of_a_fen() -> None:
    # 1.235 × 1.1 = 1.3585 and × 0.9 = 1.1115: half up in both directions; in fen they would be 1.36 and 1.11
    assert limits.limit_prices(ETF, DAY, 1.235) == (1.359, 1.112)
    assert limits.limit_prices(ETF, DAY, 1.235, wide=True) == (1.482, 0.988)
    assert limits.state_of(ETF, DAY, 1.3, 1.359, 1.29, 1.358, 1.235).state == "touched_up"


def test_a_limit_is_at_least_one_tick_away() -> None:
    # 4 fen × 1.1 = 4.4 rounds to 4, so 5; 5 fen × 0.9 = 4.5 rounds to 5, so 4
    assert limits.limit_prices(MAIN, DAY, 0.04) == (0.05, 0.03)
    assert limits.limit_prices(MAIN, DAY, 0.05) == (0.06, 0.04)


@pytest.mark.parametrize("previous", [0.0, -1.0, NAN, float("inf")])
def test_no_limits_from_a_price_that_is_none(previous: float) -> None:
    assert limits.limit_prices(MAIN, DAY, previous) is None
    assert limits.state_of(MAIN, DAY, 10, 10, 10, 10, previous) == ("unknown", None, None, None)


@pytest.mark.parametrize(
    ("ohlc", "expected"),
    [
        ((9.5, 11.0, 9.0, 10.5), "touched_up"),  # both limits touched, closed in the upper half
        ((9.5, 11.0, 9.0, 9.5), "touched_down"),
        ((9.5, 11.0, 9.0, 11.0), "sealed_up"),
        ((11.0, 11.0, 9.0, 9.0), "sealed_down"),
        ((9.0, 11.0, 9.0, 9.0), "t_down"),
        ((9.0, 9.3, 9.0, 9.0), "t_down"),
        ((9.01, 10.99, 9.01, 10.99), "none"),
        ((10.0, 11.01, 9.5, 11.01), "unknown"),  # beyond the limit: these are not that day's limits
        ((10.0, 10.5, 8.99, 9.5), "unknown"),
        ((10.0, NAN, 9.5, 10.0), "unknown"),
    ],
)
def test_states(ohlc: tuple[float, float, float, float], expected: str) -> None:
    assert limits.state(*ohlc, 11.0, 9.0) == expected


def test_float_noise_of_a_source_does_not_lift_a_limit() -> None:
    # 26.7 × 1.1 = 29.370000000000005 in binary; 0.1 + 0.2 is the same kind of noise
    assert limits.state(29.37, 26.7 * 1.1, 28.18, 29.369999999999997, 29.37, 24.03) == "t_up"


def test_the_quotes_own_limits_come_first_and_the_rule_checks_them() -> None:
    bar = (102.10, 129.07, 102.00, 129.07, 99.29)
    same = limits.state_of("920125.BJ", DAY, *bar, quote_up=129.07, quote_down=69.51)
    other = limits.state_of("920125.BJ", DAY, *bar, quote_up=129.08, quote_down=69.50)
    assert same == ("sealed_up", 129.07, 69.51, True)
    assert other == ("none", 129.08, 69.50, False)
    half = limits.state_of("920125.BJ", DAY, *bar, quote_up=129.07, quote_down=NAN)
    assert half == ("sealed_up", 129.07, 69.51, None)


def test_a_fund_agrees_with_either_percent() -> None:
    for up, down, agrees in [(1.359, 1.112, True), (1.482, 0.988, True), (1.606, 0.865, False)]:
        found = limits.state_of(ETF, DAY, 1.2, 1.3, 1.2, 1.3, 1.235, quote_up=up, quote_down=down)
        assert found == ("none", up, down, agrees)


def test_a_quote_with_limits_on_a_free_day_disagrees() -> None:
    found = limits.state_of(MAIN, DAY, 20, 20, 20, 20, 20, quote_up=22.0, quote_down=18.0, sessions_listed=3)
    assert found == ("none", 22.0, 18.0, False)


@pytest.mark.parametrize("ticker", ["01686.HK", "NVDA.US", "^SOX.US", "000300.SH", "801770.SI", "USDCNY.FX"])
def test_markets_without_limits(ticker: str) -> None:
    assert limits.state_of(ticker, DAY, 10, 30, 10, 30, 10) == ("no_limit", None, None, None)


@pytest.mark.parametrize("ticker", ["2330.TW", "005930.KS", "900901.SH"])
def test_limits_that_exist_but_are_not_computed_here(ticker: str) -> None:
    assert limits.limit_prices(ticker, DAY, 10) is None
    assert limits.state_of(ticker, DAY, 10, 11, 10, 11, 10) == ("unknown", None, None, None)


def test_korea_takes_the_quotes_limits_unchecked() -> None:
    found = limits.state_of("005930.KS", DAY, 70000, 91000, 70000, 91000, 70000, quote_up=91000, quote_down=49000)
    assert found == ("sealed_up", 91000, 49000, None)


FEN = st.integers(min_value=2, max_value=1_000_000)
BOARDS = st.sampled_from([MAIN, CHINEXT, STAR, BSE, ETF])


@given(FEN, BOARDS)
def test_limits_bracket_the_previous_close(fen: int, ticker: str) -> None:
    previous = fen / limits.per_unit(ticker)
    up, down = limits.limit_prices(ticker, DAY, previous) or (0, 0)
    assert 0 < down < previous < up


@given(FEN, BOARDS)
def test_limits_never_fall_when_the_previous_close_rises(fen: int, ticker: str) -> None:
    per = limits.per_unit(ticker)
    lower, upper = (limits.limit_prices(ticker, DAY, n / per) or (0, 0) for n in (fen, fen + 1))
    assert lower[0] <= upper[0] and lower[1] <= upper[1]


@given(FEN)
def test_beijings_band_never_exceeds_thirty_percent(fen: int) -> None:
    up, down = limits.limit_prices(BSE, DAY, fen / 100) or (0, 0)
    if fen >= 4:  # below, the one-tick minimum rules
        assert round(up * 100) * 100 <= fen * 130 and round(down * 100) * 100 >= fen * 70


@given(st.lists(st.integers(900, 1100), min_size=4, max_size=4), st.integers(0, 3))
def test_a_mirrored_bar_has_the_mirrored_state(prices: list[int], open_at: int) -> None:
    low, *_, high = ordered = sorted(prices)
    open_, close = ordered[open_at], prices[0]
    plain = limits.state(open_ / 100, high / 100, low / 100, close / 100, 11.0, 9.0)
    mirrored = limits.state(*((2000 - p) / 100 for p in (open_, low, high, close)), 11.0, 9.0)
    both_at_centre = low == 900 and high == 1100 and close == 1000  # the one tie, which goes up
    swapped = plain.replace("_up", "_DOWN").replace("_down", "_up").replace("_DOWN", "_down")
    assert both_at_centre or mirrored == swapped


# --- many sessions of many tickers at once -----------------------------------------------------------------------


def one_session(
    tickers: list[str], day: date, bars: list[tuple[float, ...]], *, is_st: int = 0, listed: int | None = None
) -> limits.Grid:
    """``grid`` on one session; ``bars``: previous close, open, high, low, close."""
    previous, *ohlc = (np.array([column], dtype=np.float64) for column in zip(*bars, strict=True))
    nothing = np.full((1, len(tickers)), NAN)
    at = np.full(len(tickers), -1000 if listed is None else 1 - listed, dtype=np.int64)
    flags = np.full((1, len(tickers)), is_st, dtype=np.int8)
    return limits.grid(tickers, np.array([day], "datetime64[D]"), tuple(ohlc), previous, (nothing, nothing), flags, at)


@pytest.mark.parametrize("bar", BARS, ids=[f"{b[0]} {b[1]}" for b in BARS])
def test_real_bars_on_the_grid(
    bar: tuple[str, str, float, float, float, float, float, float, float | None, str],
) -> None:
    ticker, day, previous, *ohlc, up, down, expected = bar
    found = one_session([ticker], date.fromisoformat(day), [(previous, *ohlc)])
    assert limits.STATES[found.codes[0, 0]] == expected
    assert found.up[0, 0] == up
    assert down is None or found.down[0, 0] == down


@pytest.mark.parametrize(
    ("ticker", "day", "percent", "is_st"),
    [(MAIN, DAY, 10, 0), (MAIN, DAY, 5, 1), (MAIN, date(2026, 7, 6), 10, 1), (CHINEXT, DAY, 20, 0), (BSE, DAY, 30, 0)],
)
def test_every_price_up_to_200_yuan_on_the_grid_against_decimal(
    ticker: str, day: date, percent: int, is_st: int
) -> None:
    cent, rate = Decimal("0.01"), Decimal(percent) / 100
    above, below = (ROUND_FLOOR, ROUND_CEILING) if ticker == BSE else (ROUND_HALF_UP, ROUND_HALF_UP)
    previous = [Decimal(fen) / 100 for fen in range(2, 20_001)]
    price = [float(p) for p in previous]
    found = one_session([ticker] * len(price), day, [(p, p, p, p, p) for p in price], is_st=is_st)
    up = [float(max((p * (1 + rate)).quantize(cent, above), p + cent)) for p in previous]
    down = [float(min((p * (1 - rate)).quantize(cent, below), p - cent)) for p in previous]
    assert found.up[0].tolist() == up
    assert found.down[0].tolist() == down


PRICES = st.integers(850, 1150).map(lambda n: n / 100)
ANY_TICKER = st.sampled_from(
    [MAIN, CHINEXT, STAR, BSE, "900901.SH", "01686.HK", "NVDA.US", "000300.SH", "801770.SI", "2330.TW", "005930.KS"]
)


@given(ANY_TICKER, st.tuples(PRICES, PRICES, PRICES, PRICES), st.integers(0, 1), st.sampled_from([None, 1, 3, 9]))
def test_the_grid_says_what_one_bar_says(ticker: str, bar: tuple[float, ...], is_st: int, listed: int | None) -> None:
    low, *_, high = sorted(bar)
    ohlc = (bar[0], high, low, bar[1])
    for day in (DAY, date(2026, 7, 6), date(2020, 8, 21), date(2021, 11, 15)):
        if ticker == STAR or day >= date(2021, 11, 15):
            one = limits.state_of(ticker, day, *ohlc, 10.0, st=bool(is_st), sessions_listed=listed)
            many = one_session([ticker], day, [(10.0, *ohlc)], is_st=is_st, listed=listed)
            assert limits.STATES[many.codes[0, 0]] == one.state
            assert (one.up is None and np.isnan(many.up[0, 0])) or many.up[0, 0] == one.up


def test_an_st_flag_that_is_not_known_leaves_the_limit_unknown_where_it_matters() -> None:
    bar = [(4.01, 4.21, 4.21, 4.21, 4.21)]
    assert limits.STATES[one_session([MAIN], date(2026, 7, 3), bar, is_st=-1).codes[0, 0]] == "unknown"
    assert limits.STATES[one_session([MAIN], date(2026, 7, 6), bar, is_st=-1).codes[0, 0]] == "none"
    assert limits.STATES[one_session([MAIN], date(2026, 7, 3), bar, is_st=1).codes[0, 0]] == "one_price_up"


def test_boards_are_counted_through_a_suspension() -> None:
    sealed = np.array([[1], [1], [0], [1], [0], [1], [1], [0], [1]], dtype=bool)
    suspended = np.array([[0], [0], [1], [0], [0], [0], [0], [0], [0]], dtype=bool)
    assert limits.boards(sealed, suspended)[:, 0].tolist() == [1, 2, 0, 3, 0, 1, 2, 0, 1]


# --- delisting, first rules, rules that change between two sessions -----------------------------------------------


@pytest.mark.parametrize("name", ["退市天成", "天成退", "退 市 海创", "Ｘ天成退"])
def test_the_first_day_of_the_delisting_period_has_no_limit(name: str) -> None:
    """Previous close 2.00, so 2.20 and 1.80 by the rule. A bar up to 3.10 is that day's; one inside is held to the rule."""
    assert limits.is_delisting(name) and not limits.is_delisting("进退有度") and not limits.is_delisting("*ST天成")
    day, first, later = date(2026, 7, 3), (2.6, 3.1, 2.5, 2.9), (2.1, 2.2, 2.05, 2.2)
    assert limits.state_of(MAIN, day, *first, 2.0, delisting=True) == ("no_limit", None, None, None)
    assert limits.state_of(MAIN, day, *first, 2.0).state == "unknown"  # elsewhere these are not that day's limits
    assert limits.state_of(MAIN, day, *later, 2.0, delisting=True) == ("sealed_up", 2.2, 1.8, None)
    assert limits.state_of(MAIN, day, *later, 2.0, delisting=True, quote_up=2.2, quote_down=1.8).agrees is True
    for bar, expected in ((first, "no_limit"), (later, "sealed_up")):
        assert limits.STATES[one_session([MAIN], day, [(2.0, *bar)], is_st=limits.DELISTING).codes[0, 0]] == expected


@pytest.mark.parametrize(
    ("ticker", "day"),
    [(MAIN, date(1996, 12, 13)), ("300001.SZ", date(2009, 10, 29)), ("688001.SH", date(2019, 7, 19)),
     ("920045.BJ", date(2021, 11, 12)), ("510300.SH", date(1996, 12, 13)), ("2330.TW", date(2008, 12, 24))],
)  # fmt: skip
def test_before_a_board_s_first_rule_both_say_that_they_do_not_know(ticker: str, day: date) -> None:
    bar = (10.0, 10.0, 10.0, 10.0)
    assert limits.state_of(ticker, day, *bar, 10.0).state == "unknown"
    assert limits.STATES[one_session([ticker], day, [(10.0, *bar)]).codes[0, 0]] == "unknown"


def test_free_sessions_are_those_of_the_listing_day_s_rule() -> None:
    """Listed on Thursday 2023-04-06: one free session. The rule of 2023-04-10 has five, for what is listed from then on."""
    days = [date(2023, 4, 6), date(2023, 4, 7), date(2023, 4, 10), date(2023, 4, 11)]
    for number, day in enumerate(days, 1):
        free = limits.limit_prices("601061.SH", day, 10.0, sessions_listed=number, listed=days[0]) is None
        assert free == (number == 1), day
        young = limits.limit_prices("601061.SH", days[2], 10.0, sessions_listed=number, listed=days[2])
        assert young is None
    sessions = np.array(days, dtype="datetime64[D]")
    flat = np.full((4, 1), 10.0)
    nan = np.full((4, 1), np.nan)
    found = limits.grid(
        ["601061.SH"], sessions, (flat, flat, flat, flat), flat, (nan, nan), np.zeros((4, 1), np.int8), np.array([0])
    )
    assert [limits.STATES[c] for c in found.codes[:, 0]] == ["no_limit", "none", "none", "none"]
