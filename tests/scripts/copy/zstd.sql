-- Compressed files by their extension, read and written: zstd.

--@ file rows.jsonl.zst
--| {"id": 1, "a": "x"}
--| {"id": 2, "a": "y"}
CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

COPY t FROM '${tmp}/rows.jsonl.zst';
--= 2 changed

--@ show out.csv.zst
COPY t TO '${tmp}/out.csv.zst';
--= 2 changed
--< id,a
--< 1,x
--< 2,y

SELECT * FROM read_csv('${tmp}/out.csv.zst');
--> 1 | x
--> 2 | y
