-- PRIMARY KEY as a constraint behind the columns.

CREATE TABLE t (a TEXT, b BIGINT, PRIMARY KEY (b));

INSERT INTO t VALUES ('x', 2), ('y', 1);
--= 2 changed

SELECT * FROM t;
--> y | 1
--> x | 2

DESCRIBE t;
--> a | TEXT | true | false | NULL | NULL
--> b | BIGINT | false | true | NULL | NULL
