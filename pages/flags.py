"""Flags: what was said, when and why; the rules with their thresholds; and what came after each of them."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say


def body(snapshot, reader, settings):
    from basketwatch.app import rule_editor

    flag_rows = data.flags_of(settings, snapshot)
    with frame.panel(say("flags_log", reader.lang), reader.lang):
        log(snapshot, flag_rows, reader)
    left, right = st.columns([38, 62])
    with left.container(border=True, height="stretch", key="rules"):
        what = say("flags_rules", reader.lang)
        frame.fragment(settings, reader, what, lambda: rule_editor.draw(snapshot, reader, settings))
    with right.container(border=True, height="stretch"), frame.panel(say("flags_after", reader.lang), reader.lang):
        after(snapshot, flag_rows, reader, settings)


def log(snapshot, flag_rows, reader):
    """The log, narrowed by basket, severity, rule, date and ticker; each in the URL."""
    from basketwatch.app import columns
    from basketwatch.views import flags

    wanted = filters(snapshot, reader)
    rows = flags.filtered(flag_rows, wanted)
    cut = say("flags_log_cut", reader.lang, shown=flags.SHOWN, n=len(rows)) if len(rows) > flags.SHOWN else ""
    st.html(block(heading(say("flags_log", reader.lang), cut or say("flags_log_note", reader.lang, n=len(rows)))))
    if not len(rows):
        st.info(plain(say("flags_none_here" if len(flag_rows) else "flags_none_yet", reader.lang)))
        return
    frame = flags.log(snapshot, rows, reader.lang)
    with st.container(key="log"):
        st.dataframe(frame, hide_index=True, row_height=30, column_config=columns.flag_columns(reader.lang),
                     height=min(38 + 30 * len(frame), 398), alt=say("flags_log", reader.lang))  # fmt: skip
    with st.container(key="says", height=480, border=False):  # on a phone, where a sentence is wider than the screen
        st.html(block(flags.phone_log(snapshot, rows, reader.lang), green_up=reader.green_up))


def filters(snapshot, reader):
    """The filters, and the one ticker of the URL where there is one."""
    from basketwatch.views import flags

    lang = reader.lang
    baskets = {"all": say("flags_all_baskets", lang)} | {v.basket.id: v.basket.short[lang] for v in snapshot.baskets}
    spans = {span: say(f"flags_span_{span}", lang) for span in flags.SPANS}
    loud = {"all": say("flags_all_severities", lang)} | flags.severities(lang)
    named = {"all": say("flags_all_rules", lang)} | flags.rules_by_name(lang)
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        basket = controls.choice("basket", baskets, say("choose_basket", lang))
        span = controls.choice("span", spans, say("col_flag_session", lang), default="20")
        severity = controls.select("severity", loud, say("flags_severity", lang))
        rule = controls.select("rule", named, say("flags_rules", lang))
        ticker = only(snapshot, lang)
    chosen = {"basket": basket, "rule": rule, "severity": severity}
    shown = {name: None if value == "all" else value for name, value in chosen.items()}
    return flags.Wanted(**shown, ticker=ticker, sessions=flags.SPANS["250" if ticker else span])


def only(snapshot, lang):
    """The one ticker of the URL, with the way back to all."""
    ticker = st.query_params.get("ticker")
    if ticker and st.button(plain(f"{say('flags_only_ticker', lang, name=snapshot.name(ticker)[lang])} ✕"), key="only"):
        st.query_params.pop("ticker")
        return None
    return ticker


def after(snapshot, flag_rows, reader, settings):
    """Per rule: the excess over the benchmark 1, 5 and 20 sessions later."""
    from basketwatch.app import columns
    from basketwatch.views import flags

    note = f'<p class="soft" style="margin:0">{escape(say("flags_after_note", reader.lang))}</p>'
    st.html(block(heading(say("flags_after", reader.lang)) + note))
    frame = flags.after(data.judging(settings, snapshot), flag_rows, reader.lang)
    st.dataframe(columns.signed_points(frame, dark=reader.dark, green_up=reader.green_up), hide_index=True, row_height=30,
                 placeholder="–", column_config=columns.after_columns(reader.lang), alt=say("flags_after", reader.lang),
                 height=min(38 + 30 * max(1, len(frame)), 560))  # fmt: skip


frame.frame()
frame.page("flags", body)
