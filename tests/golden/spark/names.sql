-- Names: no case counts, CTEs get fresh ones, and nothing else is reprinted.

-- purpose: offers
WITH orders AS (SELECT total FROM orders) SELECT sum(total) FROM orders, default.customers
-- becomes
bailee_rel_1: SELECT t.`total` AS `total` FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
bailee_rel_2: SELECT t.`id` AS `id` FROM `default`.`customers` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`id` WHERE t.`joined` > DATE '2025-11-22'
WITH bailee_cte_1 AS (SELECT total FROM bailee_rel_1 AS `orders`) SELECT sum(total) FROM bailee_cte_1 AS `orders`, bailee_rel_2 AS `customers`

-- purpose: offers
SELECT `Default`.`ORDERS`.total /* kept */ FROM DEFAULT.Orders
-- becomes
bailee_rel_1: SELECT t.`total` AS `total` FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
SELECT `ORDERS`.total /* kept */ FROM bailee_rel_1 AS `Orders`

-- purpose: offers
WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 3) SELECT * FROM n, orders
-- becomes
bailee_rel_1: SELECT t.`order_id` AS `order_id`, t.`customer_id` AS `customer_id`, t.`total` AS `total`, t.`coupon` AS `coupon`, t.`placed` AS `placed` FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
WITH RECURSIVE bailee_cte_1 AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM bailee_cte_1 AS `n` WHERE n < 3) SELECT * FROM bailee_cte_1 AS `n`, bailee_rel_1 AS `orders`

-- purpose: offers
WITH a AS (SELECT * FROM orders), orders AS (SELECT 7 AS q) SELECT * FROM a
-- becomes
bailee_rel_1: SELECT t.`order_id` AS `order_id`, t.`customer_id` AS `customer_id`, t.`total` AS `total`, t.`coupon` AS `coupon`, t.`placed` AS `placed` FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
WITH bailee_cte_1 AS (SELECT * FROM bailee_rel_1 AS `orders`), bailee_cte_2 AS (SELECT 7 AS q) SELECT * FROM bailee_cte_1 AS `a`

-- purpose: offers
SELECT o.total div 2, "it's" || o.coupon, o.placed::date, CAST(o.total AS STRING) FROM orders o LATERAL VIEW explode(array(1, 2)) e AS x WHERE o.coupon RLIKE '^[AB]$'
-- becomes
bailee_rel_1: SELECT t.`total` AS `total`, t.`coupon` AS `coupon`, t.`placed` AS `placed` FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
SELECT o.total div 2, "it's" || o.coupon, o.placed::date, CAST(o.total AS STRING) FROM bailee_rel_1 o LATERAL VIEW explode(array(1, 2)) e AS x WHERE o.coupon RLIKE '^[AB]$'
