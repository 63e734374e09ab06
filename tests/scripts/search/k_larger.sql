-- More rows asked for than there are labels; and an empty table.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

SELECT id, score FROM t SEARCH [1, 0] LIMIT 5;

SELECT count(*) FROM t SEARCH [1, 0];

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);

SELECT id FROM t SEARCH [1, 0] LIMIT 1000000;

SELECT id FROM t SEARCH [1, 0] LIMIT 5 OFFSET 1;

SELECT id FROM t SEARCH [1, 0] LIMIT 5 OFFSET 2;

DELETE FROM t;

SELECT id FROM t SEARCH [1, 0];
