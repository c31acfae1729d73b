--: a shop's everyday questions
SELECT count(*) FROM orders;
SELECT status, count(*) AS n, sum(amount) AS total, round(avg(amount), 2) AS mean, total(amount) FROM orders GROUP BY status HAVING n > 2 ORDER BY total DESC NULLS LAST LIMIT 5 OFFSET 1;
SELECT id FROM orders ORDER BY id LIMIT 2, 3;
SELECT c.name, o.amount FROM customers AS c LEFT OUTER JOIN orders AS o ON o.customer_id = c.id AND o.status = 'paid' WHERE o.id IS NULL OR o.amount > 20 ORDER BY 1, 2;
SELECT count(DISTINCT customer_id), count(*) FILTER (WHERE status = 'paid'), sum(amount) FILTER (WHERE amount BETWEEN 10 AND 100) FROM orders;
SELECT sum(status = 'paid'), avg(amount > 100), sum(iif(status = 'new', amount, 0)) FROM orders;
SELECT * FROM customers WHERE country IN ('UK', 'DE') AND name LIKE '%a%' AND email IS NOT 'x' ORDER BY id;
SELECT name FROM customers WHERE name GLOB 'A*' OR name LIKE 'B\_%' ESCAPE '\' OR name NOT GLOB '*[a-z]' ORDER BY name COLLATE NOCASE DESC;
SELECT CASE WHEN amount > 400 THEN 'big' WHEN amount > 100 THEN 'middle' ELSE 'small' END AS size, count(*) FROM orders GROUP BY size ORDER BY size;
SELECT id FROM orders WHERE amount > (SELECT avg(amount) FROM orders) AND customer_id IN (SELECT id FROM customers WHERE vip) ORDER BY id;
SELECT id FROM orders WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = orders.customer_id AND c.vip) ORDER BY id;
SELECT (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) AS best, c.* FROM customers c ORDER BY c.id;
SELECT id, amount FROM orders WHERE (customer_id, status) IN (SELECT customer_id, status FROM orders WHERE amount > 300) ORDER BY id;
SELECT id, amount FROM orders WHERE (customer_id, status) = (2, 'paid') ORDER BY id;
SELECT id FROM orders WHERE status == 'paid' AND amount <> 21 AND id != 4 AND note NOT NULL ORDER BY id;
SELECT DISTINCT status FROM orders ORDER BY status;
SELECT ALL id FROM customers ORDER BY id;
SELECT 1 AS one, 'x' AS "Mixed Case", NULL AS nil, TRUE AS yes, -1.5e3 AS number, 0xFF AS hex, x'4D' AS m, 'a' AS [bracketed], 'b' AS `ticked`;
SELECT id FROM orders WHERE customer_id IS 2 AND note IS NOT DISTINCT FROM 'n1' ORDER BY id;
SELECT id FROM orders WHERE status = 'paid' UNION ALL SELECT id FROM customers ORDER BY 1;
SELECT customer_id FROM orders EXCEPT SELECT id FROM customers WHERE vip INTERSECT SELECT 1 ORDER BY 1;
VALUES (1, 'a'), (2, 'b');
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t;
SELECT column1, column2 FROM (VALUES (1, 'one'), (2, 'two')) WHERE column1 > 1;
SELECT rowid, id FROM orders ORDER BY rowid LIMIT 2;
SELECT o.rowid, o._rowid_, oid FROM orders o ORDER BY id LIMIT 1;
SELECT id FROM orders INDEXED BY orders_by_status WHERE status = 'paid' ORDER BY id;
SELECT id FROM orders NOT INDEXED WHERE status = 'paid' ORDER BY id;
SELECT name FROM customers ORDER BY name COLLATE BINARY, name IS NULL;
SELECT max(id, 3), min(id, 3), coalesce(note, status), ifnull(note, '-'), nullif(id, 1) FROM orders ORDER BY id LIMIT 2;
SELECT id, status FROM orders WHERE id IN (1, 2) OR id BETWEEN 5 AND 6 ORDER BY status DESC, id ASC;
SELECT count(*), sum(amount), status FROM orders WHERE created_at >= '2024-01-10' GROUP BY 3 ORDER BY 1 DESC, 3;
SELECT 7 / 2, 7 / 2.0, 7 % 4, 5 & 3, 5 | 2, ~5, 1 << 3, 16 >> 2, 'a' || 'b', NOT 1, 1 AND 0, 1 OR 0, - - 1, +1, 5 <> 4, 'a' < 'b', 1 IS NULL, NULL ISNULL, 1 NOTNULL;

