"""Sentences with what a reader finds in them: the set on which precision and recall are measured.

Written for this purpose; the names of companies, nicknames and former names in them are facts, the statements are made
up. A row: the text, tickers that it names, tickers that must be offered without choosing one.
"""

from __future__ import annotations

ROWS: tuple[tuple[str, set[str], set[str]], ...] = (
    ("重点推荐中际旭创、新易盛。", {"300308.SZ", "300502.SZ"}, set()),
    ("易中天今天领涨。", {"300502.SZ", "300308.SZ", "300394.SZ"}, set()),
    ("光引擎看天孚通信（300394.SZ），设备看罗博特科。", {"300394.SZ", "300757.SZ"}, set()),
    ("II-VI 改名之后就是 Coherent。", {"COHR.US"}, set()),
    ("博创科技去年改了名。", {"300548.SZ"}, set()),
    ("钜光科技的微光学用在 OCS。", set(), {"688167.SH", "300203.SZ"}),
    ("炬光科技公告。", {"688167.SH"}, set()),
    ("中石科技园在江苏，离地铁不远。", set(), set()),
    ("中石科技的导热材料放量。", {"300684.SZ"}, set()),
    ("中石科技部分产品涨价。", {"300684.SZ"}, set()),
    ("机器人、太阳能和标准化是三个方向，发展很快。", set(), set()),
    ("老百姓的日子好了，大酒店客满。", set(), set()),
    ("CPO、OCS、AI、IDC、PE、HBM 都是缩写，NPO 和 XPO 也是。", set(), set()),
    ("EML、CW、ASIC、PCB 缺货，ALL IN 的人 NOW 在等。", set(), set()),
    ("$COHR 和 $LITE 盘后大涨。", {"COHR.US", "LITE.US"}, set()),
    ("Lumentum (LITE) beats, Corning raises guidance.", {"LITE.US", "GLW.US"}, set()),
    ("coherent optics is a technology, and coherent detection too", set(), set()),
    ("Coherent optics is a technology.", set(), set()),
    ("NASDAQ: AXTI rose; NYSE:GLW fell.", {"AXTI.US", "GLW.US"}, set()),
    ("英伟达、博通、迈威尔都在做。", {"NVDA.US", "AVGO.US", "MRVL.US"}, set()),
    ("羅博特科和長川科技在設備端。", {"300757.SZ", "300604.SZ"}, set()),
    ("我们看好天孚\n通信与中际\n旭创。", {"300394.SZ", "300308.SZ"}, set()),
    ("腾景科枝的精密光学。", {"688195.SH"}, set()),
    ("源杰科技、仕佳光子、长光华芯是上游。", {"688498.SH", "688313.SH", "688048.SH"}, set()),
    ("300308、300502 两只。", {"300308.SZ", "300502.SZ"}, set()),
    ("出货 300308 万只，日期 202606。", set(), set()),
    ("SZ300308 与 sh688205 同步。", {"300308.SZ", "688205.SH"}, set()),
    ("液冷看英维克、飞龙股份、川润股份。", {"002837.SZ", "002536.SZ", "002272.SZ"}, set()),
    ("台达电和广达是台湾的。", {"2308.TW", "2382.TW"}, set()),
    ("光模块、液冷、电源是三条链。", set(), set()),
    ("联特科技与铭普光磁、致尚科技。", {"301205.SZ", "002902.SZ", "301486.SZ"}, set()),
    ("GPU 与 TPU 的 CAPEX 指引上调。", set(), set()),
    ("蘅东光在北交所上市。", {"920045.BJ"}, set()),
    ("德科立和芯源微都发了公告。", {"688205.SH", "688037.SH"}, set()),
    ("东山精密收购，汇绿生态转型。", {"002384.SZ", "001267.SZ"}, set()),
    ("拓荆科技、快克智能、博威合金。", {"688072.SH", "603203.SH", "601137.SH"}, set()),
    ("今天开会，明天休市，后天再说。", set(), set()),
    ("META 与 LITE 这两个词在句子里是词。", {"LITE.US"}, set()),
    ("麦格米特的服务器电源。", {"002851.SZ"}, set()),
    ("The board met; a key risk is IT spending.", set(), set()),
)
