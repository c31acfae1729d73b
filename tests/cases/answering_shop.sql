-- A shop small enough to count by hand: three customers, eight orders.
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    order_date DATE NOT NULL,
    amount DECIMAL(10, 2) NOT NULL,
    status TEXT NOT NULL
);
INSERT INTO customers VALUES (1, 'Anna', 'DE'), (2, 'Bruno', 'FR'), (3, 'Chloé', 'FR');
INSERT INTO orders VALUES
    (1, 1, '2025-01-05', 10.00, 'completed'),
    (2, 1, '2025-02-10', 20.00, 'completed'),
    (3, 1, '2025-03-15', 30.00, 'cancelled'),
    (4, 2, '2025-04-20', 40.00, 'completed'),
    (5, 2, '2026-05-25', 50.00, 'completed'),
    (6, 2, '2026-06-30', 60.00, 'cancelled'),
    (7, 3, '2026-10-01', 70.00, 'completed'),
    (8, 3, '2026-11-02', 80.00, 'completed');
