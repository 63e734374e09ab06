-- ON CONFLICT: DO NOTHING keeps the old row, DO UPDATE sees both.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, n BIGINT);

INSERT INTO t VALUES (1, 'old', 1), (2, 'old', 2);
--= 2 changed

INSERT INTO t VALUES (1, 'new', 10), (3, 'new', 30) ON CONFLICT (id) DO NOTHING;
--= 1 changed

SELECT * FROM t;
--> 1 | old | 1
--> 2 | old | 2
--> 3 | new | 30

INSERT INTO t VALUES (2, 'newer', 20), (4, 'newer', 40)
  ON CONFLICT (id) DO UPDATE SET a = excluded.a, n = t.n + excluded.n;
--= 2 changed

SELECT * FROM t;
--> 1 | old | 1
--> 2 | newer | 22
--> 3 | new | 30
--> 4 | newer | 40

INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT DO NOTHING;
--= 0 changed

INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT (a) DO NOTHING;
--! error[Q0316]: ON CONFLICT (a) is not the primary key
--!   1 | INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT (a) DO NOTHING
--!     |                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^ help: write ON CONFLICT (id)

INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET a = other.a;
--! error[Q0207]: unknown column `other.a`
--!   1 | ..., 1) ON CONFLICT (id) DO UPDATE SET a = other.a
--!     |                                            ^^^^^^^ help: did you mean `a`?
