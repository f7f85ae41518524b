-- No row that says what may not be said, of itself or through what it refers to.

-- purpose: offers
SELECT product_id, quantity FROM lines
-- becomes
clean_8d3ffbb00404f38b958480a1: SELECT p."order_id" AS key, (array_agg(p."customer_id"))[1] AS s1, (array_agg(p."placed"))[1] AS at FROM "public"."orders" AS p WHERE p."order_id" IS NOT NULL GROUP BY p."order_id" HAVING count(*) = 1
clean_9ba873ca557d8a1c6d484655: SELECT r."product_id" AS key FROM "public"."products" AS r WHERE r."product_id" IS NOT NULL GROUP BY r."product_id" HAVING bool_and(NOT coalesce((CAST(r."kind" AS text) COLLATE "C") = (CAST('FAMILY' AS text) COLLATE "C"), true))
bailee_rel_1: SELECT t."product_id" AS "product_id", t."quantity" AS "quantity" FROM "public"."lines" AS t JOIN bailee_allow.clean_8d3ffbb00404f38b958480a1 AS c1 ON c1.key = t."order_id" JOIN bailee_allow.allow_000000000000_0_integer AS a2 ON a2.subject = c1.s1 JOIN bailee_allow.clean_9ba873ca557d8a1c6d484655 AS c3 ON c3.key = t."product_id" WHERE c1.at > TIMESTAMP '2025-11-22 12:00:00'
SELECT product_id, quantity FROM bailee_rel_1 AS "lines"

-- purpose: offers
SELECT title FROM products WHERE kind = 'FAMILY'
-- becomes
bailee_rel_1: SELECT t."title" AS "title", t."kind" AS "kind" FROM "public"."products" AS t
SELECT title FROM bailee_rel_1 AS "products" WHERE kind = 'FAMILY'
