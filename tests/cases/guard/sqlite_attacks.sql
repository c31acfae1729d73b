-- One attack a line: each is refused.
ATTACH 'x' AS y
SELECT load_extension('x')
SELECT writefile('a','b')
SELECT readfile('a')
SELECT edit('a')
SELECT fts3_tokenizer('a')
SELECT * FROM sqlite_master
SELECT * FROM main.sqlite_schema
SELECT * FROM "sqlite_master"
SELECT * FROM [sqlite_master]
SELECT * FROM 'sqlite_master'
SELECT * FROM `sqlite_temp_master`
SELECT * FROM temp.x
SELECT * FROM pragma_table_info('vault')
SELECT * FROM pragma_database_list
SELECT * FROM vault
SELECT * FROM 'vault'
SELECT * FROM [vault]
SELECT * FROM main."vault"
SELECT 1 IN vault
SELECT 1 WHERE 1 NOT IN main.vault
SELECT 1 IN (SELECT id FROM vault)
SELECT 1 FROM orders WHERE id IN "vault"
SELECT * FROM dbstat
SELECT * FROM bytecode('SELECT 1')
SELECT * FROM tables_used('SELECT 1')
SELECT * FROM fsdir('/')
SELECT * FROM generate_series(1,10) g, vault
PRAGMA query_only = 0
PRAGMA table_info(orders)
VACUUM INTO 'x'
SELECT sqlite_version()
SELECT sqlite_compileoption_get(1)
SELECT changes(), last_insert_rowid()
SELECT randomblob(1000000000)
SELECT zeroblob(1000000000)
SELECT total_changes()
CREATE TEMP TABLE x(a)
CREATE TEMP VIEW x AS SELECT 1
WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM x
REPLACE INTO orders VALUES (1)
WITH vault AS (SELECT * FROM main.vault) SELECT * FROM vault
WITH RECURSIVE vault AS (SELECT * FROM vault) SELECT 1
SELECT * FROM orders; ATTACH 'x' AS y
EXPLAIN DELETE FROM orders
EXPLAIN QUERY PLAN UPDATE orders SET total=1
EXPLAIN PRAGMA x
SELECT ?1
SELECT @x
SELECT $x
SELECT :x
SELECT raise(ignore)
SELECT json_each.* FROM json_each((SELECT secret FROM vault))
SELECT (SELECT secret FROM vault)
SELECT max((SELECT secret FROM vault))
SELECT 1 ORDER BY (SELECT secret FROM vault)
SELECT 1 LIMIT (SELECT count(*) FROM vault)
SELECT group_concat(id, (SELECT secret FROM vault)) FROM orders
SELECT "vault".secret FROM orders
SELECT vault.secret FROM orders, vault
SELECT * FROM orders NATURAL JOIN vault
SELECT * FROM orders JOIN vault USING (id)
VALUES ((SELECT secret FROM vault))
SELECT * FROM (VALUES (1) UNION SELECT id FROM vault)
BEGIN
SAVEPOINT x
REINDEX
ANALYZE
DETACH x
SELECT rtreecheck('x')
SELECT matchinfo(orders) FROM orders
SELECT snippet(vault) FROM orders
SELECT sqlite_log(1,'a')
SELECT sqlite_offset(id) FROM orders
SELECT id COLLATE mine FROM orders WHERE vault.id = 1
SELECT id FROM orders WHERE id IN 'secrets'
SELECT id FROM orders WHERE id NOT IN 'secrets'
SELECT id FROM orders WHERE id IN main.'secrets'
SELECT max(id IN 'secrets') FROM orders
SELECT CASE WHEN id IN 'secrets' THEN 1 END FROM orders
SELECT * FROM orders JOIN 'secrets'
SELECT * FROM 'main'.'secrets'
SELECT id FROM orders WHERE id IN json_each('[1]')
SELECT id FROM orders WHERE id IN pragma_page_count()
SELECT * FROM json_each((SELECT value FROM secrets))
SELECT * FROM orders LIMIT 1 OFFSET (SELECT count(*) FROM secrets)
SELECT `readfile`('/etc/passwd')
SELECT * FROM bytecode('SELECT 1')
