CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    city_id INTEGER NOT NULL REFERENCES cities (id),
    ordered_on DATE NOT NULL,
    amount REAL NOT NULL
);
INSERT INTO cities VALUES
    (1, 'Berlin', 'Germany'), (2, 'Hamburg', 'Germany'), (3, 'Paris', 'France'),
    (4, 'Lyon', 'France'), (5, 'Madrid', 'Spain'), (6, '北京', 'China');
INSERT INTO orders
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
SELECT i, 1 + i * i % 6, date('2024-12-01', '+' || (i * 3) || ' days'), 10 + i % 7 * 12.5 FROM n;
