-- A small shop for the guard's own harmless statements.
CREATE TABLE customers (id int PRIMARY KEY, name text, email text, country text, vip boolean, created_at timestamp);
INSERT INTO customers VALUES (1, 'Ann', 'ann@example.org', 'UK', TRUE, '2023-11-02'), (2, 'Ben', NULL, 'US', FALSE, '2023-12-11'), (3, '王伟', 'wei@example.org', 'CN', FALSE, '2024-01-20'), (4, 'Eva', 'eva@example.org', 'DE', NULL, '2024-02-07');
CREATE TABLE products (id int PRIMARY KEY, name text, category text, price numeric(10, 2), attrs jsonb);
INSERT INTO products VALUES (1, 'Pen', 'office', 1.20, '{"color": "red"}'), (2, 'Desk', 'furniture', 240, '{"color": "oak", "size": {"w": 140}}'), (3, 'Lamp', 'furniture', 32.5, NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status text, amount numeric(12, 2), created_at timestamp, note text);
INSERT INTO orders SELECT g, 1 + g % 4, (ARRAY['new', 'paid', 'shipped'])[1 + g % 3], g * 10.5, timestamp '2024-01-01' + g * interval '36 hours', 'n' || g FROM generate_series(1, 40) g;
CREATE TABLE order_items (order_id int, product_id int, qty int, unit_price numeric(10, 2), id int);
INSERT INTO order_items SELECT g, 1 + g % 3, 1 + g % 5, 9.5, 100 + g FROM generate_series(1, 40) g;
CREATE TABLE employees (id int PRIMARY KEY, name text, manager_id int, dept text, salary numeric, hired_on date);
INSERT INTO employees VALUES (1, 'Max', NULL, 'board', 300, '2010-02-01'), (2, 'Mia', 1, 'tech', 200, '2012-03-01'), (3, 'Tom', 2, 'tech', 120, '2020-05-01'), (4, 'Ida', 1, 'sales', 180, '2015-09-01');
CREATE TABLE events (id int, user_id int, kind text, payload jsonb, tags text[], ts timestamp);
INSERT INTO events SELECT g, 1 + g % 4, (ARRAY['view', 'click'])[1 + g % 2], jsonb_build_object('page', '/p' || g, 'ms', g, 'items', jsonb_build_array(g, g + 1)), ARRAY['t' || g % 2, 'x'], timestamp '2024-05-01' + g * interval '1 hour' FROM generate_series(1, 20) g;
CREATE TABLE "select table" ("update" text, "delete" int, "from" date, "group" text, "order" int);
INSERT INTO "select table" VALUES ('DROP TABLE x', 1, '2024-01-01', 'g', 2), ('a;b', 3, '2024-02-01', 'h', 1);
CREATE TABLE "订单" ("编号" int, "客户" text, "金额" numeric(10, 2));
INSERT INTO "订单" VALUES (1, '王伟', 100), (2, '李娜', 250.5);
CREATE TABLE vault (id int, secret text);
INSERT INTO vault VALUES (1, 'hidden');
