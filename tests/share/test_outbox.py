"""Once and only once: two senders, a killed one, a second command."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import select, update

from basketwatch.domain.chat import Chat
from basketwatch.share import outbox
from basketwatch.share.outbox import deliver, line_of, not_due, preview
from basketwatch.sources.net import post
from basketwatch.store import opening, schema
from basketwatch.store import outbox as stored
from basketwatch.store.database import Store
from basketwatch.store.outbox import Message
from basketwatch.views.digest import Words
from tests.share.services import KEYS, Services
from tests.share.test_chats import PNG

NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)
ONE = Message("team", "digest", date(2026, 7, 3), "final", "words")


def outcomes(store: Store) -> list[tuple[str, int, str]]:
    o = schema.outbox.c
    with store.engine.connect() as c:
        rows = c.execute(select(o.part, o.attempt, o.outcome).order_by(o.part, o.attempt))
        return [(r.part, r.attempt, r.outcome) for r in rows]


def test_it_is_sent_once_and_again_only_by_hand(services: Services, store: Store, words: Words) -> None:
    chat = services.chat("wecom")
    first, second = deliver(store, chat, words), deliver(store, chat, words)
    assert (first[0].result.outcome, first[0].before) == ("sent", False)
    assert (second[0].result.key, second[0].before, len(services.heard)) == ("chat_sent_before", True, 1)
    assert "Sent before (20" in line_of(second[0], "en")
    deliver(store, chat, words, again=True)
    assert len(services.heard) == 2 and outcomes(store) == [("words", 0, "sent"), ("words", 1, "sent")]


@pytest.mark.parametrize("begun", ["good", "page"])
def test_a_refused_second_attempt_is_not_repeated_by_itself(
    services: Services, store: Store, words: Words, begun: str
) -> None:
    chat = services.chat("wecom")
    services.mode = begun
    first = deliver(store, chat, words)[0].result
    services.mode = "error"
    assert deliver(store, chat, words, again=True)[0].result.outcome == "refused"
    services.mode = "good"
    assert deliver(store, chat, words)[0].result.outcome == first.outcome and len(services.heard) == 2
    assert deliver(store, chat, words, again=True)[0].result.outcome == "sent" and len(services.heard) == 3


def test_another_session_state_kind_or_chat_is_another_message(services: Services, store: Store, words: Words) -> None:
    chat = services.chat("wecom")
    for own in (
        words,
        replace(words, final=False),
        replace(words, kind="weekly"),
        replace(words, session=date(2026, 7, 2)),
    ):
        assert deliver(store, chat, own)[0].before is False
    assert deliver(store, replace(chat, name="other"), words)[0].before is False
    assert len(services.heard) == 5


@pytest.mark.parametrize(("mode", "repeated"), [("error", True), ("limited", True), ("page", False), ("hang", False)])
def test_only_what_did_not_arrive_is_tried_again(
    services: Services, store: Store, words: Words, monkeypatch: pytest.MonkeyPatch, mode: str, repeated: bool
) -> None:
    if mode == "hang":
        monkeypatch.setattr(post, "SECONDS", 2.0)
    chat, services.mode = services.chat("wecom"), mode
    before = deliver(store, chat, words)[0].result
    services.mode = "good"
    after = deliver(store, chat, words)[0].result
    assert (after.outcome == "sent") is repeated and len(services.heard) == 1 + repeated
    if not repeated:
        assert after == before and deliver(store, chat, words, again=True)[0].result.outcome == "sent"


def test_words_and_picture_have_outcomes_of_their_own(services: Services, store: Store, words: Words) -> None:
    chat = services.chat("wecom")
    told = deliver(store, chat, words, b"GIF89a")
    assert [(t.part, t.result.outcome) for t in told] == [("words", "sent"), ("picture", "refused")]
    told = deliver(store, chat, words, PNG)
    assert [(t.before, t.result.outcome) for t in told] == [(True, "sent"), (False, "sent")]
    (ding,) = deliver(store, services.chat("dingtalk", name="ding"), words, PNG)
    assert ding.part == "words" and line_of(ding, "en").endswith(
        "sent  A robot of DingTalk takes no picture: words only."
    )


def test_of_many_threads_one_sends(services: Services, store: Store, words: Words, tmp_path: Path) -> None:
    chat, found = services.chat("wecom"), list[outbox.Told]()
    own = [opening.open_writer(f"sqlite:///{tmp_path}/s.sqlite")[0] for _ in range(8)]
    threads = [threading.Thread(target=lambda s=s: found.extend(deliver(s, chat, words))) for s in own]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8 and len(services.heard) == 1 and sum(not t.before for t in found) == 1
    assert {t.result.outcome for t in found} == {"sent"}, "who comes second waits for the outcome"


def test_a_message_whose_sender_vanished_is_unknown(
    services: Services, store: Store, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "ELSEWHERE", outbox.MINUTE * 0)
    assert stored.claim(store, ONE, datetime.now(UTC)) == 0
    told = deliver(store, services.chat("wecom"), words)
    assert (told[0].result.outcome, told[0].before, services.heard) == ("unknown", True, [])
    assert "interrupted" in line_of(told[0], "en") and "Beijing time" in line_of(told[0], "en")


def test_stopping_it_by_hand_leaves_it_unknown(services: Services, store: Store, words: Words) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(store, services.chat("wecom"), words, send=stop)  # type: ignore[arg-type]
    assert outcomes(store) == [("words", 0, "unknown")]
    assert deliver(store, services.chat("wecom"), words)[0].result.outcome == "unknown" and services.heard == []


def test_the_limit_of_a_minute_is_kept_without_asking(services: Services, store: Store, words: Words) -> None:
    chat = services.chat("wecom")
    told = [deliver(store, chat, words, again=True)[0].result for _ in range(21)]
    assert [t.outcome for t in told] == ["sent"] * 20 + ["limited"] and len(services.heard) == 20
    with store.engine.begin() as c:
        c.execute(update(schema.outbox).values(at=NOW))
    assert deliver(store, chat, words)[0].result.outcome == "sent"


def test_a_claim_is_one_senders(store: Store) -> None:
    assert stored.claim(store, ONE, NOW) == 0
    assert stored.claim(store, ONE, NOW) is None
    stored.settle(store, ONE, 0, "limited", "chat_limited", {"wait": "7"})
    entry = stored.last(store, ONE)
    assert entry and (entry.outcome, entry.params, entry.at) == ("limited", {"wait": "7"}, NOW)
    assert stored.claim(store, ONE, NOW) == 0 and stored.claim(store, ONE, NOW) is None
    assert stored.claim(store, ONE, NOW, again=True) == 1
    assert stored.count_since(store, "team", NOW) == 2 and stored.count_since(store, "other", NOW) == 0


def test_a_store_of_version_3_gains_the_outbox(store: Store, tmp_path: Path) -> None:
    with store.engine.begin() as c:
        c.exec_driver_sql("DROP TABLE outbox")
        c.exec_driver_sql("UPDATE meta SET value = '3' WHERE key = 'schema'")
    url = f"sqlite:///{tmp_path}/s.sqlite"
    assert opening.open_reader(url) is None
    upgraded, damage = opening.open_writer(url)
    assert damage is None and stored.claim(upgraded, ONE, NOW) == 0 and opening.open_reader(url) is not None


def test_what_is_not_due(words: Words) -> None:
    chat = Chat("team", "wecom", quiet=(time(22), time(8)))
    at = {h: datetime(2026, 7, 3, h, 0, tzinfo=UTC) for h in (13, 14, 23)}  # 21:00, 22:00, 07:00 in Beijing
    assert [bool(not_due(chat, words, at[h], "en")) for h in (13, 14, 23)] == [False, True, True]
    assert not_due(replace(chat, quiet=(time(12), time(13))), words, datetime(2026, 7, 3, 4, 30, tzinfo=UTC), "en")
    assert "gets final words" in not_due(replace(chat, quiet=None), replace(words, final=False), at[13], "en")
    for state in ("provisional", "both"):
        assert not_due(Chat("team", "wecom", state=state), replace(words, final=False), at[13], "zh") == ""


def test_a_dry_run_says_what_would_go_where(services: Services, store: Store, words: Words) -> None:
    chat = services.chat("dingtalk")
    shown = preview(store, chat, words, PNG, NOW, "en")
    assert "would be sent" in shown and "whole" in shown and "takes no picture" in shown and "    **每日速览" in shown
    assert f"{len(PNG)} bytes" in preview(store, services.chat("wecom"), words, PNG, NOW, "en")
    assert KEYS["dingtalk"] not in shown and services.connected == 0 and outcomes(store) == []
