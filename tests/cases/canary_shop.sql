CREATE TABLE canary_salaries (id INTEGER PRIMARY KEY, employee TEXT NOT NULL, canary_pay INTEGER NOT NULL);
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, region TEXT NOT NULL,
    canary_notes TEXT
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    canary_agent_id INTEGER REFERENCES canary_salaries (id),
    region TEXT NOT NULL, status TEXT NOT NULL, ordered_on DATE NOT NULL,
    amount NUMERIC NOT NULL, canary_margin NUMERIC
);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price NUMERIC NOT NULL);
INSERT INTO canary_salaries VALUES (1, 'Canary Agent', 98765001), (2, 'Other Canary', 98765002);
INSERT INTO customers VALUES
    (1, 'Anna', 'canary.anna@x.example', '98765111', 'West', 'canary note'),
    (2, 'Bruno', 'canary.bruno@x.example', '98765112', 'West', 'canary note'),
    (3, 'Canary Chloe', 'canary.chloe@x.example', '98765113', 'Canaria', 'canary note'),
    (4, 'Canary Dmitri', 'canary.dmitri@x.example', '98765114', 'Canaria', 'canary note');
INSERT INTO orders VALUES
    (1, 1, 1, 'West', 'completed', '2026-01-10', 10, 98765201),
    (2, 1, 1, 'West', 'completed', '2026-02-11', 20, 98765202),
    (3, 2, 1, 'West', 'open', '2026-03-12', 30, 98765203),
    (4, 2, 1, 'West', 'completed', '2026-05-01', 5, 98765204),
    (5, 3, 2, 'Canaria', 'canaryed', '2026-01-10', 98765301, 98765205),
    (6, 3, 2, 'Canaria', 'completed', '2026-08-08', 98765302, 98765206),
    (7, 4, 2, 'Canaria', 'lost', '2019-09-09', 98765303, 98765207);
INSERT INTO products VALUES (1, 'Oak table', 'Tables', 100), (2, 'Pine lamp', 'Lamps', 50), (3, 'Desk', 'Tables', 70);
