"""Companies in pasted texts: who, how, in which tone; words that are no company; one wrong character; secrets; search."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.domain.mentions import Resolved
from basketwatch.errors import UsageError
from basketwatch.files.baskets import read_universe
from basketwatch.files.notes.index import Index, Security, bare, built
from basketwatch.files.notes.note import LONGEST, resolve
from basketwatch.files.notes.pinyin import alike, readings
from basketwatch.files.notes.search import search
from tests.files.notes_set import ROWS
from tests.stores import PROJECT

# A few names as a table of all shares has them: words, short names, and one that is a character away from a watched one.
TABLE = (
    Security("300203.SZ", "聚光科技"), Security("600302.SH", "ST标准"), Security("300024.SZ", "机器人"),
    Security("603883.SH", "老百姓"), Security("000722.SZ", "湖南发展"), Security("000591.SZ", "太阳能"),
    Security("600754.SH", "锦江酒店"), Security("000002.SZ", "万科A"), Security("688235.SH", "百济神州-U"),
    Security("00728.HK", "中国电信", former=("中电信",)), Security("600941.SH", "中国移动"),
    Security("000063.SZ", "中兴通讯"), Security("00763.HK", "中兴通讯"),
    Security("TSLA.US", "特斯拉", "Tesla"), Security("300303.SZ", "聚飞光电"), Security("605117.SH", "德业股份"),
)  # fmt: skip


@pytest.fixture(scope="module")
def index() -> Index:
    return built(read_universe(PROJECT), TABLE)


def tickers(found: Resolved) -> set[str]:
    return {t for m in found.matches for t in m.tickers}


def offered(found: Resolved) -> set[str]:
    return {t for m in found.ambiguous for t, _ in m.candidates}


# --- the set -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "named", "unsure"), ROWS)
def test_a_sentence_of_the_set(text: str, named: set[str], unsure: set[str], index: Index) -> None:
    found = resolve(text, index)
    assert tickers(found) == named and offered(found) == unsure, found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ST标准复牌。", {"600302.SH"}), ("标准 600302 复牌。", {"600302.SH"}), ("行业标准出台。", set()),
        ("机器人股份大涨。", {"300024.SZ"}), ("机器人（300024）大涨。", {"300024.SZ"}), ("人形机器人大涨。", set()),
        ("老百姓(603883.SH)开店。", {"603883.SH"}), ("万科公司回应。", {"000002.SZ"}), ("百济神州新药获批。", {"688235.SH"}),
        ("中兴通讯发布新品。", {"000063.SZ"}),
        ("中国移动与中国电信。", {"600941.SH", "00728.HK"}), ("Tesla rallies.", {"TSLA.US"}), ("$TSLA", {"TSLA.US"}),
        ("TSLA 大涨。", set()), ("特斯拉（TSLA）大涨。", {"TSLA.US"}),
    ],
)  # fmt: skip
def test_names_that_are_words_count_only_in_company(text: str, named: set[str], index: Index) -> None:
    assert tickers(resolve(text, index)) == named


def test_precision_and_recall_of_the_set(index: Index) -> None:
    """Of what is found as much is right, and of what is there as much is found, as the sentences above ask for."""
    wanted = [(n, t) for n, (_, named, unsure) in enumerate(ROWS) for t in named | unsure]
    found = [
        (n, t) for n, (text, _, _) in enumerate(ROWS) for r in [resolve(text, index)] for t in tickers(r) | offered(r)
    ]
    right = len(set(wanted) & set(found))
    assert right / len(set(found)) >= 0.98 and right / len(wanted) >= 0.98


# --- one wrong character -----------------------------------------------------------------------------------------


def test_of_two_that_may_be_meant_none_is_chosen_and_the_likelier_is_first(index: Index) -> None:
    """钜 looks like 炬 and sounds like both; 炬光科技 is in a basket, 聚光科技 in none."""
    [unsure] = resolve("关注钜光科技与中际旭创", index).ambiguous
    assert [t for t, _ in unsure.candidates] == ["688167.SH", "300203.SZ"] and unsure.text == "钜光科技"
    assert (
        "shape" in unsure.candidates[0][1]
        and "basket" in unsure.candidates[0][1]
        and unsure.candidates[1][1] == "sound"
    )


def test_without_any_table_the_neighbour_is_offered_too() -> None:
    [unsure] = resolve("钜光科技", built(read_universe(PROJECT))).ambiguous
    assert {t for t, _ in unsure.candidates} == {"688167.SH", "300203.SZ"}


def test_one_candidate_is_a_match_that_says_it_is_a_guess(index: Index) -> None:
    [match] = resolve("腾景科枝", index).matches
    assert (match.tickers, match.how) == (("688195.SH",), "typo") and match.confidence < 0.7


def test_a_name_that_neither_looks_nor_sounds_alike_is_not_guessed(index: Index) -> None:
    assert not tickers(resolve("腾景科大与腾达科技", index)) and not offered(resolve("腾景科大与腾达科技", index))


@pytest.mark.parametrize(
    ("one", "other", "same"), [("钜", "聚", True), ("心", "芯", True), ("张", "长", True), ("光", "电", False)]
)
def test_sounds(one: str, other: str, same: bool) -> None:
    """长 is read chang and zhang."""
    assert alike(one, other) == same


# --- tone, quotes, secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("首推天孚通信。", "recommended"), ("建议关注天孚通信。", "recommended"), ("天孚通信是龙头。", "recommended"),
        ("不建议关注天孚通信。", "warned"), ("天孚通信业绩不及预期。", "warned"), ("回避天孚通信。", "warned"),
        ("警惕天孚通信的风险。", "warned"), ("天孚通信召开股东会。", "named"), ("推荐中际旭创，回避天孚通信。", "warned"),
        ("回避中际旭创，首推天孚通信。", "recommended"),
    ],
)  # fmt: skip
def test_the_tone_is_that_of_its_own_clause(text: str, stance: str, index: Index) -> None:
    assert next(m.stance for m in resolve(text, index).matches if m.tickers == ("300394.SZ",)) == stance


def test_the_quote_is_the_sentence_and_start_points_into_the_pasted_text(index: Index) -> None:
    text = "第一句。\n我们看好天孚\n通信。第三句。"
    [match] = resolve(text, index).matches
    assert match.quote == "我们看好天孚通信。" and text[match.start :].startswith("天孚\n通信")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("天孚通信 密码：abc123 见附件", "abc123"), ("天孚通信，提取码: 8888", "8888"), ("天孚通信 口令 xk9 进群", "xk9"),
        ("天孚通信 pwd=1q2w", "1q2w"), ("天孚通信 sk-abcdEFGH12345678", "abcdEFGH"), ("天孚通信 token: eyJhbGci.x", "eyJhbGci"),
        ("天孚通信 https://x.com/hook?key=Zz99", "Zz99"), ("天孚通信 API key：K3Y", "K3Y"), ("天孚通信 密码是hunter2", "hunter2"),
        ("天孚通信 提取码S3CR3T", "S3CR3T"), ("天孚通信 password is S3CR3T", "S3CR3T"), ("天孚通信 验证码【8341】", "8341"),
        ("天孚通信 新密码改成了：S3CR3T", "S3CR3T"), ("天孚通信 密鑰：S3CR3T", "S3CR3T"), ("天孚通信 授权码（S3CR3T）", "S3CR3T"),
        ("天孚通信 https://x.com/bot/S3CR3T", "S3CR3T"), ("天孚通信 https://x.com/hook/S3CR3T", "S3CR3T"),
        ("天孚通信 password=Hunter2!", "Hunter2"), ("天孚通信 访问码：芝麻开门", "芝麻开门"),
    ],
)  # fmt: skip
def test_secrets_are_not_shown_again(text: str, secret: str, index: Index) -> None:
    found = resolve(text, index)
    assert tickers(found) == {"300394.SZ"} and secret not in repr(found)


def test_what_only_sounds_like_a_secret_stays(index: Index) -> None:
    [match] = resolve("天孚通信谈到密码学与令牌环", index).matches
    assert "密码学" in match.quote and "令牌环" in match.quote


# --- what is not known -------------------------------------------------------------------------------------------


def test_what_cannot_be_placed_is_named(index: Index) -> None:
    found = resolve("关注天孚通信、未名光电、$XYZQ。", index)
    assert found.unknown == ("$XYZQ", "未名光电") and tickers(found) == {"300394.SZ"}


@pytest.mark.parametrize(("text", "key"), [("a\0b", "note_unreadable"), ("长" * (LONGEST + 1), "note_too_long")])
def test_what_is_no_note(text: str, key: str, index: Index) -> None:
    with pytest.raises(UsageError) as fault:
        resolve(text, index)
    assert fault.value.key == key


PIECES = st.sampled_from(
    [
        "天孚通信",
        "钜光科技",
        "\n",
        "（",
        "300308",
        ".SZ",
        "$COHR",
        "II-VI",
        "ST",
        "标准",
        "。",
        " ",
        "x",
        "密码：1",
        "🙂",
        "園",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join))
def test_any_text_is_read_and_each_place_is_where_it_says(index: Index, text: str) -> None:
    if "\0" in text:
        return
    found = resolve(text, index)
    for match in (*found.matches, *found.ambiguous):
        rest = text[match.start :]
        at = 0
        for char in match.text:  # line ends that were joined may stand between its characters
            at = rest.index(char, at)
            assert not rest[:at].strip(" \t\r\n" + match.text)
            at += 1


# --- search ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("cxbc", "300548.SZ"), ("zxbc", "300548.SZ"), ("changxinbochuang", "300548.SZ"),
        ("长芯博创", "300548.SZ"), ("博创科技", "300548.SZ"),
        ("II-VI", "COHR.US"), ("coherent", "COHR.US"), ("300308", "300308.SZ"), ("sz300308", "300308.SZ"), ("旭创", "300308.SZ"),
        ("羅博特科", "300757.SZ"), ("易中天", "300502.SZ"), ("中电信", "00728.HK"),
    ],
)  # fmt: skip
def test_search_finds_by_every_name(text: str, first: str, index: Index) -> None:
    assert search(text, index)[0] == first


def test_equal_initials_are_all_listed(index: Index) -> None:
    """腾景科技 and 拓荆科技."""
    assert set(search("tjkj", index)[:2]) == {"688195.SH", "688072.SH"}


def test_own_baskets_come_first_then_markets(index: Index) -> None:
    """中国 is in names of A-shares and Hong Kong; 光科 in a watched name and another one."""
    assert search("中国", index)[:2] == ["600941.SH", "00728.HK"]
    assert search("光科技", index)[:2] == ["688167.SH", "300203.SZ"]


@given(st.text(max_size=12))
def test_any_text_can_be_searched(index: Index, text: str) -> None:
    assert len(search(text, index)) <= 50


def test_readings_are_of_every_reading() -> None:
    assert {"cxbc", "zxbc", "changxinbochuang", "zhangxinbochuang"} <= set(readings("长芯博创"))
    assert readings("TCL科技")[0].startswith("tcl")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("*ST标准", "标准"),
        ("百济神州-U", "百济神州"),
        ("万 科Ａ", "万科"),
        ("XD中际旭", "中际旭"),
        ("TCL科技", "TCL科技"),
    ],
)
def test_short_names_without_what_exchanges_put_around_them(name: str, plain: str) -> None:
    assert bare(name) == plain


# --- the command -------------------------------------------------------------------------------------------------


def run(*words: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "basketwatch", "resolve", *words]
    return subprocess.run(command, input=typed, capture_output=True, cwd=PROJECT, check=False)


def test_the_command_speaks_the_contract() -> None:
    done = run("-", "--json", typed="首推易中天，钜光科技与未名光电，$XYZQ。".encode())
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and set(answer) == {"matches", "ambiguous", "unknown"}
    assert answer["matches"][0] == {
        "text": "易中天", "start": 2, "tickers": ["300502.SZ", "300308.SZ", "300394.SZ"], "how": "slang",
        "stance": "recommended", "confidence": 0.85, "quote": "首推易中天，钜光科技与未名光电，$XYZQ。",
    }  # fmt: skip
    assert [c["ticker"] for c in answer["ambiguous"][0]["candidates"]] == ["688167.SH", "300203.SZ"]
    assert {u["text"] for u in answer["unknown"]} >= {"$XYZQ"}


def test_the_command_says_what_is_wrong_in_a_sentence() -> None:
    for words, typed, status in (((), b"", 2), (("  ",), b"", 2), (("-",), b"\x00\x01", 2), (("今天休市",), b"", 4)):
        done = run(*words, typed=typed)
        assert done.returncode == status and b"Traceback" not in done.stderr
