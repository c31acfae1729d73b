--: a shop's everyday questions
SELECT count(*) FROM orders;
SELECT status, COUNT(*) AS n, SUM(amount) AS total, ROUND(AVG(amount), 2) AS mean FROM orders GROUP BY status HAVING n > 2 ORDER BY total DESC LIMIT 5 OFFSET 1;
SELECT status, count(*) FROM orders GROUP BY status ORDER BY NULL LIMIT 1, 2;
SELECT c.name, o.amount FROM customers AS c LEFT OUTER JOIN orders AS o ON o.customer_id = c.id AND o.status = 'paid' WHERE o.id IS NULL OR o.amount > 20 ORDER BY 1, 2;
SELECT COUNT(DISTINCT customer_id, status), COUNT(DISTINCT status) FROM orders;
SELECT SUM(status = 'paid') AS paid, SUM(IF(status = 'new', amount, 0)) AS fresh, AVG(amount > 100) FROM orders;
SELECT * FROM customers WHERE country IN ('UK', 'DE') AND name LIKE '%a%' AND NOT (email <=> 'x') ORDER BY id;
SELECT name FROM customers WHERE name REGEXP '^[AB]' OR name RLIKE 'a$' OR name NOT REGEXP '.' ORDER BY name;
SELECT name FROM customers WHERE name LIKE BINARY 'A%' OR name LIKE 'B\_%' OR name LIKE 'x|%' ESCAPE '|' ORDER BY name;
SELECT CASE WHEN amount > 400 THEN 'big' WHEN amount > 100 THEN 'middle' ELSE 'small' END AS size, COUNT(*) FROM orders GROUP BY size ORDER BY size;
SELECT id FROM orders WHERE amount > ALL (SELECT amount FROM orders WHERE status = 'new') OR customer_id = ANY (SELECT id FROM customers WHERE vip) ORDER BY id;
SELECT id FROM orders WHERE NOT EXISTS (SELECT * FROM customers c WHERE c.id = orders.customer_id AND c.vip) ORDER BY id;
SELECT (SELECT MAX(amount) FROM orders o WHERE o.customer_id = c.id) AS best, c.* FROM customers c ORDER BY c.id;
SELECT id, amount FROM orders WHERE (customer_id, status) IN (SELECT customer_id, status FROM orders WHERE amount > 300) ORDER BY id;
SELECT id FROM orders WHERE status = 'paid' && amount > 10 || id = 1 ORDER BY id;
SELECT id FROM orders WHERE status = 'paid' XOR amount > 100 ORDER BY id;
SELECT id FROM orders WHERE !(amount > 20) ORDER BY id;
SELECT DISTINCTROW status FROM orders ORDER BY status DESC;
SELECT SQL_NO_CACHE STRAIGHT_JOIN o.id FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 2;
SELECT id FROM orders FORCE INDEX (PRIMARY) WHERE id BETWEEN 2 AND 4 ORDER BY id;
SELECT id FROM orders USE INDEX () WHERE id NOT BETWEEN 4 AND 100 ORDER BY id;
SELECT 1 AS one, 'x' AS `Mixed Case`, NULL AS nothing, TRUE AS yes, -1.5e3 AS number, 0xFF AS hex, b'101' + 0 AS bits, X'4D' AS m;
SELECT 1 + 1 FROM DUAL WHERE 1 = 1;
SELECT 'a' 'b' AS joined, "double" AS d, 'it''s', 'it\'s', "say \"hi\"", N'n', _utf8mb4'x' COLLATE utf8mb4_bin;
(SELECT id FROM orders WHERE status = 'paid' ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM customers ORDER BY id LIMIT 1) ORDER BY 1;
SELECT customer_id FROM orders UNION DISTINCT SELECT id FROM customers ORDER BY customer_id DESC LIMIT 3;
SELECT customer_id FROM orders EXCEPT SELECT id FROM customers WHERE vip ORDER BY 1;
SELECT customer_id FROM orders INTERSECT SELECT id FROM customers ORDER BY 1;
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t;
SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS ONLY;
SELECT id FROM orders ORDER BY FIELD(status, 'paid', 'new', 'shipped'), id LIMIT 5;
SELECT country, name FROM customers WHERE (country, id) > ('DE', 2) ORDER BY name COLLATE utf8mb4_bin;
SELECT name FROM customers ORDER BY name IS NULL, name DESC;
SELECT DISTINCT YEAR(created_at) FROM orders ORDER BY 1;

