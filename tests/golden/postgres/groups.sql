-- Questions about groups: keys and aggregates move into a guarded view, and nothing on a row may fail.

-- purpose: research
SELECT count(*) FROM orders
-- becomes
bailee_rel_1: SELECT t."order_id" AS "order_id", t."customer_id" AS bailee_subject FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT "orders".bailee_subject AS bailee_s FROM bailee_rel_1 AS "orders") SELECT count(*) AS bailee_a1 FROM bailee_rows HAVING count(DISTINCT bailee_s) >= 2
SELECT bailee_a1 AS "count(*)" FROM bailee_rel_2

-- purpose: research
SELECT coupon, sum(total) AS s FROM orders GROUP BY coupon HAVING count(*) > 1 ORDER BY s
-- becomes
bailee_rel_1: SELECT t."total" AS "total", t."coupon" AS "coupon", t."customer_id" AS bailee_subject FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT coupon AS bailee_k1, total AS bailee_m1, "orders".bailee_subject AS bailee_s FROM bailee_rel_1 AS "orders"), bailee_kept AS (SELECT bailee_k1 AS bailee_o1 FROM (SELECT bailee_k1, (bailee_m1 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_p1) AS bailee_parts GROUP BY bailee_k1 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT bailee_k1, sum(bailee_m1) AS bailee_a1, count(*) AS bailee_a2 FROM bailee_rows JOIN bailee_kept ON hash_record_extended(ROW(bailee_k1), 0) = hash_record_extended(ROW(bailee_o1), 0) AND bailee_k1 IS NOT DISTINCT FROM bailee_o1 GROUP BY bailee_k1 HAVING count(*) > 0
SELECT bailee_k1 AS "coupon", bailee_a1 AS s FROM bailee_rel_2 WHERE bailee_a2 > 1 ORDER BY s

-- purpose: research
SELECT kind, avg(quantity), sum(quantity * price) FROM lines l JOIN products p ON p.product_id = l.product_id GROUP BY kind
-- becomes
clean_8d3ffbb00404f38b958480a1: SELECT p."order_id" AS key, (array_agg(p."customer_id"))[1] AS s1, (array_agg(p."placed"))[1] AS at FROM "public"."orders" AS p WHERE p."order_id" IS NOT NULL GROUP BY p."order_id" HAVING count(*) = 1
clean_9ba873ca557d8a1c6d484655: SELECT r."product_id" AS key FROM "public"."products" AS r WHERE r."product_id" IS NOT NULL GROUP BY r."product_id" HAVING bool_and(NOT coalesce((CAST(r."kind" AS text) COLLATE "C") = (CAST('FAMILY' AS text) COLLATE "C"), true))
bailee_rel_1: SELECT t."product_id" AS "product_id", t."quantity" AS "quantity", c1.s1 AS bailee_subject FROM "public"."lines" AS t JOIN bailee_allow.clean_8d3ffbb00404f38b958480a1 AS c1 ON c1.key = t."order_id" JOIN bailee_allow.allow_000000000000_0_integer AS a2 ON a2.subject = c1.s1 JOIN bailee_allow.clean_9ba873ca557d8a1c6d484655 AS c3 ON c3.key = t."product_id" WHERE c1.at > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: SELECT t."product_id" AS "product_id", t."kind" AS "kind", t."price" AS "price" FROM "public"."products" AS t
bailee_rel_3: WITH bailee_rows AS (SELECT kind AS bailee_k1, quantity AS bailee_m1, CAST(quantity AS numeric) * CAST(price AS numeric) AS bailee_m2, "l".bailee_subject AS bailee_s FROM bailee_rel_1 l JOIN bailee_rel_2 p ON p.product_id = l.product_id), bailee_kept AS (SELECT bailee_k1 AS bailee_o1 FROM (SELECT bailee_k1, (bailee_m1 IS NOT NULL) AS bailee_p1, (bailee_m2 IS NOT NULL) AS bailee_p2, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_p1, bailee_p2) AS bailee_parts GROUP BY bailee_k1 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1) AND bool_or(bailee_p2)) SELECT bailee_k1, avg(bailee_m1) AS bailee_a1, sum(bailee_m2) AS bailee_a2 FROM bailee_rows JOIN bailee_kept ON hash_record_extended(ROW(bailee_k1), 0) = hash_record_extended(ROW(bailee_o1), 0) AND bailee_k1 IS NOT DISTINCT FROM bailee_o1 GROUP BY bailee_k1 HAVING count(*) > 0
SELECT bailee_k1 AS "kind", bailee_a1 AS "avg(quantity)", bailee_a2 AS "sum(quantity * price)" FROM bailee_rel_3

-- purpose: research
SELECT date_trunc('month', placed) AS m, round(avg(total), 2) FROM orders WHERE coupon LIKE 'A%' OR total BETWEEN 1 AND 20 GROUP BY m
-- becomes
bailee_rel_1: SELECT t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed", t."customer_id" AS bailee_subject FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT date_trunc('month', placed) AS bailee_k1, total AS bailee_m1, "orders".bailee_subject AS bailee_s FROM bailee_rel_1 AS "orders" WHERE coupon LIKE 'A%' OR total BETWEEN 1 AND 20), bailee_kept AS (SELECT bailee_k1 AS bailee_o1 FROM (SELECT bailee_k1, (bailee_m1 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_p1) AS bailee_parts GROUP BY bailee_k1 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT bailee_k1, avg(bailee_m1) AS bailee_a1 FROM bailee_rows JOIN bailee_kept ON hash_record_extended(ROW(bailee_k1), 0) = hash_record_extended(ROW(bailee_o1), 0) AND bailee_k1 IS NOT DISTINCT FROM bailee_o1 GROUP BY bailee_k1 HAVING count(*) > 0
SELECT bailee_k1 AS m, round(bailee_a1, 2) AS "round(avg(total), 2)" FROM bailee_rel_2

-- purpose: research
SELECT extract(year FROM placed), coupon, count(DISTINCT customer_id), sum(total) FILTER (WHERE upper(coupon) = 'A') FROM orders GROUP BY 1, 2
-- becomes
bailee_rel_1: SELECT t."customer_id" AS "customer_id", t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed", t."customer_id" AS bailee_subject FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT extract(year FROM placed) AS bailee_k1, coupon AS bailee_k2, coalesce(upper(coupon) = 'A', false) AS bailee_f1, total AS bailee_m2, "orders".bailee_subject AS bailee_s FROM bailee_rel_1 AS "orders"), bailee_kept AS (SELECT bailee_k1 AS bailee_o1, bailee_k2 AS bailee_o2 FROM (SELECT bailee_k1, bailee_k2, (bailee_f1 AND bailee_m2 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_k2, bailee_p1) AS bailee_parts GROUP BY bailee_k1, bailee_k2 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT bailee_k1, bailee_k2, count(DISTINCT bailee_s) AS bailee_a1, sum(bailee_m2) FILTER (WHERE bailee_f1) AS bailee_a2 FROM bailee_rows JOIN bailee_kept ON hash_record_extended(ROW(bailee_k1, bailee_k2), 0) = hash_record_extended(ROW(bailee_o1, bailee_o2), 0) AND bailee_k1 IS NOT DISTINCT FROM bailee_o1 AND bailee_k2 IS NOT DISTINCT FROM bailee_o2 GROUP BY bailee_k1, bailee_k2 HAVING count(*) > 0
SELECT bailee_k1 AS "extract(year FROM placed)", bailee_k2 AS "coupon", bailee_a1 AS "count(DISTINCT customer_id)", bailee_a2 AS "sum(total) FILTER (WHERE upper(coupon) = 'A')" FROM bailee_rel_2
