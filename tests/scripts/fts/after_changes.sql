-- Labels that come, change and go are found, or not, by the next statement, and the numbers of BM25 are those of the
-- labels that there are: the scores before and after REINDEX are the same.

CREATE TABLE t (id TEXT PRIMARY KEY, title TEXT, n BIGINT);

CREATE INDEX f ON t USING fts (title);

SELECT id FROM t SEARCH 'apple' VIA MATCH(title) LIMIT 5;
--= no rows

INSERT INTO t VALUES ('a', 'red apple', 1), ('b', 'green apple', 2), ('c', 'blue sea', 3);
--= 3 changed

SELECT id, score FROM t SEARCH 'apple' VIA MATCH(title) LIMIT 5;
--> a | 0.470004
--> b | 0.470004

REINDEX f;

INSERT INTO t VALUES ('d', 'apple', 4), ('e', 'apple pie with cream', 5);
--= 2 changed

UPDATE t SET title = 'yellow banana' WHERE id = 'b';
--= 1 changed

UPDATE t SET n = 10 WHERE id = 'a';
--= 1 changed

SELECT id, title, score FROM t SEARCH 'apple banana' VIA MATCH(title) LIMIT 5;
--> b | yellow banana | 1.43984
--> d | apple | 0.693815
--> a | red apple | 0.559816
--> e | apple pie with cream | 0.40383

DELETE FROM t WHERE id = 'd';
--= 1 changed

SELECT id, title, score FROM t SEARCH 'apple banana' VIA MATCH(title) LIMIT 5;
--> b | yellow banana | 1.31126
--> a | red apple | 0.754913
--> e | apple pie with cream | 0.556542

REINDEX f;

SELECT id, title, score FROM t SEARCH 'apple banana' VIA MATCH(title) LIMIT 5;
--> b | yellow banana | 1.31126
--> a | red apple | 0.754913
--> e | apple pie with cream | 0.556542

-- WHERE comes before the limit, and does not change scores.
SELECT id, title, score FROM t SEARCH 'apple banana' VIA MATCH(title, limit => 1) WHERE n < 10 LIMIT 1;
--> b | yellow banana | 1.31126

SELECT id, title, score FROM t SEARCH 'apple banana' VIA MATCH(title) WHERE id = 'e' LIMIT 5;
--> e | apple pie with cream | 0.556542

INSERT INTO t VALUES ('a', 'banana', 1) ON CONFLICT (id) DO UPDATE SET title = excluded.title;
--= 1 changed

SELECT id, title FROM t SEARCH 'apple banana' VIA MATCH(title) ORDER BY id LIMIT 5;
--> a | banana
--> b | yellow banana
--> e | apple pie with cream

DELETE FROM t WHERE n > 0;
--= 4 changed

SELECT id, title FROM t SEARCH 'apple banana' VIA MATCH(title) LIMIT 5;
--= no rows

REINDEX f;

SELECT id, title FROM t SEARCH 'apple banana' VIA MATCH(title) LIMIT 5;
--= no rows
