--: a shop's everyday questions
SELECT count(*) FROM orders;
SELECT status, count(*) AS n, sum(amount) AS total, round(avg(amount), 2) AS mean FROM orders GROUP BY status HAVING count(*) > 2 ORDER BY total DESC NULLS LAST LIMIT 5 OFFSET 1;
SELECT c.name, o.amount FROM customers AS c LEFT OUTER JOIN orders AS o ON o.customer_id = c.id AND o.status = 'paid' WHERE o.id IS NULL OR o.amount > 20 ORDER BY 1, 2;
SELECT DISTINCT ON (customer_id) customer_id, id, amount FROM orders ORDER BY customer_id, amount DESC, id;
SELECT count(DISTINCT customer_id), count(*) FILTER (WHERE status = 'paid'), sum(amount) FILTER (WHERE amount BETWEEN 10 AND 100) FROM orders;
SELECT * FROM customers WHERE country IN ('UK', 'DE') AND name ILIKE '%a%' AND email IS DISTINCT FROM 'x' ORDER BY id;
SELECT name FROM customers WHERE name LIKE 'A\_%' ESCAPE '\' OR name SIMILAR TO '(A|B)%' OR name ~* '^e' ORDER BY name;
SELECT CASE WHEN amount > 400 THEN 'big' WHEN amount > 100 THEN 'middle' ELSE 'small' END AS size, count(*) FROM orders GROUP BY 1 ORDER BY count(*) DESC, 1;
SELECT id FROM orders WHERE amount > ALL (SELECT amount FROM orders WHERE status = 'new') OR amount = ANY (ARRAY[10.5, 21]) ORDER BY id;
SELECT id FROM orders WHERE customer_id = ANY ('{1,2}'::int[]) AND NOT EXISTS (SELECT FROM customers c WHERE c.id = orders.customer_id AND c.vip) ORDER BY id;
SELECT (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) AS best, c.* FROM customers c ORDER BY c.id;
SELECT id, amount FROM orders WHERE (customer_id, status) IN (SELECT customer_id, status FROM orders WHERE amount > 300) ORDER BY id;
SELECT * FROM orders ORDER BY amount USING >, id LIMIT 3;
SELECT id FROM orders ORDER BY created_at USING < LIMIT 2;
SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS ONLY;
SELECT amount FROM orders ORDER BY amount DESC FETCH FIRST 2 ROWS WITH TIES;
TABLE employees ORDER BY id LIMIT 2;
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC;
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t (n, word) WHERE n > 1;
SELECT ALL id FROM customers ORDER BY id;
SELECT 1 AS one, 'x' AS "Mixed Case", NULL AS nothing, TRUE AS yes, -1.5e3 AS number, 1e3 AS thousand;
(SELECT id FROM orders WHERE status = 'paid' ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM customers ORDER BY id LIMIT 1) ORDER BY 1;
SELECT customer_id FROM orders EXCEPT SELECT id FROM customers WHERE vip INTERSECT SELECT 1 ORDER BY 1;
SELECT country, name FROM customers WHERE (country, id) > ('DE', 2) ORDER BY country COLLATE "C", name;

--: windows and their frames
SELECT id, amount, sum(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM orders ORDER BY id LIMIT 5;
SELECT id, avg(amount) OVER (PARTITION BY customer_id ORDER BY created_at RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) FROM orders ORDER BY id LIMIT 5;
SELECT id, count(*) OVER (ORDER BY amount GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders ORDER BY id LIMIT 5;
SELECT id, rank() OVER w, dense_rank() OVER w, row_number() OVER w, ntile(4) OVER w, percent_rank() OVER w, cume_dist() OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY amount DESC) ORDER BY id LIMIT 5;
SELECT id, lag(amount, 1, 0) OVER (ORDER BY id), lead(amount) OVER (ORDER BY id), first_value(amount) OVER w, last_value(amount) OVER w, nth_value(amount, 2) OVER w FROM orders WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id LIMIT 4;
SELECT status, sum(sum(amount)) OVER (ORDER BY status) AS running FROM orders GROUP BY status ORDER BY status;
SELECT id, amount - avg(amount) OVER w2 FROM orders WINDOW w AS (PARTITION BY customer_id), w2 AS (w ORDER BY id) ORDER BY id LIMIT 3;
SELECT id, count(*) FILTER (WHERE amount > 50) OVER (PARTITION BY status) FROM orders ORDER BY id LIMIT 3;
SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC, id) AS rn FROM orders) AS ranked WHERE rn <= 2 ORDER BY id;
SELECT id, sum(amount) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM orders ORDER BY id LIMIT 3;

