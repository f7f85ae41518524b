-- Names: CTEs get fresh ones, tables become relations, and nothing else is reprinted.

-- purpose: offers
WITH orders AS (SELECT total FROM orders) SELECT sum(total) FROM orders, main.customers
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM company."main"."orders" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: SELECT t."id" AS "id" FROM company."main"."customers" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
WITH bailee_cte_1 AS (SELECT total FROM bailee_rel_1 AS "orders") SELECT sum(total) FROM bailee_cte_1 AS "orders", bailee_rel_2 AS "customers"

-- purpose: offers
SELECT main.orders.total /* kept */ FROM main.orders
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM company."main"."orders" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT orders.total /* kept */ FROM bailee_rel_1 AS "orders"

-- purpose: offers
TABLE products
-- becomes
bailee_rel_1: SELECT t."product_id" AS "product_id", t."title" AS "title", t."kind" AS "kind", t."price" AS "price" FROM company."main"."products" AS t
FROM bailee_rel_1 AS "products"

-- purpose: offers
WITH RECURSIVE orders AS (SELECT order_id FROM orders UNION ALL SELECT order_id + 10 FROM orders WHERE order_id < 13) FROM orders
-- becomes
bailee_rel_1: SELECT t."order_id" AS "order_id", t."customer_id" AS "customer_id", t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed" FROM company."main"."orders" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
WITH RECURSIVE bailee_cte_1 AS (SELECT order_id FROM bailee_rel_1 AS "orders" UNION ALL SELECT order_id + 10 FROM bailee_cte_1 AS "orders" WHERE order_id < 13) FROM bailee_cte_1 AS "orders"

-- purpose: offers
PIVOT orders ON coupon IN ('A', 'B') USING sum(total)
-- becomes
bailee_rel_1: SELECT t."order_id" AS "order_id", t."customer_id" AS "customer_id", t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed" FROM company."main"."orders" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
PIVOT bailee_rel_1 AS "orders" ON coupon IN ('A', 'B') USING sum(total)
