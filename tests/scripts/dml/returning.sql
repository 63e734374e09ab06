-- RETURNING gives the rows as they are after the statement, or were before a DELETE.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT DEFAULT 'none', n BIGINT);

--@ columns
INSERT INTO t (id, n) VALUES (1, 10), (2, 20) RETURNING id, a, n * 2 AS twice;
--: id | a | twice
--> 1 | none | 20
--> 2 | none | 40
--= 2 changed

INSERT INTO t (id, n) VALUES (2, 21), (3, 30) ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING *;
--> 2 | none | 21
--> 3 | none | 30
--= 2 changed

INSERT INTO t (id, n) VALUES (2, 0) ON CONFLICT (id) DO NOTHING RETURNING id;
--= 0 changed

UPDATE t SET n = n + 1 WHERE id < 3 RETURNING id, n;
--> 1 | 11
--> 2 | 22
--= 2 changed

DELETE FROM t WHERE n > 20 RETURNING *;
--> 2 | none | 22
--> 3 | none | 30
--= 2 changed

SELECT * FROM t;
--> 1 | none | 11
