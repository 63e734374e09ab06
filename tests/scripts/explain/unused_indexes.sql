-- Indexes that a search leaves aside are listed with the reason.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE INDEX f ON t USING faiss (z) WITH (factory = 'HNSW8');

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  exact: 2 labels are at most search.exact_rows = 2000
-->       +- exact z  limit 1
-->       `- rank  score desc, primary key
--> index not used: f: exact: 2 labels are at most search.exact_rows = 2000
--> index not used: i: exact: 2 labels are at most search.exact_rows = 2000

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2) LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  the stages of the statement
-->       +- shortlist i  flat, limit 2
-->       `- rank  score desc, primary key
--> index not used: f: the stages of the statement

SET search.exact_rows = 0;

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  2 labels and index f on column z
-->       +- shortlist f  faiss, limit 1
-->       `- rank  score desc, primary key
--> index not used: i: 2 labels and index f on column z

EXPLAIN SELECT count(*) FROM t SEARCH [1, 0];
--> aggregate  0 groups keys, 1 aggregates
--> `- search t  k=all  exact: every label is asked for
-->    +- exact z  limit all
-->    `- rank  score desc, primary key
--> index not used: f: exact: every label is asked for
--> index not used: i: exact: every label is asked for
