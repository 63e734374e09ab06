-- DESCRIBE: the columns of a table, the properties of other objects.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT NOT NULL DEFAULT 'none', z VECTOR(3, F16), tags TEXT[]);

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

--@ columns
DESCRIBE t;

DESCRIBE c;

DESCRIBE i;

DESC t;

DESCRIBE tt;
