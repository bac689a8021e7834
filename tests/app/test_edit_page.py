"""The Edit page: draft, difference, save, history; two people; what a person may type."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from basketwatch import clock
from basketwatch.app import data
from basketwatch.app.editor import order as basket_order
from basketwatch.files import basketbook, drafts, history
from basketwatch.files.editing import Sheet, sheet_of
from basketwatch.sources.demo import market
from basketwatch.words.text import plain, say
from tests.apps import html_of, run
from tests.stores import PROJECT, fill

OCS = "watchlists/ocs.toml"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("edit") / "live.sqlite"
    fill(path, is_demo=False)
    return path


@pytest.fixture
def home(tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the shipped files and a live store of the demo market's rows, at its instant (a Friday evening)."""
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    for name, value in {"NOW": clock.iso(market.NOW), "LANG": "en", "DB": str(stored), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(f"BASKETWATCH_{name}", value)
    return tmp_path


def press(app: AppTest, label: str) -> AppTest:
    """Click the button whose label begins so."""
    button = next(b for b in app.button if b.label.startswith(label))
    assert not button.disabled, label
    return button.click().run()


def add(app: AppTest, which: str, why: str = "") -> AppTest:
    for field, text in (("edit_add_which", which), ("edit_add_why", why)):
        next(t for t in app.text_input if t.label == say(field, "en")).set_value(text)
    return press(app, "Add")


def choose(app: AppTest, ticker: str) -> AppTest:
    return app.selectbox(key="edit_member_ocs").select(ticker).run()


def save(app: AppTest) -> AppTest:
    return press(press(app, "Save"), "Write watchlists/ocs.toml")


def said(app: AppTest) -> list[str]:
    return [alert.value for alert in (*app.error, *app.success, *app.warning)]


def test_a_member_is_added_saved_and_taken_back(home: Path) -> None:
    before = (home / OCS).read_bytes()
    app = add(run("edit", basket="ocs"), "sz.300001", "MPO & <b>jumpers</b>")
    assert "300001.SZ (300001.SZ) comes in: MPO &amp; &lt;b&gt;jumpers&lt;/b&gt;" in html_of(app)
    assert (home / OCS).read_bytes() == before, "only a draft"
    app = save(app)
    assert said(app) == [plain("Written to watchlists/ocs.toml; changes: 1.")]
    row = sheet_of((home / OCS).read_text()).members["300001.SZ"]
    assert (row["reason"], row["since"]) == ({"en": "MPO & <b>jumpers</b>"}, date(2026, 7, 3))
    assert drafts.stems(home, "0" * 32) == []
    app = press(app, "Take back the last save")
    assert (home / OCS).read_bytes() == before and [v.how for v in history.versions(home, "ocs")] == [
        "outside",
        "saved",
        "undone",
    ]


def test_a_draft_outlives_the_page_and_each_line_can_be_undone(home: Path) -> None:
    add(run("edit", basket="ocs"), "300001.SZ")
    app = choose(run("edit", basket="ocs"), "688313.SH")
    app = press(app, "Take out")
    assert sum(b.label == "✕" for b in app.button) == 2
    app = press(app, "✕")
    assert sum(b.label == "✕" for b in app.button) == 1
    app = press(app, "Discard the draft")
    assert say("edit_no_difference", "en").rstrip(".") in " ".join(c.value for c in app.caption).replace("\\", "")


def test_who_leaves_gets_a_last_day_and_one_who_was_just_added_goes(home: Path) -> None:
    """On Friday evening the session is that of the day, so the last day is Thursday; but not before the first."""
    text = basketbook.read(home, "ocs").replace("since  = 2026-11-20", "since  = 2026-01-05")
    (home / OCS).write_text(text)
    app = press(choose(run("edit", basket="ocs"), "688313.SH"), "Take out")
    assert "last day 2026-07-02" in html_of(app)
    app = press(choose(add(app, "300001.SZ"), "300001.SZ"), "Take out")
    app = save(app)
    members = sheet_of((home / OCS).read_text()).members
    assert members["688313.SH"]["until"] == date(2026, 7, 2) and "300001.SZ" not in members


def test_members_move(home: Path) -> None:
    order = list(sheet_of((home / OCS).read_text()).members)
    app = press(choose(run("edit", basket="ocs"), order[1]), "Up")
    save(app)
    assert list(sheet_of((home / OCS).read_text()).members) == [order[1], order[0], *order[2:]]


@pytest.mark.parametrize(("typed", "words"), [
    ("nonsense", "No security has the code or name"), ("Innolight", "is in this basket already"),
    ("688313", "is in this basket already"), ("<script>alert(1)</script>", "No security has"),
])  # fmt: skip
def test_what_cannot_be_added_is_said(home: Path, typed: str, words: str) -> None:
    app = add(run("edit", basket="ocs"), typed)
    assert len(said(app)) == 1 and words in said(app)[0]
    assert drafts.stems(home, "0" * 32) == []


def test_somebody_else_changed_the_same(home: Path) -> None:
    app = press(choose(run("edit", basket="ocs"), "688313.SH"), "Take out")
    text = basketbook.read(home, "ocs")
    sheet = sheet_of(text)
    other = {**sheet.members["688313.SH"], "until": date(2027, 1, 29)}
    basketbook.save(
        home, "ocs", sheet, Sheet(sheet.head, {**sheet.members, "688313.SH": other}), "2026-07-03T08:30:00Z"
    )
    app = app.run()
    assert "2027\\-01\\-29" in said(app)[0] and next(b for b in app.button if b.label.startswith("Save")).disabled
    app.segmented_control(key="own_688313.SH_until").set_value(False).run()
    save(app)
    assert sheet_of((home / OCS).read_text()).members["688313.SH"]["until"] == date(2027, 1, 29)


def test_a_new_basket_renamed_and_archived(home: Path) -> None:
    app = run("edit")
    app.text_input(key="new_label_0").set_value("../../etc/<b>passwd</b>").run()
    app = app.button(key="new_now").click().run()
    assert (
        app.query_params["basket"] in ("etc_b_passwd_b", ["etc_b_passwd_b"])
        and not (home / "watchlists/etc_b_passwd_b.toml").exists()
    )
    app = press(press(add(app, "300308.SZ"), "Save"), "Write watchlists/etc_b_passwd_b.toml")
    assert "../../etc/&lt;b&gt;passwd&lt;/b&gt;" in html_of(app)
    key = "etc_b_passwd_b_en_3"
    app.text_input(key=f"short_{key}").set_value("Renamed")
    app.multiselect(key=f"benchmarks_{key}").set_value(["000300.SH"])
    app.toggle(key=f"archived_{key}").set_value(True)
    app = press(next_form(app), "Save")
    press(app, "Write watchlists/etc_b_passwd_b.toml")
    head = sheet_of((home / "watchlists/etc_b_passwd_b.toml").read_text()).head
    assert (head["short"], head["benchmarks"], head["archived"]) == ({"en": "Renamed"}, ["000300.SH"], True)
    assert head["id"] == "etc_b_passwd_b"


def next_form(app: AppTest) -> AppTest:
    """Send the basket's settings."""
    return (
        next(b for b in app.button if b.label == say("edit_settings_now", "en") and "head_" in str(b.form_id))
        .click()
        .run()
    )


def test_a_member_moves_to_another_basket(home: Path) -> None:
    """Into the other's draft with the reason, from this session on; out of this one with a last day."""
    app = choose(run("edit", basket="ocs"), "688313.SH")
    app.selectbox(key="copy_to").select("power").run()
    app = press(app, "Move there")
    assert any("that basket is saved by itself" in one for one in said(app))
    draft = drafts.read(home, "0" * 32, "power")
    assert draft is not None
    row = sheet_of(draft.text).members["688313.SH"]
    assert (
        row["since"] == date(2026, 7, 3)
        and row["reason"] == sheet_of((home / OCS).read_text()).members["688313.SH"]["reason"]
    )
    save(app)
    assert "until" in sheet_of((home / OCS).read_text()).members["688313.SH"]
    app = choose(run("edit", basket="ocs"), "688313.SH")
    app.selectbox(key="copy_to").select("power").run()
    assert any("in watchlists/power" in one.replace("\\", "") for one in said(press(app, "Copy there")))


def test_two_people_have_two_drafts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(run("edit", basket="ocs"), "300001.SZ")
    monkeypatch.setattr(data, "person", lambda: "f" * 32)
    app = run("edit", basket="ocs")
    assert "300001.SZ" not in html_of(app) and [b.label for b in app.button if b.label == "✕"] == []


def test_a_broken_file_and_a_full_disk_are_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / OCS).write_text("id = ")
    app = run("edit", basket="ocs")
    assert any("mend the file in an editor first" in one for one in said(app)) and not app.exception
    app = run("edit", basket="cpo")
    (home / "watchlists/cpo.toml").write_bytes(b"\xff")  # while the page is open
    app = add(app, "300001.SZ")
    assert any("mend the file in an editor first" in one for one in said(app)) and not app.exception
    shutil.copy(PROJECT / "watchlists/cpo.toml", home / "watchlists/cpo.toml")
    app = run("edit", basket="cpo")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(drafts, "write", full)
    app = add(app, "300001.SZ")
    assert any("this change was not kept" in one for one in said(app))


