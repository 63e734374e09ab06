-- Compressed files by their extension, read and written.

--@ file rows.jsonl.gz
--| {"id": 1, "a": "x"}
--| {"id": 2, "a": "y"}
CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

COPY t FROM '${tmp}/rows.jsonl.gz';

--@ show out.csv.gz
COPY t TO '${tmp}/out.csv.gz';

SELECT * FROM read_csv('${tmp}/out.csv.gz');
