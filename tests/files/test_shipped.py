"""The shipped baskets, sector maps and their manuals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from basketwatch.domain.model import Names
from basketwatch.domain.universe import all_tickers, find_basket, members_once, names
from basketwatch.errors import UsageError
from basketwatch.files.baskets import read_universe
from tests.files.made import PROJECT, write


def test_shipped_files_have_no_problem() -> None:
    assert read_universe(PROJECT).problems == ()


def test_shipped_baskets_have_the_members_of_the_notes() -> None:
    """Counted by hand in the list of companies of the research notes, column of baskets.

    CPO, 28: 11 that are in CPO only, 1 adjacent, 3 equipment, 2 shared with liquid cooling (300602, 300684), 9 shared
    with OCS (300308 300620 688205 688498 688313 688195 301486 920045 688167), and the laser makers COHR and LITE.
    OCS, 11: the 9 shared ones, COHR and LITE. Liquid cooling, 9: 4 of its own, the 2 shared ones, the trigger 002851,
    Taiwan 2308 and 2382. Power, 3: 002851, 002970, 2308.
    """
    universe = read_universe(PROJECT)
    cpo = (
        "300308.SZ 300394.SZ 300502.SZ 300620.SZ 002281.SZ 301205.SZ 300602.SZ 601137.SH 300684.SZ 300604.SZ 300757.SZ "
        "688072.SH 688037.SH 603203.SH 002902.SZ 002384.SZ 300548.SZ 001267.SZ 688205.SH 688048.SH 688498.SH 688313.SH "
        "688195.SH 301486.SZ 920045.BJ 688167.SH COHR.US LITE.US"
    )
    ocs = "688498.SH 688313.SH 688195.SH 300620.SZ 688205.SH 301486.SZ 920045.BJ 688167.SH COHR.US LITE.US 300308.SZ"
    liquid = "002837.SZ 002536.SZ 002272.SZ 300249.SZ 002851.SZ 300602.SZ 300684.SZ 2308.TW 2382.TW"
    expected = {"cpo": cpo, "ocs": ocs, "liquid_cooling": liquid, "power": "002851.SZ 002970.SZ 2308.TW"}
    assert {b.id: sorted(b.tickers) for b in universe.baskets} == {k: sorted(v.split()) for k, v in expected.items()}
    assert [b.id for b in universe.baskets] == ["cpo", "ocs", "liquid_cooling", "power"]


def test_shipped_roles() -> None:
    universe = read_universe(PROJECT)
    roles = {(b.id, m.ticker): m.role for b in universe.baskets for m in b.members if m.role != "core"}
    assert roles == {
        ("cpo", "300604.SZ"): "adjacent",
        ("cpo", "688072.SH"): "equipment",
        ("cpo", "688037.SH"): "equipment",
        ("cpo", "603203.SH"): "equipment",
        ("ocs", "300308.SZ"): "beneficiary",
        ("ocs", "COHR.US"): "beneficiary",
        ("ocs", "LITE.US"): "beneficiary",
        ("liquid_cooling", "002851.SZ"): "trigger",
        ("liquid_cooling", "2382.TW"): "odm",
    }


def test_a_name_in_two_baskets_is_spelt_alike_in_both() -> None:
    spelt: dict[str, set[Names]] = {}
    for basket in read_universe(PROJECT).baskets:
        for member in basket.members:
            spelt.setdefault(member.ticker, set()).add(member.name)
    assert [ticker for ticker, found in spelt.items() if len(found) > 1] == []


def test_shipped_sectors() -> None:
    """The last three figures of the 31 codes of Shenwan level 1, typed a second time."""
    last = (
        "010 030 040 050 080 110 120 130 140 150 160 170 180 200 210 230 710 720 730 740 750 760 770 780 790 "
        "880 890 950 960 970 980"
    )
    codes = [sector.ticker for sector in read_universe(PROJECT).sectors]
    assert codes == [f"801{three}.SI" for three in last.split()]
    assert len(codes) == 31


def test_shipped_sectors_carry_the_right_names() -> None:
    called = {sector.ticker: sector.name.zh for sector in read_universe(PROJECT).sectors}
    assert called["801770.SI"] == "通信"  # public maps say 计算机
    assert called["801730.SI"] == "电力设备"  # public maps say 汽车
    assert called["801750.SI"] == "计算机"
    assert called["801880.SI"] == "汽车"


def test_shipped_strip() -> None:
    universe = read_universe(PROJECT)
    strip = ["000300.SH", "399006.SZ", "801770.SI", "^SOX.US", "^IXIC.US", "USDCNY.FX"]
    assert [b.ticker for b in universe.benchmarks] == strip
    assert {"USDHKD.FX", "USDTWD.FX"} < {b.ticker for b in universe.also}


def test_every_member_is_in_one_segment_of_its_chain() -> None:
    universe = read_universe(PROJECT)
    chains = {chain.id: chain for chain in universe.chains}
    for basket in universe.baskets:
        places = [t for s in chains[str(basket.chain)].segments for t in (*s.tickers, *s.overseas)]
        assert {ticker: places.count(ticker) for ticker in basket.tickers} == dict.fromkeys(basket.tickers, 1)


def test_universe_holds_each_ticker_once() -> None:
    """36 securities: 28 of CPO, none new from OCS, 7 from liquid cooling (9 less 300602, 300684), 1 from power."""
    universe = read_universe(PROJECT)
    every = all_tickers(universe)
    assert [every.count(ticker) for ticker in ("COHR.US", "LITE.US", "300308.SZ")] == [1, 1, 1]
    assert len(every) == len(set(every))
    assert len(members_once(universe)) == 28 + 0 + 7 + 1
    assert every[:36] == members_once(universe)
    assert {"NVDA.US", "03308.HK", "801010.SI", "^IXIC.US", "USDHKD.FX"} < set(every)


def test_names_know_every_ticker() -> None:
    universe = read_universe(PROJECT)
    known = names(universe)
    assert [ticker for ticker in all_tickers(universe) if known[ticker] == Names(ticker, ticker)] == []
    assert known["AVGO.US"] == Names("博通", "Broadcom")
    assert known["801770.SI"].zh == "申万通信"
    assert known["801780.SI"].zh == "银行"


def test_find_basket() -> None:
    universe = read_universe(PROJECT)
    assert find_basket(universe, "ocs").name.en == "Optical circuit switching"
    with pytest.raises(UsageError) as caught:
        find_basket(universe, "oсs")  # a Cyrillic letter
    assert caught.value.key == "unknown_basket"
    assert caught.value.params == {"basket": "oсs", "known": "cpo, ocs, liquid_cooling, power"}


@pytest.mark.parametrize("folder", ["watchlists", "sector_maps"])
def test_the_manuals_example_is_read_without_a_problem(folder: str, home: Path) -> None:
    """Of the sector tables only the number of sectors is short; other files may miss what an example leaves out."""
    for text in re.findall(r"```toml\n(.*?)```", (PROJECT / folder / "README.md").read_text(), re.DOTALL):
        if text.startswith("[[milestone]]"):  # stands under a chain's segments
            text = (home / folder / "cpo.toml").read_text() + text
        file = {"sectors": "shenwan", "id": "cpo", "[big_move]": "flags"}[text.split()[0]]
        if file == "shenwan":
            one, two = text.split("strip = ")
            write(home, one, "sector_maps/shenwan.toml")
            write(home, "strip = " + two, "sector_maps/benchmarks.toml")
        else:
            write(home, text, f"{folder}/{file}.toml")
    keys = {problem.key for problem in read_universe(home).problems if problem.where.startswith(folder)}
    assert keys == (set() if folder == "watchlists" else {"sector_count"})
