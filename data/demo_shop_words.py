"""The names of the invented retailer Larkmoor: its regions, stores, goods, partners and people.

Each entry holds what a person reads in English and in Chinese, and the weights that shape the figures.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RegionWords:
    """`growth` is what this region's demand is multiplied by from one year to the next."""

    name: str
    name_zh: str
    growth: float


@dataclass(frozen=True)
class StoreWords:
    """`weight` is its share of demand; `opened` counts years from the first year of the figures, then month and day."""

    name: str
    name_zh: str
    city: str
    city_zh: str
    country: str
    country_zh: str
    region: int
    weight: float
    opened: tuple[int, int, int]
    floor_area: int


@dataclass(frozen=True)
class CategoryWords:
    """`nouns` are kinds of goods with a price in dollars; `season` has demand by month, January first.

    `weight` is the share of order lines, `pieces` the usual number bought at once, `returned` the share sent back.
    """

    name: str
    name_zh: str
    department: str
    department_zh: str
    nouns: tuple[tuple[str, str, int], ...]
    weight: float
    pieces: float
    returned: float
    season: tuple[float, ...]


@dataclass(frozen=True)
class PromotionWords:
    """A promotion of each year: first and last day as month and day, `boost` is what it does to demand."""

    name: str
    percent: int
    first: tuple[int, int]
    last: tuple[int, int]
    boost: float


REGIONS = (
    RegionWords("North America", "北美", 1.00),
    RegionWords("Western Europe", "西欧", 1.02),
    RegionWords("Northern Europe", "北欧", 0.97),
    RegionWords("East Asia", "东亚", 1.13),
    RegionWords("Southeast Asia", "东南亚", 1.09),
)

_UK, _FR, _DE = ("United Kingdom", "英国"), ("France", "法国"), ("Germany", "德国")
_NL, _ES, _SE = ("Netherlands", "荷兰"), ("Spain", "西班牙"), ("Sweden", "瑞典")
_DK, _NO, _US = ("Denmark", "丹麦"), ("Norway", "挪威"), ("United States", "美国")
_CA, _CN, _JP = ("Canada", "加拿大"), ("China", "中国"), ("Japan", "日本")
_TH, _MY, _ID = ("Thailand", "泰国"), ("Malaysia", "马来西亚"), ("Indonesia", "印度尼西亚")

