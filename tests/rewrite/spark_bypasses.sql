-- runs: plain star
SELECT * FROM customers
-- runs: cte of the same name
WITH customers AS (SELECT * FROM customers) SELECT * FROM customers
-- runs: cte hides a qualified table
WITH customers AS (SELECT 1) SELECT * FROM default.customers
-- runs: cte in a sibling
SELECT * FROM (WITH customers AS (SELECT 1 q) SELECT * FROM customers) a, customers
-- runs: cte in a scalar sub-query
SELECT (WITH customers AS (SELECT 1 q) SELECT q FROM customers), * FROM customers
-- runs: forward reference
WITH a AS (SELECT * FROM customers), customers AS (SELECT 1 q) SELECT * FROM a
-- runs: upper case
SELECT * FROM CUSTOMERS
-- runs: backticks in another case
SELECT * FROM `Customers`
-- runs: cte in another case
WITH `CUSTOMERS` AS (SELECT 1) SELECT * FROM customers
-- runs: values of a visible sub-query
VALUES ((SELECT max(name) FROM customers))
-- refused: values of a withheld sub-query
VALUES ((SELECT max(ssn) FROM customers))
-- refused: stack of a withheld sub-query
SELECT stack(1, (SELECT max(ssn) FROM customers))
-- runs: stack of a visible sub-query
SELECT stack(1, (SELECT max(name) FROM customers))
-- refused: explode of a withheld sub-query
SELECT explode(array((SELECT max(ssn) FROM customers)))
-- refused: a file by its format
SELECT * FROM parquet.`/etc/passwd`
-- refused: a file of text
SELECT * FROM text.`/etc/passwd`
-- refused: a file of csv in capitals
SELECT * FROM CSV.`/etc/passwd`
-- refused: a binary file
SELECT * FROM binaryFile.`/etc/passwd`
-- refused: a file by its format through a catalogue
SELECT * FROM spark_catalog.parquet.`/etc/passwd`
-- refused: a path alone
SELECT * FROM `/etc/passwd`
-- refused: a delta path
SELECT * FROM delta.`/data/customers`
-- refused: identifier of a string
SELECT * FROM IDENTIFIER('cust' || 'omers')
-- refused: identifier of a column
SELECT IDENTIFIER('ss' || 'n') FROM customers
-- refused: identifier of a function
SELECT IDENTIFIER('reflect')('java.lang.System', 'getProperty', 'user.home')
-- refused: execute immediate
EXECUTE IMMEDIATE 'SELECT * FROM customers'
-- refused: reflect
SELECT reflect('java.lang.System', 'getProperty', 'user.home')
-- refused: java method
SELECT java_method('java.lang.System', 'getProperty', 'user.home')
-- refused: try reflect
SELECT try_reflect('java.lang.System', 'getProperty', 'user.home')
-- refused: reflect in backticks
SELECT `reflect`('java.lang.System', 'getProperty', 'user.home')
-- refused: reflect by its namespace
SELECT system.builtin.reflect('java.lang.System', 'getProperty', 'user.home')
-- refused: reflect in capitals
SELECT REFLECT('java.lang.System', 'getProperty', 'user.home')
-- refused: reflect behind a comment
SELECT reflect /* x */ ('java.lang.System', 'getProperty', 'user.home')
-- refused: transform
SELECT TRANSFORM(name) USING 'cat' FROM customers
-- refused: transform as a script with a format
SELECT TRANSFORM(name) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' USING 'cat' AS (x STRING) FROM customers
-- refused: map using
SELECT * FROM (MAP name USING 'cat' AS x FROM customers)
-- refused: reduce using
SELECT * FROM (REDUCE name USING 'cat' AS x FROM customers)
-- refused: from first with map
FROM customers MAP name USING 'cat'
-- refused: from first with insert
FROM customers INSERT INTO stolen SELECT *
-- refused: insert overwrite a folder
INSERT OVERWRITE DIRECTORY '/tmp/x' SELECT * FROM customers
-- refused: variable in a string
SELECT '${env:HOME}'
-- refused: variable in double quotes
SELECT "${spark.driver.host}"
-- refused: variable as a table
SELECT * FROM ${t}
-- refused: variable in backticks
SELECT * FROM `${t}`
-- refused: variable in a comment
SELECT 1 /* ${x} */
-- refused: variable in a line comment
SELECT 1 -- ${x}
-- runs: variable of the session, of which there is none
SELECT session.x
-- refused: parameter
SELECT :x
-- refused: parameter by place
SELECT ?
-- refused: hint
SELECT /*+ BROADCAST(customers) */ * FROM customers
-- refused: hint after a blank comment
SELECT /**/ /*+ COALESCE(1) */ * FROM customers
-- refused: nested comments
SELECT 1 /* a /* b */ , ssn FROM customers */
-- refused: unclosed comment
SELECT 1 /* FROM customers
-- refused: continued line comment
SELECT 1 -- x \
, ssn FROM customers
-- refused: withheld in double quotes is text but the column is not
SELECT "ssn", ssn FROM customers
-- runs: double quotes are text
SELECT "ssn", name FROM customers
-- runs: quote in double quotes
SELECT "it's", name FROM customers
-- refused: escaped quote
SELECT '\'', ssn FROM customers --'
-- refused: escaped quote that hides a query
SELECT '\' FROM customers; SELECT '
-- refused: backslash at the end
SELECT '\\', ssn FROM customers
-- refused: octal escape
SELECT '\047', ssn FROM customers
-- refused: doubled quote
SELECT 'a''b', ssn FROM customers
-- refused: doubled double quote
SELECT "a""b", ssn FROM customers
-- refused: raw string
SELECT r'\', ssn FROM customers --'
-- refused: raw string in capitals
SELECT R"\", ssn FROM customers --"
-- refused: hexadecimal string
SELECT X'1F', ssn FROM customers
-- refused: dollar quotes
SELECT $$ ' $$, ssn FROM customers
-- refused: number with a suffix
SELECT 1L, name FROM customers
-- refused: name that begins with a digit
SELECT 1a FROM customers
-- refused: two statements
SELECT 1; SELECT * FROM customers
-- refused: zero width space
SELECT max(ssn) x<U+200B>FROM<U+200B>customers
-- refused: no-break space
SELECT max(ssn)<U+00A0>FROM<U+00A0>customers
-- refused: byte order mark first
<U+FEFF>SELECT * FROM customers
-- refused: vertical tab
SELECT<U+000B>ssn<U+000B>FROM customers
-- refused: pipe
FROM customers |> SELECT ssn
-- refused: pipe behind a select
SELECT * FROM customers |> WHERE id > 3
-- refused: time travel by version
SELECT * FROM customers VERSION AS OF 1
-- refused: time travel by time
SELECT * FROM customers TIMESTAMP AS OF '2026-01-01'
-- refused: time travel for system
SELECT * FROM customers FOR SYSTEM_VERSION AS OF 1
-- refused: time travel at a sign
SELECT * FROM customers@v1
-- refused: table sample
SELECT * FROM customers TABLESAMPLE (100 PERCENT)
-- refused: table sample by buckets
SELECT * FROM customers TABLESAMPLE (BUCKET 1 OUT OF 1)
-- refused: table of a table argument
SELECT * FROM TABLE(customers)
-- refused: table function of the session
SELECT * FROM spill(TABLE(customers))
-- refused: files as a table function
SELECT * FROM read_files('/etc/passwd')
-- refused: keywords
SELECT * FROM sql_keywords()
-- runs: range
SELECT * FROM range(3), customers
-- runs: explode in from
SELECT * FROM explode(array(1, 2)), customers
-- runs: lateral view
SELECT name, x FROM customers LATERAL VIEW explode(array(1, 2)) t AS x
-- runs: lateral view outer
SELECT name, x FROM customers LATERAL VIEW OUTER explode(array(1, 2)) t AS x
-- refused: lateral view of a function of the session
SELECT name FROM customers LATERAL VIEW spill(ssn) t AS x
-- refused: lateral view of a withheld column
SELECT x FROM customers LATERAL VIEW explode(array(ssn)) t AS x
-- runs: lateral join
SELECT * FROM customers c, LATERAL (SELECT CAST(c.name AS INT) AS n) x WHERE c.id > 3
-- refused: lateral join that reads a table
SELECT * FROM customers c, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) x
-- refused: lateral join with a table in a sub-query
SELECT * FROM customers c JOIN LATERAL (SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM orders)) x
-- refused: lateral join that reads a CTE
WITH o AS (SELECT * FROM orders) SELECT * FROM customers c, LATERAL (SELECT * FROM o WHERE o.customer_id = c.id) x
-- runs: lateral join with a function that makes rows
SELECT * FROM customers c, LATERAL (SELECT * FROM explode(array(c.id, 2))) x
-- refused: unknown function
SELECT peek(name) FROM customers
-- refused: function of a database
SELECT default.upper(name) FROM customers
-- refused: file name
SELECT input_file_name(), name FROM customers
-- refused: block of a file
SELECT input_file_block_start() FROM customers
-- refused: user
SELECT current_user()
-- refused: user without brackets
SELECT current_user
-- refused: database
SELECT current_database(), current_catalog(), current_schema()
-- refused: version
SELECT version()
-- refused: partition
SELECT spark_partition_id() FROM customers
-- refused: increasing number
SELECT monotonically_increasing_id() FROM customers
-- refused: raise
SELECT raise_error(name) FROM customers
-- refused: assert
SELECT assert_true(name = 'Ann') FROM customers
-- refused: schema of json
SELECT schema_of_json('{"a":1}')
-- refused: from json
SELECT from_json('{"a":1}', 'a INT')
-- refused: from csv
SELECT from_csv('1', 'a INT')
-- refused: xpath
SELECT xpath('<a>1</a>', 'a')
-- refused: type of
SELECT typeof(name) FROM customers
-- refused: encrypt
SELECT aes_encrypt(name, '0000111122223333') FROM customers
-- refused: a withheld column
SELECT ssn FROM customers
-- refused: a withheld column in backticks
SELECT `SSN` FROM customers
-- refused: a withheld column in an order
SELECT name FROM customers ORDER BY ssn
-- refused: a withheld column in using
SELECT * FROM customers a JOIN customers b USING (ssn)
-- refused: star except a withheld column
SELECT * EXCEPT (ssn) FROM customers
-- runs: natural join
SELECT * FROM customers NATURAL JOIN orders
-- runs: semi join
SELECT * FROM orders LEFT SEMI JOIN customers ON id = customer_id
-- runs: anti join
SELECT * FROM orders LEFT ANTI JOIN customers ON id = customer_id
-- runs: whole row
SELECT struct(c.*) FROM customers c
-- runs: whole row to json
SELECT to_json(struct(*)) FROM customers
-- runs: alias list
SELECT d FROM customers AS t(a, b, c, d, e, f)
-- runs: a failing cast
SELECT count(*) FROM customers t WHERE t.id > 3 AND CAST(t.name AS INT) > 0
-- runs: higher order function
SELECT filter(array(id), x -> x > 1) FROM customers
-- refused: another database
SELECT * FROM shop.people
-- refused: three names
SELECT * FROM spark_catalog.default.customers
-- refused: an unmapped table
SELECT * FROM unmapped
-- refused: global temporary view
SELECT * FROM global_temp.customers
-- refused: our own relation
SELECT * FROM bailee_rel_1
-- refused: information schema
SELECT * FROM information_schema.tables
-- refused: system variables
SELECT @@x
-- refused: function that is called like an alias
SELECT reflect('java.lang.System', 'getProperty', 'user.home') FROM customers AS reflect
-- refused: function that is called like a cte
WITH reflect(a) AS (SELECT 1) SELECT reflect('java.lang.System', 'getProperty', 'user.home') FROM reflect
-- refused: user as a column
SELECT user FROM customers
-- refused: user in backticks
SELECT `session_user` FROM customers
-- refused: catalogue as a column
SELECT concat(current_catalog, current_database) FROM customers
-- refused: describe
DESCRIBE customers
-- refused: show
SHOW TABLES
-- refused: set
SET spark.sql.ansi.enabled = true
-- refused: add a jar
ADD JAR '/tmp/x.jar'
-- refused: cache
CACHE TABLE x AS SELECT * FROM customers
-- refused: create a function
CREATE TEMPORARY FUNCTION f AS 'x.Y'
-- refused: declare
DECLARE VARIABLE x INT
-- refused: begin
BEGIN SELECT 1; END
-- refused: explain
EXPLAIN SELECT * FROM customers
-- refused: values into a table
SELECT * INTO stolen FROM customers
-- refused: cluster
SELECT * FROM customers CLUSTER BY id
-- refused: distribute
SELECT * FROM customers DISTRIBUTE BY id
-- refused: sort by
SELECT * FROM customers SORT BY id
