"""Texts of the feed on Today, the Flags page, its log, its editor, and ``basketwatch flags``."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "page_flags": ("异动", "Flags"),
    "no_flags_stored": (
        "还没有任何异动记录；先运行 basketwatch refresh。",
        "No flag has been recorded yet; run basketwatch refresh first.",
    ),
    # the feed
    "feed_title": ("异动", "Flags"),
    "feed_count": ("{n} 条", "{n} flags"),
    "feed_new": ("{n} 条为上次查看后新增", "{n} new"),
    "feed_judged": ("截至 {sessions}收盘", "as of the close of {sessions}"),
    "feed_session": ("{group} {day}", "{group} {day}"),
    "feed_mark_new": ("新", "new"),
    "feed_also": ("另 {n} 项", "+{n}"),
    "feed_more": ("其余 {n} 只，见异动页 ›", "{n} more on the Flags page ›"),
    "feed_all": ("全部记录与规则 ›", "The log and the rules ›"),
    "feed_no_data": ("{n} 条无法判断 ›", "{n} could not be judged ›"),
    "feed_quiet": ("今天没有异常。", "Nothing unusual."),
    "feed_quiet_help": (
        "{rules} 条规则都已判断，没有一条触发。",
        "All {rules} rules have been judged; none of them fired.",
    ),
    "feed_quiet_but": (
        "其余规则没有触发；下面这些无法判断。",
        "No rule fired; those below could not be judged.",
    ),
    "feed_unjudged": (
        "规则还没有判断过：收盘半小时后的下一次刷新会判断。",
        "The rules have not been judged yet: the next refresh half an hour after a close will do it.",
    ),
    # the log
    "flags_log": ("记录", "Log"),
    "flags_log_note": (
        "写下后不再改动，只有缺数据的提示会在数据补到后撤下；{n} 条，最新的在最上面",
        "never rewritten, only notes on missing data go once the data are in; {n} lines, newest first",
    ),
    "flags_of_stock": ("这只股票的异动", "Flags of this stock"),
    "flags_of_stock_none": ("最近一年没有异动记录。", "No flag in the last year."),
    "flags_of_stock_all": ("全部 {n} 条 ›", "All {n} ›"),
    "flags_log_cut": ("只显示最新的 {shown} 条，共 {n} 条", "the newest {shown} of {n}"),
    "flags_all_baskets": ("全部", "All"),
    "flags_all_severities": ("全部级别", "Any severity"),
    "flags_all_rules": ("全部规则", "All rules"),
    "flags_none_here": ("这样筛选没有记录。", "No flag matches these filters."),
    "flags_none_yet": (
        "还没有记录：收盘半小时后的下一次刷新会判断规则。",
        "No flag yet: the next refresh half an hour after a close judges the rules.",
    ),
    "flags_only_ticker": ("只看 {name}", "Only {name}"),
    "flags_span_1": ("最近一日", "Latest session"),
    "flags_span_5": ("5 日", "5 sessions"),
    "flags_span_20": ("20 日", "20 sessions"),
    "flags_span_250": ("一年", "A year"),
    "col_flag_session": ("交易日", "Session"),
    "col_flag_severity": ("级别", "Severity"),
    "col_flag_rule": ("规则", "Rule"),
    "col_flag_reason": ("说的话", "What was said"),
    "col_flag_basket": ("篮子", "Basket"),
    "col_flag_link": ("打开", "Open"),
    "col_flag_said": ("写下（北京时间）", "Said (Beijing)"),
    "col_flags": ("异动", "Flags"),
    "help_flags": ("最近一个已判断的交易日触发的规则", "Rules that fired on the latest judged session"),
    # rules
    "flags_rules": ("规则", "Rules"),
    "flags_rules_note": (
        "门槛存在 watchlists/flags.toml；选一条修改，先试算再保存",
        "thresholds live in watchlists/flags.toml; choose one, try it, then save",
    ),
    "flags_enabled": ("启用", "On"),
    "flags_severity": ("级别", "Severity"),
    "flags_cooldown": ("冷却（交易日）", "Cool-down (sessions)"),
    "flags_cooldown_help": (
        "同一只同一方向在这么多个交易日内不再提醒；记录照写。",
        "The same ticker and direction is not brought up again for so many sessions; the log keeps it all the same.",
    ),
    "flags_percent": ("{label}（%）", "{label} (%)"),
    "flags_default": ("默认 {value}，可填 {least} 至 {most}", "default {value}, from {least} to {most}"),
    "flags_try": ("试算一年", "Try on a year"),
    "flags_save": ("保存", "Save"),
    "flags_saved": ("已保存到 {file}；下一次刷新起生效。", "Saved to {file}; it takes effect with the next refresh."),
    "flags_unchanged": ("没有改动，不用保存。", "Nothing has changed; there is nothing to save."),
    "flags_demo_no_save": (
        "演示市场不保存规则：规则文件属于你的实盘设置。可以试算。",
        "The demo market saves no rules: the file belongs to your live settings. You can try them here.",
    ),
    "flags_would": (
        "按这些门槛，最近 {sessions} 个交易日会触发 {n} 次（{tickers} 个代码），其中 {notices} 次提醒；最近一次 {last}。",
        "With these thresholds it would have fired {n} times in the last {sessions} sessions ({tickers} tickers), {notices} of them brought up; last on {last}.",
    ),
    "flags_would_never": (
        "按这些门槛，最近 {sessions} 个交易日一次也不会触发。",
        "With these thresholds it would not have fired once in the last {sessions} sessions.",
    ),
    "flags_would_now": ("现在的门槛是 {n} 次。", "With the present ones: {n} times."),
    "flags_would_off": ("这条规则已停用，不会触发。", "This rule is switched off and would not fire."),
    "flags_would_lost": ("另有 {n} 次无法判断。", "{n} more could not be judged."),
    "flags_nearest": ("离门槛最近的：", "Nearest to the marks:"),
    "flags_nearest_line": (
        "{name}（{day}）：{n} 日偏离值 {value}，门槛 {threshold}，已走完 {share}。",
        "{name} ({day}): {value} over {n} sessions, mark {threshold}, {share} of the way.",
    ),
    "flags_broken": (
        "规则文件有错，未写对的地方按默认判断；改好文件之前这里不能保存。",
        "The rules' file has faults; where it is wrong the defaults are judged. It cannot be saved from here until it is mended.",
    ),
    "rules_faulty": (
        "“{rule}”的门槛不合理（超出范围，或互相矛盾），没有保存；改好再试。",
        "The thresholds of “{rule}” make no sense (out of range, or contradicting each other); nothing was saved. Correct them and try again.",
    ),
    "rules_broken": (
        "{file} 读不完整，没有覆盖它；先改好这个文件。",
        "{file} cannot be read whole and was not overwritten; mend the file first.",
    ),
    "rules_changed": (
        "{file} 在打开本页之后被别人改过，没有覆盖它；现在显示的是新的内容，请再改一次。",
        "{file} has been changed by somebody else since this page read it and was not overwritten; the new content is shown now, please make your change again.",
    ),
    "rules_unwritable": (
        "{file} 写不进去（{detail}），没有保存；检查权限和磁盘。",
        "{file} cannot be written ({detail}); nothing was saved. Check permissions and disk.",
    ),
    # what came of it
    "flags_after": ("之后怎样", "What came after"),
    "flags_after_note": (
        "同一规则触发后 1、5、20 个交易日相对基准的超额（复权）。这是历史，不是建议；样本会重叠，少于 10 次的别当规律。",
        "Excess over the benchmark 1, 5 and 20 sessions after the rule fired (adjusted). History, not advice; samples overlap, and fewer than ten are no pattern.",
    ),
    "col_after_direction": ("方向", "Way"),
    "col_after_n": ("触发", "Fired"),
    "col_after_mean": ("{n} 日均值", "{n}d mean"),
    "col_after_median": ("{n} 日中位", "{n}d med."),
    "col_after_count": ("n", "n"),
    "direction_up": ("上", "up"),
    "direction_down": ("下", "down"),
    "direction_none": ("—", "—"),
    "stock_candles_flags": (
        "日线（不复权）与成交量；▼ = 当日有异动",
        "Daily bars (unadjusted) and volume; ▼ = flagged that day",
    ),
}
