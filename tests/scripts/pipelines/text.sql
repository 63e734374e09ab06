-- A pipeline with ENCODE serves texts, and vectors, which skip it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'fast car'), (3, 'deep sea');
--= 3 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 3) THEN RERANK(c, limit => 3);

ALTER TABLE t SET DEFAULT PIPELINE p;

SELECT id FROM t SEARCH 'ocean' LIMIT 1;
--> 3

SELECT id FROM t SEARCH 'automobile' LIMIT 1;
--> 2

SELECT count(*) FROM t SEARCH [1, 2];
--! error[Q0303]: the vector to search for has 2 elements, but 64 are needed
--!   1 | SELECT count(*) FROM t SEARCH [1, 2]
--!     |                               ^^^^^^

DROP MODEL m;
--! error[V0001]: model m is used by table t
--!   help: drop table t first

EXPLAIN SELECT id FROM t SEARCH 'ocean' LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  pipeline p
-->       +- encode m
-->       +- probe e  beam 2
-->       +- shortlist path scores  limit 3
-->       +- rerank c  limit 3
-->       `- rank  score desc, primary key
