"""What no table of securities says: nicknames, former names, names that are words, letters that are no symbol."""

from __future__ import annotations

# A nickname of several companies at once.
SLANG: dict[str, tuple[str, ...]] = {
    "易中天": ("300502.SZ", "300308.SZ", "300394.SZ"),
}

# Other names of one company, as they are written today.
ALIASES: dict[str, tuple[str, ...]] = {
    "300308.SZ": ("旭创", "中际", "Innolight", "InnoLight"),
    "300394.SZ": ("天孚", "TFC Optical"),
    "300502.SZ": ("Eoptolink",),
    "002281.SZ": ("Accelink",),
    "002837.SZ": ("Envicool",),
    "002851.SZ": ("Megmeet",),
    "COHR.US": ("Cohr", "高意"),
    "LITE.US": ("Lumentum",),
    "NVDA.US": ("英伟达", "NVIDIA", "Nvidia"),
    "AVGO.US": ("博通", "Broadcom"),
    "MRVL.US": ("迈威尔", "美满电子", "Marvell"),
    "GLW.US": ("康宁", "Corning"),
    "GOOGL.US": ("谷歌", "Google", "Alphabet"),
    "META.US": ("Meta Platforms", "脸书"),
    "AMZN.US": ("亚马逊", "Amazon"),
    "MSFT.US": ("微软", "Microsoft"),
    "TSM.US": ("台积电", "TSMC"),
    "VRT.US": ("维谛", "维谛技术", "Vertiv"),
    "2308.TW": ("台达电", "台达电子", "Delta Electronics"),
    "2382.TW": ("广达", "广达电脑", "Quanta Computer"),
    "2317.TW": ("鸿海", "富士康", "Foxconn"),
}

# Names that a company had once.
FORMER: dict[str, tuple[str, ...]] = {
    "COHR.US": ("II-VI", "II‑VI", "贰陆", "贰陆公司", "Finisar", "菲尼萨"),
    "META.US": ("Facebook",),
    "300548.SZ": ("博创科技",),
}

# Securities that nobody watches and whose names are one character from a watched one: a slip may mean either.
NEIGHBOURS = {"300203.SZ": "聚光科技"}

# Names of listed companies that are words: they count beside a code, 股份, 公司 or ST, or where the company is watched.
_WORDS = """
机器人 老百姓 太阳能 农产品 大酒店 新世界 新东方 新天地 新大陆 太平洋 大西洋 向日葵 指南针 探路者 漫步者 火星人
百合花 红蜻蜓 葫芦娃 金太阳 驱动力 动力源 电子城 同花顺 一品红 万年青 三棵树 三人行 两面针 七匹狼 步步高 报喜鸟
好想你 自然美 创世纪 孩子王 千百度 全聚德 中关村 王府井 徐家汇 陆家嘴 外高桥 张家界 峨眉山 长白山 白云山 会稽山
天目湖 连云港 北大荒 华侨城 金融街 轻纺城 黑芝麻 黑牡丹 金龙鱼 红太阳 金麒麟 寒武纪 傅里叶 拉普拉斯 阿拉丁
蒙娜丽莎 马可波罗 贸易通 电视广播 人民网 新华网 首都在线 东方明珠 生物谷 水井坊 珍宝岛 南极光 国际实业 数字人
智能自控 大数据 新能源 新材料 半导体 云计算 光通信 光模块 光纤 光电 液冷 电源 服务器 数据港 科技园 新动力 新经济
安全带 高科技 高速公路 电力 能源 环境 智慧城市
"""
WORDS = frozenset(_WORDS.split())

# Capitals of such notes that are no symbol, although some are one.
_NEVER = """
AI AIDC API APP AR ASIC ASP AWG BOM CAGR CAPEX CDU CEO CFO COB COO CPC CPI CPO CPU CTO CW DC DCF DCI DML DPO DSP
EBIT EBITDA EML EPS ETF EV EVP FA FAU FCF FTTR FY GB GDP GMV GPU GW HBM HDD HK HPC IC IDC IP IPO IR IT JV KOL
LED LLM LPO LRO LCOS MEMS MOM MPO MSA MW NIC NPO NPU OCS ODM OEM OK OIO PB PCB PCIE PD PE PEG PIC PLC PON PPI PR
PS QA QOQ RD ROA ROE ROI RSU SFP SIPH SLA SOA SOC SSD TAM TCO TDP TFLN TIA TO TOP TPU TTM UALINK UEC UK US USA
USD VCSEL VR WDM XPO YOY A ALL AM AN ANY ARE AS AT BE BIG BY CAN DO FOR FUN GO HAS HE IF IN IS KEY LOW MAY ME MY
NEW NEXT NO NOW OF OLD ON ONE OPEN OR OUT PM SEE SO THE UP WE YOU
"""
NEVER = frozenset(_NEVER.split())

# What goes on to another word: 中石科技园 is a place, not 中石科技.
GOES_ON = (
    "园", "园区", "大厦", "大楼", "广场", "大道", "大街", "路", "街", "城", "大学", "学院", "学校", "中学", "小区", "花园", "村",
    "镇", "馆", "杯", "奖", "节", "站", "大会", "论坛", "展", "部", "局", "厅", "委", "法", "化", "界", "学", "性", "类",
)  # fmt: skip

GOES_ON_NOT = (
    "部分",
    "展望",
    "展现",
    "类似",
    "学习",
    "化解",
    "法人",
    "节前",
    "节后",
    "委托",
    "界面",
)  # words of their own

# Characters that share a part and are taken for each other, by eye or by a machine that reads pictures.
SHAPES = (
    "钜炬距矩拒", "容榕蓉溶熔镕", "申伸绅神坤", "旭晅垣恒", "孚浮莩俘", "盛晟城诚成", "际标示", "光兆", "科料抖", "迅讯汛", "源原愿",
    "仕任士壮", "佳住隹桂挂", "腾滕藤", "景影憬", "致到玫", "尚向问", "衡蘅街", "铭名茗洺", "普晋谱", "长张胀", "芯心沁", "博搏傅缚",
    "创仓苍", "德得", "立力粒", "汇江淮", "绿录禄碌", "飞气", "荣莱菜", "达迖大", "中申巾", "石右古", "威戚咸", "合含盒", "金全",
    "罗岁", "特持待", "拓招柘", "荆刑型", "微徽", "快块筷", "克兄", "智知", "能熊", "川州洲", "维唯惟难", "英央映", "依衣伊",
    "米未来", "康糠", "龙尤", "股服", "麦表", "格洛恪", "锐说悦脱", "明朋萌", "技枝歧", "天夫无", "新薪", "易昜", "联职",
)  # fmt: skip
