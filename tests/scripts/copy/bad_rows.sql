-- One bad row refuses the file: nothing of it is stored, and the error says where it is.

--@ file type.jsonl
--| {"id": 1, "n": 10}
--| {"id": 2, "n": "ten"}
--@ file cut.jsonl
--| {"id": 1, "n": 10}
--| {"id": 2,
--@ file twice.csv
--| id,n
--| 1,10
--| 2,20
--| 1,30
--@ file short.csv
--| id,n
--| 1,10
--| 2
--@ file null.csv
--| id,n
--| ,10
CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT);

COPY t FROM '${tmp}/type.jsonl';
--! error[V0001]: column `n` of table t, label 2: CAST('"ten"' AS JSON) cannot be read as BIGINT: give a whole number from -9223372036854775808 to 9223372036854775807

COPY t FROM '${tmp}/cut.jsonl';
--! error[F0001]: `${tmp}/cut.jsonl`, line 2: bad JSON at column 9: EOF while parsing a value; every line must be one JSON object

COPY t FROM '${tmp}/twice.csv';
--! error[V0001]: a label with id = 1 is in table t already
--!   help: add ON CONFLICT (...) DO UPDATE SET ... or DO NOTHING

COPY t FROM '${tmp}/short.csv';
--! error[F0001]: `${tmp}/short.csv`, line 3: 1 fields where 2 are expected; check quotes and the delimiter

COPY t FROM '${tmp}/null.csv';
--! error[V0001]: '' cannot be read as BIGINT: give a whole number from -9223372036854775808 to 9223372036854775807

COPY t FROM '${tmp}/missing.csv';
--! error[F0001]: cannot open `${tmp}/missing.csv`: No such file or directory (os error 2)

SELECT count(*) FROM t;
--> 0
