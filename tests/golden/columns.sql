-- Columns: coarse, pseudonymous, skipped by `*`, and only those that are needed.

-- purpose: offers
SELECT * FROM customers
-- becomes
bailee_rel_1: SELECT t."id" AS "id", t."name" AS "name", left(sha256(unhex('5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c') || unhex(sha256(unhex('36363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636') || encode(CAST(t."email" AS VARCHAR))))), 32) AS "email", TRY(CASE WHEN NOT isfinite((t."age")) THEN NULL WHEN (t."age") < (t."age") - (t."age") % 10 THEN (t."age") - (t."age") % 10 - 10 ELSE (t."age") - (t."age") % 10 END) AS "age", CAST(t."mood" AS VARCHAR) AS "mood", t."joined" AS "joined" FROM company."main"."customers" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT * FROM bailee_rel_1 AS "customers"

-- purpose: offers
SELECT age, count(*) FROM customers GROUP BY age
-- becomes
bailee_rel_1: SELECT TRY(CASE WHEN NOT isfinite((t."age")) THEN NULL WHEN (t."age") < (t."age") - (t."age") % 10 THEN (t."age") - (t."age") % 10 - 10 ELSE (t."age") - (t."age") % 10 END) AS "age" FROM company."main"."customers" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT age, count(*) FROM bailee_rel_1 AS "customers" GROUP BY age

-- purpose: offers
SELECT count(*) FROM customers
-- becomes
bailee_rel_1: SELECT t."id" AS "id" FROM company."main"."customers" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT count(*) FROM bailee_rel_1 AS "customers"

-- purpose: offers
SELECT b, c FROM orders AS t(a, b, c)
-- becomes
bailee_rel_1: SELECT t."order_id" AS "order_id", t."customer_id" AS "customer_id", t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed" FROM company."main"."orders" AS t JOIN memory.main.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT b, c FROM bailee_rel_1 AS t(a, b, c)
