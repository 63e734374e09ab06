-- ON CONFLICT: DO NOTHING keeps the old row, DO UPDATE sees both.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, n BIGINT);

INSERT INTO t VALUES (1, 'old', 1), (2, 'old', 2);

INSERT INTO t VALUES (1, 'new', 10), (3, 'new', 30) ON CONFLICT (id) DO NOTHING;

SELECT * FROM t;

INSERT INTO t VALUES (2, 'newer', 20), (4, 'newer', 40)
  ON CONFLICT (id) DO UPDATE SET a = excluded.a, n = t.n + excluded.n;

SELECT * FROM t;

INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT DO NOTHING;

INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT (a) DO NOTHING;

INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET a = other.a;