STORES = (
    StoreWords("New York Chelsea", "纽约切尔西店", "New York", "纽约", *_US, 0, 6.2, (-9, 3, 14), 1850),
    StoreWords("New York Brooklyn", "纽约布鲁克林店", "New York", "纽约", *_US, 0, 4.1, (-4, 9, 7), 1320),
    StoreWords("Chicago Loop", "芝加哥卢普店", "Chicago", "芝加哥", *_US, 0, 4.4, (-6, 5, 2), 1500),
    StoreWords("Seattle Fremont", "西雅图弗里蒙特店", "Seattle", "西雅图", *_US, 0, 3.4, (-3, 4, 18), 1100),
    StoreWords("Boston Back Bay", "波士顿后湾店", "Boston", "波士顿", *_US, 0, 3.0, (1, 5, 10), 980),
    StoreWords("Toronto Yorkville", "多伦多约克维尔店", "Toronto", "多伦多", *_CA, 0, 3.7, (-5, 10, 12), 1240),
    StoreWords("London Camden", "伦敦卡姆登店", "London", "伦敦", *_UK, 1, 7.9, (-12, 2, 20), 2100),
    StoreWords("London Richmond", "伦敦里士满店", "London", "伦敦", *_UK, 1, 3.9, (-3, 6, 1), 1150),
    StoreWords("Manchester Deansgate", "曼彻斯特丁斯门店", "Manchester", "曼彻斯特", *_UK, 1, 3.3, (-7, 9, 15), 1200),
    StoreWords("Paris Marais", "巴黎玛黑店", "Paris", "巴黎", *_FR, 1, 5.3, (-8, 4, 4), 1400),
    StoreWords("Berlin Mitte", "柏林米特店", "Berlin", "柏林", *_DE, 1, 4.7, (-7, 3, 28), 1620),
    StoreWords("Munich Schwabing", "慕尼黑施瓦宾店", "Munich", "慕尼黑", *_DE, 1, 3.1, (0, 9, 9), 1080),
    StoreWords("Amsterdam Jordaan", "阿姆斯特丹约尔丹店", "Amsterdam", "阿姆斯特丹", *_NL, 1, 3.5, (-6, 11, 3), 1020),
    StoreWords("Madrid Retiro", "马德里丽池店", "Madrid", "马德里", *_ES, 1, 2.7, (-2, 10, 20), 1150),
    StoreWords("Stockholm Vasastan", "斯德哥尔摩瓦萨店", "Stockholm", "斯德哥尔摩", *_SE, 2, 4.6, (-10, 8, 25), 1700),
    StoreWords("Copenhagen Nyhavn", "哥本哈根新港店", "Copenhagen", "哥本哈根", *_DK, 2, 3.6, (-8, 5, 16), 1260),
    StoreWords("Oslo Frogner", "奥斯陆弗洛格纳店", "Oslo", "奥斯陆", *_NO, 2, 2.4, (-1, 3, 5), 900),
    StoreWords("Shanghai Xuhui", "上海徐汇店", "Shanghai", "上海", *_CN, 3, 5.9, (-5, 9, 28), 1980),
    StoreWords("Shanghai Pudong", "上海浦东店", "Shanghai", "上海", *_CN, 3, 3.6, (1, 4, 28), 1450),
    StoreWords("Beijing Sanlitun", "北京三里屯店", "Beijing", "北京", *_CN, 3, 4.4, (-4, 5, 1), 1680),
    StoreWords("Shenzhen Nanshan", "深圳南山店", "Shenzhen", "深圳", *_CN, 3, 3.8, (-2, 11, 11), 1360),
    StoreWords("Hangzhou Westlake", "杭州西湖店", "Hangzhou", "杭州", *_CN, 3, 2.9, (0, 10, 1), 1120),
    StoreWords("Tokyo Aoyama", "东京青山店", "Tokyo", "东京", *_JP, 3, 3.3, (-6, 4, 1), 1040),
    StoreWords("Bangkok Siam", "曼谷暹罗店", "Bangkok", "曼谷", *_TH, 4, 3.2, (-3, 12, 5), 1280),
    StoreWords("Kuala Lumpur Bangsar", "吉隆坡孟沙店", "Kuala Lumpur", "吉隆坡", *_MY, 4, 2.5, (-1, 8, 31), 1050),
    StoreWords("Jakarta Menteng", "雅加达门腾店", "Jakarta", "雅加达", *_ID, 4, 2.1, (2, 3, 1), 940),
)

_EVEN = (0.95, 0.92, 0.97, 0.98, 1.0, 0.98, 0.97, 0.96, 1.02, 1.04, 1.1, 1.15)
_COSY = (1.15, 1.0, 0.9, 0.8, 0.7, 0.65, 0.65, 0.75, 1.0, 1.25, 1.5, 1.6)
_SUNNY = (0.35, 0.45, 0.95, 1.6, 2.0, 1.9, 1.45, 1.0, 0.7, 0.5, 0.4, 0.4)
_GIFTS = (0.75, 0.85, 0.85, 0.9, 0.95, 0.9, 0.85, 0.85, 0.95, 1.05, 1.4, 1.9)
_MOVING = (1.1, 0.95, 1.0, 1.0, 1.0, 1.0, 1.05, 1.3, 1.25, 1.0, 0.95, 0.8)
_F, _T, _K = ("Furniture", "家具"), ("Textiles", "家纺"), ("Kitchen", "厨房用品")
_D, _O = ("Decor", "家居装饰"), ("Outdoor", "户外")

