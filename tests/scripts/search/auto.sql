-- Without VIA the planner chooses; a small table is searched exactly.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.6, 0.8]);
--= 3 changed

SELECT id, score FROM t SEARCH [0, 1];
--> 2 | 1.0
--> 3 | 0.8
--> 1 | 0.0
--# LIMIT 10 by default

EXPLAIN SELECT id, score FROM t SEARCH [0, 1];
--> project  id, score
--> `- limit 10 offset 0
-->    `- search t  k=10  exact: 3 labels are at most search.exact_rows = 2000
-->       +- exact z  limit 10
-->       `- rank  score desc, primary key
