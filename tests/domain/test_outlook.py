"""Times as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.domain.outlook import span_of


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2025H1", date(2025, 1, 1), date(2025, 6, 30)),
        ("2025H2", date(2025, 7, 1), date(2025, 12, 31)),
        ("2024Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("2025Q4", date(2025, 10, 1), date(2025, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-12-22", date(2025, 12, 22), date(2025, 12, 22)),
        ("2028+", date(2028, 1, 1), None),
        ("2026..2027", date(2026, 1, 1), date(2027, 12, 31)),
        ("2025-09..2025-11", date(2025, 9, 1), date(2025, 11, 30)),
    ],
)
def test_a_time(text: str, first: date, last: date | None) -> None:
    """Calendar arithmetic, by hand; 2024 is a leap year."""
    span = span_of(text)
    assert span and (span.text, span.first, span.last) == (text, first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "25",
        "2025H3",
        "2025Q5",
        "2025-13",
        "2025-02-30",
        "2027..2026",
        "..2026",
        "autumn",
        "2025h2",
        "0000",
        "2025 ",
    ],
)
def test_no_time(text: str) -> None:
    assert span_of(text) is None


@given(st.text(max_size=14))
def test_any_text_is_a_time_or_none(text: str) -> None:
    span = span_of(text)
    assert span is None or span.last is None or span.first <= span.last
