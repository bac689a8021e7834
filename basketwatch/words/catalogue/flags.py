"""Texts of flags: rules, reasons, the log."""

from __future__ import annotations

RULES: dict[str, tuple[str, str]] = {
    "severity_info": ("信息", "info"),
    "severity_data": ("数据", "data"),
    "severity_low": ("低", "low"),
    "severity_mid": ("中", "mid"),
    "severity_high": ("高", "high"),
    "rule_limit": ("涨跌停", "Price limit"),
    "rule_limit_help": (
        "触及涨停或跌停：封板、一字、T字、炸板（触板后打开），并给出连板数。按交易所规则精确到最小价位，以除权除息参考价为基准。",
        "The price reached its daily limit: sealed, one price all day, opened in between, or opened again; with the number of limit days in a row. Exact to the tick, from the ex-rights reference price.",
    ),
    "rule_big_move": ("大幅异动", "Big move"),
    "rule_big_move_help": (
        "A股：当日涨跌幅达到涨跌停幅度的 k 倍（默认一半，即 5%、10%、15%）；其他市场各有门槛。已报涨跌停的同向异动不再重复。",
        "Mainland: the day's move is at least k times the board's limit (half by default: 5, 10, 15%); other markets have thresholds of their own. Not repeated where a price limit is told in the same direction.",
    ),
    "rule_sigma_move": ("独立行情", "Move of its own"),
    "rule_sigma_move_help": (
        "扣除随基准的涨跌（此前 60 个交易日的贝塔）后，剩余涨跌达到同期残差标准差的若干倍（默认 3 倍）。",
        "What is left of the day's move after that of the benchmark (beta of the 60 sessions before) is at least so many standard deviations of the residual (3 by default).",
    ),
    "rule_volume_surge": ("放量", "Volume surge"),
    "rule_volume_surge_help": (
        "收盘量比（当日成交量 ÷ 前 5 个有成交交易日均量）不低于 2.5，且换手率不低于 3%；一字板不判断。",
        "Volume at the close is at least 2.5 times the mean of the last five sessions that traded, and turnover at least 3%; not judged on one-price days.",
    ),
    "rule_gap": ("跳空", "Gap"),
    "rule_gap_help": (
        "当日最低价高于前一日最高价（或相反），缺口不小于 1%；用复权价，除权除息不算缺口。",
        "The day's low lies at least 1% above the previous high, or the mirror image; adjusted prices, so an ex-date is no gap.",
    ),
    "rule_high_low": ("阶段新高新低", "New high or low"),
    "rule_high_low_help": (
        "复权收盘价创 60 日（低）或 250 日（中）新高、新低。报过一次后，离开极值 5% 以上才会再报。",
        "The adjusted close is the highest or lowest of 60 (low) or 250 (mid) sessions. Told once; again only after the close has come back more than 5% from the extreme.",
    ),
    "rule_excess": ("超额收益", "Excess return"),
    "rule_excess_help": (
        "近 5 个交易日跑赢或跑输基准 8 个百分点以上，或近 20 个交易日 15 个百分点以上（算术差，取整前计算）。",
        "Ahead of or behind the benchmark by at least 8 points over 5 sessions, or 15 over 20 (arithmetic difference, before rounding).",
    ),
    "rule_deviation": ("异常波动", "Abnormal fluctuation"),
    "rule_deviation_help": (
        "交易所的异常波动口径：连续 3 个或更少的交易日内，(期末收盘价 ÷ 期初前收盘价 − 1) − 对应指数同期涨跌幅 达到主板 ±20%、创业板和科创板 ±30%、北交所 ±40%；主板 3 日平均换手率达到前 5 日的 30 倍且累计达到 20% 同样算。10 日 +100%/−50%、30 日 +200%/−70%（北交所 +150%/−60%、+300%/−75%），或 10 日内主板 4 次、其他板块 3 次同向异常波动，为严重异常波动。停牌日和无涨跌幅限制的交易日不计；每次触发后重新起算。按公开转述的规则自行计算，以交易所和公司公告为准。",
        "The exchanges' own rule: over 3 sessions or fewer, (close at the end ÷ close before the beginning − 1) less the same of the exchange's index reaches ±20% (main boards), ±30% (ChiNext, STAR) or ±40% (Beijing); on the main boards also a 3-session turnover of 30 times that of the 5 sessions before and 20% together. Severe: +100/−50% over 10, +200/−70% over 30 sessions (Beijing +150/−60%, +300/−75%), or 4 events of one direction within 10 sessions (3 off the main boards). Suspended sessions and sessions without a limit do not count; after an event the count begins anew. Computed here from public accounts of the rule; the exchanges' and companies' announcements decide.",
    ),
    "rule_pe_percentile": ("估值分位", "PE percentile"),
    "rule_pe_percentile_help": (
        "市盈率（各自的口径）近三年分位进入 90% 以上或 10% 以下；回到 85% 以下或 15% 以上后才会再报。",
        "The PE, by its own definition, enters the top or the bottom decile of its last three years; told again only after it was back below 85% or above 15%.",
    ),
    "rule_pe_rebase": ("盈利基数变动", "Earnings rebased"),
    "rule_pe_rebase_help": (
        "每股收益（TTM）较前一交易日变动 20% 以上：多因财报更新，市盈率的变化并非来自股价。",
        "Earnings a share (TTM) changed by at least 20% from one session to the next: a report came out, and the PE moved without the price.",
    ),
    "rule_basket_breadth": ("篮子普涨普跌", "Basket breadth"),
    "rule_basket_breadth_help": (
        "篮子里上涨家数占比不低于 90% 或不高于 10%（平盘计入分母）；覆盖不足 80% 不判断。",
        "At least 90%, or at most 10%, of a basket's members rose (unchanged ones count as not risen); not judged below 80% coverage.",
    ),
    "rule_basket_excess": ("篮子相对板块", "Basket against sector"),
    "rule_basket_excess_help": (
        "篮子当日等权涨跌与首个基准之差达到 3 个百分点；覆盖不足 80% 不判断。",
        "The basket's equal-weight move of the day differs from its first benchmark by at least 3 points; not judged below 80% coverage.",
    ),
    "rule_sector_rank": ("行业排名首末", "Sector first or last"),
    "rule_sector_rank_help": (
        "申万一级行业近 5 个交易日涨跌幅在 31 个行业中排第一或最后；31 个行业不齐则不判断。",
        "A Shenwan level-1 sector is first or last of the 31 by its return over 5 sessions; not judged unless all 31 are known.",
    ),
    "rule_us_leader": ("美股龙头隔夜", "US leader overnight"),
    "rule_us_leader_help": (
        "产业链上的美股龙头自上一个A股交易日以来涨跌达到 5%，开盘前提示对应篮子。",
        "A US leader of the value chain has moved by at least 5% since the previous mainland session; told for its baskets before the open.",
    ),
    "rule_source_disagreement": ("来源不一致", "Sources disagree"),
    "rule_source_disagreement_help": (
        "两个来源的同日收盘价相差超过 0.5%。",
        "Two sources differ by more than 0.5% in the close of one session.",
    ),
    "rule_stale_data": ("数据异常", "Stale or missing data"),
    "rule_stale_data_help": (
        "停牌、缺行情、来源把昨天的行情当成今天的、零成交、行情未收定、除权因子未知：只提示数据，不判断价格。",
        "Suspended, missing, yesterday's bar sent as today's, no volume, not settled, or an ex-date without its factor: said as a fault of the data, and no price is judged on it.",
    ),
    "value_big_move_k": ("涨跌停幅度的倍数", "times the board's limit"),
    "value_sigma_move_sigmas": ("标准差倍数", "standard deviations"),
    "value_volume_surge_ratio": ("量比", "volume ratio"),
    "value_volume_surge_turnover": ("换手率", "turnover"),
    "value_gap_size": ("缺口大小", "size of the gap"),
    "value_high_low_short": ("短窗口（交易日）", "short window (sessions)"),
    "value_high_low_long": ("长窗口（交易日）", "long window (sessions)"),
    "value_high_low_exit": ("再次触发前须离开极值", "must leave the extreme by"),
    "value_excess_week": ("5 日超额", "over 5 sessions"),
    "value_excess_month": ("20 日超额", "over 20 sessions"),
    "value_excess_exit": ("再次触发前须回落到门槛的", "must fall to this share of the threshold"),
    "value_deviation_main": ("主板 3 日", "main boards, 3 sessions"),
    "value_deviation_wide": ("创业板、科创板 3 日", "ChiNext and STAR, 3 sessions"),
    "value_deviation_bse": ("北交所 3 日", "Beijing, 3 sessions"),
    "value_deviation_st": ("主板 ST（2026-07-06 前）", "main-board ST before 2026-07-06"),
    "value_deviation_ten_up": ("10 日上涨", "10 sessions, up"),
    "value_deviation_ten_down": ("10 日下跌", "10 sessions, down"),
    "value_deviation_thirty_up": ("30 日上涨", "30 sessions, up"),
    "value_deviation_thirty_down": ("30 日下跌", "30 sessions, down"),
    "value_deviation_bse_ten_up": ("北交所 10 日上涨", "Beijing, 10 sessions, up"),
    "value_deviation_bse_ten_down": ("北交所 10 日下跌", "Beijing, 10 sessions, down"),
    "value_deviation_bse_thirty_up": ("北交所 30 日上涨", "Beijing, 30 sessions, up"),
    "value_deviation_bse_thirty_down": ("北交所 30 日下跌", "Beijing, 30 sessions, down"),
    "value_deviation_times": ("主板换手率倍数", "turnover multiple, main boards"),
    "value_deviation_sum": ("主板 3 日累计换手率", "turnover of 3 sessions, main boards"),
    "value_pe_percentile_high": ("进入高位", "enters the top at"),
    "value_pe_percentile_low": ("进入低位", "enters the bottom at"),
    "value_pe_percentile_exit_high": ("离开高位", "leaves the top below"),
    "value_pe_percentile_exit_low": ("离开低位", "leaves the bottom above"),
    "value_pe_rebase_change": ("每股收益变动", "change of earnings a share"),
    "value_basket_breadth_high": ("普涨", "nearly all up"),
    "value_basket_breadth_low": ("普跌", "nearly none up"),
    "value_basket_excess_excess": ("超额", "excess"),
    "value_sector_rank_sessions": ("统计窗口（交易日）", "window (sessions)"),
    "value_sector_rank_exit": ("再次触发前须离开（名次）", "must leave by (places)"),
    "value_us_leader_move": ("隔夜涨跌", "overnight move"),
    "value_source_disagreement_difference": ("相差", "difference"),
}