def test_the_demo_market_writes_no_file(home: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETWATCH_DEMO", "1")
    monkeypatch.setattr("basketwatch.settings.DEMO_FILE", str(stored.with_name("demo.sqlite")))
    fill(stored.with_name("demo.sqlite"), is_demo=True)
    app = add(run("edit", basket="ocs"), "300001.SZ")
    assert next(b for b in app.button if b.label.startswith("Save")).disabled
    assert "no file is written" in " ".join(c.value for c in app.caption)


def test_a_pasted_list_is_shown_as_it_was_understood_and_nothing_goes_in_by_itself(home: Path) -> None:
    app = run("edit", basket="ocs")
    app.text_area(key="paste_ocs_0").set_value("0300001\nSZSE:300308 nonsense <b>x</b>").run()
    told = " ".join(c.value for c in app.caption)
    assert plain("In the basket already: Innolight.") in told and plain("Not understood: nonsense, <b>x</b>.") in told
    assert next(b for b in app.button if b.label == say("edit_import_now", "en")).disabled
    assert drafts.stems(home, "0" * 32) == []
    app.text_area(key="paste_ocs_0").set_value("3" * 300_000).run()
    assert any("split it" in one for one in said(app)) and not app.exception


def test_what_was_typed_after_the_page_was_drawn_stays_a_draft(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The save writes what was shown; the draft, which says more by now, is not dropped."""
    app = press(add(run("edit", basket="ocs"), "300001.SZ", "first"), "Save")
    person = "0" * 32
    draft = drafts.read(home, person, "ocs")
    assert draft
    more = drafts.Draft(draft.base, draft.text.replace("first", "second"), draft.segments, draft.base_segments)
    real = basketbook.save

    def typed_meanwhile(*words: object, **named: object) -> basketbook.Saved:
        drafts.write(home, person, "ocs", more)
        return real(*words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(basketbook, "save", typed_meanwhile)
    press(app, "Write watchlists/ocs.toml")
    assert sheet_of((home / OCS).read_text()).members["300001.SZ"]["reason"] == {"en": "first"}
    assert drafts.read(home, person, "ocs") == more


def test_a_company_that_a_chain_holds_already_comes_in_at_its_place(home: Path) -> None:
    app = add(run("edit", basket="ocs"), "GOOGL.US")
    draft = drafts.read(home, "0" * 32, "ocs")
    assert draft and draft.after.members["GOOGL.US"]["segment"] == "device"
    before = (home / "sector_maps/ocs.toml").read_bytes()
    save(app)
    assert (home / "sector_maps/ocs.toml").read_bytes() == before


def test_a_fund_of_the_theme_stands_beside_the_basket(home: Path) -> None:
    """Typed as people write it, kept in its right spelling; a code that is none is refused with the reader's sentence."""
    app = run("edit", basket="ocs")
    field = next(t for t in app.text_input if t.label == say("edit_etf", "en"))
    app = save(press_form(field.set_value("sh515880, 515880.SH"), app))
    assert sheet_of((home / OCS).read_text()).head["etf"] == ["515880.SH"]
    field = next(t for t in app.text_input if t.label == say("edit_etf", "en"))
    app = save(press_form(field.set_value("515880.SH 300308.XX"), app))
    assert any("XX" in sentence for sentence in said(app)), said(app)
    assert sheet_of((home / OCS).read_text()).head["etf"] == ["515880.SH"]


def press_form(_: object, app: AppTest) -> AppTest:
    return press(app, say("edit_settings_now", "en"))


# --- the order ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([("c", "a")], "cab"), ([("a", "")], "bca"), ([("a", "c")], "bac"), ([("x", "a")], "abc"), ([("a", "x")], "abc"),
        ([("a", "a")], "abc"), ([("c", "b"), ("c", "a")], "cab"), ([], "abc"),
    ],
)  # fmt: skip
def test_steps_move_members_by_ticker(steps: list[tuple[str, str]], wanted: str) -> None:
    sheet = Sheet({}, {t: {} for t in "abc"})
    rows = [{"id": str(n), "ticker": ticker, "before": before} for n, (ticker, before) in enumerate(steps)]
    assert "".join(basket_order.with_steps(sheet, rows).members) == wanted


