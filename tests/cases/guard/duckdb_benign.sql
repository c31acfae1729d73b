--: a shop's everyday questions
SELECT count(*) FROM orders;
SELECT status, count(*) AS n, sum(amount) AS total, round(avg(amount), 2) AS mean FROM orders GROUP BY status HAVING n > 2 ORDER BY total DESC NULLS LAST LIMIT 5 OFFSET 1;
SELECT c.name, o.amount FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'paid' WHERE o.id IS NULL OR o.amount > 20 ORDER BY ALL;
SELECT DISTINCT ON (customer_id) customer_id, id FROM orders ORDER BY customer_id, amount DESC;
SELECT count(DISTINCT customer_id), count(*) FILTER (WHERE status = 'paid'), count_if(amount > 20), sum(amount) FILTER (amount > 100) FROM orders;
SELECT * FROM customers WHERE country IN ('UK', 'DE') AND name ILIKE '%a%' ORDER BY id;
SELECT name FROM customers WHERE name GLOB 'A*' OR name SIMILAR TO '(A|B).*' OR regexp_matches(name, '^E') ORDER BY name;
SELECT CASE WHEN amount > 400 THEN 'big' ELSE 'small' END AS size, count(*) FROM orders GROUP BY size ORDER BY size;
SELECT id FROM orders WHERE amount > ALL (SELECT amount FROM orders WHERE status = 'new') ORDER BY id;
SELECT id FROM orders WHERE customer_id = ANY ([1, 2]) ORDER BY id LIMIT 3;
SELECT (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) AS best, c.* FROM customers c ORDER BY c.id;
SELECT id, amount FROM orders WHERE (customer_id, status) IN (SELECT (customer_id, status) FROM orders WHERE amount > 300) ORDER BY id;
SELECT id, amount FROM orders ORDER BY #2 DESC, #1 LIMIT 3;
SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id ORDER BY #1;
SELECT status, sum(amount) FROM orders GROUP BY 1 ORDER BY 2 DESC;
FROM orders SELECT id, amount ORDER BY id LIMIT 2;
FROM customers;
FROM orders WHERE amount > 400 ORDER BY id;
SELECT id, amount * 2 AS double, double + 1 AS more FROM orders WHERE double > 700 ORDER BY more;
SELECT id FROM orders ORDER BY id LIMIT 10%;
SELECT id FROM orders USING SAMPLE 100% ORDER BY id LIMIT 2;
SELECT count(*) FROM orders TABLESAMPLE RESERVOIR (5 ROWS);
SELECT count(*) FROM orders USING SAMPLE reservoir(5 ROWS) REPEATABLE (3);
TABLE employees;
VALUES (1, 'a'), (2, 'b');
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t (n, word) WHERE n > 1;
SELECT 1 AS one, 'x' AS "Mixed Case", NULL AS nothing, true AS yes, -1.5e3 AS number;
SELECT 42 AS answer, (SELECT 1) IN (1, 2), 7 // 2, 7 / 2, 7 % 4, 2 ** 3, 2 ^ 3, 5 & 3, 5 | 2, xor(5, 3), ~5, 1 << 3;
SELECT name AS n, upper(n) AS u FROM customers WHERE u LIKE 'A%';
SELECT x: amount, y: id FROM orders ORDER BY y LIMIT 2;
SELECT alias.id FROM alias: orders ORDER BY alias.id LIMIT 1;
(SELECT id FROM orders WHERE status = 'paid' ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM customers ORDER BY id LIMIT 1) ORDER BY 1;
SELECT id, name FROM customers UNION ALL BY NAME SELECT name, 5 AS id FROM products ORDER BY ALL;
SELECT customer_id FROM orders EXCEPT SELECT id FROM customers WHERE vip INTERSECT SELECT 1 ORDER BY 1;
SELECT customer_id FROM orders EXCEPT ALL SELECT 1 ORDER BY 1 LIMIT 3;

