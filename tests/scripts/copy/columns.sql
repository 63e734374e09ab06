-- Columns that the file lacks, that the table lacks, and the key.

--@ file rows.csv
--| id,a,b
--| 1,x,y
CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, c TEXT DEFAULT 'none');

-- Columns of the file that the table lacks are left out; those of the table that the file lacks get their default.
COPY t FROM '${tmp}/rows.csv';
--= 1 changed

SELECT * FROM t;
--> 1 | x | none

COPY t (id, c) FROM '${tmp}/rows.csv';
--! error[V0001]: ${tmp}/rows.csv has no column c
--!   help: it has id, a, b; name others with MAP (column = name_in_file)

COPY t (a) FROM '${tmp}/rows.csv';
--! error[V0001]: no column of ${tmp}/rows.csv fills the primary key id
--!   help: name it: MAP (id = ...); the file has id, a, b

COPY t (id, nothing) FROM '${tmp}/rows.csv';
--! error[Q0207]: table `t` has no column `nothing`
--!   help: known: `id`, `a`, `c`

COPY t FROM '${tmp}/rows.csv' (MAP (id = key));
--! error[V0001]: ${tmp}/rows.csv has no column key
--!   help: it has id, a, b; name others with MAP (column = name_in_file)

COPY t FROM '${tmp}/rows.csv' (MAP (nothing = a));
--! error[Q0207]: table `t` has no column `nothing`
--!   help: known: `id`, `a`, `c`

COPY t FROM '${tmp}/rows.csv' (HEADDER true);
--! error[F0001]: read_csv: option `headder` is unknown; known are header, delimiter, columns
