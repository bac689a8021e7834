"""Sentences about the files that people write."""

from __future__ import annotations

FILES: dict[str, tuple[str, str]] = {
    "folder_unreadable": (
        "读不了此文件夹（{detail}）；请检查它是否存在、可读。",
        "This folder cannot be read ({detail}); check that it exists and is readable.",
    ),
    "file_missing": (
        "缺少此文件；请恢复它。",
        "This file is missing; restore it.",
    ),
    "file_outside": (
        "链接指向文件夹之外，未读取；请把文件放进文件夹。",
        "The link leads out of the folder and was not followed; put the file itself here.",
    ),
    "file_unreadable": (
        "读不了此文件（{detail}），已略过；请检查它。",
        "The file cannot be read ({detail}) and was left out; check it.",
    ),
    "file_too_large": (
        "文件超过 {limit} kB，未读取；请拆成几个。",
        "The file is over {limit} kB and was not read; split it.",
    ),
    "line_too_long": (
        "此行超过 {limit} 字节，文件未读取；请断行。",
        "This line is over {limit} bytes, the file was left out; break the line.",
    ),
    "nul": (
        "文件含空字节（可能是 UTF-16），未读取；请存为 UTF-8。",
        "The file holds a NUL byte (UTF-16?) and was left out; save it as UTF-8.",
    ),
    "not_utf8": (
        "不是 UTF-8（可能是 GBK），文件未读取；请存为 UTF-8。",
        "Not UTF-8 (GBK?), the file was left out; save it as UTF-8.",
    ),
    "too_deep": (
        "嵌套太深，文件未读取；请按说明书的格式写。",
        "Nested too deeply, the file was left out; write it as the manual shows.",
    ),
    "syntax": (
        "第 {column} 列不合 TOML 语法（{detail}），整个文件未读取；请改正此行。",
        "Not TOML at column {column} ({detail}), the whole file was left out; correct this line.",
    ),
    "ticker_unquoted": (
        '代码 {ticker} 要加引号："{ticker}"；整个文件未读取。',
        'The ticker needs quotes: "{ticker}"; the whole file was left out.',
    ),
    "unknown_key_near": (
        "不认识“{field}”，是否指“{nearest}”？可用：{known}。",
        "Unknown key “{field}”; did you mean “{nearest}”? Known: {known}.",
    ),
    "unknown_key": (
        "不认识“{field}”，已忽略；可用：{known}。",
        "Unknown key “{field}” was ignored; known: {known}.",
    ),
    "missing_key": (
        "缺少“{field}”，此项未采用；请补上。",
        "“{field}” is missing, this entry was left out; add it.",
    ),
    "wrong_type": (
        "“{field}”应写成 {wanted}，现为 {found}，未采用。",
        "“{field}” should look like {wanted}, found {found}; not used.",
    ),
    "bad_date": (
        "“{field}”应是不加引号的日期，如 2026-11-20，现为 {found}，未采用。",
        "“{field}” should be a date without quotes, as 2026-11-20, found {found}; not used.",
    ),
    "map_layout": (
        "产业链文件里 {ticker} 的写法不能自动改动，没有写入；请在编辑器里移动它。",
        "The chain's file is laid out so that {ticker} cannot be moved by itself; nothing was written. Move it in an editor.",
    ),
    "map_segment": (
        "产业链文件里没有环节 {segment}，没有写入；请先在 sector_maps/ 里写上。",
        "The chain's file has no segment {segment}; nothing was written. Write it in sector_maps/ first.",
    ),
    "bad_span": (
        "“{field}”应写成 2025、2025H2、2025Q4、2025-12、2025-12-22、2028+ 或 2026..2027，现为 {found}，未采用。",
        "“{field}” should look like 2025, 2025H2, 2025Q4, 2025-12, 2025-12-22, 2028+ or 2026..2027, found {found}; not used.",
    ),
    "duplicate_entry": (
        "{table} 的 id “{id}” 出现两次，后一条未采用。",
        "The id “{id}” stands twice among {table}; the second one is not used.",
    ),
    "unknown_state": (
        "没有状态“{state}”，这一条未采用；可用：{known}。",
        "No state “{state}”; this entry is not used. Use one of {known}.",
    ),
    "came_not_said": (
        "“{id}”写了到来的日期，状态却是 {state}；状态应为 came。",
        "“{id}” has the day on which it came, yet its state is {state}; it should be came.",
    ),
    "empty_size": (
        "市场规模没有可乘的输入（factors），这一条未采用。",
        "The market size has no factors to multiply; this entry is not used.",
    ),
    "half_name": (
        "“{field}”缺 {lang}，两种语言都用“{text}”；请补上。",
        "“{field}” has no {lang}, “{text}” is shown in both languages; add it.",
    ),
    "control_text": (
        "“{text}”含控制字符或换行，已去掉；请在文件中删除。",
        "“{text}” held control characters or line breaks, which were taken out; delete them in the file.",
    ),
    "bidi_text": (
        "“{text}”含改变文字方向的字符，已去掉；请在文件中删除。",
        "“{text}” held characters that turn the reading direction, which were taken out; delete them in the file.",
    ),
    "ticker_form": (
        '“{ticker}”不是“代码.市场”的形式（如 "300308.SZ"），未采用。',
        '“{ticker}” is not CODE.MARKET (as "300308.SZ") and was left out.',
    ),
    "ticker_spelling": (
        "“{ticker}”请写成 {proper}；未采用。",
        "Write “{ticker}” as {proper}; it was left out.",
    ),
    "number_too_large": (
        "{name} 的数过大（TOML 的整数至多 64 位），整个文件未采用；请改小。",
        "The number of {name} is too large (a whole number of TOML has 64 bits), the file was left out; make it smaller.",
    ),
    "old_beijing_code": (
        "{ticker}：北交所代码已于 2025 年 10 月全部改为 920 开头，未采用；请查新代码（多为 920 加原末三位）。",
        "{ticker}: Beijing's codes all changed to 920… in October 2025, left out; look up the new one (mostly 920 and the last three digits).",
    ),
    "unknown_market": (
        "{ticker}：此处不能用市场 {market}，未采用；可用：{known}。",
        "{ticker}: market {market} cannot stand here, left out; use one of {known}.",
    ),
    "bad_code": (
        "{code} 不是 {market} 的代码，{ticker} 未采用；请核对位数。",
        "{code} is no code of {market}, {ticker} was left out; check its digits.",
    ),
    "duplicate_ticker": (
        "{ticker} 已在第 {first} 行，此处未采用；请删去一处。",
        "{ticker} is already on line {first}, this one was left out; delete one.",
    ),
    "until_before_since": (
        "{ticker} 的 until（{until}）早于 since（{since}），未采用；请改正。",
        "{ticker} ends ({until}) before it begins ({since}) and was left out; correct the dates.",
    ),
    "unknown_role": (
        "{ticker}：没有角色“{role}”，按 core 处理；可用：{known}。",
        "{ticker}: no role “{role}”, taken as core; use one of {known}.",
    ),
    "basket_broken": (
        "{file} 读不出来（{detail}），没有覆盖它；先用编辑器改好这个文件。",
        "{file} cannot be read ({detail}) and was not overwritten; mend the file in an editor first.",
    ),
    "basket_busy": (
        "{file} 正被别人反复保存，没有保存；稍后再点一次保存，草稿还在。",
        "{file} is being saved by others again and again; nothing was saved. Save once more in a moment, the draft is kept.",
    ),
    "basket_unwritable": (
        "{file} 写不进去（{detail}），没有保存，草稿还在；检查权限和磁盘。",
        "{file} cannot be written ({detail}); nothing was saved and the draft is kept. Check permissions and disk.",
    ),
    "nothing_to_undo": (
        "{file} 没有可以撤销的保存。",
        "There is no save of {file} to take back.",
    ),
    "undo_overtaken": (
        "{file} 在那次保存之后被改过，没有撤销；请在历史里选一个版本恢复。",
        "{file} has been changed since that save, so it was not taken back; restore a version from its history instead.",
    ),
    "unknown_status": (
        "{ticker}：没有状态“{status}”，不显示状态；可用：{known}。",
        "{ticker}: no status “{status}”, none is shown; use one of {known}.",
    ),
    "bad_id": (
        "id“{id}”只能用小写字母、数字和 _，至多 40 个；未采用。",
        "The id “{id}” may only hold small letters, digits and _, at most 40; left out.",
    ),
    "id_not_file": (
        'id 是“{id}”，文件名却是 {stem}.toml，未采用；请写 id = "{stem}"。',
        'The id is “{id}” but the file is {stem}.toml, left out; write id = "{stem}".',
    ),
    "unknown_benchmark": (
        "没有文件列出基准 {ticker}，未采用；请加进 sector_maps/benchmarks.toml。",
        "No file lists the benchmark {ticker}, left out; add it to sector_maps/benchmarks.toml.",
    ),
    "no_benchmark": (
        "篮子 {basket} 没有可用的基准，无法比较；请补一个。",
        "Basket {basket} has no usable benchmark and is compared with nothing; add one.",
    ),
    "unknown_chain": (
        "没有产业链“{chain}”，篮子不分环节显示；可用：{known}。",
        "There is no chain “{chain}”, the basket is shown without segments; known: {known}.",
    ),
    "no_segment": (
        "{ticker} 不在产业链 {chain} 的任何环节；请在 sector_maps/{chain}.toml 补上。",
        "{ticker} is in no segment of chain {chain}; add it in sector_maps/{chain}.toml.",
    ),
    "two_segments": (
        "{ticker} 已在环节 {other}（第 {first} 行），在 {segment} 中未采用；请删去一处。",
        "{ticker} is already in segment {other} (line {first}), left out of {segment}; delete one.",
    ),
    "duplicate_segment": (
        "环节 id“{segment}”重复，后一个未采用；请改名。",
        "The segment id “{segment}” stands twice, the second was left out; rename it.",
    ),
    "wrong_side": (
        "{ticker} 放在 {side} 不合适（tickers 放沪深北，overseas 放其他）；请移动。",
        "{ticker} does not belong in {side} (tickers: SH SZ BJ, overseas: the rest); move it.",
    ),
    "unnamed_ticker": (
        "{ticker} 没有名称，以代码显示；请在 sector_maps/benchmarks.toml 的 overseas 补上。",
        "{ticker} has no name and is shown by its ticker; add it under overseas in sector_maps/benchmarks.toml.",
    ),
    "empty_basket": (
        "篮子 {basket} 没有可用成员；请添加。",
        "Basket {basket} has no usable member; add one.",
    ),
    "many_members": (
        "篮子 {basket} 有 {members} 个成员，超过 {limit}，刷新会慢；请拆分。",
        "Basket {basket} has {members} members, over {limit}; refreshing is slow, consider splitting it.",
    ),
    "sector_count": (
        "申万一级行业应有 {wanted} 个，读到 {found} 个，排名不全；请补正。",
        "{wanted} Shenwan sectors are expected, {found} were read, ranks are incomplete; correct the table.",
    ),
    "unknown_basket": (
        "没有篮子“{basket}”；可用：{known}。",
        "There is no basket “{basket}”; known: {known}.",
    ),
}
