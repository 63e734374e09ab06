-- Indexes that cannot be made.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

CREATE INDEX i ON t USING flat (title);

CREATE INDEX i ON t USING flat (zz);

CREATE INDEX i ON t USING hnsw (z);

CREATE INDEX i ON t (z);

CREATE INDEX i ON t USING flat (z, title);

CREATE INDEX i ON t USING flat (z) WITH (limit = 3);

CREATE INDEX i ON u USING flat (z);

CREATE INDEX i ON t USING flat (z);

CREATE INDEX i ON t USING flat (z);

CREATE INDEX IF NOT EXISTS i ON t USING flat (z);

CREATE OR REPLACE INDEX i ON t USING flat (z);

REINDEX j;

DROP INDEX j;