REASONS: dict[str, tuple[str, str]] = {
    "flag_limit_run": ("，连续第 {n} 板", ", day {n} in a row"),
    "flag_limit_one_price_up": (
        "{name}一字涨停，全天只成交在涨停价 {limit}（{move}）{run}。",
        "{name} traded at one price all day, its upper limit {limit} ({move}){run}.",
    ),
    "flag_limit_t_up": (
        "{name}T字涨停：以涨停价开盘，盘中打开后回封，收于 {limit}（{move}）{run}。",
        "{name} opened at its upper limit, came off it and closed there again at {limit} ({move}){run}.",
    ),
    "flag_limit_sealed_up": (
        "{name}涨停，收于涨停价 {limit}（{move}）{run}。",
        "{name} closed at its upper limit {limit} ({move}){run}.",
    ),
    "flag_limit_touched_up": (
        "{name}炸板：盘中触及涨停价 {limit}，收于 {close}（{move}）。",
        "{name} touched its upper limit {limit} but closed at {close} ({move}).",
    ),
    "flag_limit_one_price_down": (
        "{name}一字跌停，全天只成交在跌停价 {limit}（{move}）{run}。",
        "{name} traded at one price all day, its lower limit {limit} ({move}){run}.",
    ),
    "flag_limit_t_down": (
        "{name}以跌停价开盘，盘中打开后再度跌停，收于 {limit}（{move}）{run}。",
        "{name} opened at its lower limit, came off it and closed there again at {limit} ({move}){run}.",
    ),
    "flag_limit_sealed_down": (
        "{name}跌停，收于跌停价 {limit}（{move}）{run}。",
        "{name} closed at its lower limit {limit} ({move}){run}.",
    ),
    "flag_limit_touched_down": (
        "{name}跌停打开：盘中触及跌停价 {limit}，收于 {close}（{move}）。",
        "{name} touched its lower limit {limit} but closed at {close} ({move}).",
    ),
    "flag_big_move_up": (
        "{name}当日 {value}，达到大幅异动门槛 {threshold}。",
        "{name} moved {value} on the day, past the threshold of {threshold}.",
    ),
    "flag_big_move_down": (
        "{name}当日 {value}，达到大幅异动门槛 −{threshold}。",
        "{name} moved {value} on the day, past the threshold of −{threshold}.",
    ),
    "flag_sigma_move_up": (
        "{name}当日 {move}，同日{benchmark} {other}（贝塔 {beta}），扣除后仍偏高 {sigmas} 个标准差。",
        "{name} moved {move} while {benchmark} moved {other} (beta {beta}): {sigmas} standard deviations more than that explains.",
    ),
    "flag_sigma_move_down": (
        "{name}当日 {move}，同日{benchmark} {other}（贝塔 {beta}），扣除后仍偏低 {sigmas} 个标准差。",
        "{name} moved {move} while {benchmark} moved {other} (beta {beta}): {sigmas} standard deviations less than that explains.",
    ),
    "flag_volume_surge_both": (
        "{name}放量：量比 {value}，换手率 {turnover}，当日 {move}。",
        "{name} traded {value} times its usual volume, turnover {turnover}, move {move}.",
    ),
    "flag_volume_surge_ratio": (
        "{name}放量：量比 {value}（换手率未知），当日 {move}。",
        "{name} traded {value} times its usual volume (turnover not known), move {move}.",
    ),
    "flag_gap_up": (
        "{name}向上跳空 {value}：最低价高于前一日最高价，缺口未补。",
        "{name} left a gap of {value}: the day's low lies above the previous high.",
    ),
    "flag_gap_down": (
        "{name}向下跳空 {value}：最高价低于前一日最低价，缺口未补。",
        "{name} left a gap of {value}: the day's high lies below the previous low.",
    ),
    "flag_high_low_up": (
        "{name}收于 {close}，创 {n} 日新高（复权），较前高 {value}。",
        "{name} closed at {close}, the highest of {n} sessions (adjusted), {value} from the old high.",
    ),
    "flag_high_low_down": (
        "{name}收于 {close}，创 {n} 日新低（复权），较前低 {value}。",
        "{name} closed at {close}, the lowest of {n} sessions (adjusted), {value} from the old low.",
    ),
    "flag_excess_up": (
        "{name}近 {n} 个交易日 {own}，同期{benchmark} {other}，跑赢 {value}。",
        "{name} moved {own} over {n} sessions against {other} of {benchmark}: {value} ahead.",
    ),
    "flag_excess_down": (
        "{name}近 {n} 个交易日 {own}，同期{benchmark} {other}，跑输 {value}。",
        "{name} moved {own} over {n} sessions against {other} of {benchmark}: {value} behind.",
    ),
    "flag_deviation_up": (
        "{name} {n} 个交易日内相对{benchmark}的涨幅偏离值为 {value}，达到异常波动门槛 {threshold}（自行计算，以公告为准）。",
        "{name} deviated from {benchmark} by {value} within {n} sessions, past the mark of {threshold} for abnormal fluctuation (computed here; announcements decide).",
    ),
    "flag_deviation_down": (
        "{name} {n} 个交易日内相对{benchmark}的跌幅偏离值为 {value}，达到异常波动门槛 {threshold}（自行计算，以公告为准）。",
        "{name} deviated from {benchmark} by {value} within {n} sessions, past the mark of {threshold} for abnormal fluctuation (computed here; announcements decide).",
    ),
    "flag_deviation_severe_up": (
        "{name} {n} 个交易日内相对{benchmark}的涨幅偏离值为 {value}，达到严重异常波动门槛 {threshold}（自行计算，以公告为准）。",
        "{name} deviated from {benchmark} by {value} within {n} sessions, past the mark of {threshold} for severe abnormal fluctuation (computed here; announcements decide).",
    ),
    "flag_deviation_severe_down": (
        "{name} {n} 个交易日内相对{benchmark}的跌幅偏离值为 {value}，达到严重异常波动门槛 {threshold}（自行计算，以公告为准）。",
        "{name} deviated from {benchmark} by {value} within {n} sessions, past the mark of {threshold} for severe abnormal fluctuation (computed here; announcements decide).",
    ),
    "flag_deviation_repeated_up": (
        "{name} {n} 个交易日内第 {count} 次出现上涨方向的异常波动，属严重异常波动（自行计算，以公告为准）。",
        "{name} fluctuated abnormally {count} times upward within {n} sessions, which is severe (computed here; announcements decide).",
    ),
    "flag_deviation_repeated_down": (
        "{name} {n} 个交易日内第 {count} 次出现下跌方向的异常波动，属严重异常波动（自行计算，以公告为准）。",
        "{name} fluctuated abnormally {count} times downward within {n} sessions, which is severe (computed here; announcements decide).",
    ),
    "flag_deviation_turnover": (
        "{name} 3 日平均换手率为前 5 日的 {value} 倍，累计 {turnover}，达到异常波动门槛（自行计算，以公告为准）。",
        "{name} turned over {value} times its mean of the 5 sessions before on 3 sessions, {turnover} together, past the mark for abnormal fluctuation (computed here; announcements decide).",
    ),
    "flag_pe_percentile_up": (
        "{name}的市盈率升至近三年第 {value} 百分位，进入高位区间。",
        "The PE of {name} has risen to percentile {value} of its last three years, the expensive end.",
    ),
    "flag_pe_percentile_down": (
        "{name}的市盈率降至近三年第 {value} 百分位，进入低位区间。",
        "The PE of {name} has fallen to percentile {value} of its last three years, the cheap end.",
    ),
    "flag_pe_rebase": (
        "{name}的每股收益（TTM）由 {before} 变为 {now}（{value}），市盈率随财报重算，并非股价变动。",
        "Earnings a share (TTM) of {name} went from {before} to {now} ({value}): the PE was rebased by a report, not by the price.",
    ),
    "flag_basket_breadth_up": (
        "{name}普涨：{known} 只有行情的成员中 {rose} 只上涨（{value}），共 {members} 只。",
        "{name}: {rose} of {known} members with a price rose ({value}), of {members} in all.",
    ),
    "flag_basket_breadth_down": (
        "{name}普跌：{known} 只有行情的成员中仅 {rose} 只上涨（{value}），共 {members} 只。",
        "{name}: only {rose} of {known} members with a price rose ({value}), of {members} in all.",
    ),
    "flag_basket_excess_up": (
        "{name}等权 {own}，{benchmark} {other}，跑赢 {value}（{known}/{members} 只）。",
        "{name} moved {own} at equal weight against {other} of {benchmark}: {value} ahead ({known}/{members} members).",
    ),
    "flag_basket_excess_down": (
        "{name}等权 {own}，{benchmark} {other}，跑输 {value}（{known}/{members} 只）。",
        "{name} moved {own} at equal weight against {other} of {benchmark}: {value} behind ({known}/{members} members).",
    ),
    "flag_sector_rank_up": (
        "{name}近 {n} 个交易日 {move}，在 {of} 个申万一级行业中排第 {value}。",
        "{name} moved {move} over {n} sessions, rank {value} of the {of} Shenwan sectors.",
    ),
    "flag_sector_rank_down": (
        "{name}近 {n} 个交易日 {move}，在 {of} 个申万一级行业中排第 {value}，为最后一名。",
        "{name} moved {move} over {n} sessions, rank {value} of the {of} Shenwan sectors, the last.",
    ),
    "flag_us_leader_up": (
        "{name}隔夜 {value}（{n} 个美股交易日），关注{led}的开盘。",
        "{name} moved {value} overnight ({n} US sessions); watch the open of {led}.",
    ),
    "flag_us_leader_down": (
        "{name}隔夜 {value}（{n} 个美股交易日），关注{led}的开盘。",
        "{name} moved {value} overnight ({n} US sessions); watch the open of {led}.",
    ),
    "flag_source_disagreement": (
        "{name}的收盘价两个来源不一致：{one} 与 {other}，相差 {value}，请核对。",
        "Two sources differ on the close of {name}: {one} and {other}, {value} apart; check them.",
    ),
    "flag_stale_data_suspended": ("{name}停牌，没有成交。", "{name} is suspended; it did not trade."),
    "flag_stale_data_missing": (
        "{name}缺这一交易日的行情，恢复前不作判断。",
        "{name} has no bar of this session; nothing is judged until it has one.",
    ),
    "flag_stale_data_repeated": (
        "来源把{name}前一交易日的行情当作当日的又发了一遍，未采用。",
        "The source sent the bar of {name} from the session before as this one's; it is not judged.",
    ),
    "flag_stale_data_idle": (
        "{name}当日成交量为零，价格不作判断。",
        "{name} shows no volume on this session; its price is not judged.",
    ),
    "flag_stale_data_unfinished": (
        "{name}这一交易日的行情尚未收定，暂不判断。",
        "The bar of {name} for this session is not settled; it is not judged yet.",
    ),
    "flag_stale_data_unexplained": (
        "{name}当日除权除息或历史有缺口，因子未知，前后价格不可比。",
        "{name} went ex, or has a hole before this session, and the factor is not known: prices before and after cannot be compared.",
    ),
    "flag_together_up": (
        "{name}：{members} 只成员中 {n} 只同日触发“{rule}”（向上），合并为一条：{named}等。",
        "{name}: {n} of {members} members fired “{rule}” upwards on one day, told once: {named} and others.",
    ),
    "flag_together_down": (
        "{name}：{members} 只成员中 {n} 只同日触发“{rule}”（向下），合并为一条：{named}等。",
        "{name}: {n} of {members} members fired “{rule}” downwards on one day, told once: {named} and others.",
    ),
    "flag_together_none": (
        "{name}：{members} 只成员中 {n} 只同日触发“{rule}”，合并为一条：{named}等。",
        "{name}: {n} of {members} members fired “{rule}” on one day, told once: {named} and others.",
    ),
    "flag_withdrawn": (
        "{name}：{count} 条市盈率信号已撤回。它们依据的{source}市盈率历史与报价的市盈率不符，已不再使用。",
        "{name}: PE flags withdrawn: {count}. The PE history from {source} under them contradicts the PE in the quote and is no longer used.",
    ),
    "flag_no_data_suspended": (
        "{name}停牌，“{rule}”无法判断。",
        "{name} is suspended; “{rule}” cannot be judged.",
    ),
    "flag_no_data_missing": (
        "{name}缺这一交易日的行情，“{rule}”无法判断。",
        "{name} has no bar of this session; “{rule}” cannot be judged.",
    ),
    "flag_no_data_repeated": (
        "{name}的行情重复前一交易日，“{rule}”无法判断。",
        "The bar of {name} repeats the session before; “{rule}” cannot be judged.",
    ),
    "flag_no_data_idle": (
        "{name}零成交，“{rule}”无法判断。",
        "{name} did not trade; “{rule}” cannot be judged.",
    ),
    "flag_no_data_unfinished": (
        "{name}的行情尚未收定，“{rule}”无法判断。",
        "The bar of {name} is not settled; “{rule}” cannot be judged.",
    ),
    "flag_no_data_unexplained": (
        "{name}除权除息或送转的因子未知，“{rule}”无法判断。",
        "{name} went ex or split and the factor is not known; “{rule}” cannot be judged.",
    ),
    "flag_no_data_split": (
        "{name}近日送转或拆股，前后成交量不可比，“{rule}”无法判断。",
        "{name} split lately: volumes before and after cannot be compared; “{rule}” cannot be judged.",
    ),
    "flag_no_data_one_price": (
        "{name}一字板，成交和涨跌受限，“{rule}”无法判断。",
        "{name} was locked at its limit all day; “{rule}” cannot be judged.",
    ),
    "flag_no_data_history": (
        "{name}的历史行情不够长或中间有缺口，“{rule}”无法判断。",
        "The history of {name} is too short or has a hole; “{rule}” cannot be judged.",
    ),
    "flag_no_data_benchmark": (
        "{name}没有同一市场的可比基准，或基准当日没有行情，“{rule}”无法判断。",
        "{name} has no benchmark on its own calendar, or that has no price of the session; “{rule}” cannot be judged.",
    ),
    "flag_no_data_index": (
        "{name}对应的交易所指数{index}未跟踪，“{rule}”无法判断。",
        "{index}, which the exchange uses for {name}, is not followed; “{rule}” cannot be judged.",
    ),
    "flag_no_data_index_bars": (
        "{index}在所需的交易日缺少行情，{name}的“{rule}”无法判断。",
        "{index} lacks prices of sessions that are needed; “{rule}” cannot be judged for {name}.",
    ),
    "flag_no_data_limits": (
        "{name}当日的涨跌停价未知，或与行情不符，“{rule}”无法判断。",
        "The price limits of {name} on this session are not known or do not fit its prices; “{rule}” cannot be judged.",
    ),
    "flag_no_data_pe": (
        "{name}没有可用的市盈率分位（亏损、近日没有数值，或不足 250 个观测值），“{rule}”无法判断。",
        "{name} has no PE percentile (losing, no value of these days, or fewer than 250 observations); “{rule}” cannot be judged.",
    ),
    "flag_no_data_eps": (
        "{name}缺少前后两日的每股收益（TTM），“{rule}”无法判断。",
        "Earnings a share of {name} are not known on both sides; “{rule}” cannot be judged.",
    ),
    "flag_no_data_coverage": (
        "{name}的 {members} 只成员只有 {known} 只有行情，不足八成，“{rule}”不作判断。",
        "Only {known} of {members} members of {name} have a price, below 80%; “{rule}” is not judged.",
    ),
    "flag_no_data_reference": (
        "{name}上一交易日没有可用行情，“{rule}”无法判断。",
        "{name} has no usable bar of the session before; “{rule}” cannot be judged.",
    ),
    "flag_no_data_sectors": (
        "{of} 个申万一级行业的行情不齐，{name}的“{rule}”无法判断。",
        "Not all {of} Shenwan sectors have a return; “{rule}” cannot be judged for {name}.",
    ),
    "flag_no_data_overnight": (
        "{name}隔夜的美股收盘价不全，“{rule}”无法判断。",
        "The US closes of {name} since the previous mainland session are incomplete; “{rule}” cannot be judged.",
    ),
    "flag_no_data_volume": (
        "{name}缺成交量，“{rule}”无法判断。",
        "The volume of {name} is not known; “{rule}” cannot be judged.",
    ),
    "flag_no_data_turnover": (
        "{name}缺换手率，“{rule}”无法判断。",
        "The turnover of {name} is not known; “{rule}” cannot be judged.",
    ),
}

