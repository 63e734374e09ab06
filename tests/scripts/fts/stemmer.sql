-- Stems: forms of a word are one word.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, other TEXT);

INSERT INTO t VALUES (1, 'running shoes', 'laufen'), (2, 'the runner', 'gelaufen'), (3, 'he runs', 'Häuser');
--= 3 changed

CREATE INDEX f ON t USING fts (title) WITH (stemmer = 'english');

CREATE INDEX g ON t USING fts (other) WITH (stemmer = 'german');

SELECT id FROM t SEARCH 'run' VIA MATCH(title) ORDER BY id LIMIT 5;
--> 1
--> 3

SELECT id FROM t SEARCH 'shoe' VIA MATCH(title) LIMIT 5;
--> 1

SELECT id FROM t SEARCH 'Haus' VIA MATCH(other) LIMIT 5;
--> 3

SELECT id, f.rank FROM t SEARCH 'runs Haus' VIA FUSE RRF (MATCH(title) AS f, MATCH(other) AS g) LIMIT 1;
--> 3 | 2
