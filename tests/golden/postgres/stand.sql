-- Only rows whose customers stand.

-- purpose: offers
SELECT total FROM orders
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT total FROM bailee_rel_1 AS "orders"

-- purpose: insight
SELECT customer_id, total FROM orders
-- becomes
bailee_rel_1: SELECT a1.pseudonym AS "customer_id", t."total" AS "total" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT customer_id, total FROM bailee_rel_1 AS "orders"

-- purpose: insight
SELECT count(*), count(DISTINCT id) FROM customers JOIN orders ON id = customer_id
-- becomes
bailee_rel_1: SELECT a1.pseudonym AS "id" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
bailee_rel_2: SELECT a1.pseudonym AS "customer_id" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT count(*), count(DISTINCT id) FROM bailee_rel_1 AS "customers" JOIN bailee_rel_2 AS "orders" ON id = customer_id

-- purpose: offers
SELECT line_id FROM lines
-- becomes
clean_8d3ffbb00404f38b958480a1: SELECT p."order_id" AS key, (array_agg(p."customer_id"))[1] AS s1, (array_agg(p."placed"))[1] AS at FROM "public"."orders" AS p WHERE p."order_id" IS NOT NULL GROUP BY p."order_id" HAVING count(*) = 1
clean_9ba873ca557d8a1c6d484655: SELECT r."product_id" AS key FROM "public"."products" AS r WHERE r."product_id" IS NOT NULL GROUP BY r."product_id" HAVING bool_and(NOT coalesce((CAST(r."kind" AS text) COLLATE "C") = (CAST('FAMILY' AS text) COLLATE "C"), true))
bailee_rel_1: SELECT t."line_id" AS "line_id" FROM "public"."lines" AS t JOIN bailee_allow.clean_8d3ffbb00404f38b958480a1 AS c1 ON c1.key = t."order_id" JOIN bailee_allow.allow_000000000000_0_integer AS a2 ON a2.subject = c1.s1 JOIN bailee_allow.clean_9ba873ca557d8a1c6d484655 AS c3 ON c3.key = t."product_id" WHERE c1.at > TIMESTAMP '2025-11-22 12:00:00'
SELECT line_id FROM bailee_rel_1 AS "lines"
