-- VIA EXACT scores every label by the inner product with its vector, best first.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'east', [1, 0]), (2, 'north', [0, 1]), (3, 'north-east', [0.6, 0.8]), (4, 'west', [-1, 0]);

--@ columns
SELECT id, title, score, rank FROM t SEARCH [1, 0] VIA EXACT;

SELECT id, score FROM t SEARCH [0, 2] VIA EXACT LIMIT 2;

SELECT id, score FROM t SEARCH (VECTOR => [1, 1]) VIA EXACT LIMIT 1;
