-- ON_ERROR 'skip' leaves out rows that cannot be read or answered, and tells of them in a file.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot');

--@ file log.jsonl
--| {"qid": 1, "text": "a boot"}
--| {"qid": 2, "text": null}
--| {"qid": 3, "text": "a sh
--| {"qid": 4, "text": "a shoe"}
--| {"qid": 5, "text": "a shoe"} {}
--| {"qid": 6, "text": "a boot"}

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log.jsonl') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/out.csv';

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log.jsonl', columns => ['qid BIGINT', 'text TEXT']) AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/out.csv' (ON_ERROR stop);

SELECT * FROM read_csv('${tmp}/out.csv');

--@ show bad.jsonl
COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log.jsonl') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r)
TO '${tmp}/out.csv' (ON_ERROR 'skip', ERROR_FILE '${tmp}/bad.jsonl');

SELECT * FROM read_csv('${tmp}/out.csv');

-- Errors of the left side's own expressions, and of values that a format cannot hold.
--@ show worse.jsonl
COPY (SELECT q.n, r.id, 1.0e308 * q.n * 10 AS big FROM
        (SELECT n, text FROM (VALUES (0, 'a boot'), (1, 'a shoe'), (2, 'a boot')) AS v (n, text) WHERE 1 / (n - 2) < 5) AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r)
TO '${tmp}/worse_out.jsonl' (ON_ERROR skip, ERROR_FILE '${tmp}/worse.jsonl');

--@ file log.csv
--| qid,text
--| 1,a boot
--| 2
--| 3,"a shoe"

--@ show bad_csv.jsonl
COPY (SELECT q.qid, r.id FROM read_csv('${tmp}/log.csv') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r)
TO '${tmp}/parts/' (FORMAT csv, ON_ERROR skip, ERROR_FILE '${tmp}/bad_csv.jsonl');

-- Options that say nothing here, or nothing at all.
COPY (SELECT id FROM t) TO '${tmp}/x.csv' (RESUME true);

COPY (SELECT id FROM t) TO '${tmp}/x.csv' (ROWS_PER_FILE 10);

COPY (SELECT id FROM t) TO '${tmp}/x.csv' (ROWS_PER_FIEL 10);

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r ORDER BY n) TO '${tmp}/x.csv' (ON_ERROR skip);

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x.csv' (RESUME true);

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x/' (FORMAT csv, SHARD 5 OF 4);

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x/' (FORMAT csv, ERROR_FILE '${tmp}/e.jsonl');

COPY (SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/x/' (FORMAT parquet);
