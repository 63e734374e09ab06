-- A beam that reaches too few labels is widened until the rows owed are there.
--@ skip no-rules: how many rows are owed is known from the LIMIT that the optimiser pushes down

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'x', [1, 0]), (2, 'x', normalize([9, 1])), (3, 'y', [0, 1]), (4, 'y', normalize([1, 9])),
  (5, 'y', [-1, 0]), (6, 'y', normalize([-9, 1])), (7, 'y', [0, -1]), (8, 'y', normalize([1, -9]));
--= 8 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 4);

-- One cluster holds two labels, and three are asked for.
SELECT count(*) FROM (SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 8) LIMIT 3) AS s;
--> 3

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 8) LIMIT 2;
--> 1
--> 8

-- The cluster of the query holds nothing of the kind.
SELECT count(*) FROM (SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 8)
                      WHERE kind = 'y' LIMIT 2) AS s;
--> 2

SELECT count(*) FROM (SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 8)
                      WHERE kind = 'y' LIMIT 8) AS s;
--> 6
