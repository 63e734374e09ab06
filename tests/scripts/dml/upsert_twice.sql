-- One statement cannot insert a label and update it too.

CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT);

INSERT INTO t VALUES (1, 1), (1, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n;

INSERT INTO t VALUES (1, 1), (1, 2) ON CONFLICT (id) DO NOTHING;

SELECT * FROM t;

-- Nor update it twice.
INSERT INTO t VALUES (1, 5), (1, 6) ON CONFLICT (id) DO UPDATE SET n = excluded.n;

SELECT * FROM t;
