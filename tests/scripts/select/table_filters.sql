-- WHERE over a table: every kind of predicate, with rows in the order of the primary key.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE, tags TEXT[]);

INSERT INTO t VALUES (3, 'red shoe', 20, ['shoe', 'red']), (1, 'blue shoe', 30.5, ['shoe']),
  (2, 'red hat', NULL, []), (4, NULL, 5, NULL);
--= 4 changed

SELECT id FROM t;
--> 1
--> 2
--> 3
--> 4

SELECT id FROM t WHERE price < 25;
--> 3
--> 4

SELECT id FROM t WHERE price IS NULL OR title IS NULL;
--> 2
--> 4

SELECT id FROM t WHERE title LIKE 'red%' AND price > 10;
--> 3

SELECT id FROM t WHERE array_contains(tags, 'shoe');
--> 1
--> 3

SELECT id FROM t WHERE id IN (4, 1, 99) AND price < 10;
--> 4

SELECT id FROM t WHERE id = 2;
--> 2

SELECT id FROM t WHERE id = 2 AND id = 3;
--= no rows

SELECT id FROM t WHERE 2 = id OR id > 3;
--> 2
--> 4

SELECT id, price * 2 AS double_price FROM t WHERE NOT (price >= 20) ORDER BY double_price DESC;
--> 4 | 10.0

SELECT id FROM t WHERE title;
--! error[Q0301]: WHERE must be BOOLEAN, not TEXT
--!   1 | SELECT id FROM t WHERE title
--!     |                        ^^^^^ help: compare it with something, as in `x = 1` or `x IS NOT NULL`
