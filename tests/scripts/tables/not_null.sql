-- NOT NULL columns refuse NULL, whether written or left out; the primary key is one of them.

CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT NOT NULL);

INSERT INTO t VALUES (1, NULL);

INSERT INTO t (id) VALUES (1);

INSERT INTO t VALUES (NULL, 'a');

INSERT INTO t (s) VALUES ('a');

INSERT INTO t VALUES (1, 'a');

UPDATE t SET s = NULL;

UPDATE t SET s = nullif(s, 'a');

SELECT * FROM t;
