"""What is listed in the made-up market: names, kinds, exchanges and corporate actions.

Names, codes and sector lists are facts; prices are made up elsewhere (``paths``). Tickers have the form
``CODE.MARKET``: ``300308.SZ 688205.SH 920045.BJ 01686.HK COHR.US 2308.TW 005930.KS 000300.SH 801770.SI
^SOX.US``; currencies are written as Yahoo does, ``CNY=X``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

NAMES = {
    "300308.SZ": "中际旭创", "300394.SZ": "天孚通信", "300502.SZ": "新易盛", "300620.SZ": "光库科技",
    "002281.SZ": "光迅科技", "301205.SZ": "联特科技", "300602.SZ": "飞荣达", "601137.SH": "博威合金",
    "300684.SZ": "中石科技", "300604.SZ": "长川科技", "300757.SZ": "罗博特科", "688072.SH": "拓荆科技",
    "688037.SH": "芯源微", "603203.SH": "快克智能", "002902.SZ": "铭普光磁", "002384.SZ": "东山精密",
    "300548.SZ": "长芯博创", "001267.SZ": "汇绿生态", "688205.SH": "德科立", "688048.SH": "长光华芯",
    "688498.SH": "源杰科技", "688313.SH": "仕佳光子", "688195.SH": "腾景科技", "301486.SZ": "致尚科技",
    "920045.BJ": "蘅东光", "688167.SH": "炬光科技", "002837.SZ": "英维克", "002851.SZ": "麦格米特",
    "002536.SZ": "飞龙股份", "002272.SZ": "川润股份", "300249.SZ": "依米康", "002970.SZ": "锐明技术",
    "300476.SZ": "胜宏科技", "600519.SH": "贵州茅台", "600941.SH": "中国移动", "600050.SH": "中国联通",
    "00700.HK": "腾讯控股", "01686.HK": "新意网集团", "02228.HK": "晶泰控股", "00772.HK": "阅文集团",
    "09988.HK": "阿里巴巴-W", "09626.HK": "哔哩哔哩-W", "00005.HK": "汇丰控股",
    "NVDA.US": "英伟达", "AMD.US": "超威半导体", "GOOGL.US": "谷歌-A", "META.US": "Meta", "AMZN.US": "亚马逊",
    "AVGO.US": "博通", "MRVL.US": "迈威尔科技", "COHR.US": "Coherent", "LITE.US": "Lumentum", "GLW.US": "康宁",
    "AXTI.US": "AXT", "CRWV.US": "CoreWeave", "MU.US": "美光科技", "KO.US": "可口可乐",
    "2382.TW": "廣達", "2308.TW": "台達電", "005930.KS": "三星电子", "000660.KS": "SK海力士",
    "515880.SH": "通信ETF", "512980.SH": "传媒ETF", "516510.SH": "云计算ETF", "513310.SH": "中韩半导体ETF",
    "000300.SH": "沪深300", "399006.SZ": "创业板指", "000905.SH": "中证500", "931160.SH": "中证全指通信设备",
    "000001.SH": "上证指数", "000016.SH": "上证50",
    "CNY=X": "在岸人民币", "HKD=X": "港元", "TWD=X": "新台币",
}  # fmt: skip
ENGLISH = {
    "00700.HK": "TENCENT", "01686.HK": "SUNEVISION", "02228.HK": "XTALPI", "00772.HK": "CHINA LIT",
    "09988.HK": "BABA-W", "09626.HK": "BILIBILI-W", "NVDA.US": "NVIDIA Corporation",
    "AMD.US": "Advanced Micro Devices, Inc.",
    "GOOGL.US": "Alphabet Inc.", "META.US": "Meta Platforms, Inc.", "AMZN.US": "Amazon.com, Inc.",
    "AVGO.US": "Broadcom Inc.", "MRVL.US": "Marvell Technology, Inc.", "COHR.US": "Coherent Corp.",
    "LITE.US": "Lumentum Holdings Inc.", "GLW.US": "Corning Incorporated", "AXTI.US": "AXT, Inc.",
    "CRWV.US": "CoreWeave, Inc.", "MU.US": "Micron Technology, Inc.", "2382.TW": "Quanta Computer Inc.",
    "2308.TW": "Delta Electronics, Inc.", "005930.KS": "Samsung Electronics Co., Ltd.", "000660.KS": "SK hynix Inc.",
    "^SOX.US": "PHLX Semiconductor", "^IXIC.US": "NASDAQ Composite", "^NDX.US": "NASDAQ 100", "^GSPC.US": "S&P 500",
    "000300.SH": "CSI 300 Index", "399006.SZ": "ChiNext Index",
    "CNY=X": "USD/CNY", "HKD=X": "USD/HKD", "TWD=X": "USD/TWD",
}  # fmt: skip
SECTORS = {  # Shenwan level 1
    "801010": "农林牧渔", "801030": "基础化工", "801040": "钢铁", "801050": "有色金属", "801080": "电子",
    "801110": "家用电器", "801120": "食品饮料", "801130": "纺织服饰", "801140": "轻工制造", "801150": "医药生物",
    "801160": "公用事业", "801170": "交通运输", "801180": "房地产", "801200": "商贸零售", "801210": "社会服务",
    "801230": "综合", "801710": "建筑材料", "801720": "建筑装饰", "801730": "电力设备", "801740": "国防军工",
    "801750": "计算机", "801760": "传媒", "801770": "通信", "801780": "银行", "801790": "非银金融", "801880": "汽车",
    "801890": "机械设备", "801950": "煤炭", "801960": "石油石化", "801970": "环保", "801980": "美容护理",
}  # fmt: skip
US_ETFS = {"SPY", "QQQ", "SOXX", "SMH", "XLK"}
NYSE = {"COHR", "GLW", "C", "KO", "TSM", "VRT", "ANET"}
LOSS_MAKERS = {"688167.SH", "AXTI.US"}
SUSPENDED = {"002272.SZ": date(2026, 6, 24)}  # no bars from this day on
LIMIT_UP = {("300394.SZ", date(2026, 7, 3))}  # closes at its upper limit
CURRENCIES = {"SH": "CNY", "SZ": "CNY", "BJ": "CNY", "SI": "CNY", "HK": "HKD", "US": "USD", "TW": "TWD", "KS": "KRW"}
LEVELS = {  # price or level on the anchor day, 2026-07-03; anything else gets one from its code
    "000300.SH": 4842.17, "399006.SZ": 4019.93, "000905.SH": 7480.5, "931160.SH": 9350.0, "000001.SH": 4020.0,
    "000016.SH": 3050.0, "801770.SI": 8500.12, "^SOX.US": 9350.0, "^IXIC.US": 26100.0, "^NDX.US": 28900.0,
    "^GSPC.US": 7480.0, "CNY=X": 6.75, "HKD=X": 7.83, "TWD=X": 30.2, "KRW=X": 1455.0, "JPY=X": 155.0,
    "300308.SZ": 905.0, "300394.SZ": 288.04, "300502.SZ": 480.0, "688498.SH": 1010.0, "600519.SH": 1380.0,
    "515880.SH": 1.12, "512980.SH": 0.985, "516510.SH": 1.63, "513310.SH": 2.41, "00700.HK": 512.0, "01686.HK": 6.4,
    "NVDA.US": 188.0, "AVGO.US": 352.0, "COHR.US": 240.0, "LITE.US": 610.0, "AXTI.US": 12.4, "2308.TW": 1180.0,
    "2382.TW": 286.0, "005930.KS": 118000.0, "000660.KS": 720000.0,
}  # fmt: skip


@dataclass(frozen=True)
class Instrument:
    """One listed thing. ``decimals`` is the number of decimals of its prices."""

    ticker: str
    code: str
    market: str
    kind: str  # stock etf index sector fx
    name: str
    name_en: str
    currency: str
    calendar: str  # name in exchange_calendars, or FX
    decimals: int

    @property
    def a_share(self) -> bool:
        """Shares and funds of Shanghai, Shenzhen and Beijing."""
        return self.market in {"SH", "SZ", "BJ"} and self.kind in {"stock", "etf"}

    @property
    def star(self) -> bool:
        """STAR market: Tencent writes its volume in shares, not in lots."""
        return self.market == "SH" and self.code.startswith(("688", "689"))


@dataclass(frozen=True)
class Action:
    """A corporate action on its ex-date: ``cash`` per old share, then ``ratio`` new shares for one old share."""

    day: date
    cash: float = 0.0
    ratio: float = 1.0


def _broadcom() -> tuple[Action, ...]:
    """Quarterly dividends of AVGO, ex in the last third of the quarter's last month (22nd: never a US holiday)."""
    days = [date(year, month, 22) for year in range(2014, 2027) for month in (3, 6, 9, 12)]
    moved = [day if day.weekday() < 5 else day.replace(day=day.day - 2) for day in days]
    return tuple(Action(day, cash=round(0.12 + 0.04 * (day.year - 2014), 2)) for day in moved)