--: groups of groups
SELECT country, vip, count(*) FROM customers GROUP BY ROLLUP (country, vip) ORDER BY 1 NULLS FIRST, 2 NULLS FIRST;
SELECT country, vip, count(*), grouping(country, vip) FROM customers GROUP BY CUBE (country, vip) ORDER BY 4, 1, 2;
SELECT status, customer_id, sum(amount) FROM orders GROUP BY GROUPING SETS ((status, customer_id), (status), ()) ORDER BY 1 NULLS LAST, 2 NULLS LAST;
SELECT status, extract(month FROM created_at) AS m, sum(amount) FROM orders GROUP BY status, ROLLUP (extract(month FROM created_at)) ORDER BY 1, 2 NULLS LAST;
SELECT status, count(*) FROM orders GROUP BY DISTINCT ROLLUP (status), ROLLUP (status) ORDER BY 1 NULLS LAST;

--: aggregates in order, and of sets
SELECT customer_id, string_agg(note, ', ' ORDER BY id DESC) FROM orders GROUP BY customer_id ORDER BY customer_id;
SELECT string_agg(DISTINCT status, '/' ORDER BY status) FROM orders;
SELECT array_agg(id ORDER BY amount DESC) FILTER (WHERE status = 'paid') FROM orders;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY amount), mode() WITHIN GROUP (ORDER BY status) FROM orders;
SELECT rank(100) WITHIN GROUP (ORDER BY amount) FROM orders;
SELECT bool_and(vip), bool_or(vip), every(id > 0), bit_or(id) FROM customers;
SELECT corr(id, amount), covar_pop(id, amount), regr_slope(amount, id), stddev_samp(amount), var_pop(amount) FROM orders;
SELECT json_agg(c ORDER BY c.id) FROM (SELECT id, name FROM customers) AS c;
SELECT jsonb_object_agg(id, name) FROM customers;
SELECT status, json_build_object('n', count(*), 'top', max(amount)) FROM orders GROUP BY status ORDER BY status;

--: named queries
WITH paid AS (SELECT * FROM orders WHERE status = 'paid'), big AS MATERIALIZED (SELECT * FROM paid WHERE amount > 50) SELECT count(*) FROM big JOIN paid USING (id);
WITH t AS NOT MATERIALIZED (SELECT 1 AS n) SELECT * FROM t AS a CROSS JOIN t AS b;
WITH RECURSIVE tree AS (SELECT id, name, ARRAY[name] AS path, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, tree.path || e.name, depth + 1 FROM employees e JOIN tree ON e.manager_id = tree.id) SELECT depth, array_to_string(path, ' > ') FROM tree ORDER BY path;
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n;
WITH RECURSIVE tree (id, boss) AS (SELECT id, manager_id FROM employees WHERE id = 1 UNION ALL SELECT e.id, e.manager_id FROM employees e, tree t WHERE e.manager_id = t.id) SEARCH DEPTH FIRST BY id SET ordercol SELECT id, boss FROM tree ORDER BY ordercol;
WITH RECURSIVE tree (id) AS (SELECT 1 UNION ALL SELECT e.id FROM employees e, tree t WHERE e.manager_id = t.id) CYCLE id SET looped USING way SELECT id, looped FROM tree ORDER BY id;
WITH months AS (SELECT generate_series(date '2024-01-01', date '2024-06-01', interval '1 month')::date AS m) SELECT m, coalesce(sum(o.amount), 0) FROM months LEFT JOIN orders o ON date_trunc('month', o.created_at) = m GROUP BY m ORDER BY m;
SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT a FROM x) AS y;