--: windows and their frames
SELECT id, amount, SUM(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM orders ORDER BY id LIMIT 5;
SELECT id, AVG(amount) OVER (PARTITION BY customer_id ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders ORDER BY id LIMIT 5;
SELECT id, RANK() OVER w, DENSE_RANK() OVER w, ROW_NUMBER() OVER (PARTITION BY status ORDER BY amount DESC), NTILE(4) OVER w, PERCENT_RANK() OVER w, CUME_DIST() OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY amount DESC) ORDER BY id LIMIT 5;
SELECT id, LAG(amount, 1) OVER (ORDER BY id), LEAD(amount) OVER (ORDER BY id), FIRST_VALUE(amount) OVER (ORDER BY id), LAST_VALUE(amount) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), NTH_VALUE(amount, 2) OVER (ORDER BY id) FROM orders ORDER BY id LIMIT 4;
SELECT status, SUM(SUM(amount)) OVER (ORDER BY status) AS running FROM orders GROUP BY status ORDER BY status;
SELECT * FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY amount DESC, id) AS rn FROM orders) AS ranked WHERE rn <= 2 ORDER BY id;
SELECT id, COUNT(*) OVER () AS n, amount / SUM(amount) OVER () AS share FROM orders ORDER BY id LIMIT 3;
SELECT DISTINCT status, MEDIAN(amount) OVER (PARTITION BY status) AS mid FROM orders ORDER BY status;
SELECT DISTINCT status, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount) OVER (PARTITION BY status) AS mid FROM orders ORDER BY status;

--: groups of groups and aggregates
SELECT country, vip, COUNT(*) FROM customers GROUP BY country, vip WITH ROLLUP;
SELECT customer_id, GROUP_CONCAT(note ORDER BY id DESC SEPARATOR ', ') FROM orders GROUP BY customer_id ORDER BY customer_id;
SELECT GROUP_CONCAT(DISTINCT status ORDER BY status SEPARATOR '/'), GROUP_CONCAT(DISTINCT status, ':', customer_id ORDER BY 1) FROM orders;
SELECT STD(amount), STDDEV_SAMP(amount), VAR_POP(amount), VARIANCE(amount), BIT_OR(id), BIT_AND(id), BIT_XOR(id) FROM orders;
SELECT JSON_ARRAYAGG(name), JSON_OBJECTAGG(id, name) FROM customers;
SELECT JSON_ARRAYAGG(name ORDER BY id DESC LIMIT 2) FROM customers;
SELECT customer_id, SUM(CASE WHEN status = 'paid' THEN amount ELSE 0 END) / NULLIF(SUM(amount), 0) AS share FROM orders GROUP BY customer_id ORDER BY customer_id;

--: named queries
WITH paid AS (SELECT * FROM orders WHERE status = 'paid'), big AS (SELECT * FROM paid WHERE amount > 50) SELECT COUNT(*) FROM big JOIN paid USING (id);
WITH RECURSIVE tree AS (SELECT id, name, CAST(name AS CHAR(200)) AS path, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, CONCAT(tree.path, ' > ', e.name), depth + 1 FROM employees e JOIN tree ON e.manager_id = tree.id) SELECT depth, path FROM tree ORDER BY path;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT SUM(i) FROM n;
WITH RECURSIVE days AS (SELECT DATE('2024-01-01') AS d UNION ALL SELECT d + INTERVAL 1 DAY FROM days WHERE d < '2024-01-07') SELECT d, COALESCE(SUM(o.amount), 0) FROM days LEFT JOIN orders o ON DATE(o.created_at) = d GROUP BY d ORDER BY d;
SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT a FROM x) AS y;

