-- Questions of hostile shapes that DuckDB, PostgreSQL and Spark read alike; each is asked of every engine.
-- case: all rows
SELECT order_id, customer_id, total, coupon, placed FROM orders
-- case: star skips what is withheld
SELECT * FROM orders
-- case: rows counted
SELECT count(*) AS n, count(coupon) AS c, count(DISTINCT customer_id) AS d FROM orders
-- case: no such customer
SELECT count(*) AS n, sum(total) AS s FROM orders WHERE customer_id = 4
-- case: a guest is nobody
SELECT count(*) AS n FROM orders WHERE customer_id IS NULL
-- case: not in a list with a null
SELECT order_id FROM orders WHERE coupon NOT IN ('A', NULL)
-- case: a null compared
SELECT order_id FROM orders WHERE coupon <> 'A'
-- case: distinct from null
SELECT order_id FROM orders WHERE coupon IS DISTINCT FROM 'A'
-- case: grouped with a null key
SELECT coupon, count(*) AS n, sum(total) AS s FROM orders GROUP BY coupon
-- case: having
SELECT customer_id, sum(total) AS s FROM orders GROUP BY customer_id HAVING count(*) > 1
-- case: decimals are exact
SELECT sum(price) AS s, max(price) AS m, min(price * quantity) AS q FROM lines JOIN products ON lines.product_id = products.product_id
-- case: a product of a decimal and a count
SELECT products.kind, sum(products.price * lines.quantity) AS s FROM lines, products WHERE lines.product_id = products.product_id GROUP BY products.kind
-- case: ordered with nulls last
SELECT order_id, coupon FROM orders ORDER BY coupon ASC NULLS LAST, order_id DESC
-- case: ordered with nulls first
SELECT order_id, coupon FROM orders ORDER BY coupon DESC NULLS FIRST, order_id ASC
-- case: the best three
SELECT customer_id, sum(total) AS s FROM orders GROUP BY customer_id ORDER BY s DESC, customer_id ASC LIMIT 3
-- case: self join
SELECT a.order_id AS x, b.order_id AS y FROM orders a JOIN orders b ON a.customer_id = b.customer_id AND a.order_id < b.order_id
-- case: self join on a nullable key
SELECT a.order_id AS x, b.order_id AS y FROM orders a JOIN orders b ON a.coupon = b.coupon AND a.order_id < b.order_id
-- case: left join
SELECT c.id, o.order_id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
-- case: left join that finds nothing
SELECT c.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.order_id IS NULL
-- case: right join
SELECT c.id, o.order_id FROM orders o RIGHT JOIN customers c ON o.customer_id = c.id
-- case: full join
SELECT c.id, o.order_id FROM customers c FULL JOIN orders o ON o.customer_id = c.id AND o.total > 6
-- case: cross join
SELECT count(*) AS n FROM customers CROSS JOIN orders
-- case: join by using
SELECT order_id, line_id, quantity FROM orders JOIN lines USING (order_id)
-- case: rows along a reference
SELECT line_id, order_id, product_id, quantity FROM lines
-- case: rows along a reference with their owners
SELECT o.customer_id, sum(l.quantity) AS q FROM lines l JOIN orders o ON l.order_id = o.order_id GROUP BY o.customer_id
-- case: rows of two owners
SELECT giver, taker, worth FROM gifts
-- case: two owners and their names
SELECT a.name AS gave, b.name AS took FROM gifts g JOIN customers a ON g.giver = a.id JOIN customers b ON g.taker = b.id
-- case: exists
SELECT c.id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 10)
-- case: not exists
SELECT c.id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 10)
-- case: in a sub-query
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE coupon = 'A')
-- case: not in a sub-query
SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE coupon = 'B')
-- case: correlated scalar
SELECT c.id, (SELECT max(o.total) FROM orders o WHERE o.customer_id = c.id) AS m FROM customers c
-- case: scalar over everything
SELECT order_id FROM orders WHERE total > (SELECT avg(total) FROM orders)
-- case: union
SELECT customer_id AS k FROM orders UNION SELECT id AS k FROM customers
-- case: union all
SELECT coupon AS k FROM orders UNION ALL SELECT name AS k FROM customers
-- case: intersect
SELECT customer_id AS k FROM orders INTERSECT SELECT giver AS k FROM gifts
-- case: except
SELECT id AS k FROM customers EXCEPT SELECT customer_id AS k FROM orders WHERE coupon = 'A'
-- case: a sub-query in from
SELECT k, n FROM (SELECT customer_id AS k, count(*) AS n FROM orders GROUP BY customer_id) x WHERE n > 1
-- case: a name given to a query
WITH big AS (SELECT * FROM orders WHERE total > 6) SELECT customer_id, count(*) AS n FROM big GROUP BY customer_id
-- case: a given name that hides a table
WITH orders AS (SELECT id AS order_id FROM customers) SELECT order_id FROM orders
-- case: a given name of itself
WITH orders AS (SELECT * FROM orders WHERE total > 6) SELECT order_id FROM orders
-- case: a given name in a sub-query only
SELECT (SELECT count(*) FROM (WITH customers AS (SELECT 1 AS one) SELECT one FROM customers) x) AS n, count(*) AS m FROM customers
-- case: two given names
WITH a AS (SELECT customer_id, total FROM orders), b AS (SELECT customer_id, max(total) AS m FROM a GROUP BY customer_id) SELECT a.customer_id, a.total FROM a JOIN b ON a.customer_id = b.customer_id AND a.total = b.m
-- case: ranks
SELECT order_id, row_number() OVER (PARTITION BY customer_id ORDER BY total, order_id) AS r FROM orders
-- case: running sums
SELECT order_id, sum(total) OVER (PARTITION BY customer_id ORDER BY order_id, total ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM orders
-- case: the row before
SELECT order_id, lag(total) OVER (PARTITION BY customer_id ORDER BY order_id, total) AS p FROM orders
-- case: filtered aggregates
SELECT count(*) FILTER (WHERE coupon = 'A') AS a, sum(total) FILTER (WHERE coupon IS NULL) AS n FROM orders
-- case: cases
SELECT order_id, CASE WHEN total > 10 THEN 'much' WHEN total > 6 THEN 'some' ELSE 'little' END AS w FROM orders
-- case: words
SELECT upper(substring(name, 1, 1)) AS u, length(name) AS l, substring(name, 1, 2) AS s, name || '!' AS x FROM customers
-- case: patterns
SELECT id FROM customers WHERE name LIKE '_e%' OR name LIKE '%t'
-- case: nothing instead of a null
SELECT order_id, coalesce(coupon, 'none') AS c, nullif(coupon, 'A') AS n FROM orders
-- case: greatest and least
SELECT order_id, greatest(total, 10) AS g, least(total, 10) AS l, abs(total - 10) AS a FROM orders
-- case: casts
SELECT CAST(total AS VARCHAR(20)) AS t, CAST(coalesce(coupon, '0') AS VARCHAR(30)) AS c FROM orders
-- case: a cast that fails on what is hidden
SELECT count(*) AS n FROM orders WHERE CAST(CASE WHEN coupon = 'A' THEN '1' ELSE '2' END AS INTEGER) = 1
-- case: months
SELECT date_trunc('month', placed) AS m, count(*) AS n FROM orders GROUP BY date_trunc('month', placed)
-- case: parts of times
SELECT extract(year FROM placed) AS y, extract(month FROM placed) AS m, count(*) AS n FROM orders GROUP BY 1, 2
-- case: days compared
SELECT id, joined FROM customers WHERE joined >= DATE '2026-06-01'
-- case: instants compared
SELECT order_id FROM orders WHERE placed BETWEEN TIMESTAMP '2026-10-02 00:00:00' AND TIMESTAMP '2026-10-03 23:59:59'
-- case: what is coarse
SELECT age, count(*) AS n FROM customers GROUP BY age
-- case: what is a pseudonym
SELECT id, email FROM customers
-- case: pseudonyms joined
SELECT count(*) AS n FROM customers a JOIN customers b ON a.email = b.email
-- case: averages
SELECT avg(total) AS a, stddev_samp(total) AS s, variance(total) AS v FROM orders
-- case: nothing at all
SELECT count(*) AS n FROM orders WHERE 1 = 0
-- case: no rows
SELECT order_id FROM orders WHERE total > 100000
-- case: values of its own
SELECT o.order_id, v.w FROM orders o JOIN (VALUES ('A', 'first'), ('B', 'second')) AS v(k, w) ON o.coupon = v.k
-- case: a table about nobody
SELECT product_id, title, kind, price FROM products
-- case: grouping by a number
SELECT coupon, count(*) AS n FROM orders GROUP BY 1 ORDER BY 2 DESC, 1 ASC NULLS LAST
-- case: pseudonyms of customers, for insight
SELECT customer_id, sum(total) AS s FROM orders GROUP BY customer_id
-- case: pseudonyms of two tables, for insight
SELECT o.customer_id, c.joined FROM orders o JOIN customers c ON o.customer_id = c.id
-- case: pseudonyms of two owners, for insight
SELECT giver, taker, worth FROM gifts
-- case: lines, for insight
SELECT product_id, sum(quantity) AS q FROM lines GROUP BY product_id
-- case: groups, for research
SELECT coupon, count(*) AS n, sum(total) AS s FROM orders GROUP BY coupon
-- case: all in one group, for research
SELECT count(*) AS n, count(DISTINCT customer_id) AS c, sum(total) AS s, avg(total) AS a FROM orders
-- case: groups of a join, for research
SELECT c.age, count(*) AS n, sum(o.total) AS s FROM orders o JOIN customers c ON o.customer_id = c.id GROUP BY c.age
-- case: groups that are filtered, for research
SELECT coupon, count(*) AS n FROM orders WHERE total > 6 GROUP BY coupon HAVING count(*) > 1 ORDER BY n DESC, coupon ASC
-- case: groups of lines, for research
SELECT l.product_id, sum(l.quantity) AS q FROM lines l JOIN orders o ON l.order_id = o.order_id GROUP BY l.product_id
-- case: groups by month, for research
SELECT date_trunc('month', placed) AS m, count(*) AS n FROM orders GROUP BY date_trunc('month', placed)
-- case: one customer, for research
SELECT sum(total) AS s FROM orders WHERE order_id = 10
