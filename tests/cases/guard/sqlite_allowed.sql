--: a plain question
SELECT count(*) FROM orders

--: names know no capitals, however quoted
SELECT O."ID", Customers.[Name] FROM Orders o JOIN "customers" ON customers.id = O.customer_id

--: the main database may be named
SELECT main.orders.id FROM main.orders

--: every kind of quotes around a name
SELECT [select], `from`, "Group" AS '订单', "金额", "a;b" FROM [Odd Names]

--: Chinese without quotes
SELECT 区域, sum(金额) AS 合计 FROM 销售 GROUP BY 区域 ORDER BY 合计 DESC

--: text in double quotes, as SQLite allows
SELECT id FROM orders WHERE status = "paid"

--: dates
SELECT strftime('%Y-%m', placed_at) AS ym, date(placed_at, 'start of month', '+1 month', '-1 day'), julianday('now') - julianday(placed_at),
datetime('now', '-3 hours'), unixepoch(placed_at) FROM orders WHERE date(placed_at) >= date('now', '-3 months') GROUP BY ym

--: aggregates
SELECT total(total), group_concat(status, '; '), avg(total), count(DISTINCT status), sum(total) FILTER (WHERE status = 'paid') FROM orders

--: an alias in WHERE
SELECT total * 2 AS twice FROM orders WHERE twice > 10

--: windows
SELECT id, row_number() OVER (PARTITION BY status ORDER BY total DESC), sum(total) OVER w FROM orders WINDOW w AS (ORDER BY id)

--: a hierarchy without the word RECURSIVE
WITH chain(id, boss_id) AS (SELECT id, boss_id FROM people WHERE boss_id IS NULL UNION ALL SELECT p.id, p.boss_id FROM people p, chain c WHERE p.boss_id = c.id) SELECT * FROM chain

--: a row of dates
WITH RECURSIVE d(x) AS (SELECT date('2025-01-01') UNION ALL SELECT date(x, '+1 day') FROM d WHERE x < '2025-01-05') SELECT x FROM d

--: named values
WITH v(a, b) AS (VALUES (1, 'x'), (2, 'y')) SELECT a FROM v WHERE b = 'x'

--: JSON
SELECT json_extract(payload, '$.page'), payload ->> '$.ms', j.key, j.value FROM visits, json_each(visits.payload, '$.items') AS j

--: JSON inside a function
SELECT json_array(payload -> '$.a', 1), coalesce(payload ->> 'b', 0) FROM visits

--: operators of SQLite
SELECT name GLOB 'A*', name LIKE 'a!%' ESCAPE '!', 1 == 1, 1 <> 2, 5 % 2, ~5, 'a' || 'b', name IS NOT 'x', name ISNULL, x'53', 0x1F FROM customers

--: a table to the right of IN
SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers) AND id NOT IN (1, 2)

--: indexes named or not
SELECT id FROM orders NOT INDEXED WHERE id = 1

--: LIMIT with an offset before it
SELECT * FROM orders ORDER BY total COLLATE NOCASE DESC NULLS LAST LIMIT 3, 2

--: joins of every kind
SELECT * FROM customers NATURAL JOIN people LEFT JOIN orders o USING (id) FULL JOIN products ON true

--: set operations
SELECT id FROM orders UNION SELECT id FROM customers INTERSECT SELECT id FROM people EXCEPT SELECT 3

--: the row's number
SELECT rowid, id FROM orders

--: casts and conditions
SELECT CAST(total AS INTEGER), iif(total > 1, 'a', 'b'), typeof(total), round(total, 2), max(1, 2), min(id, 3) FROM orders WHERE total BETWEEN 1 AND 5

--: comments
SELECT 1 -- one; two
/* three */, 7 - -1

--: the plan of a query
EXPLAIN QUERY PLAN SELECT * FROM orders

--: a few zeros
SELECT zeroblob(16), length(zeroblob(1000000))
