"""Three years of the demo business as rows, from a seed alone: no clock, no locale, no hash order."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from planner_cli.demo import catalogue
from planner_cli.demo.dice import Dice
from planner_cli.types import Row

Rows: TypeAlias = dict[str, Sequence[Row]]
"""Rows by table; columns in the order of ``schema.SCHEMA``."""

FIRST_DAY = dt.date(2022, 1, 3)
LAST_DAY = dt.date(2024, 12, 31)
"""The day the business looks back from: later payments and shipments have not happened."""

_CUSTOMERS = 150
_FIRST_SIGNUP = dt.date(2018, 1, 8)
_SILENT_EVERY = 11
"""Every eleventh customer signed up and never ordered."""
_ORDERS = 1100
_STOPS = 420


class _Customer(NamedTuple):
    id: int
    name: str
    city: str
    country: str
    email: str | None
    credit_limit: float | None
    signup_date: str


class _Order(NamedTuple):
    id: int
    customer_id: int
    employee_id: int | None
    order_date: str
    status: str
    shipped_date: str | None


class _Line(NamedTuple):
    order_id: int
    line_no: int
    product_id: int
    quantity: int
    unit_price: float
    discount: float


class _Invoice(NamedTuple):
    id: int
    order_id: int
    invoice_date: str
    due_date: str
    amount: float


def rows(seed: int) -> Rows:
    """All rows of the demo database by table; the same for the same seed on every machine and Python."""
    dice = Dice(seed)
    customers = _customers(dice)
    products = _products(dice)
    orders = _orders(dice, customers)
    lines = _order_lines(dice, orders)
    invoices = _invoices(dice, orders, lines)
    return {
        "customers": customers,
        "employees": _employees(),
        "machines": [(number, *machine[:5]) for number, machine in enumerate(catalogue.MACHINES, 1)],
        "products": products,
        "orders": orders,
        "order_lines": lines,
        "invoices": invoices,
        "payments": _payments(dice, invoices),
        "downtime": _downtime(dice),
    }


def _customers(dice: Dice) -> list[_Customer]:
    countries = [place[0] for place in catalogue.PLACES]
    weights = [place[3] for place in catalogue.PLACES]
    named = list(catalogue.FIXED_CUSTOMERS)
    taken: set[str] = set()
    while len(named) < _CUSTOMERS:
        country = dice.weighted(countries, weights)
        _, cities, suffixes, _ = catalogue.PLACES[countries.index(country)]
        words = f"{dice.pick(catalogue.FIRST_WORDS)} {dice.pick(catalogue.SECOND_WORDS)}"
        if words not in taken:
            taken.add(words)
            named.append((f"{words} {dice.pick(suffixes)}", dice.pick(cities), country))
    customers: list[_Customer] = []
    for number, (name, city, country) in enumerate(named, 1):
        email = f"office@{_domain(name) or f'customer{number}'}.example" if dice.chance(0.86) else None
        limit = float(dice.skewed(1, 20, 2.0) * 2500) if dice.chance(0.8) else None
        signup = dice.weekday(_FIRST_SIGNUP, LAST_DAY, 1.6)
        customers.append(_Customer(number, name, city, country, email, limit, signup.isoformat()))
    return customers


def _domain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l")).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split()[:2])


def _employees() -> list[Row]:
    ids = {name: number for number, (name, *_) in enumerate(catalogue.EMPLOYEES, 1)}
    return [
        (ids[name], name, department, ids[manager] if manager else None, hired, salary)
        for name, department, manager, hired, salary in catalogue.EMPLOYEES
    ]


def _staff(department: str, day: str) -> list[int]:
    """Ids of those who worked in the department on that day."""
    return [
        number
        for number, (_, where, _, hired, _) in enumerate(catalogue.EMPLOYEES, 1)
        if where == department and hired <= day
    ]


def _products(dice: Dice) -> list[Row]:
    machines = {machine[0]: number for number, machine in enumerate(catalogue.MACHINES, 1)}
    products: list[Row] = []
    for number, (name, category, price, machine, _) in enumerate(catalogue.PRODUCTS, 1):
        most = 4000 if price < 1 else 400 if price < 50 else 40
        stock = 0 if dice.chance(0.1) else dice.between(1, most)
        products.append((number, name, category, price, stock, machines[machine] if machine else None))
    return products


def _orders(dice: Dice, customers: Sequence[_Customer]) -> list[_Order]:
    """Draw orders of a growing business: later days are likelier, and a few customers order most."""
    buyers = [c for c in customers if c.id % _SILENT_EVERY]
    weights = [1.0 / rank**0.55 for rank in range(1, len(buyers) + 1)]
    drawn: list[tuple[str, int]] = []
    while len(drawn) < _ORDERS:
        day, customer = dice.weekday(FIRST_DAY, LAST_DAY, 0.8), dice.weighted(buyers, weights)
        if day.isoformat() >= customer.signup_date:
            drawn.append((day.isoformat(), customer.id))
    orders: list[_Order] = []
    for number, (day_text, customer_id) in enumerate(sorted(drawn), 1001):
        staff = _staff("sales", day_text)
        seller = None if dice.chance(0.35) else dice.weighted(staff, [1.0 / (1 + rank) for rank in range(len(staff))])
        shipped = dt.date.fromisoformat(day_text) + dt.timedelta(days=dice.skewed(1, 28, 1.8))
        if dice.chance(0.06):
            orders.append(_Order(number, customer_id, seller, day_text, "cancelled", None))
        elif shipped > LAST_DAY or dice.chance(0.01):
            orders.append(_Order(number, customer_id, seller, day_text, "open", None))
        else:
            orders.append(_Order(number, customer_id, seller, day_text, "shipped", shipped.isoformat()))
    return orders


def _order_lines(dice: Dice, orders: Sequence[_Order]) -> list[_Line]:
    numbers = range(1, len(catalogue.PRODUCTS) + 1)
    weights = [product[4] for product in catalogue.PRODUCTS]
    lines: list[_Line] = []
    for order in orders:
        wanted = dict.fromkeys(dice.weighted(numbers, weights) for _ in range(dice.skewed(1, 6, 1.6)))
        for line, product in enumerate(wanted, 1):
            price = _price_in(int(order.order_date[:4]), catalogue.PRODUCTS[product - 1][2])
            discount = dice.pick((0.05, 0.1, 0.15)) if dice.chance(0.18) else 0.0
            lines.append(_Line(order.id, line, product, _quantity(dice, price), price, discount))
    return lines


def _price_in(year: int, today: float) -> float:
    """Prices rose by four per cent a year up to today's list."""
    return round(today / 1.04 ** (LAST_DAY.year - year), 2)