--: windows and their frames
SELECT id, amount, sum(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM orders ORDER BY id LIMIT 5;
SELECT id, avg(amount) OVER (PARTITION BY customer_id ORDER BY amount RANGE BETWEEN 20 PRECEDING AND 20 FOLLOWING) FROM orders ORDER BY id LIMIT 5;
SELECT id, count(*) OVER (ORDER BY amount GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders ORDER BY id LIMIT 5;
SELECT id, rank() OVER w, dense_rank() OVER w, row_number() OVER w, ntile(4) OVER w, percent_rank() OVER w, cume_dist() OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY amount DESC) ORDER BY id LIMIT 5;
SELECT id, lag(amount, 1, 0) OVER (ORDER BY id), lead(amount) OVER (ORDER BY id), first_value(amount) OVER w, last_value(amount) OVER w, nth_value(amount, 2) OVER w FROM orders WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id LIMIT 4;
SELECT status, sum(sum(amount)) OVER (ORDER BY status) AS running FROM orders GROUP BY status ORDER BY status;
SELECT id, sum(amount) OVER (win ORDER BY id) FROM orders WINDOW win AS (PARTITION BY customer_id) ORDER BY id LIMIT 3;
SELECT id, count(*) FILTER (WHERE amount > 50) OVER (PARTITION BY status) FROM orders ORDER BY id LIMIT 3;
SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC, id) AS rn FROM orders) WHERE rn <= 2 ORDER BY id;
SELECT id, sum(amount) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING EXCLUDE TIES), group_concat(note, '.') OVER (ORDER BY id) FROM orders ORDER BY id LIMIT 3;
SELECT DISTINCT status, first_value(id) OVER (PARTITION BY status ORDER BY amount DESC) AS best FROM orders ORDER BY status;

--: aggregates
SELECT customer_id, group_concat(note, ', ') FROM (SELECT * FROM orders ORDER BY id DESC) GROUP BY customer_id ORDER BY customer_id;
SELECT group_concat(DISTINCT status) FROM (SELECT status FROM orders ORDER BY status);
SELECT json_group_array(name), json_group_object(id, name) FROM customers;
SELECT customer_id, max(amount), status FROM orders GROUP BY customer_id ORDER BY customer_id;
SELECT status, json_object('n', count(*), 'top', max(amount)) FROM orders GROUP BY status ORDER BY status;
SELECT avg(amount * amount) - avg(amount) * avg(amount) AS variance FROM orders;
SELECT customer_id, sum(CASE WHEN status = 'paid' THEN amount ELSE 0 END) / nullif(sum(amount), 0) AS share FROM orders GROUP BY customer_id ORDER BY customer_id;
SELECT strftime('%Y-%m', created_at) AS month, count(DISTINCT customer_id), sum(amount) FROM orders GROUP BY month HAVING sum(amount) > 10 ORDER BY month;

--: named queries
WITH paid AS (SELECT * FROM orders WHERE status = 'paid'), big AS MATERIALIZED (SELECT * FROM paid WHERE amount > 50) SELECT count(*) FROM big JOIN paid USING (id);
WITH t AS NOT MATERIALIZED (SELECT 1 AS n) SELECT * FROM t AS a CROSS JOIN t AS b;
WITH RECURSIVE tree AS (SELECT id, name, name AS path, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, tree.path || ' > ' || e.name, depth + 1 FROM employees e JOIN tree ON e.manager_id = tree.id) SELECT depth, path FROM tree ORDER BY path;
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n;
WITH RECURSIVE days (d) AS (SELECT date('2024-01-01') UNION ALL SELECT date(d, '+1 day') FROM days WHERE d < '2024-01-07') SELECT d, coalesce(sum(o.amount), 0) FROM days LEFT JOIN orders o ON date(o.created_at) = d GROUP BY d ORDER BY d;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5) SELECT i FROM n;
WITH RECURSIVE tree (id, level) AS (SELECT 1, 0 UNION ALL SELECT e.id, tree.level + 1 FROM employees e JOIN tree ON e.manager_id = tree.id ORDER BY 2 DESC) SELECT substr('..........', 1, level * 3) || id FROM tree;
SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT a FROM x) AS y;
WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT a.n, b.n FROM a, b;