ACTIONS: dict[str, tuple[Action, ...]] = {
    "300308.SZ": (Action(date(2025, 6, 6), cash=0.50), Action(date(2026, 4, 30), cash=1.00)),
    "688498.SH": (Action(date(2026, 5, 18), cash=0.50, ratio=1.45),),
    "603203.SH": (Action(date(2026, 6, 8), cash=0.80, ratio=1.3),),
    "515880.SH": (Action(date(2026, 2, 3), ratio=3.0),),
    "NVDA.US": (Action(date(2024, 6, 10), ratio=10.0),),
    "AVGO.US": _broadcom(),
}

_CALENDARS = {
    "SH": "XSHG",
    "SZ": "XSHG",
    "BJ": "XSHG",
    "SI": "XSHG",
    "HK": "XHKG",
    "US": "XNYS",
    "TW": "XTAI",
    "KS": "XKRX",
}
_KINDS = (  # first match wins
    (re.compile(r"(000\d{3}|93\d{4})\.SH|399\d{3}\.SZ|899\d{3}\.BJ|\^[A-Z]{2,5}\.US"), "index"),
    (re.compile(r"5\d{5}\.SH|1[56]\d{4}\.SZ"), "etf"),
    (re.compile(r"6\d{5}\.SH|(00[0-3]|30[0-2])\d{3}\.SZ|(920|8\d\d|4\d\d)\d{3}\.BJ"), "stock"),
    (re.compile(r"\d{5}\.HK|\d{4}\.TW|\d{6}\.KS|[A-Z]{1,5}(-[A-Z])?\.US"), "stock"),
)