--: joins and tables of other kinds
SELECT COUNT(*) FROM orders NATURAL JOIN (SELECT id, customer_id FROM orders) AS o2;
SELECT id, a.status FROM orders a JOIN orders b USING (id) ORDER BY id LIMIT 2;
SELECT c.name, SUM(i.qty * i.unit_price) FROM customers c JOIN orders o ON o.customer_id = c.id INNER JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE p.category <> 'office' GROUP BY c.name ORDER BY 2 DESC;
SELECT a.id, b.id FROM orders a, orders b WHERE b.customer_id = a.customer_id AND b.id > a.id ORDER BY 1, 2 LIMIT 3;
SELECT * FROM (customers c JOIN orders o ON o.customer_id = c.id) JOIN order_items i ON i.order_id = o.id ORDER BY o.id, i.product_id LIMIT 2;
SELECT c.name, o.id FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id ORDER BY c.id, o.id LIMIT 3;
SELECT COUNT(*) FROM customers CROSS JOIN products;
SELECT e.id, j.item FROM events e, JSON_TABLE(e.payload, '$.items[*]' COLUMNS (n FOR ORDINALITY, item INT PATH '$')) AS j ORDER BY 1, 2 LIMIT 4;
SELECT j.* FROM JSON_TABLE('[{"a":1,"b":"x"},{"a":2}]', '$[*]' COLUMNS (a INT PATH '$.a', b VARCHAR(10) PATH '$.b', NESTED PATH '$.c[*]' COLUMNS (c INT PATH '$'))) AS j;

--: dates and times
SELECT DATE_FORMAT(created_at, '%Y-%m') AS month, COUNT(*) FROM orders GROUP BY month ORDER BY month;
SELECT EXTRACT(YEAR_MONTH FROM created_at), EXTRACT(DAY FROM created_at), QUARTER(created_at), WEEK(created_at, 3), YEARWEEK(created_at), DAYOFWEEK(created_at), DAYNAME(created_at), MONTHNAME(created_at), LAST_DAY(created_at) FROM orders ORDER BY id LIMIT 3;
SELECT created_at + INTERVAL 1 MONTH - INTERVAL 1 DAY, DATE_ADD(created_at, INTERVAL 3 HOUR), DATE_SUB(created_at, INTERVAL '1:30' MINUTE_SECOND), ADDDATE(created_at, 3), SUBDATE(created_at, INTERVAL 1 WEEK), INTERVAL 1 DAY + created_at FROM orders ORDER BY id LIMIT 2;
SELECT TIMESTAMPDIFF(DAY, '2024-01-01', created_at), DATEDIFF(created_at, '2024-01-01'), TIMEDIFF('10:00', '09:30'), TIMESTAMPADD(WEEK, 1, created_at), PERIOD_DIFF(202402, 202401), TO_DAYS(created_at) FROM orders ORDER BY id LIMIT 2;
SELECT STR_TO_DATE('31.01.2024', '%d.%m.%Y'), MAKEDATE(2024, 60), MAKETIME(1, 2, 3), SEC_TO_TIME(3661), TIME_TO_SEC('01:00:00'), FROM_UNIXTIME(0) IS NULL, UNIX_TIMESTAMP('2024-01-01') > 0, CONVERT_TZ('2024-01-01 00:00', '+00:00', '+08:00'), TIME_FORMAT('10:05:00', '%H.%i'), GET_FORMAT(DATE, 'EUR');
SELECT COUNT(*) FROM orders WHERE created_at >= NOW() - INTERVAL 90 DAY AND created_at < CURDATE() AND created_at < CURRENT_TIMESTAMP AND TIME(created_at) > '00:00' AND created_at < UTC_TIMESTAMP() AND created_at < SYSDATE();
SELECT DATE '2024-01-01', TIMESTAMP '2024-01-01 10:00:00', TIME '10:00:00', DATE(created_at), YEAR(created_at) * 100 + MONTH(created_at) FROM orders ORDER BY id LIMIT 1;
SELECT WEEKDAY(created_at), DAYOFYEAR(created_at), HOUR(created_at), MINUTE(created_at), SECOND(created_at), MICROSECOND(created_at), DAYOFMONTH(created_at) FROM orders ORDER BY id LIMIT 2;

