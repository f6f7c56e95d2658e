"""The system of a company, grown over decades: 300 tables in modules, most of them with a few rows or none."""

from __future__ import annotations

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, people
from planner_cli.types import Row

_MODULES = ("fin", "hr", "mm", "pp", "qm", "sd", "wm", "crm", "pm", "ps", "cfg", "sys", "bi", "tr", "leg")
_THINGS = (
    "status_code", "doc_type", "change_log", "attachment", "approval_step", "approval_rule", "number_range", "import_batch",
    "import_error", "user_pref", "print_queue", "text_block", "calendar", "translation", "mapping", "cost_object", "archive_index",
    "lock_entry", "job_run", "retention",
)  # fmt: skip
_FILLERS = [f"{module}_{thing}" for module in _MODULES for thing in _THINGS][:286]
_FILLER = """\
CREATE TABLE {name} (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL, descr TEXT, valid_from DATE, created_by TEXT, created_at TEXT
)"""
_COUNTRIES = ("DE", "FR", "IT", "PL", "ES", "NL")

SCHEMA = """\
CREATE TABLE hr_department (id INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, cost_center TEXT NOT NULL);
CREATE TABLE hr_employee (
    id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, department_id INTEGER NOT NULL REFERENCES hr_department(id),
    entry_date DATE NOT NULL, exit_date DATE, weekly_hours REAL NOT NULL
);
CREATE TABLE hr_absence (
    id INTEGER PRIMARY KEY, employee_id INTEGER NOT NULL REFERENCES hr_employee(id), kind TEXT NOT NULL, -- V vacation, S sick
    first_day DATE NOT NULL, days REAL NOT NULL
);
CREATE TABLE mm_supplier (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, blocked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE mm_purchase_order (
    id INTEGER PRIMARY KEY, supplier_id INTEGER NOT NULL REFERENCES mm_supplier(id), ordered_on DATE NOT NULL,
    total_eur REAL NOT NULL, delivered_on DATE
);
CREATE TABLE fin_invoice_in (
    id INTEGER PRIMARY KEY, purchase_order_id INTEGER NOT NULL REFERENCES mm_purchase_order(id), received_on DATE NOT NULL,
    amount_eur REAL NOT NULL, paid_on DATE
);
CREATE TABLE fleet_vehicle (plate TEXT PRIMARY KEY, model TEXT NOT NULL, km INTEGER NOT NULL, driver_id INTEGER REFERENCES hr_employee(id));
CREATE TABLE fleet_trip (
    id INTEGER PRIMARY KEY, plate TEXT NOT NULL REFERENCES fleet_vehicle(plate), day DATE NOT NULL, km REAL NOT NULL, fuel_l REAL
);
CREATE TABLE pp_machine (id INTEGER PRIMARY KEY, name TEXT NOT NULL, hall TEXT NOT NULL);
CREATE TABLE pp_run (
    id INTEGER PRIMARY KEY, machine_id INTEGER NOT NULL REFERENCES pp_machine(id), day DATE NOT NULL,
    good_parts INTEGER NOT NULL, scrap_parts INTEGER NOT NULL
);
CREATE TABLE it_asset (tag TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id INTEGER REFERENCES hr_employee(id), bought_on DATE NOT NULL);
CREATE TABLE facility_room (id INTEGER PRIMARY KEY, name TEXT NOT NULL, seats INTEGER NOT NULL, has_projector INTEGER NOT NULL);
CREATE TABLE facility_booking (
    id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL REFERENCES facility_room(id), day DATE NOT NULL,
    employee_id INTEGER NOT NULL REFERENCES hr_employee(id)
);
CREATE TABLE canteen_meal (id INTEGER PRIMARY KEY, day DATE NOT NULL, dish TEXT NOT NULL, sold INTEGER NOT NULL, vegetarian INTEGER NOT NULL);
""" + "".join(f"{_FILLER.format(name=name)};\n" for name in _FILLERS)

_DEPARTMENTS = ("Sales", "Production", "Quality", "Purchasing", "Accounting", "IT", "Human Resources", "Logistics")
_SUPPLIERS = (
    "Boltwerk",
    "Ferrosteel",
    "Plastiform",
    "Electra Parts",
    "Nordic Gears",
    "Gummi Fuchs",
    "Optica Sud",
    "Wirex",
    "Hydromax",
)
_DISHES = ("Lentil soup", "Pasta al forno", "Fish and potatoes", "Vegetable curry", "Schnitzel", "Bean burrito")


