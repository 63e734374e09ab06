-- COPY answers the queries of a log into files.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot'), (3, 'garden chair of oak'),
  (4, 'standing desk');
--= 4 changed

--@ file log/one.jsonl.gz
--| {"qid": "a", "text": "a boot"}
--| {"qid": "b", "text": "a desk"}

--@ file log/two.jsonl.gz
--| {"qid": "c", "text": "a boot"}
--| {"qid": "d", "text": "a chair"}

--@ show out.csv
COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r) TO '${tmp}/out.csv';
--= 8 changed
--# 4 queries, 3 searched for
--< qid,id,rank
--< a,2,1
--< a,1,2
--< b,4,1
--< b,3,2
--< c,2,1
--< c,1,2
--< d,4,1
--< d,3,2

-- A folder: files of at most so many rows, the rows of one answer in one file.
--@ show out/part-00002.jsonl
COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5);
--= 8 changed
--# 4 queries, 3 searched for
--< {"qid":"c","id":2,"rank":1}
--< {"qid":"c","id":1,"rank":2}
--< {"qid":"d","id":4,"rank":1}
--< {"qid":"d","id":3,"rank":2}

SELECT qid, id FROM read_jsonl('${tmp}/out/part-*.jsonl');
--> a | 2
--> a | 1
--> b | 4
--> b | 3
--> c | 2
--> c | 1
--> d | 4
--> d | 3

-- Another run must say that it goes on, and then finds that all is done.
COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5);
--! error[V0001]: '${tmp}/out' holds the files of another run
--!   help: add RESUME true to go on with it, or name another folder

COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5, RESUME true);
--= 0 changed
--# 8 rows in 2 files were there already

COPY (SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 3) AS r)
TO '${tmp}/out/' (FORMAT jsonl, ROWS_PER_FILE 5, RESUME true);
--! error[V0001]: RESUME: the query was "SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r" in the run that began '${tmp}/out/MANIFEST', and is "SELECT q.qid, r.id, r.rank FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 3) AS r" now
--!   help: go on with the same statement over the same log, or begin anew in another folder

-- Shards share a folder; together they are the whole.
COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/shards/' (FORMAT csv, SHARD 1 OF 2);
--= 2 changed
--# 2 queries, 1 searched for

COPY (SELECT q.qid, r.id FROM read_jsonl('${tmp}/log/*.jsonl.gz') AS q
      CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r) TO '${tmp}/shards/' (FORMAT csv, SHARD '2/2');
--= 2 changed
--# 2 queries, 2 searched for

SELECT qid, id FROM read_csv('${tmp}/shards/part-*.csv') ORDER BY qid;
--> a | 2
--> b | 4
--> c | 2
--> d | 4

SELECT qid FROM read_csv('${tmp}/shards/part-2-of-2-00001.csv');
--> b
--> d

-- Any query may go into a folder.
--@ show all/part-00002.csv
COPY (SELECT id, title FROM t) TO '${tmp}/all/' (FORMAT csv, ROWS_PER_FILE 3);
--= 4 changed
--< id,title
--< 4,standing desk
