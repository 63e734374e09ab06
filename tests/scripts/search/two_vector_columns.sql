-- A table with several vectors is searched by an index, which says which one is meant.

CREATE TABLE t (id BIGINT PRIMARY KEY, a VECTOR(2), b VECTOR(3));

INSERT INTO t VALUES (1, [1, 0], [0, 0, 1]), (2, [0, 1], [1, 0, 0]);
--= 2 changed

CREATE INDEX ia ON t USING flat (a);

CREATE INDEX ib ON t USING flat (b);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(ia, limit => 2);
--> 1 | 1.0
--> 2 | 0.0
--# LIMIT 2 by default

SELECT id, score FROM t SEARCH [1, 0, 0] VIA SHORTLIST(ib, limit => 2);
--> 2 | 1.0
--> 1 | 0.0
--# LIMIT 2 by default

SELECT id FROM t SEARCH [1, 0];
--! error[Q0321]: table `t` has several VECTOR columns: `a`, `b`
--!   1 | SELECT id FROM t SEARCH [1, 0]
--!     |                  ^^^^^^^^^^^^^ help: say which: VIA SHORTLIST(index of the column, limit => n)

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(ib, limit => 2);
--! error[Q0303]: the vector to search for has 2 elements, but 3 are needed
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(ib, limit => 2)
--!     |                         ^^^^^^