CATEGORIES = (
    CategoryWords(
        "Sofas", "沙发", *_F,
        (("Two-Seat Sofa", "双人沙发", 690), ("Corner Sofa", "转角沙发", 1180), ("Sofa Bed", "沙发床", 840)),
        2.6, 1.0, 0.055, _MOVING,
    ),
    CategoryWords(
        "Armchairs", "扶手椅", *_F,
        (("Armchair", "扶手椅", 320), ("Rocking Chair", "摇椅", 260), ("Footstool", "脚凳", 95)),
        3.6, 1.1, 0.05, _EVEN,
    ),
    CategoryWords(
        "Desks", "书桌", *_F,
        (("Writing Desk", "写字台", 280), ("Standing Desk", "升降桌", 460), ("Desk Chair", "办公椅", 190)),
        3.9, 1.1, 0.045, _MOVING,
    ),
    CategoryWords(
        "Shelving", "置物架", *_F,
        (("Bookcase", "书柜", 170), ("Wall Shelf", "壁挂架", 58), ("Shoe Rack", "鞋架", 64)),
        6.0, 1.3, 0.035, _MOVING,
    ),
    CategoryWords(
        "Rugs", "地毯", *_T,
        (("Wool Rug", "羊毛地毯", 210), ("Jute Rug", "黄麻地毯", 120), ("Runner", "走廊地毯", 85)),
        4.6, 1.1, 0.06, _COSY,
    ),
    CategoryWords(
        "Curtains", "窗帘", *_T,
        (("Linen Curtain", "亚麻窗帘", 74), ("Blackout Curtain", "遮光窗帘", 66), ("Roller Blind", "卷帘", 48)),
        5.6, 2.1, 0.07, _EVEN,
    ),
    CategoryWords(
        "Bedding", "床品", *_T,
        (("Duvet Cover", "被套", 62), ("Pillow", "枕头", 34), ("Wool Blanket", "羊毛毯", 98)),
        9.4, 1.7, 0.045, _COSY,
    ),
    CategoryWords(
        "Towels", "毛巾", *_T,
        (("Bath Towel", "浴巾", 24), ("Hand Towel", "面巾", 13), ("Bath Mat", "浴室垫", 27)),
        7.6, 2.6, 0.02, _EVEN,
    ),
    CategoryWords(
        "Cookware", "炊具", *_K,
        (("Frying Pan", "煎锅", 58), ("Casserole", "炖锅", 118), ("Wok", "炒锅", 69)),
        8.8, 1.2, 0.03, _GIFTS,
    ),
    CategoryWords(
        "Tableware", "餐具", *_K,
        (("Dinner Plate", "餐盘", 15), ("Pasta Bowl", "面碗", 17), ("Serving Dish", "大餐盘", 39)),
        9.0, 3.6, 0.03, _GIFTS,
    ),
    CategoryWords(
        "Glassware", "玻璃器皿", *_K,
        (("Wine Glass", "葡萄酒杯", 14), ("Tumbler", "水杯", 9), ("Carafe", "玻璃水瓶", 32)),
        7.2, 3.8, 0.035, _GIFTS,
    ),
    CategoryWords(
        "Lamps", "灯具", *_D,
        (("Floor Lamp", "落地灯", 165), ("Table Lamp", "台灯", 84), ("Pendant Lamp", "吊灯", 128)),
        8.0, 1.2, 0.05, _COSY,
    ),
    CategoryWords(
        "Candles", "香薰蜡烛", *_D,
        (("Scented Candle", "香薰蜡烛", 22), ("Candle Holder", "烛台", 29), ("Reed Diffuser", "藤条香薰", 31)),
        7.8, 2.0, 0.015, _GIFTS,
    ),
    CategoryWords(
        "Patio Sets", "庭院桌椅", *_O,
        (("Bistro Set", "庭院小桌椅", 340), ("Lounger", "躺椅", 230), ("Parasol", "遮阳伞", 145)),
        4.4, 1.1, 0.05, _SUNNY,
    ),
    CategoryWords(
        "Planters", "花盆", *_O,
        (("Terracotta Pot", "陶土花盆", 26), ("Hanging Planter", "悬挂花盆", 33), ("Raised Bed", "种植箱", 92)),
        6.5, 1.9, 0.025, _SUNNY,
    ),
)  # fmt: skip

SERIES = (
    ("Alder", "赤杨"), ("Birch", "白桦"), ("Cedar", "雪松"), ("Dune", "沙丘"), ("Ember", "余烬"), ("Fjord", "峡湾"),
    ("Grove", "林间"), ("Haven", "港湾"), ("Iris", "鸢尾"), ("Juniper", "杜松"), ("Kelp", "海藻"), ("Lark", "云雀"),
    ("Moss", "青苔"), ("Nimbus", "云朵"), ("Ochre", "赭石"), ("Pebble", "卵石"), ("Quill", "羽毛"), ("Reed", "芦苇"),
)  # fmt: skip

BRANDS = (
    ("Larkmoor", 9.0), ("Norrhem", 6.5), ("Casa Lume", 5.0), ("Kiyomi", 4.5), ("Brambleton", 4.0), ("Terravia", 3.5),
    ("Oakenfell", 3.0), ("Velorne", 2.5), ("Yunqi", 2.5), ("Sablewood", 2.0),
)  # fmt: skip

