"""What stands still in the demo shop: regions, stores, people, goods, promotions, drawn once from a seed.

Everything is drawn year by year from its own stream, and then cut at today: a shop made a week later has the
same past and one week more. Days are counted as `date.toordinal()` does; money is in cents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from data import demo_shop_words as words

Columns = Mapping[str, Sequence[object]]
Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]

FIRST_CUSTOMERS = 2600
CUSTOMERS_A_YEAR = 1400
MOST_EMPLOYEES = 900
PRODUCTS_A_CATEGORY = 16
_STREAMS = {"people": 1, "goods": 2, "customers": 3, "trade": 4, "stock": 5, "names": 6}


@dataclass(frozen=True)
class Period:
    """The days the figures cover: whole calendar years, three of them and the current one, up to today."""

    today: date
    seed: int

    @property
    def first(self) -> date:
        return date(self.today.year - 3, 1, 1)

    @property
    def years(self) -> range:
        return range(self.first.year, self.today.year + 1)

    def stream(self, name: str, year: int = 0) -> np.random.Generator:
        """The random numbers of one part of the shop; the same for the same seed, whatever the day."""
        return np.random.default_rng([self.seed, _STREAMS[name], year])


@dataclass(frozen=True)
class Goods:
    """Products in order of launch, one array cell each. `cost` is the part of the price that the supplier gets."""

    category: Integers
    price: Integers
    cost: Numbers
    weight: Numbers
    launched: Integers
    ended: Integers

    def prices(self, years: int) -> Integers:
        """The list price, `years` after the first: three per cent dearer each year, ending in 90 cents."""
        return np.asarray(np.round(self.price / 100 * 1.03**years) * 100 - 10, dtype=np.int64)


@dataclass(frozen=True)
class Staff:
    """Employees in order of hiring; `left` is far away for those who stay. `pull` is how well they sell."""

    store: Integers
    sells: NDArray[np.bool_]
    hired: Integers
    left: Integers
    pull: Numbers


@dataclass(frozen=True)
class Clientele:
    """Customers in order of signing up; `home` is the store they usually buy from."""

    home: Integers
    joined: Integers
    segment: Integers


@dataclass(frozen=True)
class Cast:
    """All that stands still: the rows of its tables by table name, and what the trade draws on."""

    tables: Mapping[str, Columns]
    goods: Goods
    staff: Staff
    clientele: Clientele


def cast(period: Period) -> Cast:
    """Regions, stores, employees, customers, categories, suppliers, products and promotions of this period."""
    names = _names(period)
    goods, products = _products(period)
    staff, employees = _employees(period, names[:MOST_EMPLOYEES])
    clientele, customers = _customers(period, names[MOST_EMPLOYEES:])
    tables = {
        "regions": _regions(),
        "stores": _stores(period),
        "employees": employees,
        "customers": customers,
        "categories": _categories(),
        "suppliers": _suppliers(period),
        "products": products,
        "promotions": _promotions(period),
    }
    return Cast(tables, goods, staff, clientele)


def numbers(count: int) -> list[int]:
    """1, 2, 3 … as keys."""
    return list(range(1, count + 1))


def days(ordinals: Sequence[int] | Integers) -> list[date]:
    return [date.fromordinal(int(day)) for day in ordinals]


def money(cents: Integers) -> list[str]:
    """Cents as a text that numeric(12,2) takes without loss."""
    return [f"{'-' if c < 0 else ''}{abs(c) // 100}.{abs(c) % 100:02d}" for c in cents.tolist()]


def store_openings(period: Period) -> Integers:
    openings = [date(period.first.year + s.opened[0], s.opened[1], s.opened[2]) for s in words.STORES]
    return np.array([day.toordinal() for day in openings])


def promotion_days(period: Period) -> list[tuple[int, date, date]]:
    """Each promotion that has begun: its place in `words.PROMOTIONS`, first day, last day; oldest first."""
    found = [
        (place, date(year, *promotion.first), date(year, *promotion.last))
        for year in period.years
        for place, promotion in enumerate(words.PROMOTIONS)
    ]
    return [row for row in found if row[1] <= period.today]


def _names(period: Period) -> list[str]:
    """Every first name with every last name, shuffled, so that no two people share a name."""
    every = [f"{first} {last}" for first in words.FIRST_NAMES for last in words.LAST_NAMES]
    return [every[i] for i in period.stream("names").permutation(len(every))]


def _regions() -> Columns:
    return {
        "region_id": numbers(len(words.REGIONS)),
        "name": [region.name for region in words.REGIONS],
        "name_zh": [region.name_zh for region in words.REGIONS],
    }


def _stores(period: Period) -> Columns:
    stores = words.STORES
    return {
        "store_id": numbers(len(stores)),
        "name": [store.name for store in stores],
        "name_zh": [store.name_zh for store in stores],
        "region_id": [store.region + 1 for store in stores],
        "city": [store.city for store in stores],
        "city_zh": [store.city_zh for store in stores],
        "country": [store.country for store in stores],
        "country_zh": [store.country_zh for store in stores],
        "floor_area": [store.floor_area for store in stores],
        "opened_on": days(store_openings(period)),
    }


def _categories() -> Columns:
    categories = words.CATEGORIES
    return {
        "category_id": numbers(len(categories)),
        "name": [category.name for category in categories],
        "name_zh": [category.name_zh for category in categories],
        "department": [category.department for category in categories],
        "department_zh": [category.department_zh for category in categories],
    }


def _suppliers(period: Period) -> Columns:
    random = period.stream("goods", 1)
    count = len(words.SUPPLIERS)
    since = [period.first - timedelta(days=int(d)) for d in random.integers(200, 4200, count)]
    return {
        "supplier_id": numbers(count),
        "name": list(words.SUPPLIERS),
        "lead_time": random.integers(6, 46, count).tolist(),
        "partner_since": since,
    }


def _promotions(period: Period) -> Columns:
    rows = promotion_days(period)
    return {
        "promotion_id": numbers(len(rows)),
        "name": [f"{words.PROMOTIONS[place].name} {first.year}" for place, first, _ in rows],
        "percent_off": [words.PROMOTIONS[place].percent for place, _, _ in rows],
        "starts_on": [first for _, first, _ in rows],
        "ends_on": [last for _, _, last in rows],
    }


def _assortment(random: np.random.Generator) -> list[tuple[int, str, str, float]]:
    """What is on sale: category, English name, Chinese name, price in dollars in the first year."""
    chosen = []
    for number, category in enumerate(words.CATEGORIES):
        kinds = [(series, noun) for series in words.SERIES for noun in category.nouns]
        for i in random.choice(len(kinds), PRODUCTS_A_CATEGORY, replace=False):
            (series, series_zh), (noun, noun_zh, price) = kinds[i]
            chosen.append((number, f"{series} {noun}", series_zh + noun_zh, price * random.uniform(0.72, 1.34)))
    return chosen


def _products(period: Period) -> tuple[Goods, Columns]:
    random = period.stream("goods")
    assortment = _assortment(random)
    count, first = len(assortment), period.first.toordinal()
    launched = np.where(random.random(count) < 0.72, first - random.integers(30, 2200, count), 0)
    launched = np.sort(np.where(launched == 0, first + random.integers(10, 1400, count), launched))
    assortment = [assortment[i] for i in random.permutation(count)]
    first_prices = np.array([row[3] for row in assortment])
    far = date.max.toordinal()
    ended = np.where(random.random(count) < 0.1, launched + random.integers(500, 2600, count), far)
    brand_weights = np.array([weight for _, weight in words.BRANDS])
    brands = random.choice(len(words.BRANDS), count, p=brand_weights / brand_weights.sum())
    suppliers = random.integers(0, len(words.SUPPLIERS), count)
    ratings = np.round(np.clip(random.normal(4.1, 0.45, count), 2.1, 5.0), 1)
    weights_kg = np.round(first_prices * random.uniform(0.02, 0.09, count) + 0.2, 2)
    unrated, unweighed = random.random(count) < 0.06, random.random(count) < 0.08
    weight = random.lognormal(0.0, 0.55, count)
    # One product of the house's own brand is the favourite, so that lists of the best have a clear first.
    favourite = np.argmax(first_prices * weight)
    weight[favourite] *= 1.3
    brands[favourite] = 0
    goods = Goods(
        category=np.array([row[0] for row in assortment]),
        price=np.asarray(np.round(first_prices * 100), dtype=np.int64),
        cost=random.uniform(0.46, 0.68, count),
        weight=weight,
        launched=launched,
        ended=ended,
    )
    today = period.today.toordinal()
    shown = range(int(np.searchsorted(launched, today, side="right")))
    prices = money(goods.prices(period.today.year - period.first.year))
    return goods, {
        "product_id": numbers(len(shown)),
        "name": [assortment[i][1] for i in shown],
        "name_zh": [assortment[i][2] for i in shown],
        "category_id": [assortment[i][0] + 1 for i in shown],
        "supplier_id": [int(suppliers[i]) + 1 for i in shown],
        "brand": [words.BRANDS[brands[i]][0] for i in shown],
        "price": [prices[i] for i in shown],
        "rating": [None if unrated[i] else float(ratings[i]) for i in shown],
        "weight_kg": [None if unweighed[i] else float(weights_kg[i]) for i in shown],
        "market_launch_date": days(launched[: len(shown)]),
        "discontinued": [bool(ended[i] <= today) for i in shown],
    }


def _employees(period: Period, names: Sequence[str]) -> tuple[Staff, Columns]:
    """Each post is held by one person after the other, from the opening of the store on."""
    random = period.stream("people")
    horizon = date(period.today.year, 12, 31).toordinal()
    far = date.max.toordinal()
    held: list[tuple[int, int, int, str, int]] = []
    for place, opening in enumerate(store_openings(period)):
        for post in range(4 + round(words.STORES[place].weight * 0.8)):
            title = words.JOB_TITLES[post % len(words.JOB_TITLES)] if post else words.JOB_TITLES[0]
            title = "Sales adviser" if post and title == "Store manager" else title
            hired = int(opening) if post < 4 else int(opening) + int(random.integers(0, 900))
            while hired <= horizon:
                left = hired + 240 + int(random.exponential(1900))
                held.append((hired, place, left if left <= horizon else far, title, _salary(title, random)))
                hired = left + int(random.integers(4, 40))
    held.sort()
    pulls = random.lognormal(0.0, 0.5, len(held))
    staff = Staff(
        store=np.array([row[1] for row in held]),
        sells=np.array([row[3] in ("Sales adviser", "Store manager") for row in held]),
        hired=np.array([row[0] for row in held]),
        left=np.array([row[2] for row in held]),
        pull=pulls,
    )
    today = period.today.toordinal()
    shown = [row for row in held if row[0] <= today]
    return staff, {
        "employee_id": numbers(len(shown)),
        "name": list(names[: len(shown)]),
        "store_id": [row[1] + 1 for row in shown],
        "job_title": [row[3] for row in shown],
        "salary": [row[4] for row in shown],
        "hired_on": days([row[0] for row in shown]),
        "left_on": [date.fromordinal(row[2]) if row[2] <= today else None for row in shown],
    }


def _salary(title: str, random: np.random.Generator) -> int:
    """A year's pay in whole dollars."""
    usual = {"Store manager": 61_000, "Sales adviser": 36_500, "Cashier": 32_000, "Stock keeper": 31_000}[title]
    return int(usual * random.uniform(0.88, 1.18)) // 100 * 100


