"""What happens in the demo shop: orders, their lines, payments, returns and stock.

Demand has a season, a weekday, promotions and growth; each year is drawn whole and cut at today. The figures of a
cancelled order are zero, so that plain sums are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data import demo_shop_words as words
from data.demo_shop_rows import (
    Cast,
    Columns,
    Goods,
    Integers,
    Numbers,
    Period,
    days,
    money,
    numbers,
    open_store,
    promotion_days,
    store_weights,
)

ORDERS_A_DAY = 32.0
GROWTH = 1.11
_MONTHS = (0.88, 0.84, 0.93, 0.98, 1.02, 1.0, 0.97, 0.93, 0.98, 1.04, 1.2, 1.32)
_WEEKDAYS = (0.86, 0.83, 0.87, 0.94, 1.14, 1.42, 0.94)
_LAST_MINUTE_TODAY = 12 * 60
_WALK_IN, _PHONE = 0, 3
_COMPLETED, _SHIPPED, _PROCESSING, _CANCELLED = range(4)
STATUSES = ("Completed", "Shipped", "Processing", "Cancelled")
_REFUND_WEIGHTS = (0.30, 0.17, 0.16, 0.14, 0.08, 0.15)


@dataclass(frozen=True)
class Orders:
    """One array cell per order, by time; -1 is none. `draw` are three uniform numbers kept for later decisions."""

    day: Integers
    minute: Integers
    store: Integers
    customer: Integers
    employee: Integers
    channel: Integers
    cancelled: NDArray[np.bool_]
    delivery: Integers
    promotion: Integers
    percent: Integers
    draw: Numbers


@dataclass(frozen=True)
class Lines:
    """One array cell per order line; `order` is the place of its order, money is in cents."""

    order: Integers
    product: Integers
    quantity: Integers
    price: Integers
    discount: Integers
    cost: Integers
    draw: Numbers

    @property
    def sales(self) -> Integers:
        return self.quantity * self.price - self.discount


_Cells = TypeVar("_Cells", Orders, Lines)


def trade(period: Period, cast: Cast) -> Mapping[str, Columns]:
    """The rows of orders, order_lines, payments, returns and stocktakes by table name."""
    orders, lines = _history(period, cast)
    totals = np.zeros(len(orders.day), dtype=np.int64)
    np.add.at(totals, lines.order, lines.sales)
    delivered = (orders.channel != _WALK_IN) & ~orders.cancelled
    fees = np.where(delivered & (totals < 15_000), 590, 0)
    return {
        "orders": _orders_table(period, orders, fees),
        "order_lines": _lines_table(lines),
        "payments": _payments_table(period, orders, totals + fees),
        "returns": _returns_table(period, cast, orders, lines),
        "stocktakes": _stocktakes_table(period, cast, lines),
    }


def _history(period: Period, cast: Cast) -> tuple[Orders, Lines]:
    """Every year's orders and lines in one, up to today noon."""
    orders, lines, before = [], [], 0
    for year in period.years:
        random = period.stream("trade", year)
        some = _orders(period, cast, year, random)
        own = _lines(period, cast, year, some, random)
        orders.append(some)
        lines.append(replace(own, order=own.order + before))
        before += len(some.day)
    every, every_line = _joined(orders), _joined(lines)
    today = period.today.toordinal()
    past = (every.day < today) | ((every.day == today) & (every.minute <= _LAST_MINUTE_TODAY))
    kept = int(past.sum())
    return _where(every, past), _where(every_line, every_line.order < kept)


def _joined(parts: list[_Cells]) -> _Cells:
    cells = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(parts[0])}
    return type(parts[0])(**cells)


def _where(whole: _Cells, kept: NDArray[np.bool_]) -> _Cells:
    return type(whole)(**{f.name: getattr(whole, f.name)[kept] for f in fields(whole)})


def _demand(period: Period, year: int, random: np.random.Generator) -> tuple[Integers, Integers]:
    """The days of one year and the number of orders on each."""
    first = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - first).days
    calendar = [first + timedelta(days=i) for i in range(count)]
    middle = np.array([15 + 30.4 * month for month in range(-1, 13)])
    season = np.interp(np.arange(count), middle, [_MONTHS[-1], *_MONTHS, _MONTHS[0]])
    weekday = np.array([_WEEKDAYS[day.weekday()] for day in calendar])
    growth = GROWTH ** (year - period.first.year + np.arange(count) / count)
    boost = np.ones(count)
    for promotion in words.PROMOTIONS:
        begins, ends = date(year, *promotion.first), date(year, *promotion.last)
        boost[(begins - first).days : (ends - first).days + 1] *= promotion.boost
    expected = ORDERS_A_DAY * season * weekday * growth * boost * random.lognormal(0, 0.09, count)
    return first.toordinal() + np.arange(count), random.poisson(expected)


