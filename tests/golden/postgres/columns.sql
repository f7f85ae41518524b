-- Columns: coarse, pseudonymous, skipped by `*`, enums as text.

-- purpose: offers
SELECT * FROM customers
-- becomes
bailee_rel_1: SELECT t."id" AS "id", t."name" AS "name", left(encode(sha256(decode('5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c', 'hex') || sha256(decode('36363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636', 'hex') || convert_to(CAST(t."email" AS text), 'UTF8'))), 'hex'), 32) AS "email", CASE WHEN (CAST(t."age" AS numeric) - mod(CAST(t."age" AS numeric), 10) - CASE WHEN mod(CAST(t."age" AS numeric), 10) < 0 THEN 10 ELSE 0 END) >= -2147483648 THEN CAST((CAST(t."age" AS numeric) - mod(CAST(t."age" AS numeric), 10) - CASE WHEN mod(CAST(t."age" AS numeric), 10) < 0 THEN 10 ELSE 0 END) AS integer) END AS "age", CAST(t."mood" AS text) AS "mood", t."joined" AS "joined" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT * FROM bailee_rel_1 AS "customers"

-- purpose: offers
SELECT age, count(*) FROM customers GROUP BY age
-- becomes
bailee_rel_1: SELECT CASE WHEN (CAST(t."age" AS numeric) - mod(CAST(t."age" AS numeric), 10) - CASE WHEN mod(CAST(t."age" AS numeric), 10) < 0 THEN 10 ELSE 0 END) >= -2147483648 THEN CAST((CAST(t."age" AS numeric) - mod(CAST(t."age" AS numeric), 10) - CASE WHEN mod(CAST(t."age" AS numeric), 10) < 0 THEN 10 ELSE 0 END) AS integer) END AS "age" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT age, count(*) FROM bailee_rel_1 AS "customers" GROUP BY age

-- purpose: offers
SELECT b, c FROM orders AS t(a, b, c)
-- becomes
bailee_rel_1: SELECT t."order_id" AS "order_id", t."customer_id" AS "customer_id", t."total" AS "total", t."coupon" AS "coupon", t."placed" AS "placed" FROM "public"."orders" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."customer_id" WHERE t."placed" > TIMESTAMP '2025-11-22 12:00:00'
SELECT b, c FROM bailee_rel_1 AS t(a, b, c)

-- purpose: offers
SELECT mood, email FROM customers WHERE mood = 'glad'
-- becomes
bailee_rel_1: SELECT left(encode(sha256(decode('5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c', 'hex') || sha256(decode('36363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636', 'hex') || convert_to(CAST(t."email" AS text), 'UTF8'))), 'hex'), 32) AS "email", CAST(t."mood" AS text) AS "mood" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT mood, email FROM bailee_rel_1 AS "customers" WHERE mood = 'glad'

-- purpose: offers
SELECT row_to_json(c)::text FROM customers c
-- becomes
bailee_rel_1: SELECT t."id" AS "id", t."name" AS "name", left(encode(sha256(decode('5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c', 'hex') || sha256(decode('36363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636', 'hex') || convert_to(CAST(t."email" AS text), 'UTF8'))), 'hex'), 32) AS "email", CASE WHEN (CAST(t."age" AS numeric) - mod(CAST(t."age" AS numeric), 10) - CASE WHEN mod(CAST(t."age" AS numeric), 10) < 0 THEN 10 ELSE 0 END) >= -2147483648 THEN CAST((CAST(t."age" AS numeric) - mod(CAST(t."age" AS numeric), 10) - CASE WHEN mod(CAST(t."age" AS numeric), 10) < 0 THEN 10 ELSE 0 END) AS integer) END AS "age", CAST(t."mood" AS text) AS "mood", t."joined" AS "joined" FROM "public"."customers" AS t JOIN bailee_allow.allow_000000000000_0_integer AS a1 ON a1.subject = t."id" WHERE t."joined" > DATE '2025-11-22'
SELECT row_to_json(c)::text FROM bailee_rel_1 c