--: text
SELECT UPPER(name), CONCAT(name, ' (', COALESCE(email, '-'), ')'), CHAR_LENGTH(name), LENGTH(name), LEFT(name, 2), RIGHT(name, 1), REVERSE('abc'), LCASE(name), UCASE(name) FROM customers ORDER BY id;
SELECT SUBSTRING_INDEX(email, '@', -1) AS domain, LOCATE('@', email), INSTR(email, '@'), POSITION('@' IN email), SUBSTRING(email FROM 1 FOR 3), SUBSTR(email, 2), MID(email, 1, 2) FROM customers ORDER BY id;
SELECT TRIM(BOTH 'x' FROM 'xxaxx'), TRIM(LEADING FROM '  a'), TRIM(' a '), LTRIM(' a'), RTRIM('a '), LPAD('7', 3, '0'), RPAD('7', 3, '0'), REPEAT('ab', 3), REPLACE('abc', 'b', 'x'), INSERT('abcd', 2, 1, 'X'), SPACE(2), ELT(2, 'a', 'b'), FIELD('b', 'a', 'b'), FIND_IN_SET('b', 'a,b'), STRCMP('a', 'b'), MAKE_SET(3, 'a', 'b');
SELECT REGEXP_REPLACE(email, '@.*$', ''), REGEXP_SUBSTR(email, '^[^@]+'), REGEXP_INSTR(email, '@') FROM customers ORDER BY id;
SELECT FORMAT(1234567.891, 2), HEX('abc'), UNHEX('616263'), MD5(name), SHA1(name), SHA2(name, 256), TO_BASE64('a'), FROM_BASE64('YQ=='), ASCII('A'), CHAR(65), ORD('A'), CRC32('a'), SOUNDEX('Robert'), QUOTE('it''s') FROM customers ORDER BY id LIMIT 1;
SELECT CONCAT_WS(', ', name, email), CAST(id AS CHAR), CONVERT(id, CHAR(10)), CONVERT(name USING utf8mb4), BINARY name = 'Ann', name COLLATE utf8mb4_general_ci = 'ann', name SOUNDS LIKE 'Anne' FROM customers ORDER BY id;

--: numbers
SELECT ROUND(amount / 3, 2), CEIL(amount), CEILING(amount), FLOOR(amount), TRUNCATE(amount, 1), MOD(id, 7), id % 7, id MOD 7, 7 DIV 2, ABS(-id), SIGN(amount), POW(id, 2), POWER(id, 2), SQRT(amount), EXP(1), LN(2), LOG10(100), LOG2(8), LOG(2, 8), PI(), DEGREES(PI()), GREATEST(1, 2), LEAST(3, 2), CONV('ff', 16, 10), BIN(5), OCT(8) FROM orders ORDER BY id LIMIT 2;
SELECT NULLIF(0, 0), IFNULL(NULL, 1), COALESCE(NULL, 2), ISNULL(NULL), IF(1 > 2, 'a', 'b'), 10 / 0, 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 4, 16 >> 2, BIT_COUNT(7), -(-1), +1, NOT 0, 1 IS TRUE, NULL IS UNKNOWN, NVL(NULL, 3), NVL2(1, 2, 3);
SELECT CAST('12' AS SIGNED) + 1, CAST('1.25' AS DECIMAL(5, 2)), CAST('2024-01-01' AS DATE), CAST(1 AS UNSIGNED), CAST('a' AS BINARY), CAST(1.5 AS DOUBLE), CONVERT('12', UNSIGNED INTEGER), CAST('10:00' AS TIME), CAST('2024-01-01' AS DATETIME(3)), RAND(3) IS NOT NULL;
SELECT FLOOR(amount / 100) * 100 AS bucket, COUNT(*) FROM orders GROUP BY bucket ORDER BY bucket;
SELECT id, amount, ROUND(100 * amount / (SELECT SUM(amount) FROM orders), 2) AS pct FROM orders ORDER BY pct DESC LIMIT 3;
SELECT INET_ATON('10.0.0.1'), INET_NTOA(167772161), INET6_NTOA(INET6_ATON('::1')), IS_IPV4('1.2.3.4'), UUID() IS NOT NULL;