def _orders(period: Period, cast: Cast, year: int, random: np.random.Generator) -> Orders:
    calendar, orders_a_day = _demand(period, year, random)
    day = np.repeat(calendar, orders_a_day)
    count, age = len(day), year - period.first.year
    online = np.array([share for _, share in words.CHANNELS]) * np.array([1.0, 1.0, 1.2**age, 0.9**age])
    channel = random.choice(len(words.CHANNELS), count, p=online / online.sum())
    by_day, by_night = random.triangular(570, 960, 1200, count), random.beta(3.2, 2.2, count) * 1439
    minute = np.asarray(np.where(np.isin(channel, (_WALK_IN, _PHONE)), by_day, by_night), dtype=np.int64)
    order = np.lexsort((minute, day))
    day, minute, channel = day[order], minute[order], channel[order]
    weights = store_weights(period, year)
    store = open_store(period, random.choice(len(weights), count, p=weights / weights.sum()), day)
    cancelled = random.random(count) < 0.036
    promotion, percent = _reductions(period, day, random)
    return Orders(
        day=day,
        minute=minute,
        store=store,
        customer=_buyers(period, cast, store, day, random),
        employee=_sellers(cast, store, day, channel, random),
        channel=channel,
        cancelled=cancelled,
        delivery=np.where((channel == _WALK_IN) | cancelled, -1, 1 + random.poisson(2.4, count)),
        promotion=promotion,
        percent=percent,
        draw=random.random((count, 3)),
    )


def _buyers(period: Period, cast: Cast, store: Integers, day: Integers, random: np.random.Generator) -> Integers:
    """Who bought: mostly the store's own customers, the earlier ones more often, and some visitors of other stores."""
    weights = store_weights(period, period.first.year)
    visiting = random.random(len(store)) < 0.06
    home = np.where(visiting, random.choice(len(weights), len(store), p=weights / weights.sum()), store)
    home = open_store(period, home, day - 120)
    loyalty = random.random(len(store)) ** 1.2
    buyer = np.zeros(len(store), dtype=np.int64)
    for place in np.unique(home):
        own = np.flatnonzero(cast.clientele.home == place)
        here = home == place
        # The oldest customers are not the first ones to have joined, but the first of a shuffled list.
        known = np.searchsorted(cast.clientele.joined[own], day[here], side="right")
        early = int(np.searchsorted(cast.clientele.joined[own], period.first.toordinal()))
        ranks = np.random.default_rng([period.seed, int(place)]).permutation(early)
        spot = np.asarray(loyalty[here] * known, dtype=np.int64)
        spot[spot < len(ranks)] = ranks[spot[spot < len(ranks)]]
        buyer[here] = own[spot]
    return buyer


def _sellers(cast: Cast, store: Integers, day: Integers, channel: Integers, random: np.random.Generator) -> Integers:
    """Who sold: an adviser of the store employed on that day; -1 where nobody was needed or there."""
    seller = np.full(len(store), -1, dtype=np.int64)
    served = np.isin(channel, (_WALK_IN, _PHONE))
    for place in np.unique(store):
        team = np.flatnonzero((cast.staff.store == place) & cast.staff.sells)
        here = np.flatnonzero(served & (store == place))
        there = (cast.staff.hired[team] <= day[here, None]) & (day[here, None] <= cast.staff.left[team])
        chance = there * cast.staff.pull[team] * random.exponential(1.0, (len(here), len(team)))
        best = chance.argmax(axis=1)
        seller[here] = np.where(there.any(axis=1), team[best], -1)
    return seller


