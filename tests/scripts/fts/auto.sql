-- SEARCH without VIA on a table without vectors takes its fts index.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, other TEXT);

INSERT INTO t VALUES (1, 'red apple', 'a'), (2, 'green apple', 'b'), (3, 'blue sea', 'apple');
--= 3 changed

CREATE INDEX f ON t USING fts (title);

SELECT id, title, round(score, 6), rank FROM t SEARCH 'green apple' LIMIT 10;
--> 2 | green apple | 1.45083 | 1
--> 1 | red apple | 0.470004 | 2

SELECT id FROM t SEARCH 'apple' WHERE other = 'b';
--> 2
--# LIMIT 10 by default

--@ only as-written: plans tell how something is done
EXPLAIN SELECT id FROM t SEARCH 'apple' LIMIT 2;
--> project  id
--> `- limit 2 offset 0
-->    `- search t  k=2  no vectors: index f on column title
-->       +- match title  f, bm25, limit 2
-->       `- rank  score desc, primary key

--@ only as-written: plans tell how something is done
EXPLAIN SELECT id FROM t SEARCH 'apple' VIA MATCH(title, 'apple', limit => 7) AS words LIMIT 2;
--> project  id
--> `- limit 2 offset 0
-->    `- search t  k=2  the stages of the statement
-->       +- match title as words  f, bm25, limit 7
-->       `- rank  score desc, primary key