@pytest.mark.parametrize("step", [None, 3, [], {}, {"id": 1, "ticker": "a", "before": ""}, {"id": "1", "ticker": "a"}])
def test_what_a_browser_sends_that_is_no_step(step: object) -> None:
    assert not basket_order.is_step(step)


def test_of_several_that_a_text_may_mean_one_is_chosen(home: Path) -> None:
    """tjkj: 腾景科技 and 拓荆科技, both watched; nothing goes in before one is chosen."""
    app = add(run("edit", basket="ocs"), "tjkj", "why not")
    assert drafts.read(home, "0" * 32, "ocs") is None
    labels = [b.label for b in app.button]
    assert any("688072" in label for label in labels) and any("688195" in label for label in labels)
    app = press(app, next(label for label in labels if "688072" in label))
    draft = drafts.read(home, "0" * 32, "ocs")
    assert draft and draft.after.members["688072.SH"]["reason"] == {"en": "why not"}
    assert not any("688195" in b.label for b in app.button)


def test_pinyin_and_former_names_find_a_member(home: Path) -> None:
    app = add(add(run("edit", basket="ocs"), "cxbc"), "博创科技")
    draft = drafts.read(home, "0" * 32, "ocs")
    assert draft and "300548.SZ" in draft.after.members and any("already" in sentence for sentence in said(app))
