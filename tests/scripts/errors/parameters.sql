-- Parameters are for prepared statements; a script has no values for them.

SELECT $1::BIGINT;
--! error[V0001]: parameter 1 is not bound
--!   help: call bind() first

SELECT ?;
--! error[V0001]: parameter 1 is not bound
--!   help: call bind() first

SELECT :name;
--! error[V0001]: parameter :name is not bound
--!   help: call bind() first

SELECT $0;
--! error[Q0109]: there is no parameter `$0`
--!   1 | SELECT $0
--!     |        ^^ help: parameters are counted from $1

SELECT $1 + ?;
--! error[Q0108]: `$1` and `?` parameters in one statement
--!   1 | SELECT $1 + ?
--!     |             ^ help: write all of them as `$1`

CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT DEFAULT $1);
--! error[Q0118]: parameters are not allowed in CREATE
--!   1 | ...id BIGINT PRIMARY KEY, n BIGINT DEFAULT $1)
--!     |                                            ^^ help: write the value
