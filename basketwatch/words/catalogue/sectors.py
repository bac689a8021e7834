"""Texts of the sectors page and the weekly review."""

from __future__ import annotations

REVIEW: dict[str, tuple[str, str]] = {
    "review_title": ("市场周报 · {week}", "Weekly market review · {week}"),
    "review_this": ("本周", "This week"),
    "review_last": ("上周", "Last week"),
    "review_running": ("本周截至{last}", "This week to {last}"),
    "review_past": ("{first}至{last}当周", "In the week of {first} to {last}"),
    "review_short": ("{opening}（{first}至{last}，{n}个交易日）", "{opening} ({first} to {last}, {n} sessions)"),
    "review_short_1": ("{opening}（只有{last}一个交易日）", "{opening} (one session, {last})"),
    "review_year": ("年初至今", "Year to date"),
    "review_year_past": ("{year}年初至{last}", "In {year} up to {last}"),
    "review_skipped": (
        "{first}至{last}没有已收盘的交易日，以下是此前最近的一个交易周。",
        "No session closed between {first} and {last}; this is the last week before it that had sessions.",
    ),
    "review_week_up": ("{name}上涨{x}%", "{name} rose {x}%"),
    "review_week_down": ("{name}下跌{x}%", "{name} fell {x}%"),
    "review_week_flat": ("{name}持平", "{name} was unchanged"),
    "review_unknown": ("{name}缺收盘价", "{name} lacks a close"),
    "review_year_up": ("{name}上涨{x}%", "{name} is up {x}%"),
    "review_year_down": ("{name}下跌{x}%", "{name} is down {x}%"),
    "review_year_flat": ("{name}持平", "{name} is unchanged"),
    "review_sector": ("申万{name}行业指数", "the Shenwan {name} index"),
    "review_beats": ("跑赢", "beating"),
    "review_trails": ("跑输", "trailing"),
    "review_against_all": ("分别{verb}{compared}个百分点", "{verb} {compared} percentage points"),
    "review_against_one": ("{verb}{compared} 个百分点", "{verb} {compared} percentage points"),
    "review_by": ("{name} {x}", "{name} by {x}"),
    "review_level": ("与{name}持平", "in line with {name}"),
    "review_rank": ("在申万{of}个一级行业中排名第{rank}位", "it ranked {rank} of the {of} Shenwan level-1 sectors"),
    "review_year_rank": ("在申万{of}个一级行业中排名第{rank}位", "it ranks {rank} of the {of} Shenwan level-1 sectors"),
    "review_no_rank": (
        "申万{of}个一级行业中有{n}个缺收盘价（{names}），不给排名",
        "no rank is given, as {n} of the {of} Shenwan level-1 sectors lack a close ({names})",
    ),
    "review_no_list": (
        "行业名单不足{of}个，不给排名",
        "no rank is given, as fewer than {of} sectors are listed",
    ),
    "review_valuation": (
        "估值方面，截至{day}，{name}{label}为{pe}倍，{against}{place}。",
        "On valuation, {name} traded at {pe} times earnings ({label}) on {day}, {against}{place}.",
    ),
    "review_above": ("较{window}年均值{mean}倍高{x}%", "{x}% above its {window} mean of {mean}"),
    "review_below": ("较{window}年均值{mean}倍低{x}%", "{x}% below its {window} mean of {mean}"),
    "review_at_mean": ("与{window}年均值{mean}倍持平", "in line with its {window} mean of {mean}"),
    "review_no_mean": (
        "{window}年只有{n}个观测值，不足以给出均值",
        "with only {n} observations in {window}, too few for a mean",
    ),
    "review_place": ("，处于近三年{x}%分位", ", at percentile {x} of the last three years"),
    "review_losing": (
        "估值方面，截至{day}，{name}合计亏损，市盈率没有意义。",
        "On valuation, {name} was loss-making as a whole on {day}, so its PE has no meaning.",
    ),
    "review_no_valuation": (
        "估值方面，{name}暂无市盈率数据。",
        "On valuation, there is no PE of {name} yet.",
    ),
    "review_label_shenwan": ("市盈率（申万口径，未说明是否TTM）", "Shenwan's own PE, not said to be TTM"),
    "review_baskets": ("主题篮子（A股成分等权）：{items}。", "Baskets (A-share members, equal weight): {items}."),
    "review_basket": ("{move}，{rank}", "{move} ({rank})"),
    "review_would": ("与行业同排居{of}个中第{rank}位", "would rank {rank} of {of} with the sectors"),
    "review_abroad": ("海外方面，{items}。", "Abroad, {items}."),
    "review_abroad_to": ("{moves}（截至{day}）", "{moves} (to {day})"),
    "review_col_name": ("指数", "Index"),
    "review_col_last": ("收盘", "Close"),
    "review_col_week": ("当周", "Week"),
    "review_col_year": ("年初至今", "YTD"),
    "review_col_rank": ("当周排名", "Week's rank"),
    "review_col_year_rank": ("年内排名", "YTD rank"),
    "review_basis": (
        "当周涨跌幅以{base}收盘为基准，年初至今以{year}收盘为基准，均截至{last}收盘；超额为未四舍五入的收益率之差。",
        "The week runs from the close of {base} and the year from that of {year}, both to the close of {last}; "
        "differences are taken before rounding.",
    ),
    "review_sources": ("数据来源：{sources}。", "Sources: {sources}."),
    "review_gap": ("缺：{what}", "Missing: {what}"),
    "review_badge": ("【演示 · 虚构价格】", "[DEMO · invented prices] "),
}