--: stars
SELECT * EXCLUDE (note, created_at) FROM orders ORDER BY id LIMIT 1;
SELECT * EXCLUDE note FROM orders ORDER BY id LIMIT 1;
SELECT * REPLACE (round(amount) AS amount) FROM orders ORDER BY id LIMIT 1;
SELECT * EXCLUDE (note) REPLACE (upper(status) AS status) FROM orders ORDER BY id LIMIT 1;
SELECT * RENAME (amount AS money) FROM orders ORDER BY id LIMIT 1;
SELECT o.* EXCLUDE (note), c.name FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 2;
SELECT COLUMNS('.*_at|id') FROM orders ORDER BY id LIMIT 2;
SELECT min(COLUMNS(*)), max(COLUMNS(*)) FROM order_items;
SELECT COLUMNS(lambda c: c LIKE 'a%') FROM orders ORDER BY 1 LIMIT 1;
SELECT COLUMNS(* EXCLUDE (note)) FROM orders ORDER BY id LIMIT 1;
SELECT * LIKE '%t%' FROM orders ORDER BY 1, 2 LIMIT 1;
SELECT coalesce(*COLUMNS(['status', 'note'])) FROM orders ORDER BY id LIMIT 1;
SELECT orders FROM orders ORDER BY orders.id LIMIT 1;

--: windows and QUALIFY
SELECT id, sum(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM orders ORDER BY id LIMIT 5;
SELECT id, avg(amount) OVER (PARTITION BY customer_id ORDER BY created_at RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND CURRENT ROW) FROM orders ORDER BY id LIMIT 5;
SELECT id, count(*) OVER (ORDER BY amount GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders ORDER BY id LIMIT 5;
SELECT id, rank() OVER w, dense_rank() OVER w, row_number() OVER w, ntile(4) OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY amount DESC) ORDER BY id LIMIT 5;
SELECT id, lag(amount, 1, 0) OVER (ORDER BY id), lead(amount) OVER (ORDER BY id), first_value(amount IGNORE NULLS) OVER w, last_value(amount) OVER w FROM orders WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id LIMIT 4;
SELECT * FROM orders QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC) = 1 ORDER BY id;
SELECT id, rank() OVER (ORDER BY amount DESC) AS place FROM orders QUALIFY place <= 3 ORDER BY place;
SELECT status, sum(sum(amount)) OVER (ORDER BY status) AS running FROM orders GROUP BY status ORDER BY status;
SELECT id, arg_max(status, amount) OVER (PARTITION BY customer_id) FROM orders ORDER BY id LIMIT 3;
SELECT id, lead(id ORDER BY amount) OVER () FROM orders ORDER BY id LIMIT 2;

--: groups of groups
SELECT country, vip, count(*) FROM customers GROUP BY ROLLUP (country, vip) ORDER BY ALL;
SELECT country, vip, count(*), grouping(country, vip), grouping_id(country) FROM customers GROUP BY CUBE (country, vip) ORDER BY ALL;
SELECT status, customer_id, sum(amount) FROM orders GROUP BY GROUPING SETS ((status, customer_id), (status), ()) ORDER BY ALL;
SELECT country, count(*) FROM customers GROUP BY ALL ORDER BY ALL DESC;

--: aggregates in order, and of sets
SELECT customer_id, string_agg(note, ', ' ORDER BY id DESC) FROM orders GROUP BY customer_id ORDER BY customer_id;
SELECT list(id ORDER BY amount DESC) FILTER (WHERE status = 'paid'), array_agg(DISTINCT status ORDER BY status), listagg(status, '') FROM orders WHERE id < 5;
SELECT quantile_cont(amount, 0.5), quantile_disc(amount, [0.25, 0.75]), median(amount), mode(status), mad(amount), approx_quantile(amount, 0.5) FROM orders;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), percentile_disc(0.5) WITHIN GROUP (ORDER BY amount DESC) FROM orders;
SELECT arg_max(id, amount), max_by(id, amount), min_by(id, amount), arg_min(id, amount, 2), max(amount, 3), first(id ORDER BY id), last(id ORDER BY id), any_value(id ORDER BY id) FROM orders;
SELECT histogram(status), approx_count_distinct(customer_id), entropy(status), kurtosis(amount), skewness(amount) FROM orders;
SELECT bool_and(vip), bool_or(vip), bit_or(id), product(id), favg(id), sem(id) FROM customers;
SELECT corr(id, amount), covar_pop(id, amount), regr_slope(amount, id), stddev(amount), var_pop(amount) FROM orders;
SELECT json_group_array(name), json_group_object(id, name) FROM customers;
SELECT status, {'n': count(*), 'top': max(amount)} FROM orders GROUP BY status ORDER BY status;

