-- Columns: coarse, pseudonymous, skipped by `*`, and only those that are needed.

-- purpose: offers
SELECT * FROM customers
-- becomes
bailee_rel_1: SELECT t.`id` AS `id`, t.`name` AS `name`, left(sha2(concat(unhex('5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c'), unhex(sha2(concat(unhex('36363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636363636'), encode(CAST(t.`email` AS STRING), 'UTF-8')), 256))), 256), 32) AS `email`, try_cast((CAST(t.`age` AS DECIMAL(20,0)) - CAST(t.`age` AS DECIMAL(20,0)) % 10 - CASE WHEN CAST(t.`age` AS DECIMAL(20,0)) % 10 < 0 THEN 10 ELSE 0 END) AS INT) AS `age`, t.`mood` AS `mood`, t.`joined` AS `joined` FROM `default`.`customers` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`id` WHERE t.`joined` > DATE '2025-11-22'
SELECT * FROM bailee_rel_1 AS `customers`

-- purpose: offers
SELECT age, count(*) FROM customers GROUP BY age
-- becomes
bailee_rel_1: SELECT try_cast((CAST(t.`age` AS DECIMAL(20,0)) - CAST(t.`age` AS DECIMAL(20,0)) % 10 - CASE WHEN CAST(t.`age` AS DECIMAL(20,0)) % 10 < 0 THEN 10 ELSE 0 END) AS INT) AS `age` FROM `default`.`customers` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`id` WHERE t.`joined` > DATE '2025-11-22'
SELECT age, count(*) FROM bailee_rel_1 AS `customers` GROUP BY age

-- purpose: offers
SELECT b, c FROM orders AS t(a, b, c, d, e)
-- becomes
bailee_rel_1: SELECT t.`order_id` AS `order_id`, t.`customer_id` AS `customer_id`, t.`total` AS `total`, t.`coupon` AS `coupon`, t.`placed` AS `placed` FROM `default`.`orders` AS t LEFT SEMI JOIN allow_000000000000_0_integer AS a1 ON a1.subject = t.`customer_id` WHERE t.`placed` > TIMESTAMP_NTZ '2025-11-22 12:00:00'
SELECT b, c FROM bailee_rel_1 AS t(a, b, c, d, e)
