-- QUALIFY filters the ranking by scores and ranks; LIMIT counts what is left.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(1));

INSERT INTO t VALUES (1, 'a', [5]), (2, 'b', [4]), (3, 'a', [3]), (4, 'b', [2]), (5, 'a', [1]);
--= 5 changed

SELECT id, score FROM t SEARCH [1] QUALIFY score > 2.5;
--> 1 | 5.0
--> 2 | 4.0
--> 3 | 3.0
--# LIMIT 10 by default

SELECT id, rank FROM t SEARCH [1] QUALIFY rank BETWEEN 2 AND 3;
--> 2 | 2
--> 3 | 3
--# LIMIT 10 by default

-- The label of rank 1 does not qualify, but keeps its rank.
SELECT id, rank FROM t SEARCH [1] QUALIFY kind = 'b' LIMIT 1;
--> 2 | 2

SELECT id FROM t SEARCH [1] WHERE kind = 'a' QUALIFY score < 4 LIMIT 5;
--> 3
--> 5

SELECT id FROM t SEARCH [1] QUALIFY score > 100;
--= no rows
--# LIMIT 10 by default

SELECT id FROM t WHERE id > 1 QUALIFY id > 2;
--! error[Q0321]: QUALIFY filters the ranking of a SEARCH, and there is none here
--!   1 | SELECT id FROM t WHERE id > 1 QUALIFY id > 2
--!     |                                       ^^^^^^ help: use WHERE for rows, HAVING for groups
