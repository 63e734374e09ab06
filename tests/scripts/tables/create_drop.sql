-- Creating and dropping tables; names are free again afterwards, and the old rows are gone.

CREATE TABLE t (id BIGINT PRIMARY KEY);

INSERT INTO t VALUES (1);
--= 1 changed

CREATE TABLE t (id BIGINT PRIMARY KEY);
--! error[Q0214]: table `t` exists already
--!   1 | CREATE TABLE t (id BIGINT PRIMARY KEY)
--!     |              ^ help: DROP TABLE t first, or add IF NOT EXISTS

CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY, other TEXT);

SHOW TABLES;
--> t | 1 | 1 | id | NULL

DROP TABLE t;

SELECT * FROM t;
--! error[Q0201]: unknown table `t`
--!   1 | SELECT * FROM t
--!     |               ^ help: there is none yet: CREATE TABLE makes one

DROP TABLE t;
--! error[Q0201]: unknown table `t`
--!   1 | DROP TABLE t
--!     |            ^ help: there is none yet: CREATE TABLE makes one

DROP TABLE IF EXISTS t;

CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT);

SELECT count(*) FROM t;
--> 0
