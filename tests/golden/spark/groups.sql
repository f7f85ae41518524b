-- Questions about groups: keys and aggregates move into a guarded view.

-- purpose: research
SELECT count(*) FROM orders
-- becomes
bailee_rel_1: SELECT t.`order_id` AS `order_id`, t.`customer_id` AS bailee_subject FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT `orders`.bailee_subject AS bailee_s FROM bailee_rel_1 AS `orders`) SELECT count(*) AS bailee_a1 FROM bailee_rows HAVING count(DISTINCT bailee_s) >= 2
SELECT bailee_a1 AS `count(*)` FROM bailee_rel_2

-- purpose: research
SELECT coupon, sum(total) AS s FROM orders GROUP BY coupon HAVING count(*) > 1 ORDER BY s
-- becomes
bailee_rel_1: SELECT t.`total` AS `total`, t.`coupon` AS `coupon`, t.`customer_id` AS bailee_subject FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT coupon AS bailee_k1, total AS bailee_m1, `orders`.bailee_subject AS bailee_s FROM bailee_rel_1 AS `orders`), bailee_kept AS (SELECT bailee_k1 AS bailee_o1 FROM (SELECT bailee_k1, (bailee_m1 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_p1) GROUP BY bailee_k1 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT bailee_k1, sum(bailee_m1) AS bailee_a1, count(*) AS bailee_a2 FROM bailee_rows JOIN bailee_kept ON bailee_k1 <=> bailee_o1 GROUP BY bailee_k1 HAVING count(*) > 0
SELECT bailee_k1 AS `coupon`, bailee_a1 AS s FROM bailee_rel_2 WHERE bailee_a2 > 1 ORDER BY s

-- purpose: research
SELECT kind, avg(quantity) FROM lines JOIN products USING (product_id) GROUP BY kind
-- becomes
clean_dd1e5eaba2a78de23f21148a: SELECT p.`order_id` AS key, any_value(p.`customer_id`) AS s1, any_value(p.`placed`) AS at FROM `default`.`orders` AS p WHERE p.`order_id` IS NOT NULL GROUP BY p.`order_id` HAVING count(*) = 1
clean_e984a614a4099213ce4668bb: SELECT r.`product_id` AS key FROM `default`.`products` AS r WHERE r.`product_id` IS NOT NULL GROUP BY r.`product_id` HAVING bool_and(NOT coalesce(CAST(r.`kind` AS STRING) = CAST('FAMILY' AS STRING), true))
bailee_rel_1: SELECT t.`product_id` AS `product_id`, t.`quantity` AS `quantity`, c1.s1 AS bailee_subject FROM `default`.`lines` AS t JOIN clean_dd1e5eaba2a78de23f21148a AS c1 ON c1.key = t.`order_id` LEFT SEMI JOIN allow_000000000000_0_integer AS a2 ON a2.subject = c1.s1 JOIN clean_e984a614a4099213ce4668bb AS c3 ON c3.key = t.`product_id` WHERE c1.at > TIMESTAMP_NTZ '2025-11-22 12:00:00'
bailee_rel_2: SELECT t.`product_id` AS `product_id`, t.`kind` AS `kind` FROM `default`.`products` AS t
bailee_rel_3: WITH bailee_rows AS (SELECT kind AS bailee_k1, quantity AS bailee_m1, `lines`.bailee_subject AS bailee_s FROM bailee_rel_1 AS `lines` JOIN bailee_rel_2 AS `products` USING (product_id)), bailee_kept AS (SELECT bailee_k1 AS bailee_o1 FROM (SELECT bailee_k1, (bailee_m1 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_p1) GROUP BY bailee_k1 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT bailee_k1, avg(bailee_m1) AS bailee_a1 FROM bailee_rows JOIN bailee_kept ON bailee_k1 <=> bailee_o1 GROUP BY bailee_k1 HAVING count(*) > 0
SELECT bailee_k1 AS `kind`, bailee_a1 AS `avg(quantity)` FROM bailee_rel_3

-- purpose: research
SELECT date_trunc('MONTH', placed) AS m, sum(total) FILTER (WHERE upper(coupon) = "A") FROM orders WHERE coupon LIKE 'A%' OR total % 2 = 0 GROUP BY 1
-- becomes
bailee_rel_1: SELECT t.`total` AS `total`, t.`coupon` AS `coupon`, t.`placed` AS `placed`, t.`customer_id` AS bailee_subject FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
bailee_rel_2: WITH bailee_rows AS (SELECT date_trunc('MONTH', placed) AS bailee_k1, coalesce(upper(coupon) = "A", false) AS bailee_f1, total AS bailee_m2, `orders`.bailee_subject AS bailee_s FROM bailee_rel_1 AS `orders` WHERE coupon LIKE 'A%' OR total % 2 = 0), bailee_kept AS (SELECT bailee_k1 AS bailee_o1 FROM (SELECT bailee_k1, (bailee_f1 AND bailee_m2 IS NOT NULL) AS bailee_p1, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows GROUP BY bailee_k1, bailee_p1) GROUP BY bailee_k1 HAVING min(bailee_n) >= 2 AND bool_or(bailee_p1)) SELECT bailee_k1, sum(bailee_m2) FILTER (WHERE bailee_f1) AS bailee_a1 FROM bailee_rows JOIN bailee_kept ON bailee_k1 <=> bailee_o1 GROUP BY bailee_k1 HAVING count(*) > 0
SELECT bailee_k1 AS m, bailee_a1 AS `sum(total) FILTER (WHERE upper(coupon) = "A")` FROM bailee_rel_2
