"""The reader of baskets and sector maps. The docstring of a test is the file under test (`watchlists/mine.toml`)."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from basketwatch.domain.model import Names, Universe
from basketwatch.domain.universe import all_tickers, names
from basketwatch.files import baskets, toml
from basketwatch.files.baskets import read_universe
from basketwatch.words.text import sentence
from tests.files.made import HEAD, MEMBER, PROJECT, params, said, write

# --- faults of a basket ------------------------------------------------------------------------------------------


def test_id_that_is_not_the_files(universe: Universe) -> None:
    """
    # copied from cpo.toml
    id = "cpo"
    name = { zh = "我的", en = "Mine" }
    short = { zh = "我", en = "Mine" }
    benchmarks = ["000300.SH"]
    """
    assert said(universe)[1:] == [(2, "id_not_file", "hard")]
    assert dict(universe.problems[1].params) == {"id": "cpo", "stem": "mine"}
    assert universe.baskets == ()


@pytest.mark.parametrize("stem", ["Mine", "my basket", "x" * 41, "篮子", "a-b"])
def test_bad_id(stem: str, home: Path) -> None:
    write(home, HEAD.replace('"mine"', f'"{stem}"') + MEMBER.format("COHR.US"), f"watchlists/{stem}.toml")
    assert said(read_universe(home), stem) == [(1, "bad_id", "hard")]


def test_benchmark_faults(universe: Universe) -> None:
    """
    id = "mine"
    name = { zh = "我的", en = "Mine" }
    short = { zh = "我", en = "Mine" }
    benchmarks = [
        "000300.SZ",
        "399006.SZ",
        "399006.SZ",
        "csi300",
        300,
    ]
    """
    assert said(universe)[1:] == [
        (5, "unknown_benchmark", "hard"),
        (7, "duplicate_ticker", "hard"),
        (8, "ticker_form", "hard"),
        (9, "ticker_form", "hard"),
    ]
    assert universe.baskets[0].benchmarks == ("399006.SZ",)


def test_no_benchmark(universe: Universe) -> None:
    """
    id = "mine"
    name = { zh = "我的", en = "Mine" }
    short = { zh = "我", en = "Mine" }
    benchmarks = []
    """
    assert said(universe)[1:] == [(4, "no_benchmark", "hard")]
    assert universe.baskets[0].benchmarks == ()


def test_unknown_chain(universe: Universe) -> None:
    """
    id = "mine"
    name = { zh = "我的", en = "Mine" }
    chain = "cop"
    short = { zh = "我", en = "Mine" }
    benchmarks = ["000300.SH"]
    """
    assert said(universe)[1:] == [(3, "unknown_chain", "hard")]
    assert dict(universe.problems[1].params) == {"chain": "cop", "known": "cpo, liquid_cooling, ocs, power"}
    assert universe.baskets[0].chain is None


def test_member_in_no_segment(universe: Universe) -> None:
    """
    id = "mine"
    name = { zh = "我的", en = "Mine" }
    chain = "cpo"
    short = { zh = "我", en = "Mine" }
    benchmarks = ["000300.SH"]

    [[member]]
    ticker = "300308.SZ"
    name = { zh = "中际旭创", en = "Zhongji Innolight" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20

    [[member]]
    ticker = "600519.SH"
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    """
    found = [p for p in universe.problems if p.key != "unnamed_ticker"]  # the chain's other names are in no basket here
    assert [(p.where, p.key, p.severity) for p in found] == [("watchlists/mine.toml:14", "no_segment", "soft")]
    assert universe.baskets[0].tickers == ("300308.SZ", "600519.SH")


def test_empty_basket(home: Path) -> None:
    write(home, HEAD)
    universe = read_universe(home)
    assert [(p.where, p.key, p.severity) for p in universe.problems if "watchlists" in p.where] == [
        ("watchlists/mine.toml:1", "empty_basket", "soft")
    ]
    assert universe.baskets[0].members == ()


def test_missing_and_mistyped_keys_of_a_basket(universe: Universe) -> None:
    """
    benchmarks = "000300.SH"
    nmae = { zh = "我的", en = "Mine" }
    member = ["COHR.US"]
    order = 1.5
    """
    assert sorted(said(universe)) == [
        (1, "empty_basket", "soft"),
        *[(1, "missing_key", "hard")] * 3,
        (1, "wrong_type", "hard"),
        (2, "unknown_key_near", "hard"),
        (3, "wrong_type", "hard"),
        (4, "wrong_type", "hard"),
    ]
    assert universe.baskets == ()


def test_single_brackets_around_member(universe: Universe) -> None:
    """
    id = "mine"
    name = { zh = "我的", en = "Mine" }
    short = { zh = "我", en = "Mine" }
    benchmarks = ["000300.SH"]
    [member]
    ticker = "COHR.US"
    """
    assert said(universe)[1:] == [(5, "wrong_type", "hard")]


def test_5000_lines_load_and_warn(home: Path) -> None:
    """1,000 members of 5 lines: loaded, with one soft problem."""
    text = HEAD + "".join(MEMBER.format(f"{600000 + n}.SH") for n in range(1000))
    assert text.count("\n") > 5000
    write(home, text)
    universe = read_universe(home)
    assert said(universe) == [(1, "many_members", "soft")]
    assert params(universe) == {"basket": "mine", "members": "1000", "limit": "500"}
    assert len(universe.baskets[0].members) == 1000


def test_order_of_baskets(home: Path) -> None:
    for stem, order in (("a", ""), ("b", "order = 2"), ("c", "order = 1"), ("d", "")):
        text = HEAD.replace('"mine"', f'"{stem}"') + order + "\n" + MEMBER.format("COHR.US")
        write(home, text, f"watchlists/{stem}.toml")
    assert [basket.id for basket in read_universe(home).baskets] == ["c", "b", "a", "d"]


# --- faults of a chain and of the tables -------------------------------------------------------------------------


def test_ticker_in_two_segments(chain_house: Universe) -> None:
    """
    id = "mine"
    name = { zh = "链", en = "Chain" }
    [[segment]]
    id = "one"
    name = { zh = "一", en = "One" }
    tickers = []
    overseas = ["NVDA.US", "NVDA.US"]
    [[segment]]
    id = "two"
    name = { zh = "二", en = "Two" }
    tickers = []
    overseas = [
        "AVGO.US",
        "NVDA.US",
    ]
    """
    found = of_chain(chain_house)
    assert [(p.where, p.key) for p in found] == [
        ("sector_maps/mine.toml:7", "duplicate_ticker"),
        ("sector_maps/mine.toml:14", "two_segments"),
    ]
    assert dict(found[1].params) == {"ticker": "NVDA.US", "segment": "two", "other": "one", "first": "7"}
    (chain,) = (c for c in chain_house.chains if c.id == "mine")
    assert [s.overseas for s in chain.segments] == [("NVDA.US",), ("AVGO.US",)]


def test_segment_faults(chain_house: Universe) -> None:
    """
    id = "mine"
    name = { zh = "链", en = "Chain" }
    segment = [
        { id = "one", name = { zh = "一", en = "One" }, tickers = ["AVGO.US"], overseas = ["nvda.us"] },
        { id = "one", name = { zh = "二", en = "Two" }, tickers = [] },
        { id = "No!", name = { zh = "三", en = "Three" }, tickers = [] },
        { id = "four", name = { zh = "四", en = "Four" } },
        { id = "five", name = { zh = "五", en = "Five" }, tickers = ["600519.SH"] },
        "six",
    ]
    """
    assert [(p.where.rpartition(":")[2], p.key, p.severity) for p in of_chain(chain_house)] == [
        ("4", "wrong_side", "soft"),
        ("4", "ticker_spelling", "hard"),
        ("5", "duplicate_segment", "hard"),
        ("6", "bad_id", "hard"),
        ("7", "missing_key", "hard"),
        ("8", "unnamed_ticker", "soft"),
        ("9", "wrong_type", "hard"),
    ]
    assert names(chain_house)["600519.SH"] == Names("600519.SH", "600519.SH")


def of_chain(universe: Universe) -> list[Any]:
    return [p for p in universe.problems if p.where.startswith("sector_maps/mine.toml")]


SECTOR = '    {{ ticker = "{}.SI", name = {{ zh = "业", en = "Sector" }} }},\n'


def test_30_sectors_and_a_duplicate(home: Path) -> None:
    rows = [SECTOR.format(801001 + n) for n in range(30)]
    write(home, "# a comment\nsectors = [\n" + "".join((*rows, rows[0])) + "]\n", "sector_maps/shenwan.toml")
    universe = read_universe(home)
    found = [(p.where, p.key, dict(p.params)) for p in universe.problems if "shenwan" in p.where]
    assert found == [
        ("sector_maps/shenwan.toml:2", "sector_count", {"found": "30", "wanted": "31"}),
        ("sector_maps/shenwan.toml:33", "duplicate_ticker", {"ticker": "801001.SI", "first": "3"}),
    ]


def test_an_index_is_no_sector(home: Path) -> None:
    text = (home / "sector_maps/shenwan.toml").read_text().replace("801980.SI", "000300.SH")
    write(home, text, "sector_maps/shenwan.toml")
    found = [(p.where, p.key) for p in read_universe(home).problems if "shenwan" in p.where]
    line = text[: text.index("000300")].count("\n") + 1
    assert found == [
        ("sector_maps/shenwan.toml:4", "sector_count"),
        (f"sector_maps/shenwan.toml:{line}", "unknown_market"),
    ]


@pytest.mark.parametrize("stem", ["shenwan", "benchmarks"])
@pytest.mark.parametrize("broken", [True, False])
def test_a_table_that_is_missing_or_broken_is_told_once(stem: str, broken: bool, home: Path) -> None:
    write(home, HEAD.replace("000300.SH", "000905.SH") + MEMBER.format("COHR.US"))
    if broken:
        write(home, b"oops", f"sector_maps/{stem}.toml")
    else:
        (home / "sector_maps" / f"{stem}.toml").unlink()
    universe = read_universe(home)
    hard = [(p.where, p.key) for p in universe.problems if p.severity == "hard"]
    place = f"sector_maps/{stem}.toml"
    assert hard == [(f"{place}:1", "syntax") if broken else (place, "file_missing")]
    assert universe.baskets[0].benchmarks == ("000905.SH",)


def test_a_broken_chain_is_told_once(home: Path) -> None:
    write(home, "chain = 'cpo'\n" + HEAD + MEMBER.format("COHR.US"))
    write(home, 'id = "cpo"\nname = 3\n', "sector_maps/cpo.toml")
    universe = read_universe(home)
    hard = [(p.where, p.key) for p in universe.problems if p.severity == "hard"]
    assert ("watchlists/mine.toml:1", "unknown_chain") not in hard
    assert ("sector_maps/cpo.toml:2", "wrong_type") in hard
    assert universe.baskets[0].chain is None


# --- faults of a whole file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "key", "line"),
    [
        (b'id = "mine"\nname = \n', "syntax", 2),
        (b'id = "mine"\nid = "mine"\n', "syntax", 2),
        (b'id = "mine"\n[[member]\n', "syntax", 2),
        (b'id = "mine"\nname = {zh = "', "syntax", 2),
        (b'id = "mine"\nx = [\n', "syntax", 2),
        (b"since = 2026-02-30\n", "syntax", 1),
        (b'\nbenchmarks = ["000300.SH",\n   399006.SZ]\n', "ticker_unquoted", 3),
        (b"x = " + b"[" * 4000, "too_deep", 1),
        (b"id = 'mine'\norder = " + b"9" * 309, "number_too_large", 2),
        (b"[[member]]\nsince = 0x" + b"f" * 3800, "number_too_large", 2),
        (b"order = 9223372036854775808", "number_too_large", 1),
        (b"order = " + b"9" * 5000, "line_too_long", 1),
        (b"#\na" + b".a" * 201 + b" = 1", "too_deep", 2),
        (b"a\n" + b"#" * 4097 + b"\n", "line_too_long", 2),
        (b"#\n" + "名".encode("gbk"), "not_utf8", 2),
        ('id = "mine"'.encode("utf-16"), "nul", 1),
        (b'id = "mine"\n\n\0', "nul", 3),
        (b"#\n" * (128 * 1024) + b"#", "file_too_large", 1),
    ],
)
def test_a_broken_file_hides_no_other(data: bytes, key: str, line: int, home: Path) -> None:
    write(home, data)
    write(home, HEAD.replace('"mine"', '"other"') + MEMBER.format("COHR.US"), "watchlists/other.toml")
    universe = read_universe(home)
    assert said(universe) == [(line, key, "hard")]
    assert [basket.id for basket in universe.baskets] == ["other"]


def test_syntax_fault_tells_the_column(home: Path) -> None:
    write(home, 'id = "mine"\nname = ?\n')
    assert params(read_universe(home)) == {"column": "8", "detail": "Invalid value"}


def test_exactly_the_cap_is_read(home: Path) -> None:
    text = HEAD + MEMBER.format("COHR.US")
    filler = toml.MAX_BYTES - len(text.encode())
    write(home, text + "#\n" * (filler // 2) + "\n" * (filler % 2))
    assert said(read_universe(home)) == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_order_mark_and_line_ends(mark: bytes, end: bytes, home: Path) -> None:
    text = HEAD + MEMBER.format("COHR.US") + MEMBER.format("30308.SZ")
    write(home, mark + text.encode().replace(b"\n", end))
    universe = read_universe(home)
    assert said(universe) == [(12, "bad_code", "hard")]
    assert universe.baskets[0].tickers == ("COHR.US",)


def test_symlinks(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "mine.toml"
    outside.write_text(HEAD + MEMBER.format("COHR.US"))
    folder = home / "watchlists"
    (folder / "mine.toml").symlink_to(outside)
    (folder / "loop.toml").symlink_to(folder / "loop.toml")
    (folder / "gone.toml").symlink_to(folder / "nowhere.toml")
    (folder / ".#mine.toml").symlink_to("user@host.1234")  # Emacs' lock
    (folder / "dir.toml").mkdir()
    os.mkfifo(folder / "pipe.toml")
    universe = read_universe(home)
    found = [(p.where, p.key) for p in universe.problems if "watchlists" in p.where]
    assert found == [
        ("watchlists/dir.toml:1", "file_unreadable"),
        ("watchlists/gone.toml:1", "file_unreadable"),
        ("watchlists/loop.toml:1", "file_unreadable"),
        ("watchlists/mine.toml:1", "file_outside"),
        ("watchlists/pipe.toml:1", "file_unreadable"),
    ]
    assert universe.baskets == ()


def test_no_folder_at_all(tmp_path: Path) -> None:
    universe = read_universe(tmp_path)
    assert [(p.where, p.key) for p in universe.problems] == [
        ("sector_maps", "folder_unreadable"),
        ("watchlists", "folder_unreadable"),
        ("sector_maps/shenwan.toml", "file_missing"),
        ("sector_maps/benchmarks.toml", "file_missing"),
    ]
    assert all_tickers(universe) == ()


# --- lines, and anything at all ----------------------------------------------------------------------------------


def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, item in enumerate(value) for leaf in leaves(item, (*path, number))]
    return [(path, str(value))]


NASTY = '''\
# [[a]] x = "l2"
x = "l2" # x = [
"q.u" = 'l3'
d.e."f g" = "l4"
m = """
not = "a key" # nor a comment
[[a]]
l5"""
n = [ # [
  "l10", [ "l10" ],

  { a = "l12", b.c = ["l12"] }, # }
  "l13"]

[[a]]
k = "l16"
[[a.b]]
k = "l18"
[[a]]
[[a.b]]
k = "l21"
[[a.b]]
k = """l23 "quoted\\""""
[a.c]
k = "l25"
'''


@pytest.mark.parametrize(
    "text",
    [
        NASTY,
        *(path.read_text() for folder in ("watchlists", "sector_maps") for path in (PROJECT / folder).glob("*.toml")),
    ],
)
def test_every_value_is_found_on_its_line(text: str) -> None:
    lines, found = text.split("\n"), toml._lines(text)
    for path, value in leaves(tomllib.loads(text)):
        if re.search(r"l\d+", value):
            assert found[path] == int(re.search(r"l(\d+)", value)[1]), path  # type: ignore[index]
        else:
            assert value in lines[found[path] - 1], path


KEYS = [*baskets._BASKET, *baskets._MEMBER, *baskets._SEGMENT, *baskets._BENCHMARKS, "segment", "sectors", "zh", "en"]
MARKS = ["=", "=", "=", "[[", "]]", "[", "]", "{", "}", ",", ".", "#", "\n", "\n", "\n", '"', "'", '"""', "\\"]
VALUES = ['"mine"', '"300308.SZ"', '"x.y"', "2026-11-20", "1", "true", "\ufeff", "\0", "\r"]
PIECES = st.sampled_from(KEYS + MARKS + VALUES)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.binary()))
@example(text="member = [1]\nsegment = [[]]\nstrip = {}\nsectors = 1\nname = []\n")
@example(text=HEAD + "[[member]]\nticker = ''\nname = {zh = []}\nsince = 1979-05-27T07:32:00Z\n")
@example(text="[[segment]]\nid = 'a'\nname = {zh='a'}\ntickers = [[['COHR.US']], {}, 1, '']\n")
def test_no_text_raises(text: str | bytes, home: Path) -> None:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    for file in ("watchlists/mine", "sector_maps/mine", "sector_maps/shenwan", "sector_maps/benchmarks"):
        write(home, data, f"{file}.toml")
    universe = read_universe(home)
    assert all(re.fullmatch(r"(watchlists|sector_maps)/\w+\.toml:[1-9]\d*", p.where) for p in universe.problems)
    assert set(all_tickers(universe)) <= names(universe).keys()