def rows(dice: Dice) -> Rows:
    staff: list[Row] = []
    for number, name in enumerate(people(dice, dice.between(120, 150)), 1):
        age = dice.between(20, 6000)
        left = back(dice.between(0, age)).isoformat() if dice.chance(0.15) else None
        staff.append(
            (
                number,
                name,
                dice.weighted(range(1, 9), (4, 9, 3, 2, 2, 3, 1, 4)),
                back(age).isoformat(),
                left,
                dice.pick((20.0, 30.0, 38.5, 38.5, 40.0)),
            )
        )
    count = len(staff)
    absences: list[Row] = [
        (
            n,
            dice.between(1, count),
            dice.pick("VVVS"),
            back(dice.between(0, 700)).isoformat(),
            float(dice.between(1, 20)) / 2,
        )
        for n in range(1, 701)
    ]
    suppliers: list[Row] = [
        (n, name, dice.pick(_COUNTRIES), int(dice.chance(0.2))) for n, name in enumerate(_SUPPLIERS, 1)
    ]
    orders: list[Row] = []
    invoices: list[Row] = []
    for number in range(1, 501):
        age = dice.between(1, 800)
        delivered = age - dice.between(3, 60)
        total = dice.skewed(4000, 3_000_000, 3.0) / 100
        orders.append(
            (
                number,
                dice.weighted(range(1, 10), (5, 3, 6, 2, 1, 4, 2, 1, 3)),
                back(age).isoformat(),
                total,
                back(delivered).isoformat() if delivered > 0 else None,
            )
        )
        if delivered > 5:
            paid = delivered - dice.between(3, 50)
            invoices.append(
                (
                    len(invoices) + 1,
                    number,
                    back(delivered - 2).isoformat(),
                    total,
                    back(paid).isoformat() if paid > 0 else None,
                )
            )
    vehicles: list[Row] = [
        (
            f"KX-{dice.between(100, 999)}{letter}",
            dice.pick(("Van L", "Compact E", "Estate D")),
            dice.between(4000, 180_000),
            dice.between(1, count) if dice.chance(0.7) else None,
        )
        for letter in "ABCDEFGHJK"
    ]
    trips: list[Row] = []
    for number in range(1, 901):
        km = dice.skewed(30, 4200, 1.6) / 10
        trips.append(
            (
                number,
                dice.pick(vehicles)[0],
                back(dice.between(0, 400)).isoformat(),
                km,
                round(km * dice.between(50, 95) / 1000, 1) if dice.chance(0.9) else None,
            )
        )
    machines: list[Row] = [
        (n, name, "AABC"[n % 4])
        for n, name in enumerate(("Press P1", "Press P2", "Mill M1", "Mill M2", "Lathe L1", "Robot R1"), 1)
    ]
    rates = [dice.between(5, 16) for _ in machines]
    runs: list[Row] = []
    for age in range(400):
        for machine in range(1, 7):
            if dice.chance(0.6):
                good = dice.between(50, 900)
                runs.append(
                    (
                        len(runs) + 1,
                        machine,
                        back(age).isoformat(),
                        good,
                        dice.skewed(0, good // rates[machine - 1], 2.0),
                    )
                )
    assets: list[Row] = [
        (
            f"IT{n:05d}",
            dice.pick(("laptop", "laptop", "monitor", "phone")),
            dice.between(1, count) if dice.chance(0.85) else None,
            back(dice.between(10, 2500)).isoformat(),
        )
        for n in range(1, 301)
    ]
    rooms: list[Row] = [
        (n, name, dice.between(4, 40), int(dice.chance(0.5)))
        for n, name in enumerate(("Alder", "Birch", "Cedar", "Elm", "Maple", "Pine"), 1)
    ]
    bookings: list[Row] = [
        (n, dice.between(1, 6), back(dice.between(-20, 200)).isoformat(), dice.between(1, count)) for n in range(1, 951)
    ]
    meals: list[Row] = []
    for age in range(300):
        if back(age).weekday() < 5:
            for dish in (dice.pick(_DISHES[:3]), dice.pick(_DISHES[3:])):
                meals.append(
                    (
                        len(meals) + 1,
                        back(age).isoformat(),
                        dish,
                        dice.between(12, 95),
                        int(dish in {"Lentil soup", "Vegetable curry", "Bean burrito"}),
                    )
                )
    fillers: dict[str, list[Row]] = {
        name: [
            (n, f"{name[:3].upper()}{n:03d}", None, back(dice.between(100, 5000)).isoformat(), "system", None)
            for n in range(1, dice.skewed(1, 12, 2.0))
        ]
        for name in _FILLERS
    }
    return {
        "hr_department": [(n, name[:3].upper(), name, f"CC{n}00") for n, name in enumerate(_DEPARTMENTS, 1)],
        "hr_employee": staff, "hr_absence": absences, "mm_supplier": suppliers, "mm_purchase_order": orders,
        "fin_invoice_in": invoices, "fleet_vehicle": vehicles, "fleet_trip": trips, "pp_machine": machines, "pp_run": runs,
        "it_asset": assets, "facility_room": rooms, "facility_booking": bookings, "canteen_meal": meals, **fillers,
    }  # fmt: skip
