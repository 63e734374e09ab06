-- A table may have columns named score and rank: qualified names tell them from those of the search.

CREATE TABLE t (id BIGINT PRIMARY KEY, score DOUBLE, z VECTOR(1));

INSERT INTO t VALUES (1, 100, [1]), (2, 50, [2]);

SELECT id, t.score FROM t SEARCH [1];

SELECT id, score FROM t SEARCH [1];

SELECT id, score FROM t;
