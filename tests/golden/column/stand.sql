-- A test of a bit in the place of the allow table, where the map lets Bailee keep a column and the table says no more.

-- purpose: offers
SELECT total FROM orders
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM company."main"."orders" AS t WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00' AND (t."bailee" & 1) <> 0
SELECT total FROM bailee_rel_1 AS "orders"

-- purpose: offers
SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 5
-- becomes
bailee_rel_1: SELECT t."id" AS "id", t."name" AS "name" FROM company."main"."customers" AS t WHERE t."joined" > DATE '2025-11-22' AND (t."bailee" & 1) <> 0
bailee_rel_2: SELECT t."customer_id" AS "customer_id", t."total" AS "total" FROM company."main"."orders" AS t WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00' AND (t."bailee" & 1) <> 0
SELECT c.name, o.total FROM bailee_rel_1 c JOIN bailee_rel_2 o ON o.customer_id = c.id WHERE o.total > 5

-- purpose: offers
SELECT * FROM customers
-- becomes
bailee_rel_1: SELECT t."id" AS "id", t."name" AS "name", left(sha256(unhex('5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c') || unhex(sha256(unhex('36363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636') || encode(CAST(t."email" AS VARCHAR))))), 32) AS "email", TRY(CASE WHEN NOT isfinite((t."age")) THEN NULL WHEN (t."age") < (t."age") - (t."age") % 10 THEN (t."age") - (t."age") % 10 - 10 ELSE (t."age") - (t."age") % 10 END) AS "age", CAST(t."mood" AS VARCHAR) AS "mood", t."joined" AS "joined" FROM company."main"."customers" AS t WHERE t."joined" > DATE '2025-11-22' AND (t."bailee" & 1) <> 0
SELECT * FROM bailee_rel_1 AS "customers"

-- purpose: insight
SELECT customer_id, total FROM orders
-- becomes
bailee_rel_1: SELECT a1.pseudonym AS "customer_id", t."total" AS "total" FROM company."main"."orders" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT customer_id, total FROM bailee_rel_1 AS "orders"

-- purpose: offers
SELECT line_id FROM lines
-- becomes
clean_62879d84f57d2b631a0ac8aa: SELECT p."order_id" AS key, any_value(p."customer_id") AS s1, any_value(p."placed") AS at FROM company."main"."orders" AS p WHERE p."order_id" IS NOT NULL GROUP BY p."order_id" HAVING count(*) = 1
clean_af5ea2d88d12d39964ffb4f3: SELECT r."product_id" AS key FROM company."main"."products" AS r WHERE r."product_id" IS NOT NULL GROUP BY r."product_id" HAVING bool_and(NOT coalesce(TRY(r."kind" = 'FAMILY'), true))
bailee_rel_1: SELECT t."line_id" AS "line_id" FROM company."main"."lines" AS t JOIN memory.main.clean_62879d84f57d2b631a0ac8aa AS c1 ON c1.key = t."order_id" JOIN memory.main.allow_000000000000_0_integer AS a2 ON a2.subject = c1.s1 JOIN memory.main.clean_af5ea2d88d12d39964ffb4f3 AS c3 ON c3.key = t."product_id" WHERE c1.at > TIMESTAMP '2025-11-22 12:00:00'
SELECT line_id FROM bailee_rel_1 AS "lines"

-- purpose: research
SELECT count(*) AS n, sum(total) AS spent FROM orders
-- becomes
bailee_rel_1: SELECT t."total" AS "total", t."customer_id" AS bailee_subject FROM company."main"."orders" AS t WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00' AND (t."bailee" & 1) <> 0
bailee_rel_2: WITH bailee_rows AS (SELECT total AS bailee_m1, "orders".bailee_subject AS bailee_s FROM bailee_rel_1 AS "orders"), bailee_kept AS (SELECT true AS bailee_o FROM (SELECT (bailee_m1 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_p1) HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT count(*) AS bailee_a1, sum(bailee_m1) AS bailee_a2 FROM bailee_rows JOIN bailee_kept ON true HAVING count(*) > 0
SELECT bailee_a1 AS n, bailee_a2 AS spent FROM bailee_rel_2
