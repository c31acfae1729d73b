--: a plain question
SELECT count(*) FROM orders

--: names fold to lower case unless quoted
SELECT O.ID, Customers.Name FROM Orders o JOIN Customers ON customers.id = O.customer_id

--: the default namespace may be named
SELECT public.orders.id FROM public.orders

--: another allowed namespace
SELECT a.id FROM archive.orders a

--: quoted keywords, Chinese names, a semicolon in a name
SELECT "select", "from", "Group" AS "订单", "金额" AS x, "a;b" FROM "Odd Names"

--: Chinese without quotes
SELECT 区域, sum(金额) AS 合计 FROM 销售 GROUP BY 区域 ORDER BY 合计 DESC

--: dates in the usual forms
SELECT date_trunc('month', placed_at)::date AS month, extract(year FROM placed_at) AS y, to_char(placed_at, 'YYYY-MM')
FROM orders WHERE placed_at >= current_date - interval '3 months' AND placed_at < now() GROUP BY 1, 2, 3

--: time zones
SELECT placed_at AT TIME ZONE 'Asia/Shanghai', timestamp with time zone '2025-01-01 00:00+08' FROM orders

--: date parts as they are written
SELECT date_part('dow', placed_at), age(now(), placed_at), make_date(2025, 1, 1), interval '1' day, date '2025-01-01' FROM orders

--: filtered aggregates, ordered sets, rollup
SELECT city, count(*) FILTER (WHERE total > 10), percentile_cont(0.5) WITHIN GROUP (ORDER BY total), grouping(city)
FROM orders JOIN customers c ON c.id = customer_id GROUP BY ROLLUP (city) HAVING sum(total) > 0

--: windows with a name and a frame
SELECT id, sum(total) OVER w, lag(total, 1) OVER (ORDER BY placed_at), row_number() OVER w
FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY placed_at ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES)

--: named queries that build on one another
WITH a AS (SELECT customer_id, sum(total) AS t FROM orders GROUP BY 1), b AS MATERIALIZED (SELECT * FROM a WHERE t > 5)
SELECT name, b.t FROM b JOIN customers ON customers.id = b.customer_id

--: a named query that hides an allowed table
WITH orders AS (SELECT id FROM lines JOIN orders ON id = order_id) SELECT id FROM orders

--: a hierarchy
WITH RECURSIVE chain(id, boss_id, level) AS (
  SELECT id, boss_id, 1 FROM people WHERE boss_id IS NULL
  UNION ALL SELECT p.id, p.boss_id, c.level + 1 FROM people p JOIN chain c ON p.boss_id = c.id
) CYCLE id SET looped USING path SELECT * FROM chain

--: set operations with an order over all
(SELECT name FROM customers LIMIT 3) UNION ALL SELECT name FROM people EXCEPT SELECT title FROM products ORDER BY name LIMIT 5

--: correlated subqueries
SELECT name, (SELECT max(o.total) FROM orders o WHERE o.customer_id = c.id) AS best FROM customers c
WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id) AND c.id = ANY (SELECT customer_id FROM orders)

--: lateral joins
SELECT c.name, x.total FROM customers c LEFT JOIN LATERAL (SELECT total FROM orders WHERE customer_id = c.id LIMIT 1) x ON true

--: set-returning functions
SELECT t.n, u.tag, g FROM generate_series(1, 5) AS g, products, unnest(tags) WITH ORDINALITY AS u(tag, n), LATERAL (SELECT 1 AS n) t

--: JSON
SELECT payload ->> 'page', payload #>> '{a,0}', payload @> '{"a":1}', jsonb_path_query_first(payload, '$.a'), e.key, e.value
FROM visits, jsonb_each(payload) AS e WHERE payload ? 'page'

--: JSON inside a function
SELECT coalesce(payload -> 'a' ->> 'b', 'none'), jsonb_build_object('n', payload -> 'n') FROM visits

--: records from JSON
SELECT r.a FROM visits, jsonb_to_recordset(payload -> 'items') AS r(a int, b text)

--: arrays
SELECT tags[1], array_length(tags, 1), ARRAY[1, 2] || 3, 'x' = ANY (tags), tags && ARRAY['a'] FROM products

--: a whole row
SELECT row_to_json(c), (c).name FROM customers c

--: conditions of all kinds
SELECT * FROM orders WHERE (status, total) IN (('paid', 1), ('new', 2)) AND status ILIKE 'p%' AND comment ~* 'a|b'
AND total BETWEEN SYMMETRIC 5 AND 1 AND comment IS DISTINCT FROM 'x' AND NOT status SIMILAR TO '(a|b)%' AND comment IS NOT NULL

--: casts
SELECT total::numeric(10, 2), CAST(total AS double precision), total::int8, '2025-01-01'::timestamptz, placed_at::date::text, '1'::varchar(3) FROM orders

--: strings of every form
SELECT 'it''s', E'a\'b\n', $$it's; DROP TABLE x$$, $tag$ $$ $tag$, U&'d\0061ta', 'a'
'b' FROM orders

--: comments in and around
/* first */ SELECT id -- the key; really
FROM orders /* 'quote' */ ;

--: DISTINCT ON and FETCH
SELECT DISTINCT ON (customer_id) customer_id, total FROM orders ORDER BY customer_id, total DESC FETCH FIRST 3 ROWS WITH TIES

--: grouping sets
SELECT status, customer_id, sum(total) FROM orders GROUP BY GROUPING SETS ((status), (customer_id), ())

--: a sample
SELECT * FROM orders TABLESAMPLE SYSTEM (10) REPEATABLE (1)

--: collation
SELECT name FROM customers ORDER BY name COLLATE "C" NULLS LAST

--: joins of every kind
SELECT * FROM customers NATURAL LEFT JOIN people CROSS JOIN products FULL OUTER JOIN (orders JOIN lines ON id = order_id) ON true

--: USING
SELECT id, p.title FROM products p JOIN customers USING (id)

--: a constant
SELECT 1

--: VALUES and TABLE
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, s), (TABLE products) p

--: random order
SELECT name FROM customers ORDER BY random() LIMIT 5

--: string functions with their own syntax
SELECT position('a' IN name), substring(name FROM 1 FOR 2), trim(BOTH ' ' FROM name), overlay(name PLACING 'x' FROM 1) FROM customers

--: text search
SELECT id FROM products WHERE to_tsvector('english', title) @@ plainto_tsquery('pen') ORDER BY ts_rank(to_tsvector(title), to_tsquery('pen'))

--: the plan of a query
EXPLAIN (FORMAT JSON, COSTS off) SELECT * FROM orders

--: a setting that everybody may know
SHOW TimeZone

--: a built-in function by its full name
SELECT pg_catalog.lower(name) FROM customers

--: bit operators
SELECT 5 # 3, 5 & 3, ~5, 1 << 2, 2 ^ 3, |/ 4.0

--: an operator that stands before its value
SELECT @ -5, @ id FROM orders WHERE @ (id - 3) < 2

--: powers and texts of common sizes
SELECT 10::numeric ^ 20, power(1.0001, 5000), factorial(20), repeat('ab', 1000), 1.5e10, exp(2) FROM orders
