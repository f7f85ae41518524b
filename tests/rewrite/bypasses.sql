-- case: plain star
SELECT * FROM customers
-- case: cte of the same name
WITH customers AS (SELECT * FROM customers) SELECT * FROM customers
-- case: cte hides a qualified table
WITH customers AS (SELECT 1) SELECT * FROM main.customers
-- case: cte hides a fully qualified table
WITH customers AS (SELECT 1) SELECT * FROM company.main.customers
-- case: cte hides a table by catalog
WITH customers AS (SELECT 1) SELECT * FROM company.customers
-- case: cte in a sibling
SELECT * FROM (WITH customers AS (SELECT 1 q) SELECT * FROM customers) a, customers
-- case: cte in a scalar sub-query
SELECT (WITH customers AS (SELECT 1 q) SELECT q FROM customers), * FROM customers
-- case: cte in the right arm of a union
SELECT 1 AS q, NULL, NULL, NULL, NULL, NULL UNION ALL (WITH orders AS (SELECT 1 q) SELECT q, NULL, NULL, NULL, NULL, NULL FROM orders) UNION ALL SELECT order_id, NULL, NULL, coupon, NULL, NULL FROM orders
-- case: forward reference
WITH a AS (SELECT * FROM customers), customers AS (SELECT 1 q) SELECT * FROM a
-- case: recursive base term binds to the table
WITH RECURSIVE customers AS (SELECT id, name, email FROM customers UNION ALL SELECT id, name, email FROM customers WHERE false) SELECT * FROM customers
-- case: recursive base term with a withheld column
WITH RECURSIVE customers AS (SELECT id, name, ssn FROM customers UNION ALL SELECT id, name, ssn FROM customers WHERE false) SELECT * FROM customers
-- case: recursive forward reference
WITH RECURSIVE a AS (SELECT * FROM customers), customers AS (SELECT 1 q UNION ALL SELECT q + 1 FROM customers WHERE q < 2) SELECT * FROM a
-- case: recursive in brackets
WITH RECURSIVE customers AS ((SELECT id, name FROM customers UNION ALL SELECT id, name FROM customers WHERE false)) SELECT * FROM customers
-- case: recursive with an inner with
WITH RECURSIVE customers AS (WITH z AS (SELECT id, name FROM customers) SELECT * FROM z UNION ALL SELECT id, name FROM customers WHERE false) SELECT * FROM customers
-- case: recursive with three arms
WITH RECURSIVE customers AS (SELECT id, name FROM customers UNION ALL SELECT id, name FROM customers WHERE false UNION ALL SELECT id, name FROM customers WHERE false) SELECT * FROM customers
-- case: recursive under a key
WITH RECURSIVE customers(k, v) USING KEY (k) AS (SELECT id, name FROM customers UNION SELECT k, v FROM customers WHERE false) SELECT * FROM customers
-- case: recursive with recurring table
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, customers WHERE n < 2) SELECT * FROM r
-- case: upper case
SELECT * FROM CUSTOMERS
-- case: quoted mixed case
SELECT * FROM "Customers"
-- case: quoted cte in another case
WITH "CUSTOMERS" AS (SELECT 1) SELECT * FROM customers
-- case: two statements
SELECT 1; SELECT * FROM customers
-- case: two statements with a comment
SELECT 1; -- and then
SELECT * FROM customers
-- case: nested with twice
WITH a AS (WITH customers AS (SELECT * FROM customers) SELECT * FROM customers) SELECT * FROM a, customers
-- case: cte shadows a cte
WITH a AS (SELECT * FROM customers) SELECT * FROM (WITH a AS (SELECT * FROM a) SELECT * FROM a) x
-- case: materialized cte
WITH customers AS MATERIALIZED (SELECT * FROM customers) SELECT * FROM customers WHERE CAST(name AS INTEGER) > 0
-- case: cte with an alias list
WITH customers(a, b, c, d, e, f) AS (SELECT * FROM customers) SELECT d FROM customers
-- case: unnest of a list sub-query
SELECT unnest((SELECT list(ssn) FROM customers))
-- case: unnest of a list of names
SELECT unnest((SELECT list(name) FROM customers))
-- case: values of a sub-query
VALUES ((SELECT max(ssn) FROM customers))
-- case: values of a visible sub-query
VALUES ((SELECT max(name) FROM customers))
-- case: pivot statement
PIVOT customers ON id USING max(ssn)
-- case: pivot statement with values
PIVOT customers ON id IN (1, 2, 3, 4, 5) USING max(name)
-- case: pivot in a sub-query
SELECT * FROM (PIVOT customers ON id IN (1, 4) USING max(ssn))
-- case: pivot in a sub-query over what is visible
SELECT * FROM (PIVOT customers ON id IN (1, 4) USING max(name))
-- case: pivot in a cte
WITH p AS (PIVOT customers ON id USING max(ssn)) SELECT * FROM p
-- case: pivot of a cte of the same name
WITH customers AS (SELECT 1 AS id, 2 AS v) PIVOT customers ON id IN (1) USING max(v)
-- case: standard pivot
SELECT * FROM customers PIVOT (max(name) FOR id IN (1, 4, 5))
-- case: pivot with a sub-query of values
PIVOT customers ON id IN (SELECT id FROM customers) USING max(name)
-- case: pivot over an enum
PIVOT orders ON coupon IN mood USING max(total)
-- case: unpivot
UNPIVOT customers ON name, mood INTO NAME n VALUE v
-- case: unpivot of a withheld column
UNPIVOT customers ON name, ssn INTO NAME n VALUE v
-- case: unpivot of all columns
UNPIVOT (SELECT name, mood FROM customers) ON COLUMNS(*) INTO NAME n VALUE v
-- case: standard unpivot
SELECT * FROM customers UNPIVOT (v FOR n IN (name, mood))
-- case: summarize
SUMMARIZE customers
-- case: summarize in a sub-query
SELECT * FROM (SUMMARIZE customers)
-- case: describe
DESCRIBE customers
-- case: describe in a sub-query
SELECT * FROM (DESCRIBE customers)
-- case: describe a query
DESCRIBE SELECT * FROM customers
-- case: show tables
SHOW TABLES
-- case: show in a sub-query
SELECT * FROM (SHOW ALL TABLES)
-- case: show a table
SHOW customers
-- case: query of a string
SELECT * FROM query('SELECT * FROM company.main.customers')
-- case: query table
SELECT * FROM query_table('customers')
-- case: query table of pieces
SELECT * FROM query_table('cust' || 'omers')
-- case: query table of a list
SELECT * FROM query_table(['customers'])
-- case: serialised sql
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM company.main.customers'))
-- case: serialised sql as a pragma
PRAGMA json_execute_serialized_sql('{}')
-- case: call query table
CALL query_table('customers')
-- case: histogram macro of a string
SELECT * FROM histogram('customers', ssn)
-- case: histogram macro of a name
SELECT * FROM histogram(customers, ssn)
-- case: histogram values
SELECT * FROM histogram_values(customers, ssn)
-- case: storage info
SELECT * FROM pragma_storage_info('customers')
-- case: statistics of a column
SELECT stats(name) FROM customers
-- case: statistics of a visible sub-query
SELECT stats(id) FROM (SELECT id FROM customers) q
-- case: bit string aggregate
SELECT bitstring_agg(total) FROM orders
-- case: read parquet
SELECT * FROM read_parquet('/etc/hostname')
-- case: read csv
SELECT * FROM read_csv_auto('/etc/hostname')
-- case: read text
SELECT * FROM read_text('/etc/hostname')
-- case: a file as a table
SELECT * FROM '/etc/hostname'
-- case: a file in double quotes
SELECT * FROM "/etc/hostname"
-- case: a table as a string
SELECT * FROM 'customers'
-- case: parquet metadata
SELECT * FROM parquet_metadata('x')
-- case: glob
SELECT * FROM glob('/etc/*')
-- case: python variable
SELECT * FROM CASES
-- case: a view of the company
SELECT * FROM everything
-- case: a view by its schema
SELECT * FROM main.everything
-- case: a table macro
SELECT * FROM spill()
-- case: a scalar macro with a sub-query
SELECT peek()
-- case: a qualified macro
SELECT company.main.peek()
-- case: a macro that shadows a function
SELECT upper('a'), name FROM customers
-- case: a shadowing macro by its schema
SELECT main.upper('a')
-- case: a shadowing macro by its catalog
SELECT company.upper('a')
-- case: a shadowing macro by catalog and schema
SELECT company.main.upper('a')
-- case: a quoted macro
SELECT "peek"()
-- case: a macro as a method
SELECT name.peek() FROM customers
-- case: prepare
PREPARE p AS SELECT * FROM customers
-- case: execute
EXECUTE p
-- case: deallocate
DEALLOCATE p
-- case: query to xml
SELECT query_to_xml('SELECT * FROM customers', true, true, '')
-- case: xml table
SELECT * FROM xmltable('/a' PASSING query_to_xml('x', true, true, '') COLUMNS a text)
-- case: text search statistics
SELECT * FROM ts_stat('SELECT ssn FROM customers')
-- case: crosstab
SELECT * FROM crosstab('SELECT 1')
-- case: postgres statistics
SELECT * FROM pg_stats
-- case: postgres catalogue
SELECT * FROM pg_catalog.pg_class
-- case: spark parquet path
SELECT * FROM parquet.`/etc/passwd`
-- case: spark identifier
SELECT * FROM IDENTIFIER('cust' || 'omers')
-- case: spark immediate
EXECUTE IMMEDIATE 'SELECT * FROM customers'
-- case: spark reflect
SELECT java_method('java.lang.System', 'getProperty', 'user.home')
-- case: spark stack
SELECT stack(1, (SELECT max(ssn) FROM customers))
-- case: spark transform
SELECT TRANSFORM(1) USING 'cat /etc/hostname'
-- case: snowflake table
SELECT * FROM TABLE('customers')
-- case: snowflake stage
SELECT * FROM @stage
-- case: trino table function
SELECT * FROM TABLE(system.query(query => 'SELECT 1'))
-- case: failing cast of a hidden name
SELECT count(*) FROM customers t WHERE t.id > 3 AND CAST(t.name AS INTEGER) > 0
-- case: failing cast of all names
SELECT count(*) FROM customers t WHERE CAST(replace(replace(replace(t.name, 'Ann', '1'), 'Ben', '1'), 'Cat', '1') AS INTEGER) > 0
-- case: an oracle by division
SELECT count(*) FROM customers WHERE CASE WHEN name = 'CANARYDAN' THEN 1 // 0 ELSE 1 END = 1
-- case: an oracle by a failing cast of text
SELECT count(*) FROM customers WHERE CASE WHEN name LIKE 'CANARY%' THEN CAST(name AS INTEGER) ELSE 1 END = 1
-- case: a cast in the select list
SELECT CAST(name AS INTEGER) FROM customers WHERE id > 3
-- case: a cast in a join condition
SELECT 1 FROM customers a JOIN orders b ON CAST(a.name AS INTEGER) = b.total WHERE a.id > 3
-- case: a cast in a group
SELECT CAST(name AS INTEGER), count(*) FROM customers WHERE id > 3 GROUP BY 1
-- case: a cast in an order
SELECT id FROM customers WHERE id > 3 ORDER BY CAST(name AS INTEGER)
-- case: a cast through a cte
WITH q AS (SELECT * FROM customers WHERE id > 3) SELECT CAST(name AS INTEGER) FROM q
-- case: a cast through a lateral join
SELECT * FROM customers c, LATERAL (SELECT CAST(c.name AS INTEGER) AS n) x WHERE c.id > 3
-- case: a strict date of a hidden coupon
SELECT strptime(coupon, '%Y') FROM orders WHERE total > 100
-- case: a regular expression made of hidden text
SELECT regexp_matches('x', name || '[') FROM customers WHERE id > 3
-- case: a list index by a hidden number
SELECT [1, 2][total] FROM orders WHERE total > 100
-- case: raising an error with a value
SELECT error(name) FROM customers
-- case: zero width space
SELECT max(ssn) x<U+200B>FROM<U+200B>customers
-- case: word joiner
SELECT max(ssn) x<U+2060>FROM<U+2060>customers
-- case: byte order mark
SELECT max(ssn) x<U+FEFF>FROM<U+FEFF>customers
-- case: byte order mark first
<U+FEFF>SELECT * FROM customers
-- case: no-break space
SELECT max(ssn)<U+00A0>FROM<U+00A0>customers
-- case: ideographic space
SELECT<U+3000>ssn<U+3000>FROM<U+3000>customers
-- case: line separator in a comment
SELECT 1 --<U+2028> , (SELECT max(ssn) FROM customers)
-- case: next line in a comment
SELECT 1 --<U+0085> , (SELECT max(ssn) FROM customers)
-- case: carriage return ends a comment
SELECT 1 --<U+000D> , (SELECT max(ssn) FROM customers)
-- case: form feed
SELECT<U+000C>ssn<U+000C>FROM customers
-- case: vertical tab
SELECT<U+000B>ssn<U+000B>FROM customers
-- case: right to left mark
SELECT<U+200F> ssn FROM customers
-- case: full-width letters
SELECT <U+FF53><U+FF53><U+FF4E> FROM customers
-- case: long s folds to s
SELECT <U+017F><U+017F>n FROM customers
-- case: kelvin sign
SELECT * FROM <U+212A>ustomers
-- case: turkish dotless i
SELECT * FROM d<U+0131>ary
-- case: turkish dotted i
SELECT * FROM D<U+0130>ARY
-- case: sharp s
SELECT <U+00DF>n FROM customers
-- case: combining accent
SELECT s<U+0301>sn FROM customers
-- case: nul character
SELECT ssn<U+0000> FROM customers
-- case: nested comments
SELECT 1 /* a /* b */ , ssn FROM customers */
-- case: nested comments closed twice
SELECT /* /* */ ssn /* */ */ name FROM customers
-- case: comments between name parts
SELECT * FROM company/**/./* x */main /**/ . /**/customers
-- case: comments instead of blanks
SELECT/**/ssn/**/FROM/**/customers
-- case: unclosed comment
SELECT 1 /* FROM customers
-- case: escape string
SELECT E'\'', ssn FROM customers --'
-- case: escape string that hides a query
SELECT E'\' FROM customers; SELECT '
-- case: dollar quotes
SELECT $$ ' $$, ssn FROM customers --$$ ' $$
-- case: tagged dollar quotes
SELECT $x$ ' $x$, ssn FROM customers
-- case: unicode string
SELECT U&'\0041', ssn FROM customers
-- case: unicode identifier
SELECT U&"\0073sn" FROM customers
-- case: backslash in a string
SELECT '\', ssn FROM customers --'
-- case: jinja
SELECT {{ ssn }} FROM customers
-- case: jinja comment
SELECT {# ' #} ssn FROM customers
-- case: backticks
SELECT `ssn` FROM `customers`
-- case: square brackets
SELECT [ssn] FROM customers
-- case: adjacent strings
SELECT 'a'
'b', ssn FROM customers
-- case: lateral alias
SELECT ssn AS x, x || '' AS y FROM customers
-- case: lateral alias of a withheld name
SELECT name AS ssn, ssn FROM customers
-- case: alias in where
SELECT ssn AS n FROM customers WHERE n IS NOT NULL
-- case: from first
FROM customers SELECT ssn
-- case: from alone
FROM customers
-- case: table statement
TABLE customers
-- case: prefix alias
SELECT c.ssn FROM c: customers
-- case: prefix alias of a column
SELECT x: ssn FROM customers
-- case: whole row
SELECT customers FROM customers
-- case: whole row by alias
SELECT c FROM customers c
-- case: field of a whole row
SELECT (c).ssn FROM customers c
-- case: bracket of a whole row
SELECT c['ssn'] FROM customers c
-- case: struct extract of a whole row
SELECT struct_extract(c, 'ssn') FROM customers c
-- case: struct extract by position
SELECT struct_extract_at(row(c.*), 4) FROM customers c
-- case: row to json
SELECT row_to_json(c) FROM customers c
-- case: to json of a whole row
SELECT to_json(c) FROM customers c
-- case: qualified star
SELECT c.* FROM customers c
-- case: columns by pattern
SELECT COLUMNS('s.*') FROM customers
-- case: columns by lambda
SELECT COLUMNS(c -> c LIKE '%ss%') FROM customers
-- case: columns of all
SELECT max(COLUMNS(*)) FROM customers
-- case: unpacked columns
SELECT struct_pack(*COLUMNS(*)) FROM customers
-- case: columns list
SELECT COLUMNS(['ssn', 'name']) FROM customers
-- case: exclude
SELECT * EXCLUDE (name) FROM customers
-- case: exclude a withheld column
SELECT * EXCLUDE (ssn) FROM customers
-- case: replace by a withheld column
SELECT * REPLACE (ssn AS name) FROM customers
-- case: rename a withheld column
SELECT * RENAME (ssn AS x) FROM customers
-- case: star like
SELECT * LIKE 'ss%' FROM customers
-- case: using
SELECT * FROM customers a JOIN customers b USING (ssn)
-- case: natural join
SELECT * FROM customers NATURAL JOIN orders
-- case: asof join
SELECT * FROM customers a ASOF JOIN orders b ON a.id = b.customer_id AND a.joined <= b.placed
-- case: positional join
SELECT * FROM customers POSITIONAL JOIN orders
-- case: cross join
SELECT * FROM customers CROSS JOIN orders
-- case: left join
SELECT * FROM orders LEFT JOIN customers ON id = customer_id
-- case: full join
SELECT * FROM orders FULL JOIN customers ON id = customer_id
-- case: anti join
SELECT * FROM orders ANTI JOIN customers ON id = customer_id
-- case: semi join
SELECT * FROM orders SEMI JOIN customers ON id = customer_id
-- case: not exists
SELECT * FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)
-- case: not in
SELECT * FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)
-- case: any of a sub-query
SELECT * FROM orders WHERE customer_id = ANY (SELECT id FROM customers)
-- case: array of a sub-query
SELECT ARRAY(SELECT ssn FROM customers)
-- case: exists with a withheld column
SELECT EXISTS (SELECT 1 FROM customers WHERE ssn LIKE 'CANARYSSN1%')
-- case: correlated withheld column
SELECT (SELECT count(*) FROM orders o WHERE o.note = c.name) FROM customers c
-- case: inner withheld name taken from outside
SELECT (SELECT ssn FROM orders LIMIT 1) FROM customers
-- case: correlated aggregate
SELECT (SELECT max(c.name) FROM orders) FROM customers c
-- case: alias list shifts columns
SELECT d FROM customers AS t(a, b, c, d, e, f, g)
-- case: alias list with fewer names
SELECT * FROM customers AS t(a, b, c, ssn)
-- case: alias list that renames the withheld
SELECT t.z FROM customers AS t(x, y, z)
-- case: ordinal by hash
SELECT #4 FROM customers
-- case: group by ordinal
SELECT name, count(*) FROM customers GROUP BY 1 ORDER BY 2
-- case: order by all
SELECT * FROM customers ORDER BY ALL
-- case: group by all
SELECT mood, count(*) FROM customers GROUP BY ALL
-- case: grouping sets
SELECT name, mood, count(*) FROM customers GROUP BY GROUPING SETS ((name), (mood), ())
-- case: qualify
SELECT * FROM customers QUALIFY row_number() OVER (ORDER BY id DESC) = 1
-- case: window over everything
SELECT id, max(name) OVER () FROM customers
-- case: window by a withheld column
SELECT id, rank() OVER (ORDER BY ssn) FROM customers
-- case: named window by a withheld column
SELECT id, rank() OVER w FROM customers WINDOW w AS (ORDER BY ssn)
-- case: order by a withheld column
SELECT id FROM customers ORDER BY ssn
-- case: group by a withheld column
SELECT count(*) FROM customers GROUP BY ssn
-- case: having a withheld column
SELECT count(*) FROM customers HAVING max(ssn) > 'CANARYSSN1'
-- case: filter by a withheld column
SELECT count(*) FILTER (WHERE ssn LIKE 'C%') FROM customers
-- case: distinct on a withheld column
SELECT DISTINCT ON (ssn) id FROM customers
-- case: limit by a sub-query
SELECT name FROM customers LIMIT (SELECT count(*) FROM unmapped)
-- case: offset by a sub-query
SELECT name FROM customers OFFSET (SELECT max(length(ssn)) FROM customers)
-- case: exact value of a coarse column
SELECT age FROM customers WHERE age = 34
-- case: pseudonym compared with the value
SELECT email FROM customers WHERE email = 'ann@x.example'
-- case: row identifier
SELECT rowid, name FROM customers
-- case: qualified row identifier
SELECT customers.rowid FROM customers
-- case: table that is not in the map
SELECT * FROM unmapped
-- case: table of another schema
SELECT * FROM shop.people
-- case: table of memory
SELECT * FROM memory.main.allow_000000000000_0_integer
-- case: allow table by its name
SELECT * FROM allow_000000000000_0_integer
-- case: governed relation by its name
SELECT * FROM bailee_rel_1
-- case: governed relation as a cte
WITH bailee_rel_1 AS (SELECT * FROM customers) SELECT * FROM bailee_rel_1
-- case: governed relation as an alias
SELECT bailee_rel_1.ssn FROM customers AS bailee_rel_1
-- case: hidden key of groups
SELECT bailee_subject FROM orders
-- case: information schema
SELECT * FROM information_schema.columns
-- case: sqlite master
SELECT * FROM sqlite_master
-- case: catalogue of tables
SELECT * FROM duckdb_tables()
-- case: catalogue of views
SELECT sql FROM duckdb_views()
-- case: settings
SELECT current_setting('memory_limit')
-- case: all settings
SELECT * FROM duckdb_settings()
-- case: variables
SELECT getvariable('x')
-- case: environment
SELECT getenv('HOME')
-- case: current query
SELECT current_query()
-- case: sequences
SELECT nextval('counter')
-- case: set a seed
SELECT setseed(0.5)
-- case: sleeping
SELECT sleep_ms(1)
-- case: writing a log
SELECT write_log('x')
-- case: words of an enumeration
SELECT enum_range(mood) FROM customers
-- case: type of an enumeration
SELECT typeof(mood) FROM customers
-- case: words of an enumeration by its type
SELECT enum_range(NULL::mood)
-- case: last word of an enumeration
SELECT enum_last(mood) FROM customers
-- case: an aggregate by name
SELECT list_aggregate(list(id), 'histogram') FROM customers
-- case: a positional parameter
SELECT * FROM customers WHERE id = $1
-- case: a parameter
SELECT * FROM customers WHERE id = ?
-- case: a named parameter
SELECT * FROM customers WHERE id = $name
-- case: at a version
SELECT * FROM customers AT (VERSION => 1)
-- case: at a time
SELECT * FROM customers AT (TIMESTAMP => '2020-01-01'::TIMESTAMP)
-- case: sample by blocks
SELECT * FROM customers TABLESAMPLE 50%
-- case: sample by system
SELECT * FROM customers USING SAMPLE 50% (system)
-- case: sample by reservoir
SELECT * FROM customers USING SAMPLE reservoir(100 ROWS)
-- case: insert in a cte
WITH x AS (INSERT INTO customers VALUES (9) RETURNING *) SELECT * FROM x
-- case: delete in a cte
WITH x AS (DELETE FROM customers RETURNING *) SELECT * FROM x
-- case: insert
INSERT INTO customers SELECT * FROM customers
-- case: update
UPDATE customers SET name = ssn
-- case: delete
DELETE FROM customers RETURNING ssn
-- case: create a table
CREATE TEMP TABLE x AS SELECT * FROM customers
-- case: create a macro
CREATE TEMP MACRO f() AS TABLE SELECT * FROM company.main.customers
-- case: create a view
CREATE TEMP VIEW customers AS SELECT * FROM company.main.customers
-- case: copy
COPY customers TO '/tmp/rewrite/leak.csv'
-- case: copy of a query
COPY (SELECT * FROM customers) TO '/tmp/rewrite/leak.csv'
-- case: export
EXPORT DATABASE '/tmp/rewrite/leak'
-- case: attach
ATTACH ':memory:' AS other
-- case: detach
DETACH company
-- case: use
USE company
-- case: set
SET memory_limit = '1GB'
-- case: set a variable
SET VARIABLE x = (SELECT max(ssn) FROM customers)
-- case: reset
RESET lock_configuration
-- case: pragma
PRAGMA database_list
-- case: pragma table info
SELECT * FROM pragma_table_info('customers')
-- case: explain
EXPLAIN SELECT * FROM customers
-- case: explain analyze
EXPLAIN ANALYZE SELECT * FROM customers
-- case: call
CALL duckdb_tables()
-- case: install
INSTALL httpfs
-- case: load
LOAD httpfs
-- case: begin
BEGIN TRANSACTION
-- case: vacuum
VACUUM
-- case: checkpoint
CHECKPOINT
-- case: values as a table
SELECT * FROM (VALUES ((SELECT max(name) FROM customers))) v(x)
-- case: table in a join alias
SELECT * FROM (customers JOIN orders ON id = customer_id) j
-- case: bracketed table
SELECT * FROM (customers)
-- case: bracketed table with an alias
SELECT c.ssn FROM (customers) c
-- case: union by name
SELECT name FROM customers UNION ALL BY NAME SELECT note AS name FROM orders
-- case: intersect
SELECT name FROM customers INTERSECT SELECT name FROM customers
-- case: except everything visible
SELECT id FROM orders, customers EXCEPT SELECT 0
-- case: list comprehension
SELECT [x.ssn FOR x IN (SELECT list(c) FROM customers c)]
-- case: list of rows
SELECT list(c) FROM customers c
-- case: lambda over rows
SELECT list_transform((SELECT list(c) FROM customers c), r -> r.ssn)
-- case: map of rows
SELECT MAP {'x': c} FROM customers c
-- case: json path of a row
SELECT to_json(c) ->> '$.ssn' FROM customers c
-- case: string aggregate of a withheld column
SELECT string_agg(ssn, ',') FROM customers
-- case: arg max
SELECT arg_max(ssn, id), arg_max(name, id) FROM customers
-- case: quantile of hidden totals
SELECT quantile_cont(total, 1.0), max(total), mode(total) FROM orders
-- case: histogram of hidden totals
SELECT histogram(total) FROM orders
-- case: approximate top
SELECT approx_top_k(name, 10) FROM customers
-- case: first without order
SELECT first(name), last(name), any_value(name) FROM customers
-- case: method call
SELECT name.upper().lower(), ssn.upper() FROM customers
-- case: method on a row
SELECT c.row_to_json() FROM customers c
-- case: keyword as an alias
SELECT "select"."ssn" FROM customers AS "select"
-- case: weird quoted alias
SELECT "a""b".name FROM customers AS "a""b"
-- case: empty quoted name
SELECT * FROM ""
-- case: dotted quoted name
SELECT * FROM "company.main.customers"
-- case: semicolon in a quoted name
SELECT * FROM "customers; SELECT"
-- case: qualified column of a qualified table
SELECT main.customers.ssn FROM main.customers
-- case: fully qualified column
SELECT company.main.customers.name FROM company.main.customers
-- case: qualified star of a qualified table
SELECT main.customers.* FROM main.customers
-- case: an alias named as another table
SELECT orders.name FROM customers AS orders
-- case: an alias named as a withheld column
SELECT ssn.name FROM customers AS ssn
-- case: lateral sub-query
SELECT x.* FROM customers c, LATERAL (SELECT * FROM orders o WHERE o.customer_id = c.id) x
-- case: deep brackets
SELECT ((((((((((((((((((((ssn)))))))))))))))))))) FROM customers
-- case: very deep brackets
((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((SELECT * FROM customers))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))
-- case: nothing
;
-- case: only a comment
-- SELECT * FROM customers
-- case: guest order
SELECT * FROM orders WHERE customer_id IS NULL
-- case: order past its keep
SELECT * FROM orders WHERE placed < '2020-01-01'
-- case: order without a time
SELECT * FROM orders WHERE placed IS NULL
-- case: line of a hidden order
SELECT * FROM lines WHERE order_id = 14
-- case: line of a twice kept order
SELECT * FROM lines WHERE order_id = 18
-- case: line without an order
SELECT * FROM lines WHERE order_id IS NULL
-- case: line of a forbidden product
SELECT * FROM lines WHERE product_id = 3
-- case: line of an unknown product
SELECT * FROM lines WHERE product_id = 99
-- case: line of a product of unknown kind
SELECT * FROM lines WHERE product_id = 4
-- case: line without a product
SELECT * FROM lines WHERE product_id IS NULL
-- case: line joined with a forbidden product
SELECT * FROM lines JOIN products USING (product_id) WHERE kind = 'FAMILY'
-- case: diary that only says who
SELECT count(*) FROM diary
-- case: line of a product with two faces
SELECT * FROM lines WHERE product_id = 5
-- case: line of a product with two faces by its quantity
SELECT max(quantity) FROM lines