--: named queries
WITH paid AS (SELECT * FROM orders WHERE status = 'paid'), big AS MATERIALIZED (FROM paid WHERE amount > 50) SELECT count(*) FROM big JOIN paid USING (id);
WITH RECURSIVE tree AS (SELECT id, name, [name] AS path, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, list_append(tree.path, e.name), depth + 1 FROM employees e JOIN tree ON e.manager_id = tree.id) SELECT depth, path FROM tree ORDER BY path;
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n;
WITH months AS (SELECT unnest(generate_series(DATE '2024-01-01', DATE '2024-06-01', INTERVAL 1 MONTH)) AS m) SELECT m, coalesce(sum(o.amount), 0) FROM months LEFT JOIN orders o ON date_trunc('month', o.created_at) = m GROUP BY m ORDER BY m;
WITH t(a) AS (SELECT 1) SELECT a FROM t UNION SELECT 2 ORDER BY 1;
SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT a FROM x) AS y;

--: joins of all kinds
SELECT * FROM orders SEMI JOIN customers ON customers.id = orders.customer_id AND customers.vip ORDER BY id LIMIT 3;
SELECT id FROM customers ANTI JOIN orders ON orders.customer_id = customers.id ORDER BY id;
SELECT o.id, p.price FROM orders o ASOF JOIN prices p ON p.product_id = o.customer_id AND o.created_at >= p.valid_from ORDER BY o.id LIMIT 3;
SELECT o.id, p.price FROM orders o ASOF LEFT JOIN prices p ON p.product_id = 1 AND o.created_at >= p.valid_from ORDER BY o.id LIMIT 3;
SELECT count(*) FROM (SELECT 1 AS product_id, TIMESTAMP '2024-01-02' AS valid_from) x ASOF JOIN prices USING (product_id, valid_from);
SELECT a.id, b.name FROM customers a POSITIONAL JOIN products b;
SELECT c.name, x.* FROM customers c LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) x ON true ORDER BY c.id;
SELECT c.name, x.n FROM customers c, (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) x ORDER BY ALL;
SELECT id, a.status, b.status FROM orders a FULL OUTER JOIN orders b USING (id) ORDER BY id LIMIT 2;
SELECT count(*) FROM orders NATURAL JOIN (SELECT id, customer_id FROM orders) o2;
SELECT a.id, b.id FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.id > a.id ORDER BY 1, 2 LIMIT 3;
SELECT count(*) FROM customers CROSS JOIN products;

--: pivots
PIVOT orders ON status USING sum(amount) GROUP BY customer_id ORDER BY customer_id;
PIVOT orders ON status IN ('new', 'paid') USING sum(amount) AS total, count(*) AS n GROUP BY customer_id ORDER BY customer_id;
PIVOT (SELECT customer_id, status, amount FROM orders) ON status USING max(amount) ORDER BY customer_id;
SELECT * FROM (PIVOT orders ON status IN ('new', 'paid') USING sum(amount) GROUP BY customer_id) ORDER BY 1;
FROM orders PIVOT (sum(amount) FOR status IN ('new', 'paid') GROUP BY customer_id) ORDER BY customer_id;
SELECT * FROM (SELECT customer_id, status, amount FROM orders) PIVOT (sum(amount) AS s FOR status IN ('new', 'paid')) ORDER BY 1;
UNPIVOT (SELECT id, qty, unit_price FROM order_items) ON qty, unit_price INTO NAME what VALUE amount ORDER BY id, what LIMIT 3;
UNPIVOT (SELECT order_id, qty, product_id FROM order_items) ON COLUMNS(* EXCLUDE (order_id)) INTO NAME k VALUE v ORDER BY ALL LIMIT 3;
SELECT * FROM (SELECT order_id, qty, product_id FROM order_items) UNPIVOT (v FOR k IN (qty, product_id)) ORDER BY ALL LIMIT 3;
SELECT * FROM (SELECT order_id, qty, product_id FROM order_items) UNPIVOT INCLUDE NULLS (v FOR k IN (qty, product_id)) ORDER BY ALL LIMIT 3;
WITH p AS (PIVOT orders ON status IN ('new', 'paid') USING count(*) GROUP BY customer_id) SELECT * FROM p ORDER BY customer_id;
PIVOT orders ON year(created_at) USING sum(amount) GROUP BY customer_id ORDER BY customer_id;
PIVOT orders ON status, customer_id USING count(*) GROUP BY note ORDER BY note LIMIT 2;

