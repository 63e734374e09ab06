-- A column of every type keeps what it is given.

CREATE TABLE t (id BIGINT PRIMARY KEY, i INTEGER, r REAL, d DOUBLE, b BOOLEAN, s TEXT, at TIMESTAMP, j JSON,
                v VECTOR(2), words TEXT[], numbers BIGINT[]);

INSERT INTO t VALUES (1, 2147483647, 0.5, 1e300, TRUE, 'text', TIMESTAMP '2024-05-06 07:08:09.000001',
                      '{"a": [1, 2]}', [0.25, -1], ['a', 'it''s'], [1, -2]);
--= 1 changed

INSERT INTO t (id, v) VALUES (2, [1, 1]);
--= 1 changed

INSERT INTO t (id, v, words) VALUES (3, [1, 1], ['a', NULL]);
--! error[V0001]: column `words` of table t is [a, NULL]
--!   help: the elements of a stored array are not NULL: leave them out

--@ columns
SELECT * FROM t;
--: id | i | r | d | b | s | at | j | v | words | numbers
--> 1 | 2147483647 | 0.5 | 1e300 | true | text | 2024-05-06 07:08:09.000001 | {"a": [1, 2]} | [0.25, -1.0] | [a, it's] | [1, -2]
--> 2 | NULL | NULL | NULL | NULL | NULL | NULL | NULL | [1.0, 1.0] | NULL | NULL

DESCRIBE t;
--> id | BIGINT | false | true | NULL | NULL
--> i | INTEGER | true | false | NULL | NULL
--> r | REAL | true | false | NULL | NULL
--> d | DOUBLE | true | false | NULL | NULL
--> b | BOOLEAN | true | false | NULL | NULL
--> s | TEXT | true | false | NULL | NULL
--> at | TIMESTAMP | true | false | NULL | NULL
--> j | JSON | true | false | NULL | NULL
--> v | VECTOR(2) | true | false | NULL | NULL
--> words | TEXT[] | true | false | NULL | NULL
--> numbers | BIGINT[] | true | false | NULL | NULL
