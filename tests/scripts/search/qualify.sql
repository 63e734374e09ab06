-- QUALIFY filters the ranking by scores and ranks; LIMIT counts what is left.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(1));

INSERT INTO t VALUES (1, 'a', [5]), (2, 'b', [4]), (3, 'a', [3]), (4, 'b', [2]), (5, 'a', [1]);

SELECT id, score FROM t SEARCH [1] QUALIFY score > 2.5;

SELECT id, rank FROM t SEARCH [1] QUALIFY rank BETWEEN 2 AND 3;

-- The label of rank 1 does not qualify, but keeps its rank.
SELECT id, rank FROM t SEARCH [1] QUALIFY kind = 'b' LIMIT 1;

SELECT id FROM t SEARCH [1] WHERE kind = 'a' QUALIFY score < 4 LIMIT 5;

SELECT id FROM t SEARCH [1] QUALIFY score > 100;

SELECT id FROM t WHERE id > 1 QUALIFY id > 2;
