"""Texts of the cards for a chat, of the weekly review as PDF, and of ``basketwatch card``."""

from __future__ import annotations

CARDS: dict[str, tuple[str, str]] = {
    # the page Share
    "page_share": ("分享", "Share"),
    "share_what": ("分享什么", "What to share"),
    "share_theme": ("图片底色", "Ground of the picture"),
    "share_light": ("浅色", "Light"),
    "share_dark": ("深色", "Dark"),
    "share_picture": ("图片", "Picture"),
    "share_words": ("文字", "Words"),
    "share_copy": ("右上角可复制", "to be copied at the upper right"),
    "share_plain": ("纯文本", "Plain"),
    "share_markdown": ("Markdown", "Markdown"),
    "card_kind_today": ("今日", "Today"),
    "card_kind_basket": ("篮子 · {name}", "Basket · {name}"),
    "card_kind_valuation": ("估值 · {name}", "Valuation · {name}"),
    "card_kind_flags": ("异动", "Flags"),
    "card_kind_sectors": ("行业", "Sectors"),
    "card_kind_stock": ("个股 · {name}", "Stock · {name}"),
    "card_kind_weekly": ("周报", "Weekly review"),
    # the first lines
    "card_market_open": ("{group} 盘中 {at}", "{group} open, {at}"),
    "card_market_lunch": ("{group} 午休 {at}", "{group} lunch, {at}"),
    "card_market_closed": ("{group} {at} 收盘", "{group} closed {at}"),
    "card_market_old": ("{group} 停在 {at}", "{group} as of {at}"),
    "card_provisional": ("{at} 暂定", "{at} provisional"),
    "card_running": ("盘中 {at} 暂定", "{at} still trading"),
    "card_old": ("旧数据：停在 {at}", "OLD DATA: as of {at}"),
    "card_partial": ("数据不全：{n}/{of} 只是最新的", "INCOMPLETE: {n} of {of} are up to date"),
    "card_nothing": ("没有数据", "NO DATA"),
    # the sentence of the day
    "card_ahead": ("，跑赢{name} {x}", ", {x} ahead of {name}"),
    "card_behind": ("，跑输{name} {x}", ", {x} behind {name}"),
    "card_event": ("；{names} {what}", "; {what}: {names}"),
    "card_stop": ("。", "."),
    # figures
    "card_breadth": ("涨 {up} 跌 {down}", "up {up}, down {down}"),
    "card_flat": ("平 {n}", "flat {n}"),
    "card_home": ("{group} {covered}/{members}", "{group} {covered}/{members}"),
    "card_pe": ("PE {window}", "PE {window}"),
    "card_leaders": ("领涨 · {group} {n} 只", "Leaders · {n} {group}"),
    "card_laggards": ("领跌", "Laggards"),
    "card_rest": ("其余 {n} 只", "{n} more"),
    "card_rest_of_baskets": ("另有 {n} 个篮子未列出", "{n} more baskets are not shown"),
    "card_members": ("成分 · {group} {n} 只", "Members · {n} {group}"),
    "card_moves": ("涨跌", "Return"),
    "card_equal": ("等权", "Equal weight"),
    "card_cap": ("市值加权", "Cap weight"),
    "card_limit_up": ("涨停 {n}", "Limit-up {n}"),
    "card_touched_up": ("炸板 {n}", "Broken {n}"),
    "card_limit_down": ("跌停 {n}", "Limit-down {n}"),
    "card_place": ("52周位置", "52-week place"),
    "card_closes": ("最近 {n} 个收盘价（复权）", "Last {n} closes (adjusted)"),
    # valuation
    "card_above_mean": ("比均值 {mean} 高 {x}，z\u00a0=\u00a0{z}", "{x} above the mean of {mean}, z\u00a0=\u00a0{z}"),
    "card_below_mean": ("比均值 {mean} 低 {x}，z\u00a0=\u00a0{z}", "{x} below the mean of {mean}, z\u00a0=\u00a0{z}"),
    "card_verdict": ("{place}，{level}", "{place}, {level}"),
    "card_colon": ("：", ": "),
    "card_mean": ("均值 {x}", "mean {x}"),
    "card_close_of": ("{day} 收盘", "close of {day}"),
    "card_losing": ("亏损 {n} 家", "losing: {n}"),
    # flags
    "card_flags_rest": ("另有 {n} 只，见异动页", "{n} more on the Flags page"),
    "card_flags_lost": ("{n} 条无法判断", "{n} could not be judged"),
    "card_flags_also": ("另 {n} 项", "+{n}"),
    # sectors
    "card_sectors_key": ("右列：PE 近三年分位", "right: PE percentile, 3 years"),
    "card_sectors_of": ("{n} 个申万一级行业、指数与篮子", "{n} Shenwan level-1 sectors, indices and baskets"),
    "card_sectors_pe": (
        "行业为申万 PE（未说明是否 TTM），篮子为整体 PE-TTM",
        "sectors: Shenwan PE (not said to be TTM); baskets: aggregate PE-TTM",
    ),
    "card_weekly_week": ("本周涨跌", "The week"),
    "card_weekly_year": ("今年以来", "Year to date"),
    "card_weekly_number": ("第 {n} 周", "week {n}"),
    "card_weekly_table": ("全部行业", "All sectors"),
    "card_weekly_baskets": ("篮子与指数", "Baskets and indices"),
    # the foot
    "card_prices": ("行情 {at} {source}", "prices {at} {source}"),
    "card_final_after": ("约 {at} 后定稿", "final after about {at}"),
    "card_equal_method": ("等权，{group}成分", "equal weight, {group} members"),
    "card_missing": ("缺 {names}", "missing: {names}"),
    "card_missing_one": ("{name}（{why}）", "{name} ({why})"),
    "card_and_more": ("等 {n} 只", "and {n} more"),
    "card_pe_to": ("PE 到 {day} {source}", "PE to {day} {source}"),
    "card_membership": ("成分 #{id}", "members #{id}"),
    "card_version": ("版本 {id}", "version {id}"),
    "card_advice": ("非投资建议", "not advice"),
    "card_glyphs": (
        "没有字体能写出 {characters}，已用别的写法代替。",
        "No typeface here has {characters}; another spelling stands in its place.",
    ),
}

