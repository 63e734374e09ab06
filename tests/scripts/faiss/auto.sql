-- A table above search.exact_rows is searched by its faiss index where SEARCH has no VIA.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [0, 1]), (1, normalize([1, 20])), (2, normalize([2, 20])), (3, normalize([3, 20]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([id + 4, 20]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([id + 8, 20]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([id + 16, 20]) FROM t;
--= 16 changed

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8');

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 3;
--> project  id
--> `- limit 3 offset 0
-->    `- search t  k=3  exact: 32 labels are at most search.exact_rows = 2000
-->       +- exact z  limit 3
-->       `- rank  score desc, primary key
--> index not used: i: exact: 32 labels are at most search.exact_rows = 2000

SET search.exact_rows = 10;

SET search.effort = 64;

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 3;
--> project  id
--> `- limit 3 offset 0
-->    `- search t  k=3  32 labels and index i on column z
-->       +- shortlist i  faiss, limit 3
-->       `- rank  score desc, primary key

SELECT id FROM t SEARCH [1, 0] LIMIT 3;
--> 31
--> 30
--> 29

SELECT count(*) FROM t SEARCH [1, 0];
--> 32
