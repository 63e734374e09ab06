-- Parameters are for prepared statements; a script has no values for them.

SELECT $1::BIGINT;

SELECT ?;

SELECT :name;

SELECT $0;

SELECT $1 + ?;

CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT DEFAULT $1);