def _kind(ticker: str) -> str | None:
    code, _, market = ticker.rpartition(".")
    if ticker.endswith("=X"):
        return "fx" if ticker in LEVELS else None
    if code.startswith(("999", "ZZZ")):  # never listed anywhere
        return None
    if market == "SI":
        return "sector" if code in SECTORS else None
    if market == "US" and code in US_ETFS:
        return "etf"
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(ticker)), None)


def _decimals(market: str, kind: str) -> int:
    if kind == "fx":
        return 4
    if market == "KS":
        return 0
    return 3 if market == "HK" or (kind == "etf" and market in {"SH", "SZ"}) else 2


@cache
def find(ticker: str) -> Instrument | None:
    """The instrument behind a ticker; None where nothing of that name is listed."""
    kind = _kind(ticker)
    if kind is None:
        return None
    if kind == "fx":
        english = ENGLISH.get(ticker, ticker)
        return Instrument(
            ticker, ticker, "FX", kind, NAMES.get(ticker, ticker), english, ticker[:3], "FX", _decimals("FX", kind)
        )
    code, _, market = ticker.rpartition(".")
    name = SECTORS.get(code) if kind == "sector" else NAMES.get(ticker)
    english = ENGLISH.get(ticker) or f"{code} Inc."
    name = name or (english if ticker in ENGLISH else code)
    decimals = _decimals(market, kind)
    return Instrument(ticker, code, market, kind, name, english, CURRENCIES[market], _CALENDARS[market], decimals)
