-- The stages of a search, with their windows and the reason for the path.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE INDEX e ON t USING elias (z) WITH (clusters = 1);

CREATE CLASSIFIER c ON t;

EXPLAIN SELECT id FROM t SEARCH [1, 0] WHERE kind = 'a' LIMIT 5;
--> project  id
--> `- limit 5 offset 0
-->    `- search t  k=5  exact: 2 labels are at most search.exact_rows = 2000
-->       +- filter kind = 'a'
-->       +- exact z  limit 5
-->       `- rank  score desc, primary key
--> index not used: e: exact: 2 labels are at most search.exact_rows = 2000
--> index not used: i: exact: 2 labels are at most search.exact_rows = 2000

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA EXACT;
--> project  id
--> `- limit 10 offset 0
-->    `- search t  k=10  VIA EXACT
-->       +- exact z  limit 10
-->       `- rank  score desc, primary key
--> index not used: e: VIA EXACT
--> index not used: i: VIA EXACT

EXPLAIN SELECT id, score FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 20) THEN RERANK(c, limit => 10)
SCORE BY shortlist.score * sigmoid(rerank.score) LIMIT 5;
--> project  id, score
--> `- limit 5 offset 0
-->    `- search t  k=5  the stages of the statement
-->       +- probe e  beam 1
-->       +- shortlist path scores  limit 20
-->       +- rerank c  limit 10
-->       `- rank  score desc, primary key, SCORE BY
--> index not used: i: the stages of the statement

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 20) AS near QUALIFY near.score > 0.5 LIMIT 5;
--> project  id
--> `- limit 5 offset 0
-->    `- filter near.score > 0.5
-->       `- search t  k=all  the stages of the statement
-->          +- shortlist i as near  flat, limit 20
-->          `- rank  score desc, primary key
--> index not used: e: the stages of the statement

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 20);

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  pipeline p
-->       +- shortlist i  flat, limit 20
-->       `- rank  score desc, primary key
--> index not used: e: pipeline p

EXPLAIN SELECT count(*) FROM t SEARCH [1, 0];
--> aggregate  0 groups keys, 1 aggregates
--> `- search t  k=all  exact: 2 labels are at most search.exact_rows = 2000
-->    +- exact z  limit all
-->    `- rank  score desc, primary key
--> index not used: e: exact: 2 labels are at most search.exact_rows = 2000
--> index not used: i: exact: 2 labels are at most search.exact_rows = 2000
