-- A shop that has customers and what they sent back, and says so in its own words.
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE returns (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    returned_on DATE NOT NULL,
    amount DECIMAL(10, 2) NOT NULL
);
CREATE TABLE warehouses (id INTEGER PRIMARY KEY, city TEXT NOT NULL, floor_area INTEGER NOT NULL);
INSERT INTO customers VALUES (1, 'Anna'), (2, 'Bruno');
INSERT INTO returns VALUES (1, 1, '2025-01-05', 10), (2, 1, '2025-02-10', 20), (3, 2, '2025-03-15', 30);
INSERT INTO warehouses VALUES (1, 'Berlin', 900);
