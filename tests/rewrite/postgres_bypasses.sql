-- case: plain star
SELECT * FROM customers
-- case: cte of the same name
WITH customers AS (SELECT * FROM customers) SELECT * FROM customers
-- case: cte hides a qualified table
WITH customers AS (SELECT 1) SELECT * FROM public.customers
-- case: cte in a sibling
SELECT * FROM (WITH customers AS (SELECT 1 q) SELECT * FROM customers) a, customers
-- case: cte in a scalar sub-query
SELECT (WITH customers AS (SELECT 1 q) SELECT q FROM customers), * FROM customers
-- case: cte in the right arm of a union
SELECT 1 AS q UNION ALL (WITH orders AS (SELECT 1 q) SELECT q FROM orders) UNION ALL SELECT order_id FROM orders
-- case: forward reference
WITH a AS (SELECT * FROM customers), customers AS (SELECT 1 q) SELECT * FROM a
-- case: recursive forward reference
WITH RECURSIVE a AS (SELECT * FROM customers), customers AS (SELECT 1 q) SELECT * FROM a
-- case: recursive base term
WITH RECURSIVE customers AS (SELECT id, name, ssn FROM customers UNION ALL SELECT id, name, ssn FROM customers WHERE false) SELECT * FROM customers
-- case: recursive name that does not recur
WITH RECURSIVE customers AS (SELECT * FROM customers) SELECT * FROM customers
-- case: recursive with an inner with
WITH RECURSIVE customers AS (WITH z AS (SELECT id, name FROM customers) SELECT * FROM z UNION ALL SELECT 1, 'x') SELECT * FROM customers
-- case: recursive inner with of the same name
WITH RECURSIVE x AS (WITH customers AS (SELECT * FROM customers) SELECT * FROM customers), customers AS (SELECT 1 q) SELECT * FROM x
-- case: recursive mutual
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a
-- case: recursive with search
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, customers WHERE n < 2) SEARCH DEPTH FIRST BY n SET o SELECT * FROM r
-- case: recursive with cycle
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 2) CYCLE n SET c USING p SELECT * FROM r
-- case: two ctes of one name
WITH customers AS (SELECT 1 q), customers AS (SELECT * FROM customers) SELECT * FROM customers
-- case: materialized cte
WITH customers AS MATERIALIZED (SELECT * FROM customers) SELECT * FROM customers WHERE CAST(name AS integer) > 0
-- case: not materialized cte
WITH customers AS NOT MATERIALIZED (SELECT * FROM customers) SELECT * FROM customers WHERE CAST(name AS integer) > 0
-- case: cte with an alias list
WITH customers(a, b, c, d, e, f) AS (SELECT * FROM customers) SELECT d FROM customers
-- case: quoted cte in capitals
WITH "CUSTOMERS" AS (SELECT 1) SELECT * FROM CUSTOMERS
-- case: quoted cte in small letters
WITH "customers" AS (SELECT * FROM CUSTOMERS) SELECT * FROM Customers
-- case: capitals that do not fold
SELECT * FROM "Customers"
-- case: capitals that fold
SELECT * FROM Customers
-- case: a name that is cut
SELECT * FROM customersxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
-- case: a cte whose name is cut
WITH customersxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1 AS (SELECT 1) SELECT * FROM customersxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2
-- case: data-modifying cte
WITH d AS (DELETE FROM customers RETURNING *) SELECT * FROM d
-- case: values of a sub-query
VALUES ((SELECT max(ssn) FROM customers))
-- case: values of a visible sub-query
VALUES ((SELECT max(name) FROM customers))
-- case: unnest of a sub-query
SELECT unnest((SELECT array_agg(ssn) FROM customers))
-- case: array of a sub-query
SELECT ARRAY(SELECT ssn FROM customers)
-- case: array of a visible sub-query
SELECT ARRAY(SELECT name FROM customers)
-- case: table statement
TABLE customers
-- case: table statement in a cte
WITH t AS (TABLE customers) TABLE t
-- case: table statement of a view
TABLE everything
-- case: only
SELECT * FROM ONLY customers
-- case: only in brackets
SELECT * FROM ONLY (customers)
-- case: inheritance star
SELECT * FROM customers *
-- case: table sample
SELECT * FROM customers TABLESAMPLE SYSTEM (100)
-- case: table sample by rows
SELECT * FROM customers TABLESAMPLE BERNOULLI (100)
-- case: for update
SELECT * FROM customers FOR UPDATE
-- case: for share of
SELECT * FROM customers c FOR SHARE OF c
-- case: for update in a sub-query
SELECT * FROM (SELECT * FROM customers FOR UPDATE) x
-- case: into
SELECT * INTO stolen FROM customers
-- case: into a temporary table
SELECT * INTO TEMP stolen FROM customers
-- case: rows from
SELECT * FROM ROWS FROM (generate_series(1, 2), spill()) AS x
-- case: function that spills
SELECT * FROM spill()
-- case: function that spills by its schema
SELECT * FROM public.spill()
-- case: function that peeks
SELECT peek()
-- case: function that peeks by its schema
SELECT public.peek()
-- case: quoted function that peeks
SELECT "peek"()
-- case: overload of an allowed function
SELECT upper(1)
-- case: overload by its schema
SELECT public.upper(1)
-- case: function by catalogue and schema
SELECT postgres.public.peek()
-- case: function of a whole row
SELECT peek(c) FROM customers c
-- case: attribute that is a function
SELECT c.peek FROM customers c
-- case: attribute that is a built-in function
SELECT c.pg_typeof FROM customers c
-- case: attribute that makes a row into json
SELECT c.row_to_json FROM customers c
-- case: attribute that is a cast
SELECT c.text FROM customers c
-- case: withheld attribute
SELECT (c).ssn FROM customers c
-- case: withheld attribute as a function
SELECT ssn(c) FROM customers c
-- case: visible attribute as a function
SELECT name(c) FROM customers c
-- case: whole row
SELECT customers FROM customers
-- case: whole row as text
SELECT c::text FROM customers c
-- case: whole row to json
SELECT row_to_json(c) FROM customers c
-- case: whole row of a star
SELECT row_to_json(c.*) FROM customers c
-- case: row star
SELECT (c).* FROM customers c
-- case: record comparison
SELECT c = c FROM customers c
-- case: operator of a schema
SELECT 1 OPERATOR(public.<~>) 1
-- case: operator of the catalogue by its schema
SELECT 1 OPERATOR(pg_catalog.+) 1
-- case: operator of the company
SELECT 1 <~> 1
-- case: order by using an operator
SELECT name FROM customers ORDER BY name USING <
-- case: any of an operator of the company
SELECT 1 <~> ANY (ARRAY[1])
-- case: a view of the company
SELECT * FROM everything
-- case: a view by its schema
SELECT * FROM public.everything
-- case: a materialized view
SELECT * FROM kept
-- case: another schema
SELECT * FROM shop.people
-- case: an unmapped table
SELECT * FROM unmapped
-- case: database and schema
SELECT * FROM postgres.public.customers
-- case: statistics
SELECT * FROM pg_stats
-- case: statistics by schema
SELECT most_common_vals FROM pg_catalog.pg_stats
-- case: catalogue
SELECT relname FROM pg_catalog.pg_class
-- case: catalogue without schema
SELECT * FROM pg_class
-- case: information schema
SELECT * FROM information_schema.columns
-- case: enum labels
SELECT enum_range(NULL::mood)
-- case: cast to an enum
SELECT 'glad'::mood
-- case: cast to an enum by schema
SELECT CAST('glad' AS public.mood)
-- case: cast to a row type
SELECT NULL::customers
-- case: cast to a row type and its fields
SELECT (NULL::public.customers).ssn
-- case: cast to an array of an enum
SELECT '{glad}'::mood[]
-- case: cast to regclass
SELECT 'customers'::regclass
-- case: cast to regclass by function syntax
SELECT regclass('customers')
-- case: literal of a regclass
SELECT regclass 'customers'
-- case: cast to regproc
SELECT CAST('peek' AS regproc)
-- case: cast to oid
SELECT 1::oid
-- case: cast to name
SELECT 'x'::name
-- case: cast to regrole
SELECT 'postgres'::regrole
-- case: percent type
SELECT 1::customers.id%TYPE
-- case: query to xml
SELECT query_to_xml('SELECT * FROM customers', true, true, '')
-- case: table to xml
SELECT table_to_xml('customers', true, true, '')
-- case: schema to xml
SELECT schema_to_xml('public', true, true, '')
-- case: database to xml
SELECT database_to_xml(true, true, '')
-- case: cursor to xml
SELECT cursor_to_xml('c', 1, true, true, '')
-- case: query to xml by the catalogue
SELECT pg_catalog.query_to_xml('SELECT * FROM customers', true, true, '')
-- case: xml table
SELECT * FROM xmltable('/a' PASSING query_to_xml('x', true, true, '') COLUMNS a text)
-- case: xml element
SELECT xmlelement(name a, (SELECT max(name) FROM customers))
-- case: xml forest
SELECT xmlforest(c.name) FROM customers c
-- case: text search statistics
SELECT * FROM ts_stat('SELECT to_tsvector(ssn) FROM customers')
-- case: text search rewrite
SELECT ts_rewrite('a'::tsquery, 'SELECT ssn, ssn FROM customers')
-- case: crosstab
SELECT * FROM crosstab('SELECT 1') AS t(a int)
-- case: connect by
SELECT * FROM connectby('customers', 'id', 'id', '1', 0) AS t(a int, b int, c int)
-- case: dblink
SELECT * FROM dblink('', 'SELECT 1') AS t(a int)
-- case: json table
SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$'))
-- case: json value
SELECT JSON_VALUE('{"a":1}', '$.a')
-- case: json query
SELECT JSON_QUERY('{"a":1}', '$.a')
-- case: json serialise
SELECT JSON_SERIALIZE('{"a":1}')
-- case: json array of a query
SELECT JSON_ARRAY(SELECT ssn FROM customers)
-- case: json object aggregate by grammar
SELECT JSON_OBJECTAGG(k : v) FROM (VALUES ('a', 1)) t(k, v)
-- case: json into a row type
SELECT * FROM json_populate_record(NULL::customers, '{}')
-- case: json to a record
SELECT * FROM json_to_record('{"a":1}') AS x(a mood)
-- case: read a file
SELECT pg_read_file('/etc/hostname')
-- case: read a binary file
SELECT pg_read_binary_file('/etc/hostname')
-- case: list a folder
SELECT pg_ls_dir('.')
-- case: stat a file
SELECT pg_stat_file('PG_VERSION')
-- case: a setting
SELECT current_setting('data_directory')
-- case: set a setting
SELECT set_config('search_path', 'public', false)
-- case: show
SHOW search_path
-- case: set
SET search_path = public
-- case: large object
SELECT lo_get(1)
-- case: import a large object
SELECT lo_import('/etc/hostname')
-- case: sleep
SELECT pg_sleep(10)
-- case: advisory lock
SELECT pg_advisory_lock(1)
-- case: terminate
SELECT pg_terminate_backend(pg_backend_pid())
-- case: sequence
SELECT nextval('counter')
-- case: sequence as a table
SELECT * FROM counter
-- case: current value
SELECT currval('counter')
-- case: activity
SELECT * FROM pg_stat_activity
-- case: activity by function
SELECT * FROM pg_stat_get_activity(NULL)
-- case: current query
SELECT current_query()
-- case: current user
SELECT current_user
-- case: session user
SELECT session_user, user, current_role
-- case: current catalogue
SELECT current_catalog, current_schema
-- case: current schema as a function
SELECT current_schema()
-- case: version
SELECT version()
-- case: server address
SELECT inet_server_addr()
-- case: privileges
SELECT has_table_privilege('customers', 'select')
-- case: size of a table
SELECT pg_relation_size('customers')
-- case: definition of a view
SELECT pg_get_viewdef('everything'::regclass)
-- case: description
SELECT obj_description(1, 'pg_class')
-- case: type of a value
SELECT pg_typeof(name) FROM customers
-- case: size of a value
SELECT pg_column_size(name) FROM customers
-- case: system columns
SELECT ctid, xmin, tableoid FROM customers
-- case: table oid as a name
SELECT tableoid::regclass FROM customers
-- case: transaction number
SELECT txid_current()
-- case: clock that runs on
SELECT clock_timestamp()
-- case: explain
EXPLAIN SELECT * FROM customers
-- case: explain analyse
EXPLAIN ANALYZE SELECT * FROM customers
-- case: copy
COPY customers TO STDOUT
-- case: prepare
PREPARE p AS SELECT * FROM customers
-- case: execute
EXECUTE p
-- case: declare
DECLARE c CURSOR FOR SELECT * FROM customers
-- case: do
DO $$ BEGIN RAISE 'x'; END $$
-- case: call
CALL peek()
-- case: listen
LISTEN x
-- case: create
CREATE TABLE stolen AS SELECT * FROM customers
-- case: two statements
SELECT 1; SELECT * FROM customers
-- case: two statements with a comment
SELECT 1; -- and then
SELECT * FROM customers
-- case: parameter
SELECT $1
-- case: named parameter
SELECT :x
-- case: default
VALUES (DEFAULT)
-- case: dollar quotes
SELECT $$ ' $$, ssn FROM customers --$$ ' $$
-- case: tagged dollar quotes
SELECT $x$ ' $x$, ssn FROM customers
-- case: escape string
SELECT E'\'', ssn FROM customers --'
-- case: escape string that hides a query
SELECT E'\' FROM customers; SELECT '
-- case: small escape string
SELECT e'\'', ssn FROM customers --'
-- case: unicode string
SELECT U&'\0041', ssn FROM customers
-- case: unicode identifier
SELECT U&"\0073sn" FROM customers
-- case: unicode escape character
SELECT U&'d!0061t' UESCAPE '!', ssn FROM customers
-- case: national string
SELECT N'x', ssn FROM customers
-- case: bit string
SELECT B'1', ssn FROM customers
-- case: hexadecimal string
SELECT X'1F', ssn FROM customers
-- case: backslash before a quote
SELECT '\', ssn FROM customers --'
-- case: two backslashes before a quote
SELECT '\\', ssn FROM customers --'
-- case: backslash in a string
SELECT '\d', name FROM customers
-- case: adjacent strings
SELECT 'a'
'b', ssn FROM customers
-- case: nested comments
SELECT 1 /* a /* b */ , ssn FROM customers */
-- case: nested comments closed twice
SELECT /* /* */ ssn /* */ */ name FROM customers
-- case: unclosed comment
SELECT 1 /* FROM customers
-- case: comments instead of blanks
SELECT/**/ssn/**/FROM/**/customers
-- case: comment that begins within an operator
SELECT 1 +/* */ 1, ssn FROM customers
-- case: line comment within an operator
SELECT 1 *--
ssn FROM customers
-- case: carriage return ends a comment
SELECT 1 --<U+000D> , (SELECT max(ssn) FROM customers)
-- case: zero width space
SELECT max(ssn) x<U+200B>FROM<U+200B>customers
-- case: no-break space
SELECT max(ssn)<U+00A0>FROM<U+00A0>customers
-- case: byte order mark first
<U+FEFF>SELECT * FROM customers
-- case: vertical tab
SELECT<U+000B>ssn<U+000B>FROM customers
-- case: form feed
SELECT<U+000C>ssn<U+000C>FROM customers
-- case: nul character
SELECT ssn<U+0000> FROM customers
-- case: full-width letters
SELECT <U+FF53><U+FF53><U+FF4E> FROM customers
-- case: long s folds to s
SELECT <U+017F><U+017F>n FROM customers
-- case: kelvin sign
SELECT * FROM <U+212A>ustomers
-- case: numbers with underscores
SELECT 1_ssn FROM customers
-- case: hexadecimal number
SELECT 0x1F, ssn FROM customers
-- case: number before a word
SELECT 1ssn FROM customers
-- case: backticks
SELECT `ssn` FROM `customers`
-- case: jinja
SELECT {{ ssn }} FROM customers
-- case: withheld column
SELECT ssn FROM customers
-- case: withheld column in capitals
SELECT SSN FROM customers
-- case: withheld column in quotes
SELECT "ssn" FROM customers
-- case: withheld column in an order
SELECT name FROM customers ORDER BY ssn
-- case: withheld column in a filter
SELECT count(*) FILTER (WHERE ssn LIKE 'CANARYSSN1%') FROM customers
-- case: withheld column in using
SELECT * FROM customers a JOIN customers b USING (ssn)
-- case: natural join
SELECT * FROM customers NATURAL JOIN orders
-- case: alias list shifts columns
SELECT d FROM customers AS t(a, b, c, d, e, f)
-- case: exists with a withheld column
SELECT EXISTS (SELECT 1 FROM customers WHERE ssn LIKE 'CANARYSSN1%')
-- case: inner withheld name taken from outside
SELECT (SELECT ssn FROM orders LIMIT 1) FROM customers
-- case: correlated sub-query
SELECT (SELECT count(*) FROM orders o WHERE o.note = c.name) FROM customers c
-- case: lateral
SELECT * FROM customers c, LATERAL (SELECT CAST(c.name AS integer) AS n) x WHERE c.id > 3
-- case: lateral function
SELECT * FROM customers c, LATERAL generate_series(1, c.age) g
-- case: lateral function of the company
SELECT * FROM customers c, LATERAL spill() g
-- case: full join
SELECT * FROM orders FULL JOIN customers ON id = customer_id
-- case: not exists
SELECT * FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)
-- case: not in
SELECT * FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)
-- case: distinct on
SELECT DISTINCT ON (mood) * FROM customers ORDER BY mood, id DESC
-- case: window
SELECT name, lead(name) OVER (ORDER BY id) FROM customers
-- case: named window
SELECT first_value(name) OVER w FROM customers WINDOW w AS (ORDER BY id DESC)
-- case: grouping sets
SELECT name, count(*) FROM customers GROUP BY GROUPING SETS ((name), ())
-- case: fetch first with ties
SELECT name FROM customers ORDER BY mood FETCH FIRST 1 ROW WITH TIES
-- case: collation
SELECT name FROM customers ORDER BY name COLLATE "C"
-- case: collation of a schema
SELECT name FROM customers ORDER BY name COLLATE public."x"
-- case: failing cast of a hidden name
SELECT count(*) FROM customers t WHERE t.id > 3 AND CAST(t.name AS integer) > 0
-- case: failing cast of all names
SELECT count(*) FROM customers t WHERE CAST(replace(replace(replace(t.name, 'Ann', '1'), 'Ben', '1'), 'Cat', '1') AS integer) > 0
-- case: failing cast by colons
SELECT count(*) FROM customers WHERE replace(replace(replace(name, 'Ann', '1'), 'Ben', '1'), 'Cat', '1')::integer > 0
-- case: an oracle by division
SELECT count(*) FROM customers WHERE CASE WHEN name = 'CANARYDAN' THEN 1 / (id - id) ELSE 1 END = 1
-- case: an oracle by a failing cast of text
SELECT count(*) FROM customers WHERE CASE WHEN name LIKE 'CANARY%' THEN CAST(name AS integer) ELSE 1 END = 1
-- case: a cast in a join condition
SELECT 1 FROM customers a JOIN orders b ON CAST(a.name AS integer) = b.total WHERE a.id > 3
-- case: a cast in a group
SELECT CAST(name AS integer), count(*) FROM customers WHERE id > 3 GROUP BY 1
-- case: a cast in an order
SELECT id FROM customers WHERE id > 3 ORDER BY CAST(name AS integer)
-- case: a cast through a cte
WITH q AS (SELECT * FROM customers WHERE id > 3) SELECT CAST(name AS integer) FROM q
-- case: a failing regular expression of hidden text
SELECT 'x' ~ (name || '[') FROM customers WHERE id > 3
-- case: a failing date of a hidden coupon
SELECT to_date(coupon, 'YYYY-MM-DD') FROM orders WHERE total > 100
-- case: raising with format
SELECT format('%s', name) FROM customers WHERE id > 3
-- case: our own relation
SELECT * FROM bailee_rel_1
-- case: our own schema
SELECT * FROM bailee_allow.allow_000000000000_0_integer
-- case: temporary schema
SELECT * FROM pg_temp.customers
-- case: variadic call
SELECT concat(VARIADIC ARRAY['a', 'b']), name FROM customers
-- case: named argument
SELECT make_interval(days => 1), name FROM customers
-- case: named argument the old way
SELECT make_interval(days := 1), name FROM customers
-- case: row constructor
SELECT ROW(name, age) FROM customers
-- case: overlaps
SELECT (joined, joined) OVERLAPS (joined, joined) FROM customers
-- case: at time zone
SELECT placed AT TIME ZONE 'UTC' FROM orders
-- case: at local
SELECT placed AT LOCAL FROM orders
-- case: is of a kind
SELECT name IS DOCUMENT FROM customers
-- case: is json
SELECT name IS JSON FROM customers
-- case: union by a failing cast
SELECT name FROM customers UNION SELECT CAST(id AS text) FROM customers
-- case: json arrows
SELECT to_jsonb(c) -> 'ssn' FROM customers c
-- case: json path
SELECT jsonb_path_query(to_jsonb(c), '$.ssn') FROM customers c
-- case: merge support
SELECT merge_action() FROM customers
-- case: set returning function in select
SELECT generate_series(1, 2), name FROM customers
-- case: function that is called like an alias
SELECT pg_read_file('/etc/hostname') FROM customers AS pg_read_file
-- case: function that is called like a cte
WITH pg_read_file(a) AS (SELECT 1) SELECT pg_read_file('/etc/hostname') FROM pg_read_file
-- case: hash of a record
SELECT hash_record_extended(c, 0) FROM customers c
