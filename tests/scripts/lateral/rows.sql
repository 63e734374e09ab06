-- A search for each row of what stands before LATERAL: its rows behind those of the left side.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, kind TEXT, z VECTOR(64) GENERATED ALWAYS AS (encode(m, title)) STORED);

INSERT INTO t (id, title, kind) VALUES (1, 'red running shoe', 'shoes'), (2, 'waterproof hiking boot', 'shoes'),
  (3, 'garden chair of oak', 'furniture'), (4, 'standing desk', 'furniture');
--= 4 changed

CREATE INDEX i ON t USING flat (z);

-- Of VALUES; the limit is owed to each row.
SELECT q.n, q.text, r.id, r.rank FROM (VALUES (1, 'a boot'), (2, 'a desk'), (3, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 2) AS r;
--> 1 | a boot | 2 | 1
--> 1 | a boot | 1 | 2
--> 2 | a desk | 4 | 1
--> 2 | a desk | 3 | 2
--> 3 | a boot | 2 | 1
--> 3 | a boot | 1 | 2

-- The same as single searches give.
SELECT id, rank FROM t SEARCH 'a boot' LIMIT 2;
--> 2 | 1
--> 1 | 2

-- Of a table, with its own WHERE; the name of a column alone is enough where it is not on both sides.
SELECT a.id, r.id FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH title LIMIT 1) AS r WHERE kind = 'shoes';
--> 1 | 1
--> 2 | 2

-- Of a subquery; computed texts; names behind the alias.
SELECT word, label FROM (SELECT 'chair' AS word) AS q
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH 'a ' || q.word LIMIT 1) AS r (label);
--> chair | 4

-- WHERE inside is a pre-filter, QUALIFY looks at the ranking, ORDER BY and OFFSET are each row's own.
SELECT n, r.* FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text WHERE kind = 'furniture' LIMIT 1) AS r;
--> 1 | 3 | 1
--> 2 | 4 | 1

SELECT n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text QUALIFY rank > 1 ORDER BY id DESC LIMIT 2 OFFSET 1) AS r;
--> 1 | 3
--> 1 | 1
--> 2 | 2
--> 2 | 1

-- OFFSET and the ranks of stages without anything to read of a label, and the same with its title.
SELECT n, r.id, r.rank, r.k FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, rank, exact.rank AS k FROM t SEARCH q.text VIA ENCODE(m) THEN SHORTLIST(i, limit => 4) AS exact
                      LIMIT 2 OFFSET 1) AS r;
--> 1 | 1 | 2 | 2
--> 1 | 3 | 3 | 3
--> 2 | 3 | 2 | 2
--> 2 | 1 | 3 | 3

SELECT n, r.id, r.rank, r.k, r.title FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, rank, exact.rank AS k, title FROM t SEARCH q.text VIA ENCODE(m) THEN SHORTLIST(i, limit => 4) AS exact
                      LIMIT 2 OFFSET 1) AS r;
--> 1 | 1 | 2 | 2 | red running shoe
--> 1 | 3 | 3 | 3 | garden chair of oak
--> 2 | 3 | 2 | 2 | garden chair of oak
--> 2 | 1 | 3 | 3 | red running shoe

-- An OFFSET behind the last label leaves nothing.
SELECT n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 2 OFFSET 9) AS r;
--= no rows

-- WHERE outside sees both sides.
SELECT n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text LIMIT 3) AS r WHERE q.n + r.rank = 3;
--> 1 | 1
--> 2 | 4

-- Aggregates, order and limit outside go over the rows of all searches.
SELECT r.id, count(*) FROM (VALUES ('a boot'), ('a desk'), ('a shoe')) AS q (text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 2) AS r GROUP BY r.id ORDER BY 1;
--> 1 | 2
--> 2 | 2
--> 3 | 1
--> 4 | 1

-- They may need nothing of either side, or some of both in another order.
SELECT count(*) FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, score, title FROM t SEARCH q.text LIMIT 2) AS r;
--> 4

SELECT r.title, sum(r.id + q.n), max(q.text) FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT score, title, id FROM t SEARCH q.text LIMIT 3) AS r GROUP BY r.title ORDER BY 1;
--> garden chair of oak | 9 | a desk
--> red running shoe | 5 | a desk
--> standing desk | 6 | a desk
--> waterproof hiking boot | 3 | a boot

SELECT q.n, count(r.title), min(r.rank) FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, rank, title FROM t SEARCH q.text LIMIT 3) AS r
  WHERE r.rank > q.n GROUP BY q.n HAVING count(*) > 1;
--> 1 | 2 | 2

SELECT n, id FROM (VALUES (1, 'a boot'), (2, 'a desk'), (3, 'a shoe')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r ORDER BY n DESC LIMIT 2;
--> 3 | 1
--> 2 | 4

-- Without LIMIT a search gives ten rows.
SELECT n, count(*) FROM (VALUES (1, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text) AS r GROUP BY n;
--> 1 | 4
--# LATERAL: LIMIT 10 by default

-- Its rows can be a left side again, or a list.
SELECT s.text, u.id FROM (SELECT r.title AS text FROM (VALUES ('a boot')) AS q (text)
    CROSS JOIN LATERAL (SELECT title FROM t SEARCH q.text LIMIT 2) AS r) AS s
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH s.text LIMIT 1) AS u;
--> waterproof hiking boot | 2
--> red running shoe | 1

SELECT id FROM t WHERE id IN (SELECT r.id FROM (VALUES ('a boot')) AS q (text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 2) AS r);
--> 1
--> 2

-- No rows on the left, none at all.
SELECT n, r.id FROM (SELECT 1 AS n, 'x' AS text WHERE false) AS q
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 2) AS r;
--= no rows

SELECT n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text WHERE false LIMIT 2) AS r;
--= no rows

SELECT n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 0) AS r;
--= no rows