def _lines(period: Period, cast: Cast, year: int, orders: Orders, random: np.random.Generator) -> Lines:
    goods, age = cast.goods, year - period.first.year
    segment = cast.clientele.segment[orders.customer]
    baskets = 1 + random.poisson(np.array([1.45, 1.8, 2.3])[segment])
    order = np.repeat(np.arange(len(orders.day)), baskets)
    product = _choices(period, goods, orders, order, random)
    order, product = np.unique(np.stack([order, product]), axis=1)
    count = len(order)
    pieces = np.array([category.pieces for category in words.CATEGORIES])[goods.category[product]]
    bulk = np.array([1.0, 1.5, 2.4])[segment[order]]
    quantity = np.minimum(1 + random.poisson((pieces - 1) * bulk + (bulk - 1) * 0.4), 60)
    quantity = np.where(orders.cancelled[order], 0, quantity)
    price = goods.prices(age)[product]
    cost = np.asarray(np.round(goods.price[product] * goods.cost[product] * 1.034**age), dtype=np.int64)
    return Lines(
        order=order,
        product=product,
        quantity=quantity,
        price=price,
        discount=np.asarray(np.round(quantity * price * orders.percent[order] / 100), dtype=np.int64),
        cost=quantity * cost,
        draw=random.random((count, 4)),
    )


def _choices(period: Period, goods: Goods, orders: Orders, order: Integers, random: np.random.Generator) -> Integers:
    """The product of each line: by the month's season, the region's taste, and what is on sale at the time."""
    regions = np.array([store.region for store in words.STORES])[orders.store[order]]
    months = np.array([day.month for day in days(orders.day)])[order]
    shares = np.array([category.weight for category in words.CATEGORIES])
    seasons = np.array([category.season for category in words.CATEGORIES])
    tastes = period.stream("goods", 2).uniform(0.72, 1.34, (len(words.REGIONS), len(words.CATEGORIES)))
    within = np.bincount(goods.category, weights=goods.weight)
    product = np.zeros(len(order), dtype=np.int64)
    for month in range(1, 13):
        for region in range(len(words.REGIONS)):
            here = np.flatnonzero((months == month) & (regions == region))
            if not len(here):
                continue
            first, last = orders.day[order[here[0]]], orders.day[order[here[-1]]]
            chance = (shares * seasons[:, month - 1] * tastes[region] / within)[goods.category] * goods.weight
            chance = chance * ((goods.launched <= first) & (goods.ended > last))
            product[here] = random.choice(len(chance), len(here), p=chance / chance.sum())
    return product


def _reductions(period: Period, day: Integers, random: np.random.Generator) -> tuple[Integers, Integers]:
    """The promotion each order was placed under (-1: none) and the percentage taken off its prices."""
    promotion, percent = np.full(len(day), -1, dtype=np.int64), np.zeros(len(day), dtype=np.int64)
    taking, asking = random.random(len(day)), random.random(len(day))
    for number, (place, first, last) in enumerate(promotion_days(period)):
        taken = (first.toordinal() <= day) & (day <= last.toordinal()) & (taking < 0.55)
        promotion[taken], percent[taken] = number, words.PROMOTIONS[place].percent
    percent[(promotion < 0) & (asking < 0.06)] = 5
    return promotion, percent


def _orders_table(period: Period, orders: Orders, fees: Integers) -> Columns:
    today = period.today.toordinal()
    arrived = orders.day + np.maximum(orders.delivery, 0) <= today
    status = np.where(arrived, _COMPLETED, np.where(orders.day >= today - 1, _PROCESSING, _SHIPPED))
    status = np.where(orders.cancelled, _CANCELLED, status)
    known = (orders.delivery >= 0) & arrived
    return {
        "order_id": numbers(len(orders.day)),
        "order_date": days(orders.day),
        "customer_id": (orders.customer + 1).tolist(),
        "store_id": (orders.store + 1).tolist(),
        "employee_id": [None if e < 0 else e + 1 for e in orders.employee.tolist()],
        "promotion_id": [None if p < 0 else p + 1 for p in orders.promotion.tolist()],
        "channel": [words.CHANNELS[c][0] for c in orders.channel],
        "status": [STATUSES[s] for s in status],
        "shipping_fee": money(fees),
        "delivery_days": [d if k else None for d, k in zip(orders.delivery.tolist(), known, strict=True)],
    }


def _lines_table(lines: Lines) -> Columns:
    return {
        "order_line_id": numbers(len(lines.order)),
        "order_id": (lines.order + 1).tolist(),
        "product_id": (lines.product + 1).tolist(),
        "quantity": lines.quantity.tolist(),
        "unit_price": money(lines.price),
        "discount": money(lines.discount),
        "sales": money(lines.sales),
        "cost": money(lines.cost),
        "profit": money(lines.sales - lines.cost),
    }