--: JSON
SELECT JSON_EXTRACT(payload, '$.ms'), JSON_VALUE(payload, '$.page'), JSON_UNQUOTE(JSON_EXTRACT(payload, '$.page')), JSON_LENGTH(payload, '$.items'), JSON_KEYS(payload), JSON_TYPE(payload), JSON_CONTAINS(payload, '1', '$.items'), JSON_SEARCH(payload, 'one', '/p1'), JSON_QUERY(payload, '$.items'), JSON_EXISTS(payload, '$.x') FROM events ORDER BY id LIMIT 2;
SELECT JSON_OBJECT('a', 1, 'b', 'x'), JSON_ARRAY(1, 'a', NULL), JSON_MERGE_PATCH('{"a":1}', '{"b":2}'), JSON_SET('{"a":1}', '$.a', 2), JSON_INSERT('{}', '$.a', 1), JSON_REPLACE('{"a":1}', '$.a', 3), JSON_REMOVE('{"a":1}', '$.a'), JSON_VALID('{}'), JSON_QUOTE('a'), JSON_DEPTH('[]'), JSON_PRETTY('[]'), JSON_COMPACT('[ 1 ]'), JSON_ARRAY_APPEND('[1]', '$', 2), JSON_OVERLAPS('[1]', '[1,2]');
SELECT AVG(JSON_VALUE(payload, '$.ms')) FROM events WHERE JSON_VALUE(payload, '$.page') LIKE '/p%';

--: names that look like something else
SELECT `update`, `delete` AS `drop`, `from` FROM `select table` ORDER BY `order`;
SELECT t.`group` FROM `select table` AS t WHERE t.`update` LIKE '%;%';
SELECT o.id AS value, o.amount AS date, o.note AS name, o.status AS type FROM orders o ORDER BY 1 LIMIT 1;
SELECT COUNT(*) `count`, MAX(id) 'max' FROM orders;
SELECT `编号`, `金额` * 2 AS 双倍 FROM `订单` WHERE `客户` = '王伟' ORDER BY `编号`;
SELECT 编号, 金额 FROM 订单 ORDER BY 编号;
SELECT year, month FROM (SELECT YEAR(created_at) AS year, MONTH(created_at) AS month FROM orders) AS d ORDER BY 1, 2 LIMIT 2;
SELECT /* what a customer is worth */ c.id -- the key
  , SUM(o.amount) # in all
  FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id;
SELECT guarded.orders.id, orders.status FROM guarded.orders ORDER BY orders.id LIMIT 2;
SELECT id AS 'the id', name "the name" FROM customers ORDER BY id LIMIT 1;

--: what only tells
EXPLAIN SELECT * FROM orders WHERE id = 1;
EXPLAIN FORMAT=JSON SELECT COUNT(*) FROM orders;
EXPLAIN EXTENDED SELECT id FROM orders;
DESCRIBE orders;
DESC orders amount;
EXPLAIN orders;
SHOW TABLES;
SHOW TABLES LIKE 'o%';
SHOW FULL COLUMNS FROM orders;
SHOW COLUMNS FROM orders LIKE 'a%';
SHOW INDEX FROM orders;
SHOW CREATE TABLE orders;