def _quantity(dice: Dice, price: float) -> int:
    if price < 1:
        return dice.skewed(1, 40, 1.5) * 25
    return dice.skewed(1, 30, 2.0) if price < 50 else dice.skewed(1, 8, 2.2)


def _invoices(dice: Dice, orders: Sequence[_Order], lines: Sequence[_Line]) -> list[_Invoice]:
    """One for each shipped order, dated with its shipment, due 14, 30 or 60 days later."""
    totals: dict[int, float] = {}
    for line in lines:
        value = line.quantity * line.unit_price * (1 - line.discount)
        totals[line.order_id] = totals.get(line.order_id, 0.0) + value
    shipped = sorted((order.shipped_date, order.id) for order in orders if order.shipped_date)
    invoices: list[_Invoice] = []
    for number, (day, order_id) in enumerate(shipped, 5001):
        due = dt.date.fromisoformat(day) + dt.timedelta(days=dice.pick((14, 30, 30, 30, 60)))
        invoices.append(_Invoice(number, order_id, day, due.isoformat(), round(totals[order_id], 2)))
    return invoices


def _payments(dice: Dice, invoices: Sequence[_Invoice]) -> list[Row]:
    """Most pay once, near the due date; some in two parts, some late, some not yet or never."""
    drawn: list[tuple[str, int, float, str]] = []
    for invoice in invoices:
        late = dice.skewed(1, 75, 2.0) if dice.chance(0.25) else -dice.between(0, 10)
        method = dice.weighted(("transfer", "direct debit", "card", "cheque"), (70, 15, 12, 3))
        if dice.chance(0.03):
            continue
        parts = [invoice.amount]
        if invoice.amount > 400 and dice.chance(0.15):
            first = round(invoice.amount / 2, 2)
            parts = [first, round(invoice.amount - first, 2)]
        for index, part in enumerate(parts):
            day = dt.date.fromisoformat(invoice.due_date) + dt.timedelta(days=late + 30 * index)
            if day <= LAST_DAY:
                drawn.append((day.isoformat(), invoice.id, part, method))
    return [(number, paid[1], paid[0], *paid[2:]) for number, paid in enumerate(sorted(drawn), 1)]


def _downtime(dice: Dice) -> list[Row]:
    machines = range(1, len(catalogue.MACHINES) + 1)
    weights = [machine[5] for machine in catalogue.MACHINES]
    stops: list[tuple[str, int, int, str | None, int | None]] = []
    for _ in range(_STOPS):
        reason, _, shortest, longest = dice.weighted(catalogue.REASONS, [reason[1] for reason in catalogue.REASONS])
        start = f"{dice.weekday(FIRST_DAY, LAST_DAY)} {dice.between(6, 21):02}:{dice.between(0, 59):02}"
        machine = dice.weighted(machines, weights)
        crew = _staff("production", start) + _staff("maintenance", start)
        reporter = None if reason is None and dice.chance(0.7) else dice.pick(crew)
        stops.append((start, machine, dice.skewed(shortest, longest, 1.7), reason, reporter))
    stops.sort(key=lambda stop: stop[:3])
    return [(number, stop[1], stop[0], *stop[2:]) for number, stop in enumerate(stops, 1)]