def _payments_table(period: Period, orders: Orders, due: Integers) -> Columns:
    """One payment for each order that was not cancelled; by bank transfer it comes days later."""
    age = (orders.day - period.first.toordinal()) / 365
    # Cash gives way to mobile wallets from year to year.
    wallet, cash = 0.14 + 0.045 * age, np.where(orders.channel == _WALK_IN, 0.2 - 0.04 * age, 0.0)
    bounds = np.cumsum([wallet, cash, np.full(len(age), 0.07), np.full(len(age), 0.05)], axis=0)
    method = np.array([2, 3, 4, 5, 0, 1])[
        np.where(
            orders.draw[:, 0] < bounds[3], (orders.draw[:, 0] >= bounds).sum(axis=0), 4 + (orders.draw[:, 1] < 0.38)
        )
    ]
    delay = np.where(method == 4, 1 + np.asarray(orders.draw[:, 2] * 11, dtype=np.int64), 0)
    paid = np.flatnonzero(~orders.cancelled & (due > 0) & (orders.day + delay <= period.today.toordinal()))
    begin = datetime(1, 1, 1, tzinfo=UTC)
    moments = [
        begin + timedelta(days=d - 1, minutes=m)
        for d, m in zip((orders.day + delay)[paid].tolist(), orders.minute[paid].tolist(), strict=True)
    ]
    return {
        "payment_id": numbers(len(paid)),
        "order_id": (paid + 1).tolist(),
        "method": [words.METHODS[m] for m in method[paid]],
        "paid_amount": money(due[paid]),
        "paid_at": moments,
    }


def _returns_table(period: Period, cast: Cast, orders: Orders, lines: Lines) -> Columns:
    share = np.array([category.returned for category in words.CATEGORIES])[cast.goods.category[lines.product]]
    online = np.where(orders.channel[lines.order] == _WALK_IN, 0.8, 1.35)
    waited = np.maximum(orders.delivery, 0)[lines.order] + 2 + np.asarray(lines.draw[:, 1] ** 2 * 28, dtype=np.int64)
    day = orders.day[lines.order] + waited
    back = (lines.draw[:, 0] < share * online) & (lines.quantity > 0) & (day <= period.today.toordinal())
    which = np.flatnonzero(back)[np.argsort(day[back], kind="stable")]
    pieces = np.maximum(1, np.round(lines.quantity * np.where(lines.draw[:, 2] < 0.6, 1.0, 0.5)).astype(np.int64))
    refund = lines.sales * pieces // np.maximum(lines.quantity, 1)
    reason = np.searchsorted(np.cumsum(_REFUND_WEIGHTS)[:-1], lines.draw[:, 3])
    silent = lines.draw[:, 2] > 0.93
    return {
        "return_id": numbers(len(which)),
        "order_line_id": (which + 1).tolist(),
        "returned_on": days(day[which]),
        "reason": [None if silent[i] else words.REASONS[reason[i]] for i in which],
        "returned_quantity": pieces[which].tolist(),
        "refund": money(refund[which]),
    }


def _stocktakes_table(period: Period, cast: Cast, lines: Lines) -> Columns:
    """About two thirds of the products lie in each store, with some weeks of their sales in stock."""
    random = period.stream("stock")
    stores, every = len(words.STORES), len(cast.goods.category)
    sold = np.bincount(lines.product, weights=lines.quantity, minlength=every) / (len(period.years) * 52 * stores)
    shape = (stores, every)
    held, weeks, drawn = random.random(shape) < 0.66, random.gamma(2.6, 4.0, shape), random.random(shape)
    count = np.asarray(np.where(drawn < 0.04, 0, np.round(weeks * (sold + 0.35))), dtype=np.int64)
    shown = len(cast.tables["products"]["product_id"])
    store, product = np.nonzero(held[:, :shown])
    counted = period.today.toordinal() - np.asarray(drawn * 28, dtype=np.int64)
    ago = counted[store, product]
    return {
        "store_id": (store + 1).tolist(),
        "product_id": (product + 1).tolist(),
        "stock": count[store, product].tolist(),
        "reorder_level": np.asarray(np.ceil(2 + 2.5 * sold[product]), dtype=np.int64).tolist(),
        "counted_on": [
            None if never else date.fromordinal(day)
            for day, never in zip(ago.tolist(), drawn[store, product] > 0.98, strict=True)
        ],
    }
