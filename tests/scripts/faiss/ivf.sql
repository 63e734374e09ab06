-- IVF with as many lists probed as there are gives what EXACT gives.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

INSERT INTO t VALUES (0, [1, 0, 0]), (1, normalize([2, 1, 1])), (2, normalize([3, 2, 2])), (3, normalize([4, 3, 0]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([(id + 4) % 7 + 1, (id + 4) % 5, (id + 4) % 3]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([(id + 8) % 7 + 1, (id + 8) % 5, (id + 8) % 3]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([(id + 16) % 7 + 1, (id + 16) % 5, (id + 16) % 3]) FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, normalize([(id + 32) % 7 + 1, (id + 32) % 5, (id + 32) % 3]) FROM t;
--= 32 changed

INSERT INTO t SELECT id + 64, normalize([(id + 64) % 7 + 1, (id + 64) % 5, (id + 64) % 3]) FROM t;
--= 64 changed

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'IVF3,Flat');

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA SHORTLIST(i, limit => 5, effort => 3);
--> 56 | 3.6742
--> 77 | 3.6667
--> 98 | 3.4744
--> 91 | 3.4641
--> 92 | 3.4641
--# LIMIT 5 by default

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA EXACT LIMIT 5;
--> 56 | 3.6742
--> 77 | 3.6667
--> 98 | 3.4744
--> 91 | 3.4641
--> 92 | 3.4641

SELECT id, round(score, 4) FROM t SEARCH [3, -1, 1] VIA SHORTLIST(i, limit => 4, effort => 3) WHERE id % 2 = 1;
--> 5 | 3.1623
--> 125 | 3.1593
--> 95 | 3.1568
--> 115 | 3.153
--# LIMIT 4 by default

SELECT id, round(score, 4) FROM t SEARCH [3, -1, 1] VIA EXACT WHERE id % 2 = 1 LIMIT 4;
--> 5 | 3.1623
--> 125 | 3.1593
--> 95 | 3.1568
--> 115 | 3.153
