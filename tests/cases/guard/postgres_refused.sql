--: writes in a named query
WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone

--: makes a table
SELECT id INTO copy FROM orders

--: locks rows
SELECT id FROM orders FOR NO KEY UPDATE SKIP LOCKED

--: locks rows deep inside
SELECT * FROM (SELECT id FROM orders FOR SHARE) x

--: an unlisted function, quoted
SELECT "pg_sleep"(1)

--: an unlisted function, qualified and spaced out
SELECT pg_catalog . /* a */ pg_sleep
( 1 )

--: a function of another namespace with a harmless name
SELECT staff.lower('x')

--: a function where no parenthesis shows it
SELECT current_user

--: an unlisted function in place of a table
SELECT * FROM pg_ls_dir('.') AS orders(id)

--: a scalar function in place of a table
SELECT * FROM lower('X') AS orders

--: functions in ROWS FROM
SELECT * FROM ROWS FROM (generate_series(1, 2), pg_sleep(1)) AS t(a, b)

--: SQL in text
SELECT query_to_xml('SELECT * FROM vault', true, false, '')

--: changes a setting
SELECT set_config('search_path', 'staff', false) FROM orders

--: reads a setting
SELECT current_setting('data_directory')

--: takes a number from a sequence
SELECT nextval('orders_id_seq')

--: an operator of somebody's own
SELECT 1 OPERATOR(staff.===) 2

--: a type of somebody's own
SELECT 'x'::staff.trap, CAST('y' AS trap)

--: a type of somebody's own before a literal
SELECT trap 'x'

--: a type that looks up names
SELECT 'vault'::regclass

--: a table out of reach
SELECT secret FROM vault

--: the same, after a harmless one
SELECT id FROM orders UNION ALL SELECT secret FROM vault

--: the same, in a subquery of ORDER BY
SELECT id FROM orders ORDER BY (SELECT max(secret) FROM vault)

--: the same, in a window
SELECT sum(total) OVER (PARTITION BY (SELECT secret FROM vault)) FROM orders

--: the same, in a join condition
SELECT 1 FROM orders JOIN customers ON EXISTS (SELECT FROM vault)

--: the same, as TABLE
SELECT * FROM orders WHERE id IN (TABLE vault)

--: another namespace
SELECT * FROM staff.pay

--: another database
SELECT * FROM shop.public.orders

--: the name of an allowed table in a namespace that is not
SELECT * FROM staff.orders

--: a named query hides an allowed table, and reads another
WITH orders AS (SELECT * FROM vault) SELECT * FROM orders

--: a named query called like the table it reads
WITH vault AS (SELECT * FROM vault) SELECT * FROM vault

--: the same with RECURSIVE, but nothing recursive
WITH RECURSIVE vault AS (SELECT * FROM vault) SELECT * FROM vault

--: the first arm of a recursive query reads the table
WITH RECURSIVE vault AS (SELECT * FROM vault UNION ALL SELECT 1, 'x') SELECT * FROM vault

--: a named query ends with its parentheses
SELECT * FROM (WITH vault AS (SELECT 1 AS secret) SELECT secret FROM vault) x, vault

--: a named query of one arm is not one of the other
(WITH vault AS (SELECT 1 AS secret) SELECT secret FROM vault) UNION ALL SELECT secret FROM vault

--: a qualified name is never a named query
WITH vault AS (SELECT 1 AS secret) SELECT secret FROM public.vault

--: RECURSIVE belongs to the inner list only
WITH vault AS (SELECT 1 AS s UNION ALL SELECT secret FROM vault) (WITH RECURSIVE b AS (SELECT 1) SELECT s FROM vault)

--: quotes make another name
SELECT * FROM "Orders"

--: a name in character codes
SELECT * FROM U&"v\0061ult"

--: the catalogue
SELECT * FROM pg_catalog.pg_class

--: the catalogue, unqualified
SELECT rolname FROM pg_roles

--: the standard catalogue
SELECT * FROM information_schema.columns

--: a system column
SELECT ctid FROM orders

--: a column that is not there
SELECT phone FROM customers

--: a column of another table
SELECT c.total FROM customers c

--: an alias of an inner query
SELECT x.id FROM (SELECT o.id FROM orders o) y

--: two statements, the second hidden by a lone quote in a comment
SELECT 1 /* ' */; DROP TABLE orders -- '

--: dollars in a name are no quotes
SELECT 1 AS a$$, (SELECT secret FROM vault) AS b$$

--: a comment within a comment
SELECT 1 /* /* */ , (SELECT 2) */

--: a hint
SELECT /*+ Set(statement_timeout 0) */ 1

--: EXPLAIN that runs
EXPLAIN (VERBOSE, ANALYZE) SELECT * FROM orders

--: EXPLAIN of a write
EXPLAIN DELETE FROM orders

--: EXPLAIN of a table out of reach
EXPLAIN SELECT * FROM vault

--: a setting about the server
SHOW hba_file

--: no statement of ours
COPY orders TO STDOUT

--: a block of code
DO $$ BEGIN PERFORM 1; END $$

--: nothing selected
SELECT FROM orders

--: a parameter
SELECT * FROM orders WHERE id = $1

--: full-width punctuation
SELECT id，total FROM orders

--: prose
Sorry, I cannot write this query.

--: half a query
SELECT id FROM orders WHERE status = 'pa

--: a template
SELECT * FROM orders WHERE id = {{ id }}

--: a column called like a function, of the whole row
SELECT o.pg_notify FROM orders o

--: two code fences
```sql
SELECT 1
```
```sql
SELECT 2
```

--: an unknown table behind that operator
SELECT @ (SELECT count(*) FROM secrets)

--: a factorial of very many digits
SELECT factorial(100000)

--: a power of very many digits
SELECT 10::numeric ^ 100000

--: a power of a power
SELECT (10::numeric ^ 100) ^ 100

--: a power whose exponent is worked out
SELECT 10::numeric ^ (1000 * 1000)

--: a product of powers
SELECT 10::numeric ^ 1000 * 10::numeric ^ 1000 * 10::numeric ^ 1000

--: a number with a huge exponent
SELECT 1e100000::numeric / 3

--: a text that is such a number
SELECT '1e100000'::numeric / 7

--: a text of digits that becomes a number
SELECT repeat('9', 100000)::numeric

--: an exponential of very many digits
SELECT exp(100000::numeric)

--: repeated repetition
SELECT repeat(repeat('x', 10000), 100000)

--: a padding that is far too long
SELECT lpad('x', 2000000000, 'y')

--: nothing that is no number hides a size
SELECT repeat('x', (1e400 * 0 + 2000000000)::int)
