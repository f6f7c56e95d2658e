"""What the demo business is made of: its places, goods, machines and people. Names are invented."""

from __future__ import annotations

FIXED_CUSTOMERS: tuple[tuple[str, str, str], ...] = (
    ("O'Brien & Sons", "Dublin", "Ireland"),
    ("Müller GmbH", "Hamburg", "Germany"),
    ("Zakład Łódzki", "Łódź", "Poland"),
    ("日本電機", "大阪", "Japan"),
    ("D'Angelo Ricambi", "Milan", "Italy"),
    ('The "Blue Door" Workshop', "Leeds", "United Kingdom"),
    ("Ångström AB", "Malmö", "Sweden"),
    ("100% Metal Ltd", "Leeds", "United Kingdom"),
    ("Café São Jorge", "Porto", "Portugal"),
    ("Null Island Marine", "Rotterdam", "Netherlands"),
    ("smith_jones trading", "Manchester", "United Kingdom"),
    ("Κρήτη Shipping", "Heraklion", "Greece"),
)
"""Name, city, country: the ones that break programs which quote or encode carelessly."""

FIRST_WORDS: tuple[str, ...] = (
    "Alpine", "Baltic", "Copper", "Delta", "Evergreen", "Falcon", "Granite", "Harbour", "Iron", "Juniper",
    "Kestrel", "Lakeside", "Meridian", "Northern", "Oakwood", "Pioneer", "Quartz", "Riverside", "Summit", "Tidal",
)  # fmt: skip
SECOND_WORDS: tuple[str, ...] = (
    "Engineering", "Tools", "Machinery", "Pumps", "Motors", "Robotics", "Fabrication", "Automation", "Supplies",
)  # fmt: skip

PLACES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], float], ...] = (
    ("Germany", ("Hamburg", "Munich", "Berlin", "Stuttgart"), ("GmbH", "AG", "KG"), 30),
    ("France", ("Paris", "Lyon", "Lille"), ("SARL", "SA"), 20),
    ("United Kingdom", ("London", "Leeds", "Manchester"), ("Ltd", "plc"), 16),
    ("Italy", ("Milan", "Turin"), ("S.r.l.", "S.p.A."), 12),
    ("Netherlands", ("Rotterdam", "Eindhoven"), ("B.V.",), 8),
    ("Poland", ("Warsaw", "Kraków", "Łódź"), ("Sp. z o.o.",), 7),
    ("Spain", ("Bilbao", "Valencia"), ("S.L.",), 6),
    ("Sweden", ("Malmö", "Gothenburg"), ("AB",), 4),
)
"""Country, its cities, its company suffixes, weight."""

MACHINES: tuple[tuple[str, str, str, str, float, float], ...] = (
    ("Lathe 1", "turning", "A", "2009-03-16", 38.0, 5),
    ("Lathe 2", "turning", "A", "2014-09-01", 42.5, 3),
    ("Lathe 3", "turning", "A", "2021-05-10", 47.0, 1),
    ("Mill 1", "milling", "A", "2011-11-07", 55.0, 4),
    ("Mill 2", "milling", "A", "2019-02-18", 61.5, 2),
    ('Mill 3 "Big Bertha"', "milling", "B", "2006-06-26", 72.0, 7),
    ("Press 1", "forming", "B", "2008-08-04", 49.0, 5),
    ("Press 2", "forming", "B", "2017-04-24", 52.0, 2),
    ("Welding Robot", "joining", "B", "2018-10-15", 66.0, 4),
    ("Laser Cutter", "joining", "B", "2020-01-13", 84.0, 3),
    ("Paint Line", "finishing", "C", "2012-07-09", 58.0, 3),
    ("Packing Line", "packing", "C", "2016-03-21", 29.5, 2),
    ("Spare Lathe", "turning", "C", "2022-12-05", 35.0, 0),
)
"""Name, group, hall, installed, EUR an hour, how often it stops (weight)."""

