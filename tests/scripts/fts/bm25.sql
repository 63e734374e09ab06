-- MATCH ranks labels by BM25: rare words weigh more, short texts win over long ones, and only labels that have a
-- word of the query are found.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT);

INSERT INTO t VALUES (1, 'red apple'), (2, 'green apple'), (3, 'red car'), (4, 'a very long text about one apple tree'),
                     (5, 'Apple, apple: APPLE'), (6, NULL), (7, ''), (8, 'Crème brûlée');
--= 8 changed

CREATE INDEX f ON t USING fts (title);

SELECT id, title, score, rank FROM t SEARCH 'red apple' VIA MATCH(title) LIMIT 10;
--> 1 | red apple | 1.94826 | 1
--> 3 | red car | 1.30348 | 2
--> 5 | Apple, apple: APPLE | 0.884199 | 3
--> 2 | green apple | 0.644778 | 4
--> 4 | a very long text about one apple tree | 0.320243 | 5

-- The formula by hand: 7 texts (NULL is none) of 19 words, of which 4 have the word. Label 1 has 2 words.
SELECT round(ln(1 + (7 - 4 + 0.5) / (4 + 0.5)) * 1 * 2.2 / (1 + 1.2 * (1 - 0.75 + 0.75 * 2 / (19 / 7.0))), 9) = round(score, 9) AS same
FROM t SEARCH 'apple' VIA MATCH(title) WHERE id = 1;
--> true
--# LIMIT 10 by default

-- Words are compared without case and accents.
SELECT id FROM t SEARCH 'CREME' VIA MATCH(title) LIMIT 10;
--> 8

-- A word twice counts twice.
SELECT q.word, a.id, round(a.score, 6) FROM (VALUES ('car'), ('car car')) AS q (word)
CROSS JOIN LATERAL (SELECT id, score FROM t SEARCH q.word VIA MATCH(title) LIMIT 1) AS a;
--> car | 3 | 1.87593
--> car car | 3 | 3.75186

-- Nothing to find.
SELECT id FROM t SEARCH 'zebra' VIA MATCH(title) LIMIT 10;
--= no rows

SELECT id FROM t SEARCH '...' VIA MATCH(title) LIMIT 10;
--= no rows

-- The text of MATCH may be another than that of SEARCH, and may be computed.
SELECT id, score > 0 FROM t SEARCH 'apple' VIA MATCH(title, 'CAR') LIMIT 10;
--> 3 | true

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, lower('BRUL') || 'EE', limit => 3) AS words WHERE id > 2 LIMIT 3;
--> 8

-- The limit of the stage is the most that comes.
SELECT id FROM t SEARCH 'apple' VIA MATCH(title, limit => 2);
--> 5
--> 1
--# LIMIT 2 by default

-- Other constants: with b = 0 lengths do not matter, with k1 = 0 only which words there are.
DROP INDEX f;

CREATE INDEX f ON t USING fts (title) WITH (k1 = 0, b = 0);

SELECT id, score FROM t SEARCH 'apple apple' VIA MATCH(title) LIMIT 10;
--> 1 | 1.15073
--> 2 | 1.15073
--> 4 | 1.15073
--> 5 | 1.15073

--@ only as-written: what a generation covers differs
SHOW INDEXES;
--> f | t | fts | title | b = 0, k1 = 0, stemmer = none | 8 | 8 | 0
