-- Names: only what is not quoted folds, CTEs get fresh ones, and nothing else is reprinted.

-- purpose: offers
WITH orders AS (SELECT total FROM orders) SELECT sum(total) FROM orders, public.customers
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
bailee_rel_2: SELECT t."id" AS "id" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
WITH bailee_cte_1 AS (SELECT total FROM bailee_rel_1 AS "orders") SELECT sum(total) FROM bailee_cte_1 AS "orders", bailee_rel_2 AS "customers"

-- purpose: offers
SELECT public.Orders.total /* kept */ FROM public.ORDERS
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT Orders.total /* kept */ FROM bailee_rel_1 AS "orders"

-- purpose: offers
TABLE products
-- becomes
bailee_rel_1: SELECT t."product_id" AS "product_id", t."title" AS "title", t."kind" AS "kind", t."price" AS "price" FROM "public"."products" AS t
SELECT * FROM bailee_rel_1 AS "products"

-- purpose: offers
WITH RECURSIVE a AS (SELECT n FROM b WHERE n < 3), b AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM b WHERE n < 5) SELECT * FROM a
-- becomes
WITH RECURSIVE bailee_cte_1 AS (SELECT n FROM bailee_cte_2 AS "b" WHERE n < 3), bailee_cte_2 AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM bailee_cte_2 AS "b" WHERE n < 5) SELECT * FROM bailee_cte_1 AS "a"

-- purpose: offers
WITH RECURSIVE a AS (SELECT * FROM orders), orders AS (SELECT 7 AS q) SELECT * FROM a
-- becomes
WITH RECURSIVE bailee_cte_1 AS (SELECT * FROM bailee_cte_2 AS "orders"), bailee_cte_2 AS (SELECT 7 AS q) SELECT * FROM bailee_cte_1 AS "a"

-- purpose: offers
WITH "ORDERS" AS (SELECT 1 AS q) SELECT total FROM ORDERS
-- becomes
bailee_rel_1: SELECT t."total" AS "total" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
WITH bailee_cte_1 AS (SELECT 1 AS q) SELECT total FROM bailee_rel_1 AS "orders"

-- purpose: offers
SELECT o.total::numeric / 2, o.coupon || '!', to_char(o.placed, 'YYYY') FROM orders o WHERE o.placed > date '2026-10-02' AND o.coupon ~ '^[AB]$'
-- becomes
bailee_rel_1: SELECT t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT o.total::numeric / 2, o.coupon || '!', to_char(o.placed, 'YYYY') FROM bailee_rel_1 o WHERE o.placed > date '2026-10-02' AND o.coupon ~ '^[AB]$'

-- purpose: offers
SELECT c.name, x.n FROM customers c CROSS JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) x
-- becomes
bailee_rel_1: SELECT t."id" AS "id", t."name" AS "name" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
bailee_rel_2: SELECT t."customer_id" AS "customer_id" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT c.name, x.n FROM bailee_rel_1 c CROSS JOIN LATERAL (SELECT count(*) AS n FROM bailee_rel_2 o WHERE o.customer_id = c.id) x

-- purpose: offers
SELECT n, x.v FROM generate_series(1, 2) AS n, unnest(ARRAY['a', 'b']) WITH ORDINALITY AS x(v, i), products WHERE product_id = 1
-- becomes
bailee_rel_1: SELECT t."product_id" AS "product_id" FROM "public"."products" AS t
SELECT n, x.v FROM generate_series(1, 2) AS n, unnest(ARRAY['a', 'b']) WITH ORDINALITY AS x(v, i), bailee_rel_1 AS "products" WHERE product_id = 1