PRODUCTS: tuple[tuple[str, str, float, str | None, float], ...] = (
    ("Hex Bolt M8", "fasteners", 0.45, "Lathe 1", 10),
    ("Hex Bolt M10", "fasteners", 0.62, "Lathe 1", 8),
    ("Hex Bolt M12", "fasteners", 0.88, "Lathe 2", 6),
    ("Steel Washer 8 mm", "fasteners", 0.09, "Press 1", 9),
    ("Lock Nut M8", "fasteners", 0.21, None, 7),
    ("Wood Screw 4x40", "fasteners", 0.07, None, 4),
    ('Threaded Rod 1/2"', "fasteners", 3.4, "Lathe 2", 3),
    ("Ball Bearing 6204", "bearings", 6.9, None, 8),
    ("Ball Bearing 6308", "bearings", 14.5, None, 5),
    ("Needle Bearing", "bearings", 11.2, None, 3),
    ("Thrust Bearing", "bearings", 23.75, None, 2),
    ("Bearing Housing", "bearings", 31.0, "Mill 1", 4),
    ("Gear Motor 90 W", "motors", 139.0, None, 4),
    ("Gear Motor 250 W", "motors", 219.0, None, 4),
    ("Servo Motor 400 W", "motors", 486.0, None, 2),
    ("Stepper Motor", "motors", 64.5, None, 5),
    ("Motor Flange", "motors", 27.3, "Mill 2", 4),
    ("Motor Shaft", "motors", 18.9, "Lathe 3", 4),
    ("Proximity Sensor", "sensors", 34.9, None, 6),
    ("Light Barrier", "sensors", 78.0, None, 3),
    ("Temperature Sensor", "sensors", 22.4, None, 5),
    ("Pressure Gauge", "sensors", 45.0, None, 2),
    ("Sensor Bracket", "sensors", 4.8, "Press 2", 5),
    ("Drill Bit Set", "tools", 39.9, None, 4),
    ("Torque Wrench", "tools", 112.0, None, 2),
    ("Deburring Knife", "tools", 8.5, None, 3),
    ("Hand Vice", "tools", 57.0, "Mill 1", 2),
    ("Safety Gloves", "tools", 5.9, None, 6),
    ("Aluminium Profile 40x40", "frames", 16.5, "Laser Cutter", 7),
    ("Aluminium Profile 80x40", "frames", 29.0, "Laser Cutter", 5),
    ("Corner Bracket", "frames", 2.3, "Press 2", 8),
    ("Machine Foot", "frames", 9.6, "Paint Line", 5),
    ("Welded Table Frame", "frames", 349.0, "Welding Robot", 2),
    ("Guard Door", "frames", 264.0, "Welding Robot", 2),
    ("Cover Plate", "frames", 38.2, "Laser Cutter", 3),
    ("Conveyor Roller", "conveyors", 17.8, "Lathe 3", 6),
    ("Conveyor Belt 5 m", "conveyors", 188.0, None, 3),
    ("Drive Drum", "conveyors", 96.0, 'Mill 3 "Big Bertha"', 2),
    ("Side Rail", "conveyors", 24.6, "Laser Cutter", 4),
    ("Complete Conveyor 3 m", "conveyors", 2450.0, "Packing Line", 0.6),
    ("Grease Cartridge", "consumables", 7.2, None, 6),
    ("Cutting Oil 5 l", "consumables", 28.0, None, 3),
    ("Cleaning Cloths", "consumables", 12.5, None, 3),
    ("Paint RAL 7035", "consumables", 33.5, None, 2),
    ("Customer's Special Part", "specials", 75.0, 'Mill 3 "Big Bertha"', 1),
    ("Prototype Gripper", "specials", 980.0, "Mill 2", 0),
    ("Museum Sign", "specials", 149.0, "Paint Line", 0),
)
"""Name, category, price, the machine that makes it, how often it is ordered (weight; 0: never yet)."""

EMPLOYEES: tuple[tuple[str, str, str | None, str, int], ...] = (
    ("Helena Brandt", "management", None, "2004-02-01", 128000),
    ("Marco Conti", "sales", "Helena Brandt", "2010-05-17", 82000),
    ("Siobhán O'Neill", "sales", "Marco Conti", "2015-01-12", 56500),
    ("Jan de Vries", "sales", "Marco Conti", "2018-09-03", 51200),
    ("Amélie Laurent", "sales", "Marco Conti", "2020-03-02", 48900),
    ("Tomasz Wójcik", "sales", "Marco Conti", "2023-06-19", 43600),
    ("Petra Schulz", "production", "Helena Brandt", "2007-08-20", 79000),
    ("Ivan Petrov", "production", "Petra Schulz", "2012-04-10", 46800),
    ("Lucía Romero", "production", "Petra Schulz", "2016-11-28", 44300),
    ("Kenji Sato", "production", "Petra Schulz", "2019-07-15", 42700),
    ("Bao Nguyen", "production", "Petra Schulz", "2021-10-04", 40900),
    ("Fatima Haddad", "production", "Petra Schulz", "2022-02-14", 41500),
    ("Oskar Lind", "maintenance", "Helena Brandt", "2009-06-08", 71000),
    ("Grace Mensah", "maintenance", "Oskar Lind", "2017-03-27", 49700),
    ("Dario Russo", "maintenance", "Oskar Lind", "2021-01-18", 45800),
    ("Ingrid Dahl", "accounting", "Helena Brandt", "2011-09-12", 68000),
    ("Peter Novák", "accounting", "Ingrid Dahl", "2019-05-06", 47200),
    ("Aoife Kelly", "accounting", "Ingrid Dahl", "2024-04-22", 39800),
)
"""Name, department, manager, hired, EUR a year."""

REASONS: tuple[tuple[str | None, float, int, int], ...] = (
    ("tool wear", 24, 10, 60),
    ("no material", 18, 15, 120),
    ("maintenance", 16, 45, 240),
    ("electrical fault", 11, 30, 300),
    ("operator missing", 9, 10, 90),
    ("software", 7, 5, 75),
    ("Tool Wear", 4, 10, 60),
    ("hydraulic leak", 4, 60, 480),
    (None, 12, 5, 90),
)
"""Reason as typed, weight, shortest and longest stop in minutes."""
