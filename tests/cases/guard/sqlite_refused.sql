--: a table out of reach
SELECT secret FROM vault

--: a table to the right of IN
SELECT id FROM orders WHERE 'x' IN vault

--: the same, in quotes that could be text
SELECT id FROM orders WHERE 'x' IN "vault"

--: the same, with its database
SELECT id FROM orders WHERE 'x' IN main.vault

--: a table in single quotes
SELECT * FROM 'vault'

--: a table in square brackets
SELECT * FROM [vault]

--: a named query called like the table it reads
WITH vault AS (SELECT * FROM vault) SELECT * FROM vault

--: its first arm reads the table
WITH vault AS (SELECT secret FROM vault UNION ALL SELECT 1) SELECT * FROM vault

--: a named query that comes later
WITH a AS (SELECT * FROM vault), vault AS (SELECT 1 AS secret) SELECT * FROM a

--: the temporary schema
SELECT * FROM temp.vault

--: the catalogue
SELECT sql FROM sqlite_master

--: the catalogue with its database
SELECT name FROM main.sqlite_schema

--: a pragma as a table
SELECT * FROM pragma_table_info('vault')

--: a pragma
PRAGMA table_info(orders)

--: another file
ATTACH 'other.db' AS other

--: a copy of the database
VACUUM INTO 'copy.db'

--: loads code
SELECT load_extension('x')

--: tells an address
SELECT hex(fts3_tokenizer('simple'))

--: makes much out of nothing
SELECT zeroblob(1000000000)

--: the library
SELECT sqlite_version()

--: a function in capitals and quotes
SELECT "LOAD_EXTENSION"('x')

--: a dotless letter is another letter
SELECT load_extensıon('x')

--: a bracket closes a name at once
SELECT [a]]b], secret FROM vault

--: brackets hide no second statement
SELECT [;] FROM (SELECT 1 AS [;]); DELETE FROM orders

--: writes
REPLACE INTO orders(id) VALUES (1)

--: locks the file
BEGIN EXCLUSIVE

--: an unknown column of a known table
SELECT orders.secret FROM orders

--: a comment that does not end
SELECT 1 /* and

--: a variable
SELECT * FROM orders WHERE id = :id

--: zeros by a number in another form
SELECT zeroblob(1e9)

--: zeros by a sum
SELECT zeroblob(16 + 1000000000)

--: zeros as many as a column says
SELECT zeroblob(id) FROM orders

--: zeros as many as a query says
SELECT zeroblob((SELECT 1000000000))
