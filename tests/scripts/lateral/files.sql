-- COPY answers the queries of a log into files.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot'), (3, 'garden chair of oak'),
  (4, 'standing desk');

--@ file log/one.jsonl.gz
--| {"qid": "a", "text": "a boot"}
--| {"qid": "b", "text": "a desk"}

--@ file log/two.jsonl.gz
--| {"qid": "c", "text": "a boot"}
--| {"qid": "d", "text": "a chair"}

--@ show out.csv
COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r) TO '${tmp}/out.csv';

-- A folder: files of at most so many rows, the rows of one answer in one file.
--@ show out/part-00002.jsonl
COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5);

SELECT qid, id FROM read_jsonl('${tmp}/out/part-*.jsonl');

-- Another run must say that it goes on, and then finds that all is done.
COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5);

COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5, RESUME true);

COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 3) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5, RESUME true);

-- Shards share a folder; together they are the whole.
COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/shards/' (FORMAT csv, SHARD 1 OF 2);

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/shards/' (FORMAT csv, SHARD '2/2');

SELECT qid, id FROM read_csv('${tmp}/shards/part-*.csv') ORDER BY qid;

SELECT qid FROM read_csv('${tmp}/shards/part-2-of-2-00001.csv');

-- Any query may go into a folder.
--@ show all/part-00002.csv
COPY (SELECT id, title FROM t) TO '${tmp}/all/' (FORMAT csv, ROWS_PER_FILE 3);