def _customers(period: Period, names: Sequence[str]) -> tuple[Clientele, Columns]:
    joined, homes = [], []
    for year in [period.first.year - 1, *period.years]:
        random = period.stream("customers", year)
        joined.append(np.sort(_sign_ups(period, year, random)))
        homes.append(_homes(period, year, joined[-1], random))
    every = np.concatenate(joined)
    random = period.stream("customers")
    count = len(every)
    kept = int(np.searchsorted(every, period.today.toordinal(), side="right"))
    # Drawn for the most customers there can be, so that a later day changes nobody.
    draws = random.random((4, len(names)))[:, :count]
    segment = np.searchsorted(np.cumsum([share for _, share in words.SEGMENTS])[:-1], draws[0])
    tier = np.searchsorted(np.cumsum([share for _, share in words.TIERS])[:-1], draws[1])
    born = (period.first.year - 76 + draws[2] ** 0.9 * 57).astype(int)
    return Clientele(np.concatenate(homes), every, segment), {
        "customer_id": numbers(kept),
        "name": list(names[:kept]),
        "email": [
            None if draws[3][i] < 0.06 else f"{names[i].lower().replace(' ', '.')}@example.com" for i in range(kept)
        ],
        "segment": [words.SEGMENTS[segment[i]][0] for i in range(kept)],
        "loyalty_tier": [words.TIERS[tier[i]][0] for i in range(kept)],
        "birth_year": [None if segment[i] or 0.3 < draws[3][i] < 0.42 else int(born[i]) for i in range(kept)],
        "newsletter": [bool(draws[3][i] > 0.46) for i in range(kept)],
        "joined_on": days(every[:kept]),
    }


