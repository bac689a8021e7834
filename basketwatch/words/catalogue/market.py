"""The names of the markets, from their table: in tables, in the first line, and as a threshold of the rule of big moves."""

from __future__ import annotations

from basketwatch.domain.markets import GROUP

TEXTS: dict[str, tuple[str, str]] = {
    **{f"group_{group}": (m.label.zh, m.label.en) for group, m in GROUP.items()},
    **{f"short_{group}": (m.short.zh, m.short.en) for group, m in GROUP.items()},
    **{
        f"value_big_move_{group.lower()}": (f"{m.label.zh}门槛", m.label.en)
        for group, m in GROUP.items()
        if m.big_move is not None
    },
}
