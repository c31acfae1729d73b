-- A shop where one word may be several things: countries that orders are shipped to, and that bills are sent to.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    ship_country TEXT NOT NULL,
    bill_country TEXT NOT NULL,
    amount REAL NOT NULL
);
INSERT INTO orders VALUES
    (1, 'Germany', 'Germany', 10), (2, 'Germany', 'France', 20), (3, 'France', 'Germany', 30),
    (4, 'Germany', 'France', 40), (5, 'Spain', 'France', 50);