--: laterals, unnesting, functions as tables
SELECT c.name, last.amount FROM customers c CROSS JOIN LATERAL (SELECT amount FROM orders o WHERE o.customer_id = c.id ORDER BY created_at DESC LIMIT 1) AS last ORDER BY c.name;
SELECT c.name, x.* FROM customers c LEFT JOIN LATERAL (SELECT count(*) AS n, max(amount) AS top FROM orders o WHERE o.customer_id = c.id) x ON TRUE ORDER BY c.id;
SELECT e.id, t.tag, t.place FROM events e, unnest(e.tags) WITH ORDINALITY AS t (tag, place) ORDER BY 1, 3 LIMIT 5;
SELECT g, g * g FROM generate_series(1, 10, 3) AS g;
SELECT d::date FROM generate_series('2024-01-01'::timestamp, '2024-01-05', '1 day') AS d;
SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS u (n, w);
SELECT id, unnest(tags) FROM events ORDER BY id, 2 LIMIT 4;
SELECT e.id, i.value FROM events e CROSS JOIN LATERAL jsonb_array_elements(e.payload -> 'items') AS i (value) ORDER BY 1, 2 LIMIT 5;
SELECT key, value FROM events, jsonb_each_text(payload) WHERE id = 1 ORDER BY key;
SELECT p.name, a.color FROM products p, jsonb_to_record(p.attrs) AS a (color text, size jsonb) ORDER BY p.id;
SELECT * FROM json_to_recordset('[{"a":1,"b":"x"},{"a":2}]') AS t (a int, b text);
SELECT word FROM regexp_split_to_table('a b  c', '\s+') AS word;
SELECT m[1] FROM regexp_matches('k1=v1;k2=v2', 'k\d=(\w+)', 'g') AS m;
SELECT string_to_table('a,b', ',');

--: joins
SELECT count(*) FROM orders NATURAL JOIN (SELECT id, customer_id FROM orders) AS o2;
SELECT id, a.status, b.status FROM orders a FULL OUTER JOIN orders b USING (id) ORDER BY id LIMIT 2;
SELECT c.name, sum(i.qty * i.unit_price) FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE p.category <> 'office' GROUP BY c.name ORDER BY 2 DESC;
SELECT a.id, b.id FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.id > a.id AND b.amount < a.amount + 50 ORDER BY 1, 2 LIMIT 3;
SELECT * FROM (customers c JOIN orders o ON o.customer_id = c.id) JOIN order_items i ON i.order_id = o.id ORDER BY o.id, i.product_id LIMIT 2;
SELECT j.id FROM (orders JOIN (SELECT id FROM customers) AS c USING (id)) AS j ORDER BY 1 LIMIT 3;
SELECT o.* FROM ONLY orders o TABLESAMPLE BERNOULLI (100) REPEATABLE (7) ORDER BY id LIMIT 2;
SELECT count(*) FROM orders TABLESAMPLE SYSTEM (100);

