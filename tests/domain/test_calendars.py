"""Sessions and market states, on calendars written by hand from the exchanges' closures of 2025 and 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar, Session, behind, lunch, minutes_open, traded_until


def days(*texts: str) -> set[date]:
    """2026 dates written ``MM-DD`` or ``MM-DD..DD``."""
    out = set()
    for text in texts:
        first, _, last = text.partition("..")
        month, start = (int(n) for n in first.split("-"))
        out |= {date(2026, month, d) for d in range(start, int(last or start) + 1)}
    return out


CLOSED = {
    "CN": {date(2025, 10, d) for d in range(1, 9)}
    | days("01-01..02", "02-16..23", "04-06", "05-01..05", "06-19", "09-25", "10-01..07"),
    "US": {date(2025, 11, 27), date(2025, 12, 25)}
    | days("01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"),
    "HK": {date(2025, 12, 25), date(2025, 12, 26)}
    | days("01-01", "02-17..19", "04-03", "04-06..07", "05-01", "05-25", "06-19", "07-01", "10-01", "10-19", "12-25"),
    "KR": days("01-01", "02-16..18", "03-02", "05-01", "05-05", "05-25", "06-03", "07-17", "08-17", "09-24..25", "10-05",
               "10-09", "12-25", "12-31"),
    "TW": days("01-01", "02-12..20", "02-27", "04-03", "04-06", "05-01", "06-19", "09-25", "10-09"),
}  # fmt: skip
SHORT = {
    ("US", date(2025, 11, 28)): time(13), ("US", date(2026, 11, 27)): time(13), ("US", date(2026, 12, 24)): time(13),
    ("HK", date(2025, 12, 24)): time(12), ("HK", date(2026, 2, 16)): time(12), ("HK", date(2026, 12, 24)): time(12),
    ("HK", date(2026, 12, 31)): time(12),
}  # fmt: skip


def build(group: str, first: date = date(2025, 9, 1), last: date = date(2026, 12, 31)) -> Calendar:
    hours, zone = markets.HOURS[group], markets.zone_of(group)
    every = (first + timedelta(days=k) for k in range((last - first).days + 1))
    return Calendar(group, tuple(
        Session(
            day, datetime.combine(day, hours.open, zone).astimezone(UTC),
            datetime.combine(day, SHORT.get((group, day), hours.close), zone).astimezone(UTC),
        )
        for day in every if day.weekday() < 5 and day not in CLOSED[group]
    ))  # fmt: skip


CALENDARS = {group: build(group) for group in markets.GROUPS}
CN, HK, US, KR = (CALENDARS[g] for g in ("CN", "HK", "US", "KR"))


def at(text: str, zone: str = "UTC") -> datetime:
    """``2026-07-03 15:00`` in a market's own time, as UTC."""
    local = datetime.fromisoformat(text)
    return local.replace(tzinfo=UTC if zone == "UTC" else markets.zone_of(zone)).astimezone(UTC)


# --- sessions ----------------------------------------------------------------------------------------------------


def test_sessions_around_a_closure() -> None:
    spring = date(2026, 2, 18)
    assert CN.session(spring) is None
    assert CN.session(spring) is None
    assert CN.session(date(2026, 2, 24)) is not None
    assert CN.before(spring).day == CN.on_or_before(spring).day == date(2026, 2, 13)
    assert CN.after(spring).day == date(2026, 2, 24)
    assert CN.before(date(2026, 2, 13)).day == date(2026, 2, 12)


def test_back_counts_sessions_not_days() -> None:
    assert CN.back(date(2026, 2, 24), 1).day == date(2026, 2, 13)
    assert CN.back(date(2026, 2, 22), 1).day == date(2026, 2, 12)  # from a closed day: from the session before it
    assert CN.back(date(2026, 7, 3), 0).day == date(2026, 7, 3)
    assert CN.back(date(2025, 9, 1), 1) is None
    assert CN.back(CN.sessions[30].day, 30) == CN.sessions[0]


