-- Tables that cannot be made, with the reason.

CREATE TABLE t (id BIGINT);
--! error[Q0316]: table `t` has no primary key
--!   1 | CREATE TABLE t (id BIGINT)
--!     |              ^ help: add PRIMARY KEY to a BIGINT, INTEGER or TEXT column

CREATE TABLE t (id BIGINT PRIMARY KEY, id TEXT);
--! error[Q0115]: column `id` is given twice
--!   1 | CREATE TABLE t (id BIGINT PRIMARY KEY, id TEXT)
--!     |                                        ^^

CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT PRIMARY KEY);
--! error[Q0316]: two primary keys, `a` and `b`
--!   1 | CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT PRIMARY KEY)
--!     |                                       ^ help: mark one column

CREATE TABLE t (a DOUBLE PRIMARY KEY);
--! error[Q0316]: `a` is a DOUBLE, which cannot be a primary key
--!   1 | CREATE TABLE t (a DOUBLE PRIMARY KEY)
--!     |                   ^^^^^^ help: use BIGINT, INTEGER or TEXT

CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHARR);
--! error[Q0117]: unknown type `VARCHARR`
--!   1 | CREATE TABLE t (a BIGINT PRIMARY KEY, b VARCHARR)
--!     |                                         ^^^^^^^^ help: the types are BIGINT, INTEGER, DOUBLE, REAL, BOOLEAN, TEXT, TIMESTAMP, JSON, VECTOR(n)

CREATE TABLE t (a BIGINT PRIMARY KEY, b VECTOR);
--! error[Q0117]: column `b` needs a dimension
--!   1 | CREATE TABLE t (a BIGINT PRIMARY KEY, b VECTOR)
--!     |                                         ^^^^^^ help: write VECTOR(384), or the width of your embeddings

CREATE TABLE t (a BIGINT PRIMARY KEY, b VECTOR(0));
--! error[Q0117]: dimension 0 is not between 1 and 65536
--!   1 | ...TABLE t (a BIGINT PRIMARY KEY, b VECTOR(0))
--!     |                                            ^

CREATE TABLE t (a BIGINT PRIMARY KEY, b VECTOR(1000000));
--! error[Q0117]: dimension 1000000 is not between 1 and 65536
--!   1 | ...TABLE t (a BIGINT PRIMARY KEY, b VECTOR(1000000))
--!     |                                            ^^^^^^^

CREATE TABLE t (a BIGINT, b BIGINT, PRIMARY KEY (a, b));
--! error[Q0112]: a key of several columns is not part of this version of the language
--!   1 | ...t (a BIGINT, b BIGINT, PRIMARY KEY (a, b))
--!     |                                            ^ help: use one BIGINT or TEXT column

CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT UNIQUE);
--! error[V0001]: column b is UNIQUE but not the primary key
--!   help: only the primary key is kept unique: leave UNIQUE out, or make the column the key

CREATE TABLE t (a BIGINT PRIMARY KEY) WITH (shards = 3);
--! error[V0001]: CREATE TABLE has no option shards
--!   help: leave it out: there are none

CREATE OR REPLACE TABLE t (a BIGINT PRIMARY KEY);
--! error[Q0321]: CREATE OR REPLACE TABLE would drop stored data without asking
--!   1 | CREATE OR REPLACE TABLE t (a BIGINT PRIMARY KEY)
--!     |                         ^ help: write DROP TABLE IF EXISTS t; and then CREATE TABLE

CREATE TABLE t (a BIGINT PRIMARY KEY, b VECTOR(2) GENERATED ALWAYS AS (encode(m, 'x')) STORED);
--! error[Q0202]: unknown model `m`
--!   1 | ...b VECTOR(2) GENERATED ALWAYS AS (encode(m, 'x')) STORED)
--!     |                                            ^ help: there is none yet: CREATE MODEL makes one