--: dates and times
SELECT date_trunc('quarter', created_at) AS q, count(*) FROM orders GROUP BY q ORDER BY q;
SELECT extract(dow FROM created_at), extract(epoch FROM created_at), date_part('week', created_at) FROM orders ORDER BY id LIMIT 3;
SELECT created_at + interval '1 month - 1 day', created_at - interval '3 hours', created_at::date - 7, age(created_at, timestamp '2023-01-01') FROM orders ORDER BY id LIMIT 2;
SELECT to_char(created_at, 'YYYY-MM "week" IW'), to_date('20240131', 'YYYYMMDD'), to_timestamp(0) AT TIME ZONE 'UTC' FROM orders ORDER BY id LIMIT 1;
SELECT make_date(2024, 2, 29), make_interval(days => 10), justify_days(interval '40 days'), date_bin('15 minutes', timestamp '2024-01-01 10:07', timestamp '2024-01-01');
SELECT created_at AT TIME ZONE 'Asia/Shanghai', timezone('UTC', created_at) FROM orders ORDER BY id LIMIT 1;
SELECT (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', interval '1 month');
SELECT count(*) FROM orders WHERE created_at >= now() - interval '90 days' AND created_at < current_date AND created_at::time > '00:00';
SELECT count(*) FROM orders WHERE created_at BETWEEN SYMMETRIC '2025-01-01' AND '2020-01-01';
SELECT isfinite(date '2024-01-01'), date 'infinity' > current_timestamp, localtimestamp(0) < 'infinity';
SELECT interval '1' year + interval '2:30' hour to minute, interval '1-2' year to month;
SELECT EXTRACT(YEAR FROM hired_on)::int / 10 * 10 AS decade, count(*) FROM employees GROUP BY 1 ORDER BY 1;

--: text
SELECT upper(name) || ' (' || coalesce(email, '-') || ')', length(name), left(name, 2), right(name, 1), initcap('a b'), reverse('abc') FROM customers ORDER BY id;
SELECT split_part(email, '@', 2) AS domain, position('@' IN email), strpos(email, '@'), substring(email FROM 1 FOR 3), substring(email FROM '^[^@]+') FROM customers ORDER BY id;
SELECT trim(BOTH 'x' FROM 'xxaxx'), trim(leading from '  a'), btrim(' a '), ltrim('00012', '0'), lpad('7', 3, '0'), repeat('ab', 3), overlay('abcd' PLACING 'X' FROM 2 FOR 1), translate('abc', 'ab', 'xy');
SELECT regexp_replace(email, '@.*$', ''), regexp_match(email, '(\w+)@(\w+)'), email ~ '^[a-z]+@', email !~* 'X' FROM customers ORDER BY id;
SELECT regexp_count('banana', 'a'), regexp_instr('banana', 'n', 1, 2), regexp_substr('banana', 'n.'), regexp_like('Ab', 'a', 'i');
SELECT format('%s has %s', name, id), concat_ws(', ', name, email), quote_literal(name), md5(name), encode(sha256(name::bytea), 'hex') FROM customers ORDER BY id;
SELECT E'a\nb', 'it''s', $$dollar 'quoted'$$, U&'\0061', B'101', X'1F' AS joined;
SELECT E'tab\t', ascii('A'), chr(65), to_hex(255), starts_with('abc', 'ab'), 'abc' ^@ 'a', unistr('\0041');
SELECT normalize('é', NFD);
SELECT string_to_array('a,b,,c', ',', ''), array_length(string_to_array('a b', ' '), 1), parse_ident('a.b');

--: numbers
SELECT round(amount / 3, 2), ceil(amount), floor(amount), trunc(amount, -1), mod(id, 7), id % 7, abs(-id), sign(amount), power(id, 2), sqrt(amount), 2 ^ 3, |/ 16.0, ||/ 27.0 FROM orders ORDER BY id LIMIT 2;
SELECT width_bucket(amount, 0, 700, 7) AS bucket, count(*) FROM orders GROUP BY bucket ORDER BY bucket;
SELECT greatest(1, 2, NULL), least(3, 2), nullif(0, 0), 10 / nullif(0, 0), 7 / 2, 7 / 2.0, 7::float8 / 2, 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, 16 >> 2;
SELECT ln(exp(1)), log(100), log(2, 8), degrees(pi()), gcd(12, 18), lcm(4, 6), factorial(5), scale(1.50), trim_scale(1.50), div(7, 2);
SELECT to_char(1234567.891, 'FM999,999,990.00'), to_number('1,234.5', '9G999D9'), amount::numeric(12, 1), CAST(amount AS integer), '12'::int + 1, '{1,2}'::int[] FROM orders ORDER BY id LIMIT 1;
SELECT 100.0 * count(*) FILTER (WHERE status = 'paid') / nullif(count(*), 0) AS share FROM orders;

--: JSON
SELECT payload ->> 'page', (payload -> 'ms')::int, payload #>> '{items,0}', payload #> '{items}', payload @> '{"ms": 3}', payload ? 'page', payload ?| ARRAY['x', 'page'], payload ?& ARRAY['page'], payload - 'items' FROM events ORDER BY id LIMIT 2;
SELECT jsonb_path_query_array(payload, '$.items[*] ? (@ > 2)'), jsonb_path_exists(payload, '$.page'), payload @? '$.ms', payload @@ '$.ms > 3' FROM events ORDER BY id LIMIT 2;
SELECT jsonb_pretty(payload), jsonb_typeof(payload -> 'items'), jsonb_array_length(payload -> 'items'), jsonb_set(payload, '{ms}', '0'), payload || '{"a": 1}', jsonb_strip_nulls(payload), payload['page'] FROM events ORDER BY id LIMIT 1;
SELECT to_jsonb(c) -> 'name', row_to_json(c) ->> 'id', json_build_array(1, 'a', NULL), jsonb_build_object('a', 1), '{"a":1}'::jsonb = '{"a": 1}' FROM customers c ORDER BY id LIMIT 1;
SELECT json_object_keys('{"a":1,"b":2}'), jsonb_object_keys(payload) FROM events WHERE id = 1 LIMIT 2;
SELECT array_to_json(tags), tags @> ARRAY['x'], tags && ARRAY['t1'], tags[1], tags[1:1], cardinality(tags), array_position(tags, 'x'), array_append(tags, 'z'), 'x' = ANY (tags), tags || ARRAY['y'] FROM events ORDER BY id LIMIT 1;
SELECT avg((payload ->> 'ms')::numeric) FROM events WHERE payload ->> 'page' LIKE '/p%';

--: arrays, ranges, rows, nets and words
SELECT ARRAY(SELECT id FROM customers ORDER BY id), (ARRAY[[1, 2], [3, 4]])[2][1], array_dims(ARRAY[1, 2]), array_remove(ARRAY[1, 2, 1], 1), array_replace(ARRAY[1, 2], 2, 5), trim_array(ARRAY[1, 2, 3], 1), generate_subscripts(ARRAY['a', 'b'], 1);
SELECT int4range(1, 10) @> 5, daterange('2024-01-01', '2024-02-01', '[]') && daterange('2024-01-15', NULL), lower(int4range(1, 5)), upper(numrange(1, 2)), int4range(1, 5) * int4range(3, 9), isempty('empty'::int4range), int4multirange(int4range(1, 2), int4range(5, 6));
SELECT tsrange(created_at, created_at + interval '1 day') @> timestamp '2024-01-05' FROM orders ORDER BY id LIMIT 1;
SELECT ROW(1, 'a') = ROW(1, 'a'), (c).name, ROW(c.id, c.name) IS NULL FROM customers c ORDER BY id LIMIT 1;
SELECT inet '10.0.0.1' << inet '10.0.0.0/8', host(inet '10.0.0.1/24'), masklen('10.0.0.0/8'::cidr), set_masklen('192.168.1.5/24'::inet, 16);
SELECT to_tsvector('english', name) @@ plainto_tsquery('english', 'pen'), ts_rank(to_tsvector(name), to_tsquery('pen | desk')), ts_headline('a pen', to_tsquery('pen')) FROM products ORDER BY id;
SELECT point(1, 2) <-> point(4, 6), circle(point(0, 0), 2) @> point(1, 1), area('((0,0),(1,1))'::box);
SELECT uuid '00000000-0000-0000-0000-000000000001' < gen_random_uuid(), pg_typeof(1), num_nulls(1, NULL, 2);
SELECT c.id IS NOT NULL, c.vip IS TRUE, c.vip IS NOT UNKNOWN, NOT c.vip, c.email ISNULL, c.email NOTNULL FROM customers c ORDER BY id LIMIT 1;
SELECT '5'::money + '1'::money > '2'::money, 'abc'::bytea, decode('616263', 'hex'), get_byte('a'::bytea, 0), bit_count(B'101');

--: names that look like something else
SELECT "update", "delete" AS "drop", "from" FROM "select table" ORDER BY "order";
SELECT t."group" FROM "select table" AS t WHERE t."update" LIKE '%;%';
SELECT o.id AS update, o.amount AS value, o.note AS name, o.status AS type FROM orders o ORDER BY 1 LIMIT 1;
SELECT count(*) "count", max(id) "max" FROM orders;
SELECT "编号", "金额" * 2 AS 双倍 FROM "订单" WHERE "客户" = '王伟' ORDER BY "编号";
SELECT year, month FROM (SELECT extract(year FROM created_at) AS year, extract(month FROM created_at) AS month FROM orders) AS d ORDER BY 1, 2 LIMIT 2;
SELECT id AS "a""b", 'say "hi"' AS "it's" FROM customers ORDER BY id LIMIT 1;
SELECT /* what a customer is worth */ c.id -- the key
  , sum(o.amount) /* in all */ FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id;
SELECT public.orders.id, public.orders.status FROM public.orders ORDER BY public.orders.id LIMIT 2;
SELECT pg_catalog.lower(name), pg_catalog.count(*) OVER () FROM customers ORDER BY id LIMIT 1;

--: what only tells
EXPLAIN SELECT * FROM orders WHERE id = 1;
EXPLAIN (COSTS OFF, FORMAT JSON) SELECT count(*) FROM orders;
EXPLAIN VERBOSE SELECT id FROM orders;
EXPLAIN (VERBOSE, BUFFERS OFF, SUMMARY FALSE) WITH x AS (SELECT 1) SELECT * FROM x;
SHOW server_version;
SHOW TimeZone;

--: reports in several steps
WITH monthly AS (SELECT date_trunc('month', created_at)::date AS month, sum(amount) AS revenue FROM orders GROUP BY 1) SELECT month, revenue, revenue - lag(revenue) OVER (ORDER BY month) AS change, round(100 * (revenue / nullif(lag(revenue) OVER (ORDER BY month), 0) - 1), 1) AS percent FROM monthly ORDER BY month;
WITH firsts AS (SELECT customer_id, min(date_trunc('month', created_at)) AS cohort FROM orders GROUP BY customer_id) SELECT f.cohort::date, extract(month FROM age(date_trunc('month', o.created_at), f.cohort))::int AS months_after, count(DISTINCT o.customer_id) FROM firsts f JOIN orders o USING (customer_id) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT sum(CASE WHEN status = 'paid' THEN amount ELSE 0 END) AS paid, sum(CASE status WHEN 'new' THEN amount END) AS fresh FROM orders;
SELECT status, amount, ntile(4) OVER (ORDER BY amount) AS quartile FROM orders WHERE amount > (SELECT avg(amount) FROM orders) ORDER BY amount LIMIT 5;
WITH ranked AS (SELECT customer_id, sum(amount) AS total, sum(sum(amount)) OVER (ORDER BY sum(amount) DESC) / sum(sum(amount)) OVER () AS share FROM orders GROUP BY customer_id) SELECT customer_id, total, CASE WHEN share <= 0.8 THEN 'A' WHEN share <= 0.95 THEN 'B' ELSE 'C' END AS class FROM ranked ORDER BY total DESC;
SELECT dept, name, salary, salary - first_value(salary) OVER (PARTITION BY dept ORDER BY salary DESC) AS below_top FROM employees ORDER BY dept, salary DESC;
WITH s AS (SELECT id, created_at, created_at - lag(created_at) OVER (PARTITION BY customer_id ORDER BY created_at) > interval '3 days' AS is_new FROM orders) SELECT count(*) FILTER (WHERE is_new) FROM s;
SELECT kind, count(*) AS n, count(*)::float / sum(count(*)) OVER () AS share FROM events GROUP BY kind ORDER BY n DESC, kind;
SELECT p.category, jsonb_agg(jsonb_build_object('name', p.name, 'price', p.price) ORDER BY p.price DESC) FROM products p GROUP BY p.category ORDER BY 1;
SELECT coalesce(c.country, 'all') AS country, count(DISTINCT o.id) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY GROUPING SETS ((c.country), ()) ORDER BY 1;
SELECT a.day::date, count(o.id) FROM generate_series(timestamp '2024-01-02', timestamp '2024-01-08', interval '1 day') AS a(day) LEFT JOIN orders o ON o.created_at >= a.day AND o.created_at < a.day + interval '1 day' GROUP BY a.day ORDER BY a.day;
SELECT name, hired_on, extract(year FROM age(timestamp '2024-06-01', hired_on)) AS years FROM employees WHERE hired_on <= date '2024-06-01' - interval '5 years' ORDER BY hired_on;
SELECT DISTINCT status, first_value(id) OVER (PARTITION BY status ORDER BY amount DESC) AS best FROM orders ORDER BY status;
SELECT id FROM orders WHERE note ~ '^n[0-9]{1}$' AND char_length(note) = 2 AND octet_length(note) < 5 ORDER BY id;
SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id GROUP BY i.order_id HAVING sum(i.qty) > 4) ORDER BY o.id LIMIT 3;
SELECT e.name, m.name AS boss, count(r.id) AS reports FROM employees e LEFT JOIN employees m ON m.id = e.manager_id LEFT JOIN employees r ON r.manager_id = e.id GROUP BY e.id, e.name, m.name ORDER BY reports DESC, e.name;
--: clauses that few parsers know
SELECT t.n, t.l FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) AS t(n, l) ORDER BY 1;
SELECT * FROM ROWS FROM (jsonb_to_recordset('[{"a": 1}, {"a": 5}]') AS (a int), generate_series(1, 2)) WITH ORDINALITY;
SELECT "Both".id, a.name FROM customers a JOIN products b USING (id) AS "Both" WHERE "Both".id < 3 ORDER BY "Both".id;
SELECT k.*, o.amount FROM orders o JOIN order_items i USING (id) AS k JOIN customers c ON c.id = k.id ORDER BY 1;
SELECT jt.* FROM events e, JSON_TABLE(e.payload, '$' COLUMNS (page text PATH '$.page' DEFAULT 'none' ON EMPTY NULL ON ERROR, seen bool EXISTS PATH '$.seen', NESTED PATH '$.items[*]' COLUMNS (item int PATH '$'))) jt WHERE e.id < 3 ORDER BY 3;
SELECT json_query(payload, '$.items[*]' WITH CONDITIONAL ARRAY WRAPPER), json_query(payload, '$.page' KEEP QUOTES), json_query(payload, '$.items' WITHOUT WRAPPER) FROM events ORDER BY id LIMIT 2;
SELECT 'é' IS NFC NORMALIZED, 'é' IS NOT NFD NORMALIZED, name IS NORMALIZED FROM customers ORDER BY id;
SELECT box '((0,0),(1,1))' @> point(0.5, 0.5), circle '<(0,0),2>', polygon '((0,0),(1,1),(1,0))', jsonpath '$.a';
