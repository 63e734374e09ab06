-- One statement cannot insert a label and update it too.

CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT);

INSERT INTO t VALUES (1, 1), (1, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
--! error[V0001]: label 1 is inserted and updated by one statement
--!   help: give each key once

INSERT INTO t VALUES (1, 1), (1, 2) ON CONFLICT (id) DO NOTHING;
--= 1 changed

SELECT * FROM t;
--> 1 | 1

-- Nor update it twice.
INSERT INTO t VALUES (1, 5), (1, 6) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
--! error[V0001]: label 1 is inserted and updated by one statement
--!   help: give each key once

SELECT * FROM t;
--> 1 | 1