--: joins and functions as tables
SELECT count(*) FROM orders NATURAL JOIN (SELECT id, customer_id FROM orders) AS o2;
SELECT id, a.status, b.status FROM orders a JOIN orders b USING (id) ORDER BY id LIMIT 2;
SELECT c.name, sum(i.qty * i.unit_price) FROM customers c JOIN orders o ON o.customer_id = c.id INNER JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE p.category <> 'office' GROUP BY c.name ORDER BY 2 DESC;
SELECT a.id, b.id FROM orders a, orders b WHERE b.customer_id = a.customer_id AND b.id > a.id ORDER BY 1, 2 LIMIT 3;
SELECT * FROM (customers c JOIN orders o ON o.customer_id = c.id) JOIN order_items i ON i.order_id = o.id ORDER BY o.id, i.product_id LIMIT 2;
SELECT c.id, o.id FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id ORDER BY 1, 2 LIMIT 3;
SELECT c.id, o.id FROM orders o FULL OUTER JOIN customers c ON c.id = o.customer_id ORDER BY 1, 2 LIMIT 3;
SELECT e.id, j.value FROM events e, json_each(e.payload, '$.items') AS j ORDER BY 1, 2 LIMIT 4;
SELECT key, value, type, atom, fullkey, path FROM json_each('{"a":1,"b":[2]}') ORDER BY key;
SELECT fullkey, atom FROM json_tree('{"a":{"b":1}}') WHERE atom IS NOT NULL;
SELECT e.id FROM events e WHERE EXISTS (SELECT 1 FROM json_each(e.tags) WHERE value = 't1') ORDER BY e.id LIMIT 2;
SELECT count(*) FROM customers CROSS JOIN products;
SELECT e.id, json_each.value FROM events e, json_each(e.tags) ORDER BY 1, 2 LIMIT 3;

--: dates and times
SELECT strftime('%Y', created_at) AS year, strftime('%W', created_at) AS week, count(*) FROM orders GROUP BY 1, 2 ORDER BY 1, 2;
SELECT date(created_at, 'start of month', '+1 month', '-1 day'), datetime(created_at, '+3 hours'), time(created_at), julianday(created_at) - julianday('2024-01-01'), unixepoch(created_at), strftime('%s', created_at) FROM orders ORDER BY id LIMIT 2;
SELECT count(*) FROM orders WHERE created_at >= date('now', '-90 days') AND created_at < datetime('now', 'localtime') AND created_at < current_timestamp AND created_at < CURRENT_DATE;
SELECT CAST(strftime('%m', created_at) AS INTEGER) AS m, (strftime('%m', created_at) + 2) / 3 AS quarter FROM orders ORDER BY id LIMIT 2;
SELECT CAST((julianday('2024-06-01') - julianday(hired_on)) / 365.25 AS INT) AS years FROM employees ORDER BY id;
SELECT date('2024-01-31', 'weekday 0'), strftime('%j', '2024-12-31'), time('10:00', '+90 minutes');

--: text
SELECT upper(name) || ' (' || coalesce(email, '-') || ')', length(name), substr(name, 1, 2), lower(name) FROM customers ORDER BY id;
SELECT substr(email, instr(email, '@') + 1) AS domain, replace(email, '@', ' at '), substring(email, 1, 3) FROM customers ORDER BY id;
SELECT trim('xxaxx', 'x'), ltrim(' a'), rtrim('a '), hex('abc'), quote('it''s'), unicode('a'), char(65, 66), printf('%05d|%-5s|%.2f', 7, 'a', 1.5), format('%d', 3), soundex('Robert');
SELECT 'it''s', "name", [name], `name` FROM customers ORDER BY id LIMIT 1;
SELECT name LIKE 'a%', name LIKE '%n' AND name GLOB '*n', like('a%', name), glob('A*', name) FROM customers ORDER BY id;
SELECT typeof(id), typeof(name), typeof(NULL), CAST('12abc' AS INTEGER), CAST(1.9 AS INT), CAST(id AS TEXT), CAST('1.5' AS REAL), CAST('a' AS BLOB) FROM customers ORDER BY id LIMIT 1;