def test_between_is_closed_on_both_sides() -> None:
    found = [s.day for s in CN.between(date(2026, 2, 12), date(2026, 2, 25))]
    assert found == [date(2026, 2, d) for d in (12, 13, 24, 25)]
    assert CN.between(date(2026, 2, 14), date(2026, 2, 23)) == []
    assert CN.between(date(2026, 2, 25), date(2026, 2, 24)) == []
    assert [s.day for s in CN.between(date(2025, 8, 1), date(2025, 9, 1))] == [date(2025, 9, 1)]  # nothing known before


def test_past_the_bound_weekdays_are_guessed_and_said() -> None:
    assert CN.bound == date(2026, 12, 31)
    guess = CN.session(date(2027, 1, 4))
    assert (guess.confirmed, guess.opens, guess.closes) == (False, at("2027-01-04 01:30"), at("2027-01-04 07:00"))
    assert CN.session(date(2027, 1, 2)) is None
    assert [(s.day.day, s.confirmed) for s in CN.between(date(2026, 12, 30), date(2027, 1, 4))] == [
        (30, True), (31, True), (1, False), (4, False),
    ]  # fmt: skip
    assert CN.on_or_before(date(2027, 1, 3)).day == date(2027, 1, 1)
    assert CN.before(date(2027, 1, 1)).confirmed
    assert CN.after(date(2026, 12, 31)).day == date(2027, 1, 1)
    assert CN.back(date(2027, 1, 5), 3).day == date(2026, 12, 31)
    assert CN.back(date(2027, 1, 5), 4) == CN.session(date(2026, 12, 30))
    assert CN.state(at("2026-12-31 12:00", "CN")).confirmed
    late = CN.state(at("2027-03-09 10:00", "CN"))
    assert (late.phase, late.confirmed, late.session.day) == ("open", False, date(2027, 3, 9))


def test_a_calendar_without_sessions_guesses_weekdays_and_never_raises() -> None:
    none = Calendar("KR", ())
    state = none.state(at("2026-07-04 10:00", "KR"))
    assert (state.phase, state.confirmed, state.session.day) == ("unknown", False, date(2026, 7, 3))
    assert none.bound is None
    assert none.back(date(2026, 7, 6), 2).day == date(2026, 7, 2)
    assert len(none.between(date(2026, 7, 1), date(2026, 7, 7))) == 5
    assert none.after(date(2026, 7, 3)).day == date(2026, 7, 6)


def test_the_same_sessions_make_equal_calendars() -> None:
    assert build("CN").on_or_before(date(2026, 1, 1)) is not None  # what is computed on the way is no part of it
    assert build("CN") == CN
    assert hash(build("CN")) == hash(CN)


def test_korea_is_closed_for_elections_and_constitution_day() -> None:
    assert [s.day.day for s in KR.between(date(2026, 6, 2), date(2026, 6, 4))] == [2, 4]
    assert KR.session(date(2026, 7, 17)) is None


# --- state -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "local", "phase", "session", "closed", "coming"),
    [
        ("CN", "2026-07-03 09:29", "pre", "07-02", "07-02", "07-03"),
        ("CN", "2026-07-03 09:30", "open", "07-03", "07-02", "07-06"),
        ("CN", "2026-07-03 11:29", "open", "07-03", "07-02", "07-06"),
        ("CN", "2026-07-03 11:30", "lunch", "07-03", "07-02", "07-06"),
        ("CN", "2026-07-03 12:59", "lunch", "07-03", "07-02", "07-06"),
        ("CN", "2026-07-03 13:00", "open", "07-03", "07-02", "07-06"),
        ("CN", "2026-07-03 15:00", "closed", "07-03", "07-03", "07-06"),
        ("CN", "2026-07-05 18:00", "holiday", "07-03", "07-03", "07-06"),
        ("CN", "2026-02-18 10:00", "holiday", "02-13", "02-13", "02-24"),
        ("CN", "2026-07-06 00:05", "pre", "07-03", "07-03", "07-06"),
        ("US", "2026-07-03 12:00", "holiday", "07-02", "07-02", "07-06"),
        ("US", "2026-11-27 12:59", "open", "11-27", "11-25", "11-30"),
        ("US", "2026-11-27 13:00", "closed", "11-27", "11-27", "11-30"),
        ("HK", "2026-12-24 11:59", "open", "12-24", "12-23", "12-28"),
        ("HK", "2026-12-24 12:00", "closed", "12-24", "12-24", "12-28"),
        ("HK", "2026-12-23 12:00", "lunch", "12-23", "12-22", "12-24"),
        ("KR", "2026-06-03 10:00", "holiday", "06-02", "06-02", "06-04"),
        ("KR", "2026-06-04 12:00", "open", "06-04", "06-02", "06-05"),  # no lunch in Seoul
        ("TW", "2026-07-03 13:30", "closed", "07-03", "07-03", "07-06"),
    ],
)
def test_state(group: str, local: str, phase: str, session: str, closed: str, coming: str) -> None:
    found = CALENDARS[group].state(at(local, group))
    shown = [f"{s.day:%m-%d}" for s in (found.session, found.last_closed, found.next) if s]
    assert (found.phase, *shown) == (phase, session, closed, coming)
    assert found.confirmed