--: dates and times
SELECT date_trunc('quarter', created_at) AS q, count(*) FROM orders GROUP BY q ORDER BY q;
SELECT extract(dow FROM created_at), extract('epoch' FROM created_at), date_part('week', created_at), year(created_at), monthname(created_at), dayname(created_at), weekofyear(created_at) FROM orders ORDER BY id LIMIT 3;
SELECT created_at + INTERVAL '1 month' - INTERVAL 1 DAY, created_at - INTERVAL (id) HOUR, created_at::DATE - 7, age(created_at, TIMESTAMP '2023-01-01'), date_diff('day', DATE '2024-01-01', created_at::DATE), datesub('month', DATE '2023-01-15', DATE '2024-01-10') FROM orders ORDER BY id LIMIT 2;
SELECT strftime(created_at, '%Y-%m'), strptime('2024-01-31', '%Y-%m-%d'), try_strptime('x', '%Y'), make_date(2024, 2, 29), last_day(created_at), time_bucket(INTERVAL '1 week', created_at), epoch_ms(created_at) FROM orders ORDER BY id LIMIT 1;
SELECT created_at AT TIME ZONE 'UTC' IS NOT NULL, TIMESTAMPTZ '2024-01-01 00:00:00+00' > TIMESTAMPTZ '2023-01-01 00:00:00+00' FROM orders ORDER BY id LIMIT 1;
SELECT count(*) FROM orders WHERE created_at >= now()::TIMESTAMP - INTERVAL 90 DAY AND created_at < current_date AND created_at::TIME > '00:00';
SELECT date_part(['year', 'month'], created_at) FROM orders ORDER BY id LIMIT 1;
SELECT to_days(3), to_months(2), INTERVAL 2 YEARS, INTERVAL '3' DAY, DATE '2024-01-31' + INTERVAL 1 MONTH, date_add(DATE '2024-01-01', INTERVAL 1 WEEK), today() > DATE '2020-01-01';
SELECT range, range + INTERVAL 1 DAY FROM range(DATE '2024-01-01', DATE '2024-01-04', INTERVAL 1 DAY) t(range);

--: text
SELECT upper(name) || ' (' || coalesce(email, '-') || ')', length(name), left(name, 2), name[1], name[1:2], reverse('abc'), name.upper() FROM customers ORDER BY id;
SELECT split_part(email, '@', 2) AS domain, position('@' IN email), strpos(email, '@'), substring(email, 1, 3), contains(email, '@'), starts_with(email, 'a'), email ^@ 'a' FROM customers ORDER BY id;
SELECT regexp_replace(email, '@.*$', '', 'g'), regexp_extract(email, '(\w+)@(\w+)', 2), regexp_extract_all('a1b2', '\d'), regexp_full_match('abc', 'a.c'), regexp_split_to_array('a b', ' '), email ~ '.*@.*', email !~ 'x', email NOT SIMILAR TO 'x.*' FROM customers ORDER BY id;
SELECT trim(' a '), ltrim('00012', '0'), lpad('7', 3, '0'), repeat('ab', 3), replace('abc', 'b', 'x'), translate('abc', 'ab', 'xy'), string_split('a,b', ','), concat_ws(', ', name, email), format('{} has {}', name, id), printf('%05d', id), md5(name), sha256(name), base64(name::BLOB), strip_accents('é'), levenshtein('kitten', 'sitting'), jaro_winkler_similarity('a', 'b'), chr(65), ascii('A'), hex('a'), bar(5, 0, 10), format_bytes(1000) FROM customers ORDER BY id LIMIT 1;
SELECT 'it''s', $$dollar 'quoted'$$, e'a\nb', 'a' || 'b', 'abc' LIKE 'a%', 'abc' NOT LIKE 'b%', 'a%c' LIKE 'a\%c' ESCAPE '\';
SELECT name.lower().upper() AS u, name.replace('A', 'B').length() FROM customers ORDER BY id;
SELECT 'a b'.split(' ').list_transform(lambda x: x.upper()), customers.name.substring(1, 2), ('ab').reverse() FROM customers ORDER BY customers.id LIMIT 1;

