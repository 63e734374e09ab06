-- Compressed files by their extension, read and written.

--@ file rows.jsonl.gz
--| {"id": 1, "a": "x"}
--| {"id": 2, "a": "y"}
CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

COPY t FROM '${tmp}/rows.jsonl.gz';
--= 2 changed

--@ show out.csv.gz
COPY t TO '${tmp}/out.csv.gz';
--= 2 changed
--< id,a
--< 1,x
--< 2,y

SELECT * FROM read_csv('${tmp}/out.csv.gz');
--> 1 | x
--> 2 | y
