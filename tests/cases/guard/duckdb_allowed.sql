--: a plain question
SELECT count(*) FROM orders

--: FROM first
FROM orders SELECT status, count() GROUP BY ALL ORDER BY ALL LIMIT 5

--: FROM alone
FROM customers

--: names know no capitals, however quoted
SELECT O."ID" FROM "Orders" o WHERE O.TOTAL > 1

--: the main namespace may be named
SELECT main.orders.id FROM main.orders

--: quoted keywords and Chinese names
SELECT "select", "金额" AS "总 额", "a;b" FROM "Odd Names" UNION ALL SELECT 区域, 金额, 日期 FROM 销售

--: stars that leave out and change
SELECT * EXCLUDE (comment) REPLACE (total * 2 AS total), COLUMNS('t.*') FROM orders

--: dates
SELECT date_trunc('month', placed_at), strftime(placed_at, '%Y-%m'), placed_at + INTERVAL 3 DAY, date_diff('day', placed_at, current_date),
extract('year' FROM placed_at), placed_at::DATE, DATE '2025-01-01', last_day(placed_at), epoch(placed_at) FROM orders

--: lists and lambdas
SELECT list_transform([1, 2, 3], x -> x + 1), list_filter(tags, lambda t: t <> 'a'), [y * 2 FOR y IN [1, 2] IF y > 1], tags[1], tags[1:2], len(tags) FROM products

--: structs and maps
SELECT {'a': 1, 'b': {'c': 2}}, struct_pack(id := id), MAP {'k': id}, attributes.size.width, attributes['color'] FROM products

--: JSON
SELECT payload -> '$.page', payload ->> '$.a.b', json_extract_string(payload, '$.x'), from_json(payload -> '$.items', '["INTEGER"]') FROM visits

--: unnesting
SELECT unnest(tags) AS tag, u.x FROM products, unnest([1, 2]) AS u(x), range(3) r(n), generate_series(1, 5)

--: QUALIFY, aliases reused, aggregates of DuckDB
SELECT city, id * 2 AS d, d + 1, arg_max(name, id), quantile_cont(id, 0.5), mode(city), list(name ORDER BY name), approx_count_distinct(name)
FROM customers GROUP BY ALL QUALIFY row_number() OVER (PARTITION BY city ORDER BY d) = 1

--: a pivot in FROM
SELECT * FROM orders PIVOT (sum(total) FOR status IN ('new', 'paid') GROUP BY customer_id)

--: a pivot as a statement
PIVOT orders ON status USING sum(total) GROUP BY customer_id

--: an unpivot as a statement
UNPIVOT (SELECT id, total FROM orders) ON id, total INTO NAME what VALUE amount

--: an unpivot in FROM
SELECT * FROM orders UNPIVOT (amount FOR what IN (id, total))

--: joins of DuckDB
SELECT * FROM orders ANTI JOIN customers ON orders.customer_id = customers.id

--: nearest in time
SELECT o.id, v.seen_at FROM orders o ASOF JOIN visits v ON o.customer_id = v.customer_id AND o.placed_at >= v.seen_at

--: by name
SELECT id, name FROM customers UNION ALL BY NAME SELECT name, id FROM people

--: a hierarchy
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n) FROM t

--: a sample
SELECT * FROM orders USING SAMPLE 10%

--: strings of every form
SELECT 'it''s', E'a\'b', $$it's; DROP TABLE x$$, $t$ x $t$, 'abc'[1:2]

--: methods of a value
SELECT 'abc'.upper(), (name || 'x').lower() FROM customers

--: casts
SELECT TRY_CAST(name AS INTEGER), id::VARCHAR, id::DECIMAL(10, 2), [1]::INT[], CAST(name AS STRUCT(a INTEGER)) FROM customers

--: prefix aliases
SELECT n: count(*) FROM o: orders

--: a whole row
SELECT c FROM customers c

--: numbers and operators
SELECT 5 // 2, 2 ** 3, 5 % 2, 1_000_000, 1e3, 'a' ^@ 'b', name SIMILAR TO 'a.*', name GLOB 'a*' FROM customers

--: a table described
DESCRIBE orders

--: a query described
DESCRIBE SELECT * FROM orders

--: a table summarised
SUMMARIZE orders

--: tables shown
SHOW TABLES

--: the plan of a query
EXPLAIN SELECT * FROM orders

--: a factorial by its mark, and an absolute value
SELECT 5!, 3! + 1 AS seven, @ -5 FROM orders
