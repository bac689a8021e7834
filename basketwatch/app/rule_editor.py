"""The editor of the Flags page: one rule, its thresholds, what it would have said, and saving it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from basketwatch.app import controls, data
from basketwatch.domain import rules
from basketwatch.errors import UsageError
from basketwatch.files import rulebook
from basketwatch.views import flags
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say, sentence

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.app.reader import Reader
    from basketwatch.domain.model import Rule
    from basketwatch.settings import Settings

_TRY, _SAVE = "rule_try", "rule_save"


def draw(snapshot: Snapshot, reader: Reader, settings: Settings) -> None:
    """The whole editor. In the demo market it only tries: the file is that of the live settings."""
    lang, book = reader.lang, _book(settings)
    st.html(block(heading(say("flags_rules", lang), say("flags_rules_note", lang))))
    _tell_last(lang)
    for problem in book.problems:
        st.warning(plain(f"{problem.where}: {sentence(problem, lang)}"))
    wanted = controls.select("edit", flags.rules_by_name(lang), say("flags_rules", lang))
    rule = next(r for r in book.rules if r.id == wanted)
    st.html(block(f'<p class="soft" style="margin:0">{escape(say(f"rule_{rule.id}_help", lang))}</p>'))
    if rule.id == "deviation":
        _nearest(snapshot, settings, rule, lang)
    refused = "flags_demo_no_save" if settings.demo else "flags_broken" if book.broken else ""
    with st.form(f"form_{rule.id}_{book.sha256[:8]}", border=False):
        chosen = flags.edited(book.rules, rule.id, *_inputs(rule, book.sha256[:8], lang))
        with st.container(horizontal=True):
            tried = st.form_submit_button(say("flags_try", lang), key=_TRY)
            saved = st.form_submit_button(say("flags_save", lang), key=_SAVE, type="primary", disabled=bool(refused))
    if refused:
        st.caption(plain(say(refused, lang)))
    if saved and not refused:
        _save(settings, book, chosen)
    elif tried:
        _try(snapshot, settings, chosen, rule, lang)


def _nearest(snapshot: Snapshot, settings: Settings, rule: Rule, lang: str) -> None:
    """Which shares are near to the rule now."""
    lines = flags.nearest(data.judging(settings, snapshot), rule, lang)
    rows = "".join(f"<div>{escape(line)}</div>" for line in lines)
    if rows:
        st.html(
            block(f'<p style="margin:4px 0 2px">{escape(say("flags_nearest", lang))}</p><div class="soft">{rows}</div>')
        )


def _book(settings: Settings) -> rulebook.Book:
    """The file as it is now; as it was when the form was drawn, where the reader has just sent the form."""
    held: rulebook.Book | None = st.session_state.get("_book")
    if held is not None and (st.session_state.get(_TRY) or st.session_state.get(_SAVE)):
        return held
    found = st.session_state["_book"] = rulebook.read(settings.home)
    return found


def _inputs(rule: Rule, version: str, lang: str) -> tuple[dict[str, float], dict[str, Any]]:
    """The widgets of a rule; its thresholds in the file's unit, and its other fields."""
    top = st.columns([22, 39, 39], vertical_alignment="bottom")
    key = f"{rule.id}_{version}"
    enabled = top[0].toggle(say("flags_enabled", lang), rule.enabled, key=f"enabled_{key}")
    severity = top[1].selectbox(
        say("flags_severity", lang), rules.SEVERITIES, rules.SEVERITIES.index(rule.severity), key=f"severity_{key}",
        format_func=lambda s: say(f"severity_{s}", lang),
    )  # fmt: skip
    cooldown = top[2].number_input(
        say("flags_cooldown", lang), 1, rules.LONGEST_COOLDOWN, rule.cooldown, key=f"cooldown_{key}",
        help=plain(say("flags_cooldown_help", lang)),
    )  # fmt: skip
    fields = flags.fields(rule, lang)
    values, columns = {}, st.columns(2) if fields else []
    for i, field in enumerate(fields):
        found = columns[i % 2].number_input(
            plain(field.label), field.least, field.most, field.value, field.step, key=f"{field.key}_{key}",
            format="%g", help=plain(field.help),
        )  # fmt: skip
        values[field.key] = round(found / field.scale, 8)
    return values, {"enabled": enabled, "severity": severity, "cooldown": int(cooldown)}


def _try(snapshot: Snapshot, settings: Settings, chosen: tuple[Rule, ...], rule: Rule, lang: str) -> None:
    """What the rule would have said, before anything is saved."""
    wrong = rulebook.faults(chosen)
    if wrong:
        st.error(plain(sentence(wrong[0], lang)))
        return
    found = flags.trial(data.judging(settings, snapshot), chosen, rule.id, lang)
    rows = "".join(f"<div>{escape(line)}</div>" for line in found.newest)
    st.html(block(f'<p style="margin:0 0 4px">{escape(found.sentence)}</p><div class="soft">{rows}</div>'))


def _save(settings: Settings, book: rulebook.Book, chosen: tuple[Rule, ...]) -> None:
    """Save, and draw everything anew with the file as it is then; a refusal is said and overwrites nothing."""
    key, params = "flags_unchanged", {}
    if chosen != book.rules:
        try:
            rulebook.save(settings.home, book, chosen)
            key, params = "flags_saved", {"file": rulebook.FILE}
        except UsageError as fault:
            key, params = fault.key, fault.params
    st.session_state["_told"] = key, params
    st.session_state.pop("_book", None)
    st.rerun()


def _tell_last(lang: str) -> None:
    """What came of the last save, once."""
    told = st.session_state.pop("_told", None)
    if told:
        show = {"flags_saved": st.success, "flags_unchanged": st.info}.get(told[0], st.error)
        show(plain(say(told[0], lang, **_named(told[1], lang))))


def _named(params: dict[str, str], lang: str) -> dict[str, str]:
    """Parameters of a sentence with a rule's id as its name."""
    return {k: flags.rule_name(v, lang) if k == "rule" else v for k, v in params.items()}