--: numbers
SELECT round(amount / 3, 2), ceil(amount), floor(amount), trunc(amount), mod(id, 7), abs(-id), sign(amount), power(id, 2), sqrt(amount), exp(1), ln(2), log10(100), greatest(1, 2), least(3, 2), nullif(0, 0), amount::INTEGER, CAST(amount AS VARCHAR), TRY_CAST('x' AS INTEGER), amount::DECIMAL(10, 1), gcd(12, 18), factorial(5), even(3), isnan('nan'::DOUBLE) FROM orders ORDER BY id LIMIT 2;
SELECT 100.0 * count(*) FILTER (WHERE status = 'paid') / nullif(count(*), 0) AS share FROM orders;
SELECT floor(amount / 100) * 100 AS bucket, count(*) FROM orders GROUP BY bucket ORDER BY bucket;
SELECT if(amount > 100, 'big', 'small'), ifnull(note, '-'), coalesce(note, status, 'x') FROM orders ORDER BY id LIMIT 2;

--: lists, structs, maps and lambdas
SELECT [1, 2, 3], [x * 2 FOR x IN [1, 2, 3] IF x > 1], list_transform([1, 2], lambda x: x + 1), list_filter([1, 2, 3], lambda x: x > 1), list_reduce([1, 2, 3], lambda a, b: a + b), list_sort([3, 1]), list_distinct([1, 1]), list_contains([1], 1), list_aggregate([1, 2], 'sum'), len([1]), array_slice([1, 2, 3], 1, 2), flatten([[1], [2]]), list_zip([1], ['a']), [1, 2][1], [1, 2, 3][2:], [1, 2, 3][-1], 2 IN [1, 2];
SELECT {'a': 1, 'b': {'c': 'x'}}.b.c, struct_pack(x := 1, y := 2).x, struct_extract({'a': 1}, 'a'), row(1, 2), {'a': 1}['a'], MAP {'k': 1}['k'], map_keys(MAP {'a': 1}), map(['a'], [1]), map_entries(MAP {'a': 1}), cardinality(MAP {'a': 1});
SELECT id, unnest(tags) AS tag FROM events ORDER BY ALL LIMIT 4;
SELECT unnest([{'a': 1, 'b': 2}], recursive := true);
SELECT e.id, t.tag FROM events e, unnest(e.tags) AS t(tag) ORDER BY ALL LIMIT 4;
SELECT e.id, u.* FROM events e CROSS JOIN LATERAL (SELECT unnest(e.tags) AS tag) u ORDER BY ALL LIMIT 3;
SELECT * FROM range(1, 10, 3) AS r(n);
SELECT n, n * n FROM generate_series(1, 5) g(n);
SELECT tags[1], list_has_any(tags, ['x']), tags && ['x'], tags @> ['x'], array_length(tags), list_position(tags, 'x'), tags.list_sort() FROM events ORDER BY id LIMIT 1;
SELECT list_transform(tags, lambda t, i: t || i) FROM events ORDER BY id LIMIT 1;
SELECT [1, 2]::INTEGER[2], array_value(1, 2), array_distance([1.0, 2.0]::FLOAT[2], [3.0, 4.0]::FLOAT[2]), list_cosine_similarity([1.0, 2.0], [2.0, 1.0]);
SELECT 'a'::ENUM('a', 'b'), {'a': 1}::STRUCT(a BIGINT), union_value(k := 1), [1]::VARCHAR[];

