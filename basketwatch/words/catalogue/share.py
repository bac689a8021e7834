"""Texts of what goes to chats: the digest, the settings, the outcomes."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "digest_title": ("每日速览 · {day} · {state} · 当日涨跌，篮子等权", "Daily digest · {day} · {state} · 1d, baskets at equal weight"),
    "digest_day": ("{year}年{day}", "{day} {year}"),
    "digest_final": ("收盘数据", "final"),
    "digest_provisional": ("暂定数据，收盘后可能变化", "provisional, may change until after the close"),
    "digest_best": ("领涨：{names}", "Leaders: {names}"),
    "digest_worst": ("落后：{names}", "Laggards: {names}"),
    "digest_flags": ("新提示 {n} 条（高 {high}）：{first}", "New flags {n} (high {high}): {first}"),
    "digest_no_flags": ("没有新提示。", "No new flags."),
    "digest_not_judged": ("本交易日的提示尚未判定。", "Flags of this session have not been judged yet."),
    "digest_missing": ("缺失或过期 {n} 处：{what}", "Missing or stale {n}: {what}"),
    "digest_complete": ("数据齐全，没有缺失或过期。", "Nothing is missing or stale."),
    "words_cut": ("…（已删减）", "… (shortened)"),
    # settings
    "no_chats": (
        "{path} 里没有可用的聊天；请写一段 [[chat]]（name、service），示例见 README。",
        "{path} names no chat that can be used; write a [[chat]] with name and service, the README has an example.",
    ),
    "unknown_chat": ("没有叫“{chat}”的聊天；可用：{known}。", "There is no chat “{chat}”; known: {known}."),
    "share_unreadable": ("读不了此文件，已略过；请检查它。", "This file cannot be read and was left out; check it."),
    "share_broken": (
        "此行不合 TOML 语法，整个文件未读取；请改正此行。",
        "This line is not TOML and the whole file was left out; correct it.",
    ),
    "share_wrong": (
        "“{field}”缺少或写法不对，此聊天未采用；应为：{wanted}。",
        "“{field}” is missing or wrong, this chat was left out; it should be: {wanted}.",
    ),
    "share_unknown_key": ("这里有不认识的键，已忽略；可用：{known}。", "An unknown key was ignored; known: {known}."),
    "share_holds_key": (
        "“{field}”是密钥，不能写在 share.toml；请移到 secrets.toml 或环境变量，并更换已泄露的密钥。",
        "“{field}” is a secret and must not stand in share.toml; move it to secrets.toml or the environment, and renew it if others saw it.",
    ),
    "share_name_twice": (
        "这个名字与前面的聊天相同（- 与 _ 视为相同），未采用；请改名。",
        "An earlier chat has this name (- and _ count as one), so it was left out; rename it.",
    ),
    "share_no_recipient": (
        "Telegram 需要 to（聊天编号或 @频道），此聊天未采用。",
        "Telegram needs “to”, the chat's number or @channel; this chat was left out.",
    ),
    "secrets_shared": (
        "别人也能读此文件，因此没有读取；请运行 {command}。",
        "Others can read this file, so it was not read; run {command}.",
    ),
    "secrets_wrong": (
        "此处应为 [聊天名] 之下的文字，可用：{known}。",
        "This should be a text under [name of the chat]; known: {known}.",
    ),
    "chat_no_key": (
        "没有密钥；请设置环境变量 {variable}，或在 secrets.toml 写 [{chat}] key = \"…\"。",
        "It has no key; set {variable}, or write [{chat}] key = \"…\" in secrets.toml.",
    ),
    "chat_bad_key": (
        "密钥不是 {service} 的样子，没有使用；请粘贴机器人的完整地址或其中的密钥（{variable}）。",
        "The key does not look like one of {service} and was not used; paste the hook's whole address or its key ({variable}).",
    ),
    # outcomes
    "outcome_sent": ("已发出", "sent"),
    "outcome_refused": ("被拒绝", "refused"),
    "outcome_limited": ("被限流", "limited"),
    "outcome_unknown": ("未知", "unknown"),
    "part_words": ("文字", "words"),
    "part_picture": ("图片", "picture"),
    "state_name_final": ("收盘", "final"),
    "state_name_provisional": ("暂定", "provisional"),
    "chat_sent_before": ("早已发出（{at}），不再重发。", "Sent before ({at}), not sent again."),
    "chat_unreached": (
        "连不上 {host}（{detail}），什么都没有发出；下次会再试。",
        "{host} could not be reached ({detail}) and nothing went out; the next send tries again.",
    ),
    "chat_silent": (
        "已发给 {host} 但没有完整应答（{detail}），可能已送达；请到聊天里看，需要时用 --again。",
        "It went out to {host} but no whole answer came ({detail}); it may have arrived: look in the chat, then use --again if need be.",
    ),
    "chat_unreadable": (
        "{service} 的应答（{code}）看不出是否送达；请到聊天里看，需要时用 --again。",
        "{service}'s answer ({code}) does not tell whether it arrived; look in the chat, then use --again if need be.",
    ),
    "chat_refused": ("{service} 拒绝了（{code} {said}）。", "{service} refused it ({code} {said})."),
    "chat_limited": (
        "{service} 要求放慢（{code}，等待 {wait} 秒）；下次会再试。",
        "{service} asks for a pause ({code}, {wait} s); the next send tries again.",
    ),
    "chat_too_many": (
        "一分钟内已发 {n} 条，达到 {service} 的上限，没有发出；下次会再试。",
        "{n} messages in a minute are {service}'s limit, so it did not go out; the next send tries again.",
    ),
    "chat_interrupted": (
        "{at} 开始发送但没有结果（中断，或另一进程正在发送），可能已送达；请到聊天里看，需要时用 --again。",
        "Sending began at {at} without an outcome (interrupted, or another process is at it); it may have arrived: look in the chat, then use --again if need be.",
    ),
    "chat_step_failed": (
        "{service} 没有收下图片（{detail}），聊天里没有出现什么；下次会再试。",
        "{service} did not take the picture in ({detail}) and nothing appeared in the chat; the next send tries again.",
    ),
    "chat_picture_wrong": (
        "图片不是 PNG 或 JPEG，或超过 {service} 的 {limit} 字节，没有发出。",
        "The picture is no PNG or JPEG, or over {service}'s {limit} bytes, and did not go out.",
    ),
    "picture_never": ("{service} 的机器人收不了图片，只发文字。", "A robot of {service} takes no picture: words only."),
    "picture_needs": (
        "{service} 的机器人地址收不了图片；要发图请另给 {needs}。现在只发文字。",
        "{service}'s hook takes no picture; for one give {needs} as well. Words only for now.",
    ),
    "not_due_quiet": ("免打扰时段，未发送。", "Quiet hours: not sent."),
    "not_due_state": ("这里只发{wanted}数据，现在是{state}数据。", "This chat gets {wanted} words; these are {state}."),
    "nothing_to_send": ("没有可发送的内容。", "There is nothing to send."),
    # dry run
    "dry_size": ("{size}/{limit} {unit}，{cut}", "{size} of {limit} {unit}, {cut}"),
    "dry_cut": ("已删减", "cut"),
    "dry_whole": ("完整", "whole"),
    "dry_bytes": ("字节", "bytes"),
    "dry_characters": ("字符", "characters"),
    "dry_picture": ("图片 {size} 字节", "picture of {size} bytes"),
    "dry_no_picture": ("无图片", "no picture"),
    "dry_would": ("将会发送", "would be sent"),
    "dry_begun": ("已有记录：{outcome}", "on record: {outcome}"),
}  # fmt: skip
