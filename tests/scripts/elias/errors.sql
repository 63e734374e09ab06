-- Chains that cannot work, and options that do not exist.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE INDEX f ON t USING flat (z);

CREATE CLASSIFIER c ON t;

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN RERANK(c);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(f) THEN SHORTLIST(limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(e, limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(f, limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beem => 3) THEN SHORTLIST(limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 0) THEN SHORTLIST(limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 5) THEN SHORTLIST(limit => 2);

CREATE INDEX g ON t USING elias (c);

CREATE INDEX g ON t USING elias (z) WITH (clusters = 0);

CREATE INDEX g ON t USING elias (z) WITH (clusters = 100);
