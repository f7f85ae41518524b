CREATE SCHEMA shop;
CREATE TYPE mood AS ENUM ('glad', 'sad', 'CANARYMOOD');
CREATE TABLE customers (id integer, name varchar, email text, ssn text, age integer, mood mood, joined date);
INSERT INTO customers VALUES
    (1, 'Ann', 'ann@x.example', 'CANARYSSN1', 34, 'glad', '2026-05-05'), (2, 'Ben', 'ben@x.example', 'CANARYSSN2', 57, 'sad', '2026-06-05'),
    (3, 'Cat', 'cat@x.example', 'CANARYSSN3', 41, 'glad', '2026-07-05'),
    (4, 'CANARYDAN', 'CANARY4@x.example', 'CANARYSSN4', 66, 'CANARYMOOD', '2026-07-05'),
    (5, 'CANARYOLD', 'CANARY5@x.example', 'CANARYSSN5', 66, 'sad', '2019-07-05'), (NULL, 'CANARYGUEST', 'CANARY0@x.example', 'CANARYSSN0', 66, NULL, '2026-07-05');
CREATE TABLE orders (order_id integer, customer_id integer, total integer, coupon text, placed timestamp, note text);
INSERT INTO orders VALUES
    (10, 1, 5, 'A', '2026-10-01 10:00', 'CANARYNOTE'), (11, 1, 7, NULL, '2026-10-02 11:00', 'CANARYNOTE'),
    (12, 2, 11, 'B', '2026-10-03 12:00', 'CANARYNOTE'), (13, 3, 13, 'A', '2026-10-04 13:00', 'CANARYNOTE'),
    (14, 4, 666, 'CANARYCOUPON', '2026-10-05 14:00', 'CANARYNOTE'), (15, NULL, 666, 'CANARYCOUPON', '2026-10-06 15:00', 'CANARYNOTE'),
    (16, 1, 666, 'CANARYCOUPON', '2019-10-06 15:00', 'CANARYNOTE'), (17, 2, 666, 'CANARYCOUPON', NULL, 'CANARYNOTE'),
    (18, 3, 17, 'T', '2026-10-04', 'CANARYNOTE'), (18, 3, 17, 'T', '2026-10-04', 'CANARYNOTE');
CREATE TABLE lines (line_id integer, order_id integer, product_id integer, quantity integer);
INSERT INTO lines VALUES (100, 10, 1, 1), (101, 10, 2, 2), (102, 11, 1, 3), (103, 12, 2, 4), (104, 13, 1, 5),
    (105, 14, 1, 666), (106, 10, 3, 666), (107, 10, 99, 666), (108, 10, NULL, 666), (109, 18, 1, 666), (110, 10, 4, 666), (111, NULL, 1, 666), (112, 10, 5, 666);
CREATE TABLE products (product_id integer, title text, kind text, price numeric(6,2));
INSERT INTO products VALUES (1, 'Bread', 'FOOD', 2.50), (2, 'Milk', 'FOOD', 1.25), (3, 'Test', 'FAMILY', 9.00), (4, 'Jam', NULL, 3.00),
    (5, 'Pair', 'FOOD', 1.00), (5, 'Pair', 'FAMILY', 1.00);
CREATE TABLE diary (customer_id integer, story text);
INSERT INTO diary VALUES (1, 'CANARYDIARY');
CREATE TABLE unmapped (id integer, word text);
INSERT INTO unmapped VALUES (1, 'CANARYUNMAPPED');
CREATE TABLE "Customers" (id integer, word text);
INSERT INTO "Customers" VALUES (1, 'CANARYCAPITAL');
CREATE TABLE shop.people (id integer, word text);
INSERT INTO shop.people VALUES (1, 'CANARYPEOPLE');
CREATE VIEW everything AS SELECT * FROM customers;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM customers;
CREATE FUNCTION peek() RETURNS text LANGUAGE sql AS 'SELECT max(ssn) FROM public.customers';
CREATE FUNCTION spill() RETURNS SETOF customers LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM public.customers';
CREATE FUNCTION upper(integer) RETURNS text LANGUAGE sql AS 'SELECT max(ssn) FROM public.customers';
CREATE FUNCTION told(integer, integer) RETURNS text LANGUAGE sql AS 'SELECT max(ssn) FROM public.customers';
CREATE SEQUENCE counter;
CREATE OPERATOR public.<~> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = told);
ANALYZE;
