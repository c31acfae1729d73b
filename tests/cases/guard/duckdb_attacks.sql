-- One attack a line: each is refused.
SELECT * FROM read_csv('x.csv')
SELECT * FROM 'x.parquet'
FROM 'x.json'
FROM "x.csv"
SELECT * FROM "/etc/passwd"
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM glob('*')
SELECT getenv('HOME')
SELECT 'HOME'.getenv()
SELECT ('HOME').getenv()
SELECT name.getenv() FROM customers
SELECT name.query() FROM customers
SELECT 'SELECT 1'.query()
SELECT main.getenv('HOME')
SELECT main.upper('a')
SELECT system.main.upper('a')
SELECT pg_catalog.lower('x')
FROM query('SELECT 1')
FROM query_table('vault')
FROM query_table(['vault'])
SELECT current_setting('x')
SELECT getvariable('x')
SELECT json_execute_serialized_sql('x')
SELECT json_serialize_sql('SELECT 1')
SELECT * FROM json_execute_serialized_sql('x')
SELECT #1 FROM customers
SELECT id + #2 FROM customers
SELECT id FROM customers WHERE #3 = 'x'
SELECT sum(id) OVER (ORDER BY #2) FROM customers
SELECT list(id ORDER BY #2) FROM customers
SELECT id FROM customers GROUP BY #1
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_secrets()
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_class
SELECT * FROM sqlite_master
SELECT * FROM pragma_table_info('vault')
PRAGMA database_list
CALL pragma_version()
SET memory_limit = '1GB'
SET VARIABLE x = 1
RESET x
USE x
ATTACH 'x'
DETACH x
INSTALL httpfs
LOAD httpfs
EXPORT DATABASE 'x'
IMPORT DATABASE 'x'
COPY orders TO 'x'
COPY (FROM orders) TO 'x'
CREATE TEMP TABLE x AS SELECT 1
CREATE MACRO f(a) AS a
PREPARE p AS SELECT 1
EXECUTE p
CHECKPOINT
VACUUM
EXPLAIN ANALYZE SELECT 1
EXPLAIN (ANALYZE) SELECT 1
EXPLAIN COPY orders TO 'x'
EXPLAIN DELETE FROM orders
SUMMARIZE vault
DESCRIBE vault
SHOW ALL TABLES
SHOW DATABASES
SHOW vault
FROM vault
PIVOT vault ON id USING sum(id)
PIVOT (FROM vault) ON id USING sum(id)
PIVOT orders ON (SELECT secret FROM vault) USING sum(id)
PIVOT orders ON status IN (SELECT secret FROM vault) USING sum(id)
PIVOT orders ON status USING sum((SELECT count(*) FROM vault))
PIVOT orders ON status USING sum(id) ORDER BY (SELECT secret FROM vault)
PIVOT orders ON status USING sum(id) LIMIT (SELECT count(*) FROM vault)
UNPIVOT vault ON COLUMNS(*) INTO NAME a VALUE b
SELECT * FROM orders, vault
SELECT * FROM orders POSITIONAL JOIN vault
SELECT * FROM orders SEMI JOIN vault USING (id)
SELECT * FROM orders ASOF JOIN vault USING (id)
SELECT [x FOR x IN (SELECT list(secret) FROM vault)]
SELECT list_transform([1], lambda x: (SELECT secret FROM vault))
SELECT {'a': (SELECT secret FROM vault)}
SELECT MAP {1: (SELECT secret FROM vault)}
SELECT COLUMNS(lambda c: (SELECT true FROM vault)) FROM orders
SELECT * REPLACE ((SELECT secret FROM vault) AS id) FROM orders
SELECT nextval('order_seq')
SELECT * FROM orders USING SAMPLE 10; FROM vault
SELECT setseed(0.5)
SELECT write_log('a')
SELECT sleep_ms(1000)
SELECT error('a')
SELECT current_user
SELECT version()
SELECT txid_current()
SELECT * FROM which_secret('a','b')
SELECT * FROM test_all_types()
SELECT * FROM seq_scan('vault')
SELECT * FROM python_map_function(1)
SELECT * FROM arrow_scan(1,2,3)
SELECT * FROM sniff_csv('x')
SELECT x::vault FROM orders
SELECT * FROM histogram_values(vault, secret)
SELECT * FROM summary((FROM vault))
SELECT unnest(secret) FROM vault
SELECT * FROM orders AT (VERSION => 1)
SELECT * FROM main.vault
SELECT * FROM memory.main.vault
SELECT * FROM temp.x
FROM orders SELECT vault.secret
WITH vault AS (FROM main.vault) FROM vault
WITH RECURSIVE x USING KEY (a) AS (SELECT 1 AS a UNION SELECT secret FROM vault) FROM x
SELECT * FROM VALUES ((SELECT secret FROM vault)) t
VALUES ((SELECT secret FROM vault))
INSERT INTO orders BY NAME FROM orders
MERGE INTO orders USING orders AS o ON true WHEN MATCHED THEN DELETE
SELECT * FROM orders WHERE rowid IN (SELECT rowid FROM vault)
SELECT 1 WHERE 'a' IN (FROM vault)
SELECT name.'x'.getenv() FROM customers
SELECT customers.name.getenv() FROM customers
SELECT tags.list_transform(lambda t: t.getenv()) FROM products
SELECT vault.secret.upper() FROM customers
SELECT secret.upper() FROM customers
SELECT x.y.z.upper() FROM customers
WITH RECURSIVE t(a) USING KEY (a) AS (SELECT 1 UNION SELECT id FROM secrets) SELECT * FROM t
SELECT TRY((SELECT value FROM secrets LIMIT 1))
SELECT TRY(getenv('HOME'))
SELECT 'HOME'.getenv()
SELECT * FROM (DESCRIBE secrets)
FROM (SHOW ALL TABLES)
PIVOT orders ON (SELECT value FROM secrets LIMIT 1) USING count(*)
WITH p AS (PIVOT secrets ON name USING first(value)) FROM p
FROM VALUES ((SELECT value FROM secrets LIMIT 1)) t(a)
SELECT * FROM seq_scan('secrets')
SELECT * FROM histogram_values('secrets', 'value')
SELECT * FROM query_table(['orders', 'secrets'])