# What is wrong in watchlists/flags.toml.
FAULTS: dict[str, tuple[str, str]] = {
    "rules_are_no_basket": (
        "flags.toml 是规则文件，不能作篮子；请给篮子文件另起名字。规则按默认值执行。",
        "flags.toml holds the rules and cannot be a basket; give the basket's file another name. The rules keep their defaults.",
    ),
    "unknown_rule_near": (
        "没有规则“{rule}”，是否指“{nearest}”？可用：{known}。",
        "There is no rule “{rule}”; did you mean “{nearest}”? Known: {known}.",
    ),
    "unknown_rule": (
        "没有规则“{rule}”，已忽略；可用：{known}。",
        "There is no rule “{rule}”; ignored. Known: {known}.",
    ),
    "unknown_severity": (
        "规则“{rule}”的级别“{found}”不认识，按默认；可用：{known}。",
        "Severity “{found}” of rule “{rule}” is unknown; the default stays. Known: {known}.",
    ),
    "no_number": (
        "规则“{rule}”的“{field}”应为数字，现为 {found}；按默认值 {default}。",
        "“{field}” of rule “{rule}” should be a number, found {found}; the default {default} stays.",
    ),
    "no_whole_number": (
        "规则“{rule}”的“{field}”应为整数，现为 {found}；按默认值 {default}。",
        "“{field}” of rule “{rule}” should be a whole number, found {found}; the default {default} stays.",
    ),
    "out_of_range": (
        "规则“{rule}”的“{field}”为 {found}，应在 {least} 与 {most} 之间（比例写小数，5% 写 0.05）；按默认值 {default}。",
        "“{field}” of rule “{rule}” is {found} but must lie between {least} and {most} (fractions: 5% is 0.05); the default {default} stays.",
    ),
    "thresholds_cross": (
        "规则“{rule}”的门槛互相矛盾，须满足 {order}；各门槛按默认值。",
        "The thresholds of rule “{rule}” contradict each other; they must satisfy {order}. The defaults stay.",
    ),
}

TEXTS: dict[str, tuple[str, str]] = RULES | REASONS | FAULTS