ERRORS: dict[str, tuple[str, str]] = {
    "unknown_card": (
        "没有“{what}”的卡片；可选：{known}，valuation:篮子或代码，或一个代码。",
        "There is no card of “{what}”; known: {known}, valuation:BASKET or valuation:TICKER, or a ticker.",
    ),
    "card_bad_suffix": (
        "{path} 的后缀不对；请用 .png、.svg 或 .pdf。",
        "{path} has the wrong ending; use .png, .svg or .pdf.",
    ),
    "card_needs_pdf": (
        "周报要写成 PDF，{path} 的后缀不是 .pdf。",
        "The weekly review is written as PDF; {path} does not end in .pdf.",
    ),
    "card_not_written": (
        "{path} 写不进去（{detail}）；请换一个文件夹。",
        "{path} cannot be written ({detail}); choose another folder.",
    ),
    "card_no_session": (
        "{day} 不是A股交易日，或早于已知的交易日历；请给一个交易日。",
        "{day} is no A-share session, or lies before the known calendar; give the date of a session.",
    ),
    "card_session_ahead": (
        "{day} 还没有收盘；请给更早的交易日。",
        "The session of {day} has not closed; give an earlier one.",
    ),
    "card_no_figures": (
        "还没有 {what} 的数据可画；请先运行 basketwatch refresh。",
        "There is nothing stored of {what} yet; run basketwatch refresh first.",
    ),
}

TEXTS: dict[str, tuple[str, str]] = CARDS | ERRORS