def _sign_ups(period: Period, year: int, random: np.random.Generator) -> Integers:
    """The days on which customers signed up in one year; the year before the first stands for all before it."""
    age = year - period.first.year
    if age < 0:
        return period.first.toordinal() - random.integers(1, 1500, FIRST_CUSTOMERS)
    within = random.beta(1.25, 1.0, round(CUSTOMERS_A_YEAR * 1.12**age))
    return date(year, 1, 1).toordinal() + np.asarray(within * 364.99, dtype=np.int64)


def _homes(period: Period, year: int, joined: Integers, random: np.random.Generator) -> Integers:
    """The store each new customer buys from: one that is open, by weight and the growth of its region."""
    weights = store_weights(period, year)
    homes = random.choice(len(weights), len(joined), p=weights / weights.sum())
    return open_store(period, homes, joined)


def store_weights(period: Period, year: int) -> Numbers:
    """The demand at each store in one year, without regard to whether it is open."""
    age = max(year - period.first.year, 0)
    return np.array([store.weight * words.REGIONS[store.region].growth ** age for store in words.STORES])


def open_store(period: Period, stores: Integers, on: Integers) -> Integers:
    """The same stores; where one is not open on its day, the oldest of its region instead."""
    openings = store_openings(period)
    region = np.array([store.region for store in words.STORES])
    oldest = np.array([min(np.flatnonzero(region == r), key=lambda s: openings[s]) for r in region])
    return np.where(openings[stores] <= on, stores, oldest[stores])
