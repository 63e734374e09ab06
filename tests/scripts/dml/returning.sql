-- RETURNING gives the rows as they are after the statement, or were before a DELETE.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT DEFAULT 'none', n BIGINT);

--@ columns
INSERT INTO t (id, n) VALUES (1, 10), (2, 20) RETURNING id, a, n * 2 AS twice;

INSERT INTO t (id, n) VALUES (2, 21), (3, 30) ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING *;

INSERT INTO t (id, n) VALUES (2, 0) ON CONFLICT (id) DO NOTHING RETURNING id;

UPDATE t SET n = n + 1 WHERE id < 3 RETURNING id, n;

DELETE FROM t WHERE n > 20 RETURNING *;

SELECT * FROM t;
