-- ON_ERROR 'skip' leaves out rows that cannot be read or answered, and tells of them in a file.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot');
--= 2 changed

--@ file log.jsonl
--| {"qid": 1, "text": "a boot"}
--| {"qid": 2, "text": null}
--| {"qid": 3, "text": "a sh
--| {"qid": 4, "text": "a shoe"}
--| {"qid": 5, "text": "a shoe"} {}
--| {"qid": 6, "text": "a boot"}

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log.jsonl') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/out.csv';
--! error[Q0320]: `${tmp}/log.jsonl`, line 3: bad JSON at column 24: EOF while parsing a string; every line must be one JSON object

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log.jsonl', columns => ['qid BIGINT', 'text TEXT']) AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/out.csv' (ON_ERROR stop);
--! error[F0001]: `${tmp}/log.jsonl`, line 3: bad JSON at column 24: EOF while parsing a string; every line must be one JSON object

SELECT * FROM read_csv('${tmp}/out.csv');
--! error[Q0320]: cannot open `${tmp}/out.csv`: No such file or directory (os error 2)

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log.jsonl') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r)
TO '${tmp}/out.csv' (ON_ERROR 'skip', ERROR_FILE '${tmp}/bad.jsonl');
--= 3 changed
--# 6 queries, 2 searched for
--# 3 rows skipped: see ${tmp}/bad.jsonl

SELECT * FROM read_csv('${tmp}/out.csv');
--> 1 | 2
--> 4 | 1
--> 6 | 2

-- Errors of the left side's own expressions, and of values that a format cannot hold.
--@ show worse.jsonl
COPY (SELECT q.n, r.id, 1.0e308 * q.n * 10 AS big FROM
        (SELECT n, text FROM (VALUES (0, 'a boot'), (1, 'a shoe'), (2, 'a boot')) AS v (n, text) WHERE 1 / (n - 2) < 5) AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r)
TO '${tmp}/worse_out.jsonl' (ON_ERROR skip, ERROR_FILE '${tmp}/worse.jsonl');
--= 1 changed
--# 3 queries, 2 searched for
--# 2 rows skipped: see ${tmp}/worse.jsonl
--< {"row":2,"error":"the result of 1e308 * 10.0 is out of range: use smaller finite numbers","input":{"n":1,"text":"a shoe"}}
--< {"row":3,"error":"division by zero in 1 / 0: guard the divisor with nullif(divisor, 0)"}

--@ file log.csv
--| qid,text
--| 1,a boot
--| 2
--| 3,"a shoe"

COPY (SELECT q.qid, r.id FROM read_csv('${tmp}/log.csv') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r)
TO '${tmp}/parts/' (FORMAT csv, ON_ERROR skip, ERROR_FILE '${tmp}/bad_csv.jsonl');
--= 2 changed
--# 3 queries, 2 searched for
--# 1 rows skipped: see ${tmp}/bad_csv.jsonl

-- Options that say nothing here, or nothing at all.
COPY (SELECT id FROM t) TO '${tmp}/x.csv' (RESUME true);
--! error[V0001]: RESUME is for queries of a log, each of whose rows is answered by itself
--!   help: write COPY (SELECT ... FROM log CROSS JOIN LATERAL (SELECT ... SEARCH ...) [WHERE ...]) TO, without DISTINCT, GROUP BY, ORDER BY or LIMIT around it

COPY (SELECT id FROM t) TO '${tmp}/x.csv' (ROWS_PER_FILE 10);
--! error[V0001]: ROWS_PER_FILE needs a folder, and '${tmp}/x.csv' is a file
--!   help: write a slash behind it: TO '${tmp}/x.csv/'

COPY (SELECT id FROM t) TO '${tmp}/x.csv' (ROWS_PER_FIEL 10);
--! error[Q0211]: COPY TO has no option `rows_per_fiel`
--!   help: did you mean `rows_per_file`?

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r ORDER BY n) TO '${tmp}/x.csv' (ON_ERROR skip);
--! error[V0001]: ON_ERROR is for queries of a log, each of whose rows is answered by itself
--!   help: write COPY (SELECT ... FROM log CROSS JOIN LATERAL (SELECT ... SEARCH ...) [WHERE ...]) TO, without DISTINCT, GROUP BY, ORDER BY or LIMIT around it

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x.csv' (RESUME true);
--! error[V0001]: RESUME needs a folder, and '${tmp}/x.csv' is a file
--!   help: write a slash behind it: TO '${tmp}/x.csv/'

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x/' (FORMAT csv, SHARD 5 OF 4);
--! error[V0001]: SHARD cannot be '5/4'
--!   help: write SHARD 1 OF 4, or '1/4': a part from 1 on of at most 1000000

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x/' (FORMAT csv, ERROR_FILE '${tmp}/e.jsonl');
--! error[V0001]: ERROR_FILE without ON_ERROR 'skip'
--!   help: add ON_ERROR 'skip', or leave it out

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x/' (FORMAT orc);
--! error[F0002]: `${tmp}/x/`: unknown format `orc`; add FORMAT jsonl, csv, parquet, npy or xc
