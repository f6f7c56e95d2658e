"""The demo database's tables, as a business would have written them: comments, keys, and two awkward names."""

from __future__ import annotations

SCHEMA = """\
CREATE TABLE customers (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,   -- company name as on the invoice
    city         TEXT NOT NULL,
    country      TEXT NOT NULL,
    email        TEXT,            -- NULL: none known
    credit_limit REAL,            -- EUR; NULL: pays in advance
    signup_date  DATE NOT NULL    -- YYYY-MM-DD
);
CREATE TABLE employees (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    department TEXT NOT NULL,     -- sales, production, maintenance, accounting or management
    manager_id INTEGER REFERENCES employees(id),
    hired_date DATE NOT NULL,
    salary     INTEGER NOT NULL   -- EUR a year
);
CREATE TABLE machines (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    "group"        TEXT NOT NULL, -- turning, milling, forming, joining, finishing or packing
    hall           TEXT NOT NULL,
    installed_date DATE NOT NULL,
    hourly_cost    REAL NOT NULL  -- EUR an hour
);
CREATE TABLE products (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    category   TEXT NOT NULL,
    price      REAL NOT NULL,     -- list price today, EUR
    stock      INTEGER NOT NULL,  -- pieces in the warehouse
    machine_id INTEGER REFERENCES machines(id) -- the machine that makes it; NULL: bought in
);
CREATE TABLE orders (
    id           INTEGER PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customers(id),
    employee_id  INTEGER REFERENCES employees(id), -- who sold it; NULL: ordered on the web
    order_date   DATE NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('open', 'shipped', 'cancelled')),
    shipped_date DATE
);
CREATE TABLE order_lines (
    order_id   INTEGER NOT NULL REFERENCES orders(id),
    line_no    INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products(id),
    quantity   INTEGER NOT NULL,
    unit_price REAL NOT NULL,     -- EUR, the price when it was ordered
    discount   REAL NOT NULL DEFAULT 0, -- share of the price, 0.1 is ten per cent off
    PRIMARY KEY (order_id, line_no)
);
CREATE TABLE invoices (
    id           INTEGER PRIMARY KEY,
    order_id     INTEGER NOT NULL UNIQUE REFERENCES orders(id),
    invoice_date DATE NOT NULL,
    due_date     DATE NOT NULL,
    amount       REAL NOT NULL    -- EUR
);
CREATE TABLE payments (
    id           INTEGER PRIMARY KEY,
    invoice_id   INTEGER NOT NULL REFERENCES invoices(id), -- an invoice may be paid in parts
    payment_date DATE NOT NULL,
    amount       REAL NOT NULL,
    method       TEXT NOT NULL    -- transfer, card, direct debit or cheque
);
CREATE TABLE downtime (
    id          INTEGER PRIMARY KEY,
    machine_id  INTEGER NOT NULL REFERENCES machines(id),
    start_time  DATETIME NOT NULL,    -- YYYY-MM-DD HH:MM
    minutes     INTEGER NOT NULL,
    ReasonCode  TEXT,             /* as typed at the terminal; NULL: nobody said */
    reported_by INTEGER REFERENCES employees(id)
);
CREATE INDEX orders_by_customer ON orders(customer_id);
CREATE INDEX order_lines_by_product ON order_lines(product_id);
CREATE INDEX payments_by_invoice ON payments(invoice_id);
CREATE INDEX downtime_by_machine ON downtime(machine_id);
"""
"""One CREATE statement a table, parents before children."""

TABLES: tuple[str, ...] = (
    "customers",
    "employees",
    "machines",
    "products",
    "orders",
    "order_lines",
    "invoices",
    "payments",
    "downtime",
)
"""In the order in which they are filled."""
