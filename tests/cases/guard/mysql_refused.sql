--: a comment that runs
SELECT 1 /*!50000 , secret FROM vault */

--: a comment that runs on MariaDB
SELECT 1 /*M! INTO OUTFILE '/tmp/x' */

--: a hint that changes settings
SELECT /*+ SET_VAR(max_execution_time=0) */ id FROM orders

--: writes a file
SELECT name FROM customers INTO OUTFILE '/tmp/x'

--: writes a file from the middle
SELECT name INTO DUMPFILE '/tmp/x' FROM customers

--: into a variable
SELECT id INTO @a FROM orders

--: reads a file
SELECT LOAD_FILE('/etc/passwd')

--: waits, written over two lines
SELECT sleep
(5)

--: waits, in backticks
SELECT `sleep`(5)

--: burns time
SELECT BENCHMARK(1000000000, MD5('x'))

--: takes a lock
SELECT GET_LOCK('a', 10)

--: locks rows
SELECT * FROM orders LOCK IN SHARE MODE

--: locks rows for update
SELECT * FROM orders FOR UPDATE

--: a user variable
SELECT @n := @n + 1 FROM orders

--: a server variable
SELECT @@datadir

--: a stored function
SELECT audit(id) FROM orders

--: a stored function of another database
SELECT shop.lower(name) FROM customers

--: a sequence's next value
SELECT NEXT VALUE FOR numbers

--: a sequence by function
SELECT NEXTVAL(numbers)

--: a table out of nothing
SELECT * FROM seq_1_to_1000000

--: a table out of reach
SELECT * FROM vault

--: a table whose name differs in capitals
SELECT * FROM Orders

--: a named query whose name differs in capitals hides nothing
WITH vault AS (SELECT 1 AS secret) SELECT secret FROM VAULT

--: the seed of a recursive query reads the table
WITH RECURSIVE vault AS (SELECT secret FROM vault UNION ALL SELECT 1) SELECT * FROM vault

--: another database
SELECT * FROM staff.pay

--: accounts
SELECT * FROM mysql.user

--: the catalogue
SELECT table_name FROM information_schema.tables

--: a procedure clause
SELECT * FROM orders PROCEDURE ANALYSE(1, 1)

--: a procedure
CALL tidy()

--: a statement after the first
SELECT 1; DELETE FROM orders

--: a backslash does not close the text, and the text after it is none
SELECT 'a\'; DELETE FROM orders; -- '; DELETE FROM orders

--: two dashes without a blank are no comment
SELECT 1 --1; DELETE FROM orders

--: the time limit lifted
SET STATEMENT max_statement_time=0 FOR SELECT 1

--: EXPLAIN that runs
ANALYZE SELECT * FROM orders

--: EXPLAIN that runs, as MySQL spells it
EXPLAIN ANALYZE SELECT * FROM orders

--: the plan of another session
EXPLAIN FOR CONNECTION 5

--: other databases
SHOW DATABASES

--: tables of another database
SHOW TABLES FROM staff

--: accounts shown
SHOW GRANTS

--: columns of a table out of reach
SHOW COLUMNS FROM vault

--: columns of a table of another database
SHOW COLUMNS FROM orders FROM staff

--: a partition
SELECT * FROM orders PARTITION (p0)

--: a handler
HANDLER orders OPEN

--: a client's command
DELIMITER //

--: where the server writes files
SELECT @@secure_file_priv

--: a setting of the whole server
SELECT @@global.time_zone

--: a harmless setting, and another one
SELECT @@version, @@session.general_log_file

--: a setting that is set
SELECT @@time_zone := '+00:00'

--: a variable of the session by the name of a setting
SELECT @version

--: a name of a setting without its marks
SELECT version FROM orders

--: a text that is far too long
SELECT repeat('x', 1e9)
