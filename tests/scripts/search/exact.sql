-- VIA EXACT scores every label by the inner product with its vector, best first.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'east', [1, 0]), (2, 'north', [0, 1]), (3, 'north-east', [0.6, 0.8]), (4, 'west', [-1, 0]);
--= 4 changed

--@ columns
SELECT id, title, score, rank FROM t SEARCH [1, 0] VIA EXACT;
--: id | title | score | rank
--> 1 | east | 1.0 | 1
--> 3 | north-east | 0.6 | 2
--> 2 | north | 0.0 | 3
--> 4 | west | -1.0 | 4
--# LIMIT 10 by default

SELECT id, score FROM t SEARCH [0, 2] VIA EXACT LIMIT 2;
--> 2 | 2.0
--> 3 | 1.6

SELECT id, score FROM t SEARCH (VECTOR => [1, 1]) VIA EXACT LIMIT 1;
--> 3 | 1.4
