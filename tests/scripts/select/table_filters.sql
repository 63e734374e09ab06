-- WHERE over a table: every kind of predicate, with rows in the order of the primary key.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE, tags TEXT[]);

INSERT INTO t VALUES (3, 'red shoe', 20, ['shoe', 'red']), (1, 'blue shoe', 30.5, ['shoe']),
  (2, 'red hat', NULL, []), (4, NULL, 5, NULL);

SELECT id FROM t;

SELECT id FROM t WHERE price < 25;

SELECT id FROM t WHERE price IS NULL OR title IS NULL;

SELECT id FROM t WHERE title LIKE 'red%' AND price > 10;

SELECT id FROM t WHERE array_contains(tags, 'shoe');

SELECT id FROM t WHERE id IN (4, 1, 99) AND price < 10;

SELECT id FROM t WHERE id = 2;

SELECT id FROM t WHERE id = 2 AND id = 3;

SELECT id FROM t WHERE 2 = id OR id > 3;

SELECT id, price * 2 AS double_price FROM t WHERE NOT (price >= 20) ORDER BY double_price DESC;

SELECT id FROM t WHERE title;