SUPPLIERS = (
    "Aldgate Trading", "Baltic Timber Works", "Brightwell Lighting", "Cotswold Weavers", "Delft Glass House",
    "Fenwick Imports", "Gothenburg Woodcraft", "Hai Yun Ceramics", "Ironbridge Foundry", "Jiangnan Textile Mill",
    "Kanto Home Goods", "Lisbon Cork Company", "Mekong Rattan Works", "Northgate Logistics", "Porto Linen House",
    "Ruhr Steelware", "Sakura Paper Studio", "Valencia Tile Works",
)  # fmt: skip

PROMOTIONS = (
    PromotionWords("Winter Clearance", 25, (1, 4), (1, 24), 1.30),
    PromotionWords("Spring Refresh", 15, (3, 20), (4, 5), 1.22),
    PromotionWords("Summer Sale", 20, (6, 20), (7, 14), 1.30),
    PromotionWords("Moving Season", 10, (8, 22), (9, 10), 1.15),
    PromotionWords("Singles Day", 18, (11, 8), (11, 11), 1.75),
    PromotionWords("Black Friday", 30, (11, 24), (11, 30), 1.70),
    PromotionWords("Holiday Gifts", 12, (12, 5), (12, 23), 1.20),
)

SEGMENTS = (("Consumer", 0.78), ("Small business", 0.15), ("Corporate", 0.07))
TIERS = (("Bronze", 0.24), ("Silver", 0.16), ("Gold", 0.08), (None, 0.52))
CHANNELS = (("Walk-in", 0.52), ("Website", 0.27), ("Mobile app", 0.17), ("Phone", 0.04))
METHODS = ("Credit card", "Debit card", "Mobile wallet", "Cash", "Bank transfer", "Gift card")
REASONS = ("Changed mind", "Damaged", "Wrong size", "Not as described", "Arrived late", "Faulty")
JOB_TITLES = ("Store manager", "Sales adviser", "Sales adviser", "Cashier", "Sales adviser", "Stock keeper")

_FIRST_NAMES = """
Ada Aiko Alan Alma Amara Amir Ana Anders Anya Arjun Astrid Aylin Beatrix Ben Bianca Bo Camille Carlos Chiara Chloe
Clara Daan Daniel Diego Dora Edith Eero Elena Eli Emma Erik Esme Farah Felix Fiona Freya Gael Greta Hana Hao Hugo
Ida Ines Ingrid Ivan Jack Jada Jan Jia Jonas Josie Julia Kai Karin Kenji Lars Layla Lea Leo Lin Lola Luca Lucy
Magnus Maia Marco Mei Mila Mina Nadia Nils Nina Noah Nora Olga Omar Oscar Pablo Paula Petra Quinn Rafael Rina Rosa
Ruby Samir Sara Selma Simon Sofia Tao Tess Theo Tilda Uma Vera Viktor Wei Willa Xin Yara Yuki Yusuf Zoe
"""
_LAST_NAMES = """
Abbott Acker Adeyemi Ahlberg Akita Alvarez Andersen Arden Baker Banerjee Barlow Becker Bergman Bianchi Blake Bosch
Brandt Byrne Calder Castro Chan Chen Cho Clarke Conti Costa Cruz Dahl Dalton Davies Delgado Dubois Duran Ekman Ellis
Fabre Farrow Ferrer Finch Fischer Fontaine Forsberg Foster Fujita Garnier Gibson Gomez Grant Gruber Haddad Hale
Hansen Hartley Hayashi Hoffman Holm Huang Ibarra Inoue Jansen Jensen Kaplan Kato Keller Khan Kim Klein Koch Kruger
Lambert Lang Larsen Laurent Leclerc Lim Lindgren Liu Lopez Lund Maeda Marin Martel Mendes Meyer Mori Moreau Nakamura
Nielsen Novak Nyberg Okafor Olsen Ortiz Palmer Park Peeters Pereira Petrov Ramos Reyes Rossi Sato Schmidt Silva
Singh Stern Suzuki Tan Torres Vega Vogel Wang Weber Winter Wong Yamada Yilmaz Zhang Zhou Zimmer
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())
LAST_NAMES = tuple(_LAST_NAMES.split())
