"""Sentences of the checks on answers."""

from __future__ import annotations

CHECKS: dict[str, tuple[str, str]] = {
    "not_wanted": (
        "来源返回了未请求的代码，没有采用。",
        "The source sent a symbol that was not asked for; it was left out.",
    ),
    "missing": (
        "{source} 没有返回 {ticker}；沿用上次的数据。",
        "{source} left {ticker} out; the last data stay.",
    ),
    "duplicate": (
        "{source} 给 {ticker} 的两行互相矛盾（{detail}），都没有采用。",
        "Two rows of {source} for {ticker} contradict each other ({detail}); neither was used.",
    ),
    "bad_price": (
        "{source} 给 {ticker} 的价格缺失或不是正数（{detail}），没有采用。",
        "A price of {ticker} from {source} is missing or not positive ({detail}); it was not used.",
    ),
    "high_below_low": (
        "{source} 给 {ticker} 的最高价低于最低价（{detail}），没有采用。",
        "The high of {ticker} from {source} is below its low ({detail}); it was not used.",
    ),
    "outside_range": (
        "{source} 给 {ticker} 的价格超出当日高低范围（{detail}），没有采用。",
        "A price of {ticker} from {source} lies outside the day's range ({detail}); it was not used.",
    ),
    "no_session": (
        "{source} 给 {ticker} 的行情没有交易日期，没有采用。",
        "The quote of {ticker} from {source} has no trading date; it was not used.",
    ),
    "not_begun": (
        "{source} 给 {ticker} 的交易日尚未开始，没有采用。",
        "The session of {ticker} from {source} has not begun yet; it was not used.",
    ),
    "not_a_session": (
        "{source} 给 {ticker} 的日期不是交易日，没有采用。",
        "The date of {ticker} from {source} is no trading day; it was not used.",
    ),
    "units": (
        "{source} 给 {ticker} 的成交额与成交量不符（{detail}），疑似单位错误，没有采用。",
        "Amount and volume of {ticker} from {source} do not fit ({detail}); units suspected, not used.",
    ),
    "limits_off": (
        "{source} 给 {ticker} 的涨跌停价没有包住前收盘（{detail}），没有采用。",
        "The limit prices of {ticker} from {source} do not bracket the previous close ({detail}); not used.",
    ),
    "turnover": (
        "{source} 给 {ticker} 的换手率与成交量、流通市值不符（{detail}），没有采用。",
        "The turnover of {ticker} from {source} does not fit volume and float cap ({detail}); not used.",
    ),
    "impossible_move": (
        "{source} 给 {ticker} 的涨跌超出任何涨跌停限制（{detail}），没有采用。",
        "The move of {ticker} from {source} exceeds any price limit ({detail}); not used.",
    ),
    "rate_range": (
        "{source} 给 {ticker} 的汇率不在该货币对的合理范围内（{detail}），没有采用。",
        "The exchange rate of {ticker} from {source} lies outside the range of its pair ({detail}); not used.",
    ),
    "other_symbol": (
        "{source} 给 {ticker} 的前收盘与库存不符（{detail}），疑为其他证券，没有采用。",
        "The previous close of {ticker} from {source} does not fit the stored closes ({detail}); another security suspected, not used.",
    ),
    "stale_day": (
        "{source} 给 {ticker} 的行情还是旧交易日的。",
        "The quote of {ticker} from {source} is still of an earlier session.",
    ),
    "no_name": (
        "{source} 没有给 {ticker} 的名称。",
        "{source} sent no name for {ticker}.",
    ),
    "incomplete": (
        "{source} 给 {ticker} 的开高低量不全。",
        "Open, high, low or volume of {ticker} is missing at {source}.",
    ),
    "not_final": (
        "{ticker} 最近一根日线尚未收定，按未完成处理。",
        "The last bar of {ticker} is not settled; it is kept as unfinished.",
    ),
    "holes": (
        "{ticker} 的历史里有 {detail} 个交易日没有日线：停牌，或来源缺数；涨跌按前后两根计算。",
        "{detail} session(s) in the history of {ticker} have no bar: a suspension, or rows the source lost.",
    ),
    "healed": (
        "库里 {ticker} 的收盘价与写入时不同（磁盘损坏？），已用 {source} 的历史整段替换。",
        "The stored closes of {ticker} were not those that were written (a faulty disk?); the history of {source} has replaced them.",
    ),
    "revised": (
        "{source} 修订了 {ticker} 的 {detail} 个历史收盘，已按新值保存。",
        "{source} revised {detail} past close(s) of {ticker}; the new values are stored.",
    ),
    "unexplained_jump": (
        "{ticker} 有超出涨跌停且没有除权因子解释的跳动（{detail}）；跨过当日的涨跌幅请谨慎使用。",
        "{ticker} moved beyond its limit with no factor to explain it ({detail}); returns across that day are doubtful.",
    ),
}
