"""Sentences of errors and problems."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "no_home": (
        "BASKETWATCH_HOME 指向的 {path} 不是文件夹。",
        "BASKETWATCH_HOME points to {path}, which is no folder.",
    ),
    "nothing_stored": (
        "还没有数据可显示；请先运行 basketwatch refresh。",
        "There is nothing to show yet; run basketwatch refresh first.",
    ),
    "report_too_late": (
        "{week} 那一周没有数据：已存的行情到 {last} 为止；请运行 basketwatch refresh，或用 --week-of {last}。",
        "There are no data of the week of {week}: what is stored ends on {last}; run basketwatch refresh or give --week-of {last}.",
    ),
    "error": ("出错了：{detail}。", "Something went wrong: {detail}."),
    "bad_now": (
        "BASKETWATCH_NOW 的值 {value} 不是带时区的 ISO 8601 时刻；请写成 2026-07-05T10:00:00Z。",
        "BASKETWATCH_NOW is {value}, which is no ISO 8601 instant with an offset; write it like 2026-07-05T10:00:00Z.",
    ),
    "now_out_of_range": (
        "BASKETWATCH_NOW 的值 {value} 不在 {first} 年至 {last} 年之间；请改为其间的时刻。",
        "BASKETWATCH_NOW is {value}, which lies outside the years {first} to {last}; choose an instant between them.",
    ),
    "bad_lang": ("BASKETWATCH_LANG 只能是 zh 或 en，不是 {value}。", "BASKETWATCH_LANG must be zh or en, not {value}."),
    # what went wrong with a request, in a word; anything else (HTTP 403) is shown as it is
    "word_no_connection": ("无法连接", "no connection"),
    "word_timeout": ("超时", "time-out"),
    "word_connection_reset": ("连接被重置", "connection reset"),
    "word_reset": ("连接被重置", "connection reset"),
    "word_refused": ("被拒绝", "refused"),
    "word_rate": ("请求过多", "too many requests"),
    "word_rate_limit": ("请求过多", "too many requests"),
    "word_same_page": ("对每个请求都返回同一网页", "one page for every request"),
    "word_captcha": ("要求人机验证", "captcha"),
    "word_truncated": ("回答不完整", "cut off"),
    "word_too_large": ("过大", "too large"),
    "word_deadline": ("本次刷新时间已到", "this refresh ran out of time"),
    "source_error": ("{source} 出错：{detail}。", "{source} failed: {detail}."),
    "source_blocked": (
        "{source} 拒绝了请求（{detail}），已停止询问 {host}，稍后自动再试。",
        "{source} refused the request ({detail}); {host} is left alone for a while and asked again later.",
    ),
    "source_breaker_open": (
        "{host} 刚拒绝过请求，{until} 之前不再询问。",
        "{host} refused us a short while ago and is not asked again before {until}.",
    ),
    "source_still_silent": (
        "{host} 刚才没有应答，{until} 之前不再询问。",
        "{host} did not answer a short while ago and is not asked again before {until}.",
    ),
    "source_unreachable": (
        "{source} 连不上（{host}：{detail}）；已存的数据不变，请检查网络或代理。",
        "{source} could not be reached ({host}: {detail}); what is stored stays, check the network or proxy.",
    ),
    "source_bad_answer": (
        "{source} 的回答不是预期的格式（{detail}），没有采用。",
        "{source} answered in an unexpected form ({detail}); the answer was not used.",
    ),
    "source_too_large": (
        "{source} 的回答过大（{detail}），没有读完。",
        "{source} sent too large an answer ({detail}); it was cut off.",
    ),
    "source_no_data": ("{source} 没有 {ticker} 的数据。", "{source} has no data for {ticker}."),
    "source_unknown_symbol": (
        "{source} 不认识 {ticker}；请核对代码，或它已退市。",
        "{source} does not know {ticker}; check the code, or it was delisted.",
    ),
    "source_suspect": (
        "{source} 给 {ticker} 的数据没有通过核对（{detail}），已隔离，原有数据不变。",
        "{source}'s data for {ticker} failed a check ({detail}); they were put aside and the stored data stay.",
    ),
    "store_error": ("数据库 {path} 无法使用：{detail}。", "The store {path} cannot be used: {detail}."),
    "store_corrupt": (
        "数据库 {path} 已损坏；下次刷新会把它移到一旁并重建（篮子文件不受影响）。{moved}",
        "The store {path} is damaged; the next refresh moves it aside and rebuilds it (baskets are untouched). {moved}",
    ),
    "store_newer": (
        "数据库 {path} 由更新版本写成（{found}，本版本为 {known}）；请升级 basketwatch。",
        "The store {path} was written by a newer basketwatch (schema {found}, this one knows {known}); please upgrade.",
    ),
    "store_read_only": (
        "{path} 不可写（{detail}）；可以继续查看，要刷新请修改权限或用 BASKETWATCH_DB 指定别处。",
        "{path} cannot be written ({detail}); viewing works, to refresh change its permissions or point BASKETWATCH_DB elsewhere.",
    ),
    "store_full": (
        "磁盘已满，{path} 没有写入新数据；已有数据完好，请腾出空间后再刷新。",
        "The disk is full: nothing new was written to {path}. What was stored is intact; free some space and refresh again.",
    ),
    "store_mixed": (
        "{path} 里是演示数据（或反之），不能与实盘数据混用；请换一个 BASKETWATCH_DB。",
        "{path} holds the demo market where live data are wanted, or the other way round; use another BASKETWATCH_DB.",
    ),
    "refresh_running": (
        "已有刷新在运行（进程 {pid}，始于 {since}）。",
        "A refresh is already running (process {pid}, since {since}).",
    ),
    "no_quote": (
        "没有当日行情，显示的是历史数据中尚未收盘的最后一根日线。",
        "There is no quote of the session; the history's last bar, not final yet, is shown instead.",
    ),
    "factor_contradicts": (
        "{day} 的复权因子 {factor} 与当日收盘变动 {move} 矛盾；跨过该日的涨跌幅不显示，直到有来源给出相符的因子。",
        "The adjustment factor {factor} of {day} contradicts that day's move of {move}; returns that reach across it are withheld until a source gives a factor that fits.",
    ),
    "ex_without_factor": (
        "{day} 的昨收价 {reference} 不是前一交易日收盘价：当日除权除息而复权因子未知；跨过该日的涨跌幅不显示，直到有来源给出因子。",
        "The previous close {reference} on {day} is not the close of the session before: the stock went ex and the factor is not known; returns that reach across that day are withheld until a source gives it.",
    ),
    "split_without_factor": (
        "{day} 的收盘变动 {move} 像是拆股，但没有复权因子；跨过该日的涨跌幅不显示，直到有来源给出因子。",
        "The move of {move} on {day} looks like a split without an adjustment factor; returns that reach across it are withheld until a source gives it.",
    ),
    "never_fetched": ("还没有取到行情。", "No quote has been received yet."),
    "stale": ("行情停在 {session}，落后 {behind} 个交易日。", "The quote is of {session}; sessions behind: {behind}."),
    "limit_disagrees": (
        "行情源给的涨停价 {up} 与规则算出的不同，以行情源为准。",
        "The quote's own limit-up {up} differs from the rule's; the quote's is used.",
    ),
    "calendar_not_confirmed": (
        "{bound} 之后的交易日历尚未公布，按工作日推算。",
        "Trading days after {bound} are not published yet; weekdays are assumed.",
    ),
    "needs_token": (
        "监听 {address} 会让别的机器也能访问；请先设置至少 16 个字符的 BASKETWATCH_TOKEN。",
        "Listening on {address} lets other machines in; set BASKETWATCH_TOKEN (16 characters or more) first.",
    ),
    "weak_token": (
        "BASKETWATCH_TOKEN 太短，至少要 {length} 个字符。",
        "BASKETWATCH_TOKEN is too short; it needs at least {length} characters.",
    ),
    "bad_address": (
        "无法监听 {address}；请给出本机的一个 IP 地址。",
        "Cannot listen on {address}; give an IP address of this machine.",
    ),
    "port_busy": (
        "端口 {port} 已被占用或不可用；请用 --port 另选一个。",
        "Port {port} is taken or not allowed; choose another with --port.",
    ),
    "no_dashboard": (
        "找不到 {path}；请在项目目录的安装中运行。",
        "{path} is missing; run basketwatch from the project's own checkout.",
    ),
    "token_page": (
        "需要口令：请打开带 ?token=… 的链接一次，可向管理此面板的人索取。",
        "A token is needed: open the link with ?token=… once; whoever runs this dashboard has it.",
    ),
    "token_locked": ("口令错误次数过多，请一分钟后再试。", "Too many wrong tokens; try again in a minute."),
    "wrong_host": ("请用此面板自己的地址打开。", "Open this dashboard by its own address."),
    "refresh_failed": ("刷新未成功（退出码 {status}）：{detail}", "The refresh failed (status {status}): {detail}"),
    "refresh_nothing": (
        "没有任何行情源应答；请检查网络或代理，稍后会自动再试。",
        "No source answered; check the network or proxy, it will be tried again by itself.",
    ),
    "refresh_timeout": (
        "刷新超过 {seconds} 秒，已中止；已写入的数据保留。",
        "The refresh took longer than {seconds} s and was stopped; what was written stays.",
    ),
    "refresh_unreadable": (
        "刷新的报告无法读取；请在终端运行 basketwatch refresh 查看。",
        "The refresh's report could not be read; run basketwatch refresh in a terminal to see why.",
    ),
    "refresh_stopped": ("刷新已停止。", "The refresh was stopped."),
    "refresh_elsewhere": ("另一个进程正在刷新。", "Another process is refreshing."),
}
