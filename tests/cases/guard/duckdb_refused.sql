--: a file as a table
SELECT * FROM 'sales.parquet'

--: a file as a table, in double quotes
SELECT * FROM "data/sales.csv"

--: a file over the network
FROM 'https://example.com/x.parquet'

--: reads a file
SELECT * FROM read_csv('x.csv')

--: reads a file, in quotes
SELECT * FROM "read_text"('x')

--: lists files
SELECT * FROM glob('*')

--: SQL in text
SELECT * FROM query('SELECT * FROM vault')

--: a table's name in text
FROM query_table('vault')

--: SQL as JSON
SELECT * FROM json_execute_serialized_sql('{}')

--: the environment
SELECT getenv('HOME')

--: a setting
SELECT current_setting('memory_limit')

--: a table out of reach
FROM vault

--: the same, with an alias before it
FROM orders: vault

--: the same, as TABLE
SELECT 1 WHERE EXISTS (TABLE vault)

--: the same, pivoted
PIVOT vault ON name USING first(secret)

--: the same, unpivoted
UNPIVOT vault ON COLUMNS(*)

--: the same, as a macro's argument
SELECT * FROM histogram(vault, secret)

--: the same, summarised
SUMMARIZE vault

--: a named query called like the table it reads
WITH vault AS (FROM vault) FROM vault

--: the same with RECURSIVE, but nothing recursive
WITH RECURSIVE vault AS (FROM vault) FROM vault

--: the first arm of a recursive query reads the table
WITH RECURSIVE vault AS (SELECT secret FROM vault UNION ALL SELECT 1) FROM vault

--: the catalogue
SELECT * FROM duckdb_tables()

--: the catalogue as a view
SELECT * FROM duckdb_columns

--: another database
SELECT * FROM other.main.orders

--: a variable of the program
SELECT * FROM frame

--: a user's macro in another namespace
SELECT staff.lower(name) FROM customers

--: a method called on a name
SELECT id FROM orders WHERE main.lower('x') = 'x'

--: a copy
COPY orders TO 'x.csv'

--: an extension
INSTALL httpfs

--: all databases
SHOW DATABASES

--: all tables of all databases
SHOW ALL TABLES

--: EXPLAIN that runs
EXPLAIN ANALYZE SELECT * FROM orders

--: a blank that is none
SELECT　*　FROM　orders

--: JSON arrows are no lambdas
SELECT upper(secret -> 'x') FROM orders

--: a setting changed
SET threads = 64

--: a time to travel to
SELECT * FROM orders AT (VERSION => 3)

--: dollars in a name are no quotes
SELECT 1 AS a$$, (SELECT secret FROM vault) AS b$$

--: a text that is far too long
SELECT repeat('x', 2000000000)