--: JSON
SELECT payload ->> 'page', payload -> '$.items[0]', payload ->> '$.ms', json_extract(payload, '$.ms'), json_extract_string(payload, 'page'), payload.page FROM events ORDER BY id LIMIT 2;
SELECT json_array_length(payload, '$.items'), json_type(payload), json_keys(payload), json_valid('{}'), json_contains(payload, '1'), to_json({'a': 1}), json_object('a', 1), json_array(1, 'x'), json_merge_patch('{"a":1}', '{"b":2}') FROM events ORDER BY id LIMIT 1;
SELECT e.id, j.key, j.value FROM events e, json_each(e.payload) j WHERE e.id = 1 ORDER BY j.key;
SELECT json_transform(payload, '{"ms": "INTEGER"}').ms, (payload ->> 'ms')::INT + 1, CAST(payload -> 'ms' AS INTEGER), from_json(payload -> 'items', '["INTEGER"]')[1] FROM events ORDER BY id LIMIT 1;
SELECT list_sum(list_transform(from_json(payload -> 'items', '["INTEGER"]'), lambda x: x * 2)) FROM events ORDER BY id LIMIT 1;
SELECT avg((payload ->> 'ms')::DOUBLE) FROM events WHERE payload ->> 'page' LIKE '/p%';

--: names that look like something else
SELECT "update", "delete" AS "drop", "from" FROM "select table" ORDER BY "order";
SELECT o.id AS value, o.note AS name, o.status AS type FROM orders o ORDER BY 1 LIMIT 1;
SELECT "编号", "金额" * 2 AS 双倍 FROM "订单" WHERE "客户" = '王伟';
SELECT year, month FROM (SELECT year(created_at) AS year, month(created_at) AS month FROM orders) ORDER BY 1, 2 LIMIT 2;
SELECT /* worth */ c.id -- the key
  , sum(o.amount) /* in all */ FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id;
SELECT main.orders.id FROM main.orders ORDER BY 1 LIMIT 2;
SELECT NAME, Orders.ID FROM Customers JOIN ORDERS ON orders.customer_id = customers.id ORDER BY ALL LIMIT 2;

--: what only tells
EXPLAIN SELECT * FROM orders WHERE id = 1;
DESCRIBE orders;
DESCRIBE SELECT id, amount FROM orders;
SUMMARIZE orders;
SUMMARIZE SELECT amount FROM orders;
SHOW TABLES;
SHOW orders;

--: reports in several steps
WITH monthly AS (SELECT date_trunc('month', created_at) AS month, sum(amount) AS revenue FROM orders GROUP BY 1) SELECT month, revenue, revenue - lag(revenue) OVER (ORDER BY month) AS change FROM monthly ORDER BY month;
WITH firsts AS (SELECT customer_id, min(date_trunc('month', created_at)) AS cohort FROM orders GROUP BY customer_id) SELECT f.cohort, date_diff('month', f.cohort, date_trunc('month', o.created_at)) AS months_after, count(DISTINCT o.customer_id) FROM firsts f JOIN orders o USING (customer_id) GROUP BY ALL ORDER BY ALL;
SELECT dept, name, salary, salary - max(salary) OVER (PARTITION BY dept) AS below_top FROM employees ORDER BY dept, salary DESC;
SELECT kind, count(*) AS n, round(100 * n / sum(n) OVER (), 1) AS share FROM events GROUP BY kind ORDER BY n DESC, kind;
SELECT p.category, list({'name': p.name, 'price': p.price} ORDER BY p.price DESC) FROM products p GROUP BY p.category ORDER BY 1;
SELECT e.name, m.name AS boss, count(r.id) AS reports FROM employees e LEFT JOIN employees m ON m.id = e.manager_id LEFT JOIN employees r ON r.manager_id = e.id GROUP BY e.name, boss ORDER BY reports DESC, e.name;
--: clauses that few parsers know
WITH RECURSIVE t(a, b) USING KEY (a) AS (SELECT 1, 1 UNION SELECT a, b + 1 FROM t WHERE b < 5) SELECT a, b FROM t;
SELECT count(*) FROM orders USING SAMPLE 100 PERCENT (bernoulli);
SELECT try(CAST('abc' AS int)) IS NULL, try(amount / 0) IS NULL FROM orders ORDER BY id LIMIT 2;