def test_deep_dotted_keys_stay_cheap() -> None:
    line = ".".join(["a"] * 2000) + " = 1\n"
    assert len(toml._lines("".join(f"{n}.{line}" for n in range(60)))) == 60 * 6


NASTY = (
    "1" + "0" * 308, "0x" + "f" * 3800, "-9223372036854775808", "1e999", "-inf", "nan", "''", '"\\u0000"', "'" + "长" * 300 + "'",
    "[]", "[[1]]", "{}", "{ zh = 1 }", "true", "1979-05-27", "0001-01-01", "9999-12-31", "07:32:00", "1979-05-27T07:32:00Z", "0",
)  # fmt: skip


@pytest.mark.parametrize("file", sorted(str(p.relative_to(PROJECT)) for f in ("watchlists", "sector_maps")
                                        for p in (PROJECT / f).glob("*.toml")))  # fmt: skip
def test_no_value_of_any_type_at_any_key_raises(tmp_path: Path, file: str) -> None:
    """Each key of each shipped file gets each kind of value once: a problem with its line or none, never an error."""
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    text = (tmp_path / file).read_text("utf-8")
    first: dict[str, re.Match[str]] = {}
    for line in re.finditer(r"(?m)^\s*(?:\{ )?(\w+) *= *([^\[{\n]+?)(?=,? *(?:#.*)?$)", text):
        first.setdefault(line[1], line)
    assert first or file.endswith("benchmarks.toml") or file.endswith("shenwan.toml")
    for number, found in enumerate(first.values()):
        for value in NASTY[number % 3 :: 3]:
            (tmp_path / file).write_text(text[: found.start(2)] + value + text[found.end(2) :], "utf-8")
            problems = read_universe(tmp_path).problems
            assert all(sentence(p, lang) for p in problems for lang in ("zh", "en"))