--: reports in several steps
WITH monthly AS (SELECT DATE_FORMAT(created_at, '%Y-%m-01') AS month, SUM(amount) AS revenue FROM orders GROUP BY 1) SELECT month, revenue, revenue - LAG(revenue) OVER (ORDER BY month) AS `change` FROM monthly ORDER BY month;
WITH firsts AS (SELECT customer_id, MIN(DATE_FORMAT(created_at, '%Y-%m-01')) AS cohort FROM orders GROUP BY customer_id) SELECT f.cohort, TIMESTAMPDIFF(MONTH, f.cohort, DATE_FORMAT(o.created_at, '%Y-%m-01')) AS months_after, COUNT(DISTINCT o.customer_id) FROM firsts f JOIN orders o USING (customer_id) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT dept, name, salary, salary - FIRST_VALUE(salary) OVER (PARTITION BY dept ORDER BY salary DESC) AS below_top FROM employees ORDER BY dept, salary DESC;
SELECT kind, COUNT(*) AS n, COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM events GROUP BY kind ORDER BY n DESC, kind;
SELECT e.name, m.name AS boss, COUNT(r.id) AS reports FROM employees e LEFT JOIN employees m ON m.id = e.manager_id LEFT JOIN employees r ON r.manager_id = e.id GROUP BY e.id, e.name, m.name ORDER BY reports DESC, e.name;
SELECT p.category, GROUP_CONCAT(CONCAT(p.name, '=', p.price) ORDER BY p.price DESC SEPARATOR ' | ') FROM products p GROUP BY p.category ORDER BY 1;
SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id GROUP BY i.order_id HAVING SUM(i.qty) > 4) ORDER BY o.id LIMIT 3;
SELECT customer_id, total, RANK() OVER (ORDER BY total DESC) AS place FROM (SELECT customer_id, SUM(amount) AS total FROM orders GROUP BY customer_id) AS t ORDER BY place;
SELECT hour, n FROM (SELECT HOUR(ts) AS hour, COUNT(*) AS n FROM events GROUP BY HOUR(ts)) AS h ORDER BY n DESC, hour LIMIT 3;
SELECT c.country, COUNT(DISTINCT o.id) AS orders, COUNT(DISTINCT CASE WHEN o.status = 'paid' THEN o.id END) AS paid FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.country WITH ROLLUP;
--: clauses that few parsers know
SELECT customer_id, group_concat(id ORDER BY id SEPARATOR '-' LIMIT 1, 2), group_concat(id ORDER BY id LIMIT 2 OFFSET 1) FROM orders GROUP BY customer_id ORDER BY 1;
SELECT status, json_arrayagg(id ORDER BY id LIMIT 2) FROM orders GROUP BY status ORDER BY 1;
SELECT jt.* FROM events e, JSON_TABLE(e.payload, '$' COLUMNS (page varchar(20) PATH '$.page', seen int PATH '$.seen' DEFAULT '0' ON EMPTY DEFAULT '-1' ON ERROR, has int EXISTS PATH '$.ms', n FOR ORDINALITY)) jt WHERE e.id < 3 ORDER BY 1;
SELECT jt.item FROM events e JOIN JSON_TABLE(e.payload, '$.items[*]' COLUMNS (item int PATH '$' NULL ON EMPTY ERROR ON ERROR)) AS jt WHERE e.id = 1 ORDER BY 1;
SELECT id FROM orders WHERE id < 5 ORDER BY id LIMIT 3 ROWS EXAMINED 100000;
VALUES (1, 'a'), (2, 'b');
WITH v AS (VALUES (1, 2), (3, 4)) SELECT count(*) FROM v;
SELECT count(*) FROM orders WHERE created_at < UTC_DATE AND UTC_TIMESTAMP > '2024-01-01';
SELECT decode_oracle(status, 'new', 1, 'paid', 2, 0) FROM orders ORDER BY id LIMIT 3;