--: numbers
SELECT round(amount / 3, 2), abs(-id), sign(-2), random() IS NOT NULL, max(1, 2, 3), min(3, 2), coalesce(NULL, 2), ifnull(NULL, 1), nullif(0, 0), iif(1 > 2, 'a', 'b'), likely(1), unlikely(0) FROM orders ORDER BY id LIMIT 2;
SELECT ceil(1.2), floor(1.8), trunc(1.9), pow(2, 3), power(2, 3), sqrt(16), exp(0), ln(1), log(100), log10(100), log2(8), log(2, 8), mod(7, 4), pi() > 3, degrees(0), radians(0), sin(0), acos(1);
SELECT CAST(amount / 100 AS INT) * 100 AS bucket, count(*) FROM orders GROUP BY bucket ORDER BY bucket;
SELECT id, round(100.0 * amount / (SELECT sum(amount) FROM orders), 2) AS pct FROM orders ORDER BY pct DESC LIMIT 3;

--: JSON
SELECT payload ->> 'page', payload -> '$.items[0]', payload ->> '$.ms', json_extract(payload, '$.ms', '$.page'), json_array_length(payload, '$.items'), json_type(payload, '$.items') FROM events ORDER BY id LIMIT 2;
SELECT json_object('a', 1), json_array(1, 'a', NULL), json_patch('{"a":1}', '{"b":2}'), json_set('{"a":1}', '$.a', 2), json_insert('{}', '$.a', 1), json_replace('{"a":1}', '$.a', 3), json_remove('{"a":1}', '$.a'), json_valid('{}'), json_quote('a'), json('{ "a" : 1 }');
SELECT avg(payload ->> 'ms') FROM events WHERE payload ->> 'page' LIKE '/p%';
SELECT json_extract(attrs, '$.size.w') AS width, count(*) FROM products GROUP BY 1 ORDER BY 1;

--: names that look like something else
SELECT "update", "delete" AS "drop", "from" FROM "select table" ORDER BY "order";
SELECT t."group" FROM [select table] AS t WHERE t."update" LIKE '%;%';
SELECT o.id AS value, o.amount AS date, o.note AS name, o.status AS type FROM orders o ORDER BY 1 LIMIT 1;
SELECT count(*) "count", max(id) 'max' FROM orders;
SELECT "编号", "金额" * 2 AS 双倍 FROM "订单" WHERE "客户" = '王伟' ORDER BY "编号";
SELECT year, month FROM (SELECT strftime('%Y', created_at) AS year, strftime('%m', created_at) AS month FROM orders) AS d ORDER BY 1, 2 LIMIT 2;
SELECT /* what a customer is worth */ c.id -- the key
  , sum(o.amount) /* in all */ FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id;
SELECT main.orders.id FROM main.orders ORDER BY 1 LIMIT 2;
SELECT NAME, Orders.ID FROM Customers JOIN ORDERS ON orders.customer_id = customers.id ORDER BY 1, 2 LIMIT 2;

--: what only tells
EXPLAIN QUERY PLAN SELECT * FROM orders WHERE id = 1;
EXPLAIN SELECT id FROM orders;

--: reports in several steps
WITH monthly AS (SELECT strftime('%Y-%m', created_at) AS month, sum(amount) AS revenue FROM orders GROUP BY 1) SELECT month, revenue, revenue - lag(revenue) OVER (ORDER BY month) AS change FROM monthly ORDER BY month;
WITH firsts AS (SELECT customer_id, min(strftime('%Y-%m', created_at)) AS cohort FROM orders GROUP BY customer_id) SELECT f.cohort, strftime('%Y-%m', o.created_at) AS month, count(DISTINCT o.customer_id) FROM firsts f JOIN orders o USING (customer_id) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT dept, name, salary, salary - max(salary) OVER (PARTITION BY dept) AS below_top FROM employees ORDER BY dept, salary DESC;
SELECT kind, count(*) AS n, 1.0 * count(*) / sum(count(*)) OVER () AS share FROM events GROUP BY kind ORDER BY n DESC, kind;
SELECT e.name, m.name AS boss, count(r.id) AS reports FROM employees e LEFT JOIN employees m ON m.id = e.manager_id LEFT JOIN employees r ON r.manager_id = e.id GROUP BY e.id ORDER BY reports DESC, e.name;
SELECT p.category, group_concat(p.name || '=' || p.price, ' | ') FROM products p GROUP BY p.category ORDER BY 1;
SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id GROUP BY i.order_id HAVING sum(i.qty) > 4) ORDER BY o.id LIMIT 3;
SELECT avg(amount) FROM (SELECT amount, row_number() OVER (ORDER BY amount) AS r, count(*) OVER () AS n FROM orders) WHERE r IN ((n + 1) / 2, (n + 2) / 2);
