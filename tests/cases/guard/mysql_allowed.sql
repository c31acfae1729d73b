--: a plain question
SELECT COUNT(*) FROM orders

--: columns know no capitals
SELECT o.ID, O.Total FROM orders o JOIN customers c ON c.id = o.customer_id

--: the database may be named
SELECT shop.orders.id FROM shop.orders

--: backticks around keywords, Chinese names, a semicolon in a name
SELECT `select`, `from`, `Group` AS `订单`, `金额` x, `a;b` FROM `Odd Names`

--: Chinese without quotes
SELECT 区域, SUM(金额) AS 合计 FROM 销售 GROUP BY 区域 WITH ROLLUP

--: dates in the usual forms
SELECT DATE_FORMAT(placed_at, '%Y-%m') AS ym, YEAR(placed_at), MONTH(placed_at), QUARTER(placed_at), DAYNAME(placed_at)
FROM orders WHERE placed_at >= DATE_SUB(CURDATE(), INTERVAL 3 MONTH) AND placed_at < NOW() + INTERVAL 1 DAY GROUP BY ym

--: differences of dates
SELECT TIMESTAMPDIFF(MONTH, placed_at, NOW()), DATEDIFF(NOW(), placed_at), EXTRACT(YEAR_MONTH FROM placed_at), LAST_DAY(placed_at) FROM orders

--: dates from text
SELECT STR_TO_DATE('2025-01-01', '%Y-%m-%d'), DATE '2025-01-01', TIMESTAMP '2025-01-01 00:00:00', CONVERT_TZ(placed_at, '+00:00', '+08:00') FROM orders

--: aggregates of MySQL
SELECT GROUP_CONCAT(DISTINCT name ORDER BY name DESC SEPARATOR '; '), JSON_ARRAYAGG(city), BIT_OR(id), STDDEV(id) FROM customers

--: IF, IFNULL, CASE
SELECT IF(total > 10, 'big', 'small'), IFNULL(comment, '-'), CASE status WHEN 'new' THEN 1 ELSE 0 END, NULLIF(status, 'x') FROM orders

--: functions called like statements
SELECT REPLACE(name, 'a', 'b'), INSERT(name, 1, 1, ''), TRUNCATE(id, 0), LEFT(name, 1), CHAR(77 USING utf8mb4) FROM customers

--: windows
SELECT id, SUM(total) OVER (PARTITION BY customer_id ORDER BY placed_at), RANK() OVER w FROM orders WINDOW w AS (ORDER BY total DESC)

--: a hierarchy
WITH RECURSIVE chain AS (SELECT id, boss_id, 1 AS level FROM people WHERE boss_id IS NULL
UNION ALL SELECT p.id, p.boss_id, c.level + 1 FROM people p JOIN chain c ON p.boss_id = c.id) SELECT * FROM chain

--: JSON
SELECT payload->'$.page', payload->>'$.page', JSON_EXTRACT(payload, '$.a'), JSON_UNQUOTE(JSON_EXTRACT(payload, '$.b')) FROM visits

--: JSON as a table
SELECT v.id, t.sku FROM visits v, JSON_TABLE(v.payload, '$.items[*]' COLUMNS (n FOR ORDINALITY, sku VARCHAR(20) PATH '$.sku')) AS t

--: operators of MySQL
SELECT 5 DIV 2, 5 MOD 2, 5 % 2, NOT 0, 1 <=> NULL, 'a' RLIKE 'b', 'a' REGEXP 'b', 'a' SOUNDS LIKE 'b', 1 XOR 0, !0, ~0 FROM DUAL

--: strings of every form
SELECT "double; quoted", 'it''s', 'it\'s', 'a' 'b', N'x', _utf8mb4'x', X'4D', 0x4D, b'101', 'C:\\temp'

--: comments of every form
SELECT 1 # hash; comment
, 2 -- dashes
/* stars */ , 7 - -1

--: casts
SELECT CAST(total AS SIGNED), CAST(total AS DECIMAL(10, 2)), CONVERT(total, CHAR), CAST(placed_at AS DATE), BINARY status FROM orders

--: LIMIT with an offset before it
SELECT DISTINCT STRAIGHT_JOIN SQL_NO_CACHE id FROM orders ORDER BY id LIMIT 5, 10

--: an index to use
SELECT id FROM orders USE INDEX (by_customer) WHERE customer_id = 1

--: full text
SELECT id FROM products WHERE MATCH (title, category) AGAINST ('pen' IN BOOLEAN MODE)

--: collation
SELECT name FROM customers ORDER BY name COLLATE utf8mb4_unicode_ci

--: an alias in HAVING
SELECT city, COUNT(*) AS n FROM customers GROUP BY city HAVING n > 5 ORDER BY n

--: tables and columns shown
SHOW FULL TABLES LIKE 'o%'

--: the columns of a table
SHOW COLUMNS FROM orders

--: a table described
DESCRIBE `orders`

--: how a table is made
SHOW CREATE TABLE shop.orders

--: the plan of a query
EXPLAIN FORMAT=JSON SELECT * FROM orders

--: a list of joined tables in parentheses
SELECT c.name FROM customers c LEFT JOIN (orders o, lines l) ON o.customer_id = c.id AND l.order_id = o.id

--: settings that say how things are read and shown
SELECT @@version, @@session.time_zone, @@sql_mode, `orders`.id FROM orders
