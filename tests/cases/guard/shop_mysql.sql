-- A small shop for the guard's own harmless statements.
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40), email varchar(80), country varchar(5), vip bool, created_at datetime);
INSERT INTO customers VALUES (1, 'Ann', 'ann@example.org', 'UK', TRUE, '2023-11-02'), (2, 'Ben', NULL, 'US', FALSE, '2023-12-11'), (3, '王伟', 'wei@example.org', 'CN', FALSE, '2024-01-20'), (4, 'Eva', 'eva@example.org', 'DE', NULL, '2024-02-07');
CREATE TABLE products (id int PRIMARY KEY, name varchar(40), category varchar(40), price decimal(10, 2), attrs json);
INSERT INTO products VALUES (1, 'Pen', 'office', 1.20, '{"color": "red"}'), (2, 'Desk', 'furniture', 240, '{"color": "oak", "size": {"w": 140}}'), (3, 'Lamp', 'furniture', 32.5, NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status varchar(20), amount decimal(12, 2), created_at datetime, note varchar(40));
INSERT INTO orders WITH RECURSIVE g (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM g WHERE g < 40) SELECT g, 1 + g % 4, elt(1 + g % 3, 'new', 'paid', 'shipped'), g * 10.5, timestamp '2024-01-01 00:00:00' + INTERVAL 36 * g HOUR, concat('n', g) FROM g;
CREATE TABLE order_items (order_id int, product_id int, qty int, unit_price decimal(10, 2));
INSERT INTO order_items WITH RECURSIVE g (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM g WHERE g < 40) SELECT g, 1 + g % 3, 1 + g % 5, 9.5 FROM g;
CREATE TABLE employees (id int PRIMARY KEY, name varchar(40), manager_id int, dept varchar(20), salary decimal(10, 2), hired_on date);
INSERT INTO employees VALUES (1, 'Max', NULL, 'board', 300, '2010-02-01'), (2, 'Mia', 1, 'tech', 200, '2012-03-01'), (3, 'Tom', 2, 'tech', 120, '2020-05-01'), (4, 'Ida', 1, 'sales', 180, '2015-09-01');
CREATE TABLE events (id int, user_id int, kind varchar(20), payload json, ts datetime);
INSERT INTO events WITH RECURSIVE g (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM g WHERE g < 20) SELECT g, 1 + g % 4, elt(1 + g % 2, 'view', 'click'), json_object('page', concat('/p', g), 'ms', g, 'items', json_array(g, g + 1)), timestamp '2024-05-01 00:00:00' + INTERVAL g HOUR FROM g;
CREATE TABLE `select table` (`update` varchar(40), `delete` int, `from` date, `group` varchar(5), `order` int);
INSERT INTO `select table` VALUES ('DROP TABLE x', 1, '2024-01-01', 'g', 2), ('a;b', 3, '2024-02-01', 'h', 1);
CREATE TABLE `订单` (`编号` int, `客户` varchar(20), `金额` decimal(10, 2));
INSERT INTO `订单` VALUES (1, '王伟', 100), (2, '李娜', 250.5);
CREATE TABLE vault (id int, secret varchar(20));
INSERT INTO vault VALUES (1, 'hidden');
