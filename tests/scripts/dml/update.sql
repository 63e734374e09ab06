-- UPDATE: expressions over the old row, with and without WHERE.

CREATE TABLE t (id BIGINT PRIMARY KEY, a BIGINT, b BIGINT);

INSERT INTO t VALUES (1, 10, 20), (2, 30, 40), (3, NULL, 5);

-- Both sides see the old row, so that columns can be exchanged.
UPDATE t SET a = b, b = a WHERE id <= 2;

SELECT * FROM t;

UPDATE t SET a = 0 WHERE a IS NULL;

UPDATE t SET b = b + 1;

SELECT * FROM t;

UPDATE t SET a = 1 WHERE id = 99;

UPDATE t SET a = 1 / (id - 2);

SELECT * FROM t;

UPDATE t SET a = 1, a = 2;

UPDATE t SET c = 1;
