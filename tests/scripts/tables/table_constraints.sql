-- PRIMARY KEY as a constraint behind the columns.

CREATE TABLE t (a TEXT, b BIGINT, PRIMARY KEY (b));

INSERT INTO t VALUES ('x', 2), ('y', 1);

SELECT * FROM t;

DESCRIBE t;