def test_daylight_saving_moves_the_us_in_utc_and_not_in_new_york() -> None:
    # 2026-03-08 forward, 2026-11-01 back
    for winter, summer in (("2026-03-06", "2026-03-09"), ("2026-11-02", "2026-10-30")):
        assert US.session(date.fromisoformat(winter)).closes == at(f"{winter} 21:00")
        assert US.session(date.fromisoformat(summer)).closes == at(f"{summer} 20:00")
    assert US.state(at("2026-03-09 13:45")).phase == "open"
    assert US.state(at("2026-03-06 13:45")).phase == "pre"


def test_the_day_is_the_exchange_s_own() -> None:
    """At 2026-07-02 23:30 UTC it is Friday morning in Shanghai and still Thursday in New York."""
    instant = at("2026-07-02 23:30")
    assert CN.state(instant).next.day == date(2026, 7, 3)
    assert US.state(instant).session.day == date(2026, 7, 2)


# --- minutes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "local", "minutes"),
    [
        ("CN", "2026-07-03 09:00", 0), ("CN", "2026-07-03 10:30", 60), ("CN", "2026-07-03 11:30", 120),
        ("CN", "2026-07-03 12:15", 120), ("CN", "2026-07-03 13:30", 150), ("CN", "2026-07-03 15:00", 240),
        ("CN", "2026-07-03 20:00", 240), ("US", "2026-11-27 18:00", 210), ("US", "2026-07-02 18:00", 390),
        ("HK", "2026-12-24 18:00", 150), ("HK", "2026-12-23 18:00", 330), ("TW", "2026-07-03 18:00", 270),
    ],
)  # fmt: skip
def test_minutes_open(group: str, local: str, minutes: float) -> None:
    calendar, now = CALENDARS[group], at(local, group)
    session = calendar.session(now.astimezone(markets.zone_of(group)).date())
    assert minutes_open(calendar, session, now) == minutes


def test_traded_until() -> None:
    session = CN.session(date(2026, 7, 3))
    for local, until in (
        ("10:00", "10:00"),
        ("11:30", "11:30"),
        ("12:59", "11:30"),
        ("13:01", "13:01"),
        ("19:00", "15:00"),
    ):
        assert traded_until("CN", session, at(f"2026-07-03 {local}", "CN")) == at(f"2026-07-03 {until}", "CN")
    half = HK.session(date(2026, 12, 24))
    assert traded_until("HK", half, at("2026-12-24 12:30", "HK")) == half.closes
    assert lunch("US", date(2026, 7, 2)) is None


def test_behind() -> None:
    assert behind(CN, date(2026, 7, 3), date(2026, 7, 3)) == 0
    assert behind(CN, date(2026, 2, 13), date(2026, 2, 24)) == 1
    assert behind(CN, date(2026, 6, 26), date(2026, 7, 3)) == 5
    assert behind(CN, date(2026, 7, 6), date(2026, 7, 3)) == 0
    assert behind(CN, None, date(2026, 7, 3)) == 999