PROBLEMS: dict[str, tuple[str, str]] = {
    "no_1w": (
        "缺{base}或{last}的收盘价，当周涨跌幅算不出；请运行 basketwatch refresh。",
        "The close of {base} or {last} is missing, so the week has no return; run basketwatch refresh.",
    ),
    "no_ytd": (
        "缺{base}或{last}的收盘价，年初至今算不出；请运行 basketwatch refresh。",
        "The close of {base} or {last} is missing, so the year has no return; run basketwatch refresh.",
    ),
    "no_rank_1w": (
        "当周排名需要{of}个行业，缺{n}个：{missing}。",
        "The week's rank takes all {of} sectors; {n} lack a close: {missing}.",
    ),
    "no_rank_ytd": (
        "年内排名需要{of}个行业，缺{n}个：{missing}。",
        "The year's rank takes all {of} sectors; {n} lack a close: {missing}.",
    ),
    "no_valuation": (
        "还没有市盈率；请运行 basketwatch refresh --only valuation。",
        "No PE is stored yet; run basketwatch refresh --only valuation.",
    ),
    "no_basket_week": (
        "A股成分没有{last}的收盘价，当周涨跌幅算不出。",
        "Its A-share members have no close of {last}, so the week has no return.",
    ),
    "week_ahead": (
        "{day} 所在的周还没有开始；请给今天或更早的日期。",
        "The week of {day} has not begun; give today's date or an earlier one.",
    ),
    "week_unknown": (
        "{day} 所在的周早于已知的交易日历；请给更近的日期，或先运行 basketwatch refresh。",
        "The week of {day} lies before the known trading calendar; give a later date or run basketwatch refresh.",
    ),
    "unknown_sector": (
        "没有跟踪行业 {sector}；可选：{known}。",
        "No sector {sector} is followed; known: {known}.",
    ),
}

PAGE: dict[str, tuple[str, str]] = {
    "page_sectors": ("行业", "Sectors"),
    "sectors_window": ("区间", "Window"),
    "sectors_choose": ("行业", "Sector"),
    "sectors_unknown": ("没有跟踪行业 {sector}。", "No sector {sector} is followed."),
    "sectors_bars": ("31 个申万一级行业、指数与篮子", "31 Shenwan level-1 sectors, indices and baskets"),
    "sectors_sessions": ("{base} → {last} 收盘", "closes {base} → {last}"),
    "sectors_sessions_live": ("{base} 收盘 → {last} 盘中", "{base} → {last}, still trading"),
    "sectors_kind_sector": ("行业", "sector"),
    "sectors_kind_index": ("指数", "index"),
    "sectors_kind_basket": ("篮子（A股等权）", "basket (A-shares, equal weight)"),
    "sectors_pe_head": ("PE 近三年分位", "PE, 3y pct."),
    "sectors_pe_axis": ("PE 近三年分位", "PE, 3y percentile"),
    "sectors_key_dear": ("≥70% 偏贵", "≥70% dear"),
    "sectors_key_cheap": ("≤30% 偏低", "≤30% cheap"),
    "sectors_missing": (
        "{window}缺 {n} 个行业的收盘价（{names}），不给排名。",
        "{window}: {n} sectors lack a close ({names}), so no rank is given.",
    ),
    "sectors_rank_of": ("第 {rank}/{of}", "rank {rank}/{of}"),
    "sectors_would_rank": ("同排第 {rank}/{of}", "would rank {rank}/{of}"),
    "sectors_mean": ("2023–2025 均值 {mean}（现值 {x}）", "2023–2025 mean {mean} (now {x})"),
    "sectors_review": ("周报", "Weekly review"),
    "sectors_review_copy": ("右上角一键复制", "copy with the button at the right"),
    "sectors_rotation": ("轮动：最近 {n} 周的周涨幅排名", "Rotation: rank of the week's return, last {n} weeks"),
    "sectors_weeks": ("最近 {n} 周的周涨幅排名", "Rank of the week's return, last {n} weeks"),
    "sectors_rotation_note": (
        "每周按当周收益率排 1–{of}，1 最好；只有 {of} 个行业都有两端收盘价的周才画。",
        "Each week's returns ranked 1–{of}, 1 is best; drawn only where all {of} sectors have both closes.",
    ),
    "sectors_running": ("（本周未完）", " (this week so far)"),
    "sectors_scatter": ("贵不贵，涨没涨", "How dear, and how it moved"),
    "sectors_scatter_note": (
        "横轴 = PE 在自己近三年里的分位，纵轴 = {window}涨跌；没有分位的不画。",
        "Across: where the PE stands in its own last three years; up: return, {window}. Without a percentile, not drawn.",
    ),
    "sectors_table": ("全部数字", "All numbers"),
    "sectors_col_week_rank": ("周排名", "Week rank"),
    "sectors_col_year_rank": ("年内排名", "YTD rank"),
    "sectors_rank_help": (
        "行业在 {of} 个里的名次；篮子与行业同排，在 {more} 个里的名次",
        "a sector's rank of {of}; of a basket the one it would take among {more}",
    ),
    "sectors_col_premium": ("较 2023–2025 均值", "vs 2023–2025 mean"),
    "sectors_no_review": ("还没有一周的收盘价，写不出周报。", "There is no week of closes yet, so no review."),
}

TEXTS: dict[str, tuple[str, str]] = REVIEW | PROBLEMS | PAGE
