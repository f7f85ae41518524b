-- What is printed for Trino, and was never run there.

-- purpose: offers
SELECT coupon, sum(total) AS s FROM orders WHERE Total > 5 GROUP BY coupon HAVING count(*) > 1 ORDER BY s DESC
-- becomes
WITH "bailee_rel_1" AS (
  SELECT
    "t"."total" AS "total",
    "t"."coupon" AS "coupon"
  FROM "main"."orders" AS "t"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a1"
    ON "a1"."subject" = "t"."customer_id"
  WHERE
    "t"."placed" > CAST('2025-11-22 12:00:00' AS TIMESTAMP)
)
SELECT
  "coupon",
  SUM("total") AS "s"
FROM "bailee_rel_1" AS "orders"
WHERE
  "total" > 5
GROUP BY
  "coupon"
HAVING
  COUNT(*) > 1
ORDER BY
  "s" DESC

-- purpose: insight
SELECT customer_id, total FROM main.orders
-- becomes
WITH "bailee_rel_1" AS (
  SELECT
    "a1"."pseudonym" AS "customer_id",
    "t"."total" AS "total"
  FROM "main"."orders" AS "t"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a1"
    ON "a1"."subject" = "t"."customer_id"
  WHERE
    "t"."placed" > CAST('2025-11-22 12:00:00' AS TIMESTAMP)
)
SELECT
  "customer_id",
  "total"
FROM "bailee_rel_1" AS "orders"

-- purpose: research
SELECT coupon, count(*), sum(total) FROM orders GROUP BY coupon
-- becomes
WITH "bailee_rel_1" AS (
  SELECT
    "t"."total" AS "total",
    "t"."coupon" AS "coupon",
    "t"."customer_id" AS "bailee_subject"
  FROM "main"."orders" AS "t"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a1"
    ON "a1"."subject" = "t"."customer_id"
  WHERE
    "t"."placed" > CAST('2025-11-22 12:00:00' AS TIMESTAMP)
), "bailee_rel_2" AS (
  WITH "bailee_rows" AS (
    SELECT
      "coupon" AS "bailee_k1",
      "total" AS "bailee_m1",
      "orders"."bailee_subject" AS "bailee_s"
    FROM "bailee_rel_1" AS "orders"
  ), "bailee_kept" AS (
    SELECT
      "bailee_k1" AS "bailee_o1"
    FROM (
      SELECT
        "bailee_k1",
        (
          NOT "bailee_m1" IS NULL
        ) AS "bailee_p1",
        COUNT(DISTINCT "bailee_s") AS "bailee_n"
      FROM "bailee_rows"
      GROUP BY
        "bailee_k1",
        "bailee_p1"
    )
    GROUP BY
      "bailee_k1"
    HAVING
      MIN("bailee_n") >= 2 AND BOOL_OR("bailee_p1")
  )
  SELECT
    "bailee_k1",
    COUNT(*) AS "bailee_a1",
    SUM("bailee_m1") AS "bailee_a2"
  FROM "bailee_rows"
  JOIN "bailee_kept"
    ON "bailee_k1" IS NOT DISTINCT FROM "bailee_o1"
  GROUP BY
    "bailee_k1"
  HAVING
    COUNT(*) > 0
)
SELECT
  "bailee_k1" AS "coupon",
  "bailee_a1" AS "count(*)",
  "bailee_a2" AS "sum(total)"
FROM "bailee_rel_2"

-- purpose: offers
WITH o AS (SELECT customer_id, total, coupon FROM orders) SELECT c.name, o.total - 2 FROM o JOIN customers c ON c.id = o.customer_id WHERE o.coupon LIKE 'A%'
-- becomes
WITH "bailee_rel_1" AS (
  SELECT
    "t"."customer_id" AS "customer_id",
    "t"."total" AS "total",
    "t"."coupon" AS "coupon"
  FROM "main"."orders" AS "t"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a1"
    ON "a1"."subject" = "t"."customer_id"
  WHERE
    "t"."placed" > CAST('2025-11-22 12:00:00' AS TIMESTAMP)
), "bailee_rel_2" AS (
  SELECT
    "t"."id" AS "id",
    "t"."name" AS "name"
  FROM "main"."customers" AS "t"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a1"
    ON "a1"."subject" = "t"."id"
  WHERE
    "t"."joined" > CAST('2025-11-22' AS DATE)
), "bailee_cte_1" AS (
  SELECT
    "customer_id",
    "total",
    "coupon"
  FROM "bailee_rel_1" AS "orders"
)
SELECT
  "c"."name",
  "o"."total" - 2
FROM "bailee_cte_1" AS "o"
JOIN "bailee_rel_2" AS "c"
  ON "c"."id" = "o"."customer_id"
WHERE
  "o"."coupon" LIKE 'A%'

-- purpose: offers
SELECT title, CASE WHEN price > 2 THEN 'dear' ELSE 'cheap' END FROM products ORDER BY price LIMIT 3
-- becomes
WITH "bailee_rel_1" AS (
  SELECT
    "t"."title" AS "title",
    "t"."price" AS "price"
  FROM "main"."products" AS "t"
)
SELECT
  "title",
  CASE WHEN "price" > 2 THEN 'dear' ELSE 'cheap' END
FROM "bailee_rel_1" AS "products"
ORDER BY
  "price"
LIMIT 3

-- purpose: offers
SELECT date_trunc('month', placed) AS m, count(DISTINCT customer_id) FROM orders GROUP BY 1
-- becomes
WITH "bailee_rel_1" AS (
  SELECT
    "t"."customer_id" AS "customer_id",
    "t"."placed" AS "placed"
  FROM "main"."orders" AS "t"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a1"
    ON "a1"."subject" = "t"."customer_id"
  WHERE
    "t"."placed" > CAST('2025-11-22 12:00:00' AS TIMESTAMP)
)
SELECT
  DATE_TRUNC('MONTH', "placed") AS "m",
  COUNT(DISTINCT "customer_id")
FROM "bailee_rel_1" AS "orders"
GROUP BY
  1

-- purpose: offers
SELECT quantity FROM lines
-- becomes
WITH "clean_62879d84f57d2b631a0ac8aa" AS (
  SELECT
    "p"."order_id" AS "key",
    ARBITRARY("p"."customer_id") AS "s1",
    ARBITRARY("p"."placed") AS "at"
  FROM "main"."orders" AS "p"
  WHERE
    NOT "p"."order_id" IS NULL
  GROUP BY
    "p"."order_id"
  HAVING
    COUNT(*) = 1
), "clean_af5ea2d88d12d39964ffb4f3" AS (
  SELECT
    "r"."product_id" AS "key"
  FROM "main"."products" AS "r"
  WHERE
    NOT "r"."product_id" IS NULL
  GROUP BY
    "r"."product_id"
  HAVING
    BOOL_AND(NOT COALESCE(TRY("r"."kind" = 'FAMILY'), TRUE))
), "bailee_rel_1" AS (
  SELECT
    "t"."quantity" AS "quantity"
  FROM "main"."lines" AS "t"
  JOIN "clean_62879d84f57d2b631a0ac8aa" AS "c1"
    ON "c1"."key" = "t"."order_id"
  JOIN "bailee_allow"."allow_000000000000_0_integer" AS "a2"
    ON "a2"."subject" = "c1"."s1"
  JOIN "clean_af5ea2d88d12d39964ffb4f3" AS "c3"
    ON "c3"."key" = "t"."product_id"
  WHERE
    "c1"."at" > CAST('2025-11-22 12:00:00' AS TIMESTAMP)
)
SELECT
  "quantity"
FROM "bailee_rel_1" AS "lines"
