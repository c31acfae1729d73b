-- One attack a line: each is refused.
SELECT main.lower('x')
SELECT pg_catalog.set_config('a','b',false)
SELECT "pg_catalog"."pg_sleep"(1)
SELECT pg_catalog . pg_sleep(5)
SELECT (SELECT pg_read_file('/etc/passwd'))
SELECT id FROM orders ORDER BY pg_sleep(1)
SELECT id FROM orders WHERE id OPERATOR(pg_catalog.=) 1
SELECT 1 === 2
SELECT 'vault'::regclass
SELECT 'select 1'::pg_catalog.regproc
SELECT CAST(1 AS public.audit_t)
SELECT id::audit_t FROM orders
SELECT * FROM ROWS FROM (pg_ls_dir('/'))
SELECT (pg_stat_file('/etc/passwd')).*
SELECT ctid FROM orders
SELECT o.xmin, o.tableoid FROM orders o
SELECT tableoid::regclass FROM orders
SELECT orders.ctid FROM orders
SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED
SELECT id INTO TEMP x FROM orders
SELECT id INTO x FROM orders
WITH x AS (UPDATE orders SET total = 0 RETURNING id) SELECT * FROM x
WITH x AS (SELECT 1) DELETE FROM orders
WITH x AS (MERGE INTO orders USING lines ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT * FROM x
SELECT nextval('order_seq')
SELECT currval('order_seq'), lastval()
SELECT setseed(0.1)
SELECT query_to_xml('select 1', true, true, '')
SELECT xpath('/a', '<a/>')
SELECT ts_stat('SELECT 1')
SELECT ts_rewrite('a'::tsquery, 'SELECT 1,2')
SELECT current_setting('app.x')
SELECT current_user
SELECT session_user, user
SELECT current_database(), current_schema
SELECT version()
SELECT pg_advisory_xact_lock(1)
SELECT pg_try_advisory_lock(id) FROM orders
SELECT dblink('x','y')
SELECT lo_import('/etc/passwd')
SELECT has_table_privilege('vault','select')
SELECT pg_get_viewdef('v'::regclass)
SELECT obj_description(1)
SELECT inet_server_addr()
SELECT txid_current()
SELECT array_fill(0, ARRAY[100000000])
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_stat_activity
SELECT * FROM information_schema.columns
SELECT * FROM "public".vault
SELECT * FROM PUBLIC.VAULT
TABLE vault
TABLE ONLY vault
SELECT * FROM orders, LATERAL (TABLE vault) v
SELECT (SELECT v FROM vault v LIMIT 1)
SELECT * FROM (orders CROSS JOIN vault)
SELECT id FROM orders WHERE id IN (TABLE vault)
SELECT id FROM orders UNION TABLE vault
WITH vault AS (SELECT * FROM vault) SELECT * FROM vault
WITH RECURSIVE vault AS (SELECT 1 UNION ALL SELECT id FROM public.vault) SELECT * FROM vault
SELECT U&"va\0075lt".x FROM orders
SELECT * FROM U&"v\0061ult"
SELECT $1
SELECT :x
SELECT id FROM orders LIMIT (SELECT pg_sleep(1)::int)
SELECT id FROM orders WHERE id = 1 \gexec
EXPLAIN ANALYZE SELECT 1
EXPLAIN (ANALYZE) SELECT 1
EXPLAIN (COSTS, ANALYSE TRUE) SELECT 1
EXPLAIN (FORMAT JSON, ANALYZE on) SELECT 1
EXPLAIN DELETE FROM orders
EXPLAIN VERBOSE EXECUTE p
EXPLAIN CREATE TABLE x AS SELECT 1
EXPLAIN (WAL) SELECT 1
SHOW ALL
SHOW config_file
SHOW data_directory
SHOW hba_file
SET statement_timeout = 0
RESET ALL
COPY orders TO STDOUT
COPY (SELECT 1) TO PROGRAM 'id'
DO $$ BEGIN END $$
CALL x()
PREPARE p AS SELECT 1
EXECUTE p
DECLARE c CURSOR WITH HOLD FOR SELECT 1
FETCH ALL FROM c
LISTEN x
NOTIFY x
LOCK TABLE orders
VACUUM
REFRESH MATERIALIZED VIEW x
SECURITY LABEL ON TABLE x IS 'a'
SELECT 1; SELECT 2
SELECT 1;;; DROP TABLE x
SELECT /* /* */ 1 */ 2
SELECT xmlelement(name a, 1)
SELECT xmlparse(document '<a/>')
SELECT xmltable.* FROM xmltable('/a' PASSING '<a/>' COLUMNS b int)
SELECT * FROM orders TABLESAMPLE mine (10)
SELECT 'a'::text COLLATE "C" FROM vault
SELECT json_populate_record(NULL::vault, '{}')
SELECT NULL::vault
SELECT ROW(1,2)::vault
SELECT (NULL::orders).id
SELECT id FROM orders WHERE (SELECT true FROM pg_sleep(3))
SELECT string_agg(x, ',' ORDER BY pg_sleep(1)) FROM (SELECT 'a' AS x) y
SELECT sum(id) FILTER (WHERE pg_sleep(1) IS NULL) FROM orders
SELECT sum(id) OVER (PARTITION BY pg_sleep(1)) FROM orders
SELECT CASE WHEN pg_sleep(1) IS NULL THEN 1 END
SELECT ARRAY[pg_sleep(1)]
SELECT id FROM orders GROUP BY pg_sleep(1), id
SELECT id FROM orders ORDER BY id USING ~<~
SELECT id FROM orders ORDER BY id USING OPERATOR(mine.>)
SELECT 1 WHERE 'a' LIKE ANY (SELECT secret FROM vault)
VALUES ((SELECT secret FROM vault))
SELECT * FROM generate_series(1, (SELECT count(*) FROM vault))
SELECT brin_summarize_range('x', 1)
SELECT pg_logical_emit_message(true,'a','b')
SELECT pg_reload_conf()
SELECT gin_clean_pending_list('x')
SELECT pg_notify('a','b')
SELECT pg_switch_wal()
SELECT "lower"('A'), "pg_sleep"(1)
SELECT "Lower"('A')
SELECT lоwer('A')
SELECT * FROM ROWS FROM (pg_ls_dir('.'), generate_series(1, 3)) AS t(a, b)
SELECT * FROM ROWS FROM (generate_series(1, 2), pg_read_file('/etc/passwd'))
SELECT * FROM ROWS FROM (query_to_xml('select 1', true, true, ''))
SELECT * FROM ROWS FROM (json_to_recordset('[]') AS (a regclass))
SELECT * FROM ROWS FROM (unnest(ARRAY(SELECT value FROM secrets)))
SELECT * FROM ROWS FROM (secrets)
SELECT m.id FROM orders JOIN secrets USING (id) AS m
SELECT m.value FROM orders a JOIN customers b USING (id) AS m
SELECT m.id FROM orders a JOIN (customers b JOIN secrets s USING (id) AS n) USING (id) AS m
SELECT * FROM JSON_TABLE((SELECT value FROM secrets LIMIT 1)::jsonb, '$' COLUMNS (a text PATH '$' DEFAULT 'x' ON ERROR)) t
SELECT json_query((SELECT to_jsonb(s) FROM secrets s LIMIT 1), '$' WITH WRAPPER)
SELECT box (SELECT value FROM secrets LIMIT 1)
SELECT sum(total) OVER (PARTITION BY (SELECT value FROM secrets LIMIT 1)) FROM orders
SELECT * FROM orders OFFSET (SELECT length(value) FROM secrets LIMIT 1)
