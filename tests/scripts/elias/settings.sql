-- search.beam is the beam of a PROBE that does not say.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, normalize([9, 1])), (3, [0, 1]), (4, normalize([1, 9]));
--= 4 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

SELECT count(*) FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 4);
--> 4

SET search.beam = 1;

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 4) LIMIT 2;
--> project  id
--> `- limit 2 offset 0
-->    `- search t  k=2  the stages of the statement
-->       +- probe e  beam 1
-->       +- shortlist path scores  limit 4
-->       `- rank  score desc, primary key

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 4) LIMIT 2;
--> 1
--> 2

RESET search.beam;

SHOW search.beam;
--> 20
