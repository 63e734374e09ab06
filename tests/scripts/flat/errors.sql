-- Indexes that cannot be made.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

CREATE INDEX i ON t USING flat (title);
--! error[Q0301]: column `title` is a TEXT; an index orders vectors
--!   1 | CREATE INDEX i ON t USING flat (title)
--!     |                                 ^^^^^ help: name a VECTOR column, or a classifier of the table

CREATE INDEX i ON t USING flat (zz);
--! error[Q0207]: `zz` is no column and no classifier of table `t`
--!   1 | CREATE INDEX i ON t USING flat (zz)
--!     |                                 ^^ help: did you mean `z`?

CREATE INDEX i ON t USING hnsw (z);
--! error[Q0318]: unknown index method `hnsw`
--!   1 | CREATE INDEX i ON t USING hnsw (z)
--!     |                           ^^^^ help: known: `ann` (approximate), `flat` (exact scan), `faiss` (by factory), `elias` (cluster graph), `fts` (words of a text)

CREATE INDEX i ON t (z);
--! error[Q0106]: expected USING, found `(`
--!   1 | CREATE INDEX i ON t (z)
--!     |                     ^ help: write USING flat, USING faiss or USING elias

CREATE INDEX i ON t USING flat (z, title);
--! error[Q0112]: an index over several columns is not part of this version of the language
--!   1 | CREATE INDEX i ON t USING flat (z, title)
--!     |                                  ^ help: create one index a column

CREATE INDEX i ON t USING flat (z) WITH (limit = 3);
--! error[V0001]: CREATE INDEX has no option limit
--!   help: leave it out: there are none

CREATE INDEX i ON u USING flat (z);
--! error[Q0201]: unknown table `u`
--!   1 | CREATE INDEX i ON u USING flat (z)
--!     |                   ^ help: known: `t`

CREATE INDEX i ON t USING flat (z);

CREATE INDEX i ON t USING flat (z);
--! error[Q0214]: index `i` exists already
--!   1 | CREATE INDEX i ON t USING flat (z)
--!     |              ^ help: DROP INDEX i first, or add IF NOT EXISTS

CREATE INDEX IF NOT EXISTS i ON t USING flat (z);

CREATE OR REPLACE INDEX i ON t USING flat (z);
--! error[Q0321]: CREATE OR REPLACE INDEX would drop stored data without asking
--!   1 | CREATE OR REPLACE INDEX i ON t USING flat (z)
--!     |                         ^ help: write DROP INDEX IF EXISTS i; and then CREATE INDEX

REINDEX j;
--! error[Q0204]: unknown index `j`
--!   1 | REINDEX j
--!     |         ^ help: known: `i`

DROP INDEX j;
--! error[Q0204]: unknown index `j`
--!   1 | DROP INDEX j
--!     |            ^ help: known: `i`
