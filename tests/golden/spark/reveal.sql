-- No row that says what may not be said, of itself or through what it refers to.

-- purpose: offers
SELECT product_id, quantity FROM lines
-- becomes
clean_dd1e5eaba2a78de23f21148a: SELECT p.`order_id` AS key, any_value(p.`customer_id`) AS s1, any_value(p.`placed`) AS at FROM `default`.`orders` AS p WHERE p.`order_id` IS NOT NULL GROUP BY p.`order_id` HAVING count(*) = 1
clean_e984a614a4099213ce4668bb: SELECT r.`product_id` AS key FROM `default`.`products` AS r WHERE r.`product_id` IS NOT NULL GROUP BY r.`product_id` HAVING bool_and(NOT coalesce(CAST(r.`kind` AS STRING) = CAST('FAMILY' AS STRING), true))
bailee_rel_1: SELECT t.`product_id` AS `product_id`, t.`quantity` AS `quantity` FROM `default`.`lines` AS t JOIN clean_dd1e5eaba2a78de23f21148a AS c1 ON c1.key = t.`order_id` LEFT SEMI JOIN allow_000000000000_0_integer AS a2 ON a2.subject = c1.s1 JOIN clean_e984a614a4099213ce4668bb AS c3 ON c3.key = t.`product_id` WHERE c1.at > TIMESTAMP_NTZ '2025-11-22 12:00:00'
SELECT product_id, quantity FROM bailee_rel_1 AS `lines`

-- purpose: offers
SELECT title FROM products WHERE kind = 'FAMILY'
-- becomes
bailee_rel_1: SELECT t.`title` AS `title`, t.`kind` AS `kind` FROM `default`.`products` AS t
SELECT title FROM bailee_rel_1 AS `products` WHERE kind = 'FAMILY'
