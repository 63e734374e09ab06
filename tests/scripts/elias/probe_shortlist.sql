-- PROBE takes clusters, SHORTLIST their labels: a beam over all clusters reaches every label.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, normalize([9, 1])), (3, [0, 1]), (4, normalize([1, 9]));
--= 4 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

-- Two clusters of two labels: s_c = min(1, 10 * softmax) is 1 for the near one, and about 0 for the other.
SELECT id, score, probe.score, probe.rank, shortlist.score, shortlist.rank
FROM t SEARCH [1, 0] VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4) LIMIT 2;
--> 1 | 1.0 | 1.0 | 1 | 1.0 | 1
--> 2 | 1.0 | 1.0 | 1 | 1.0 | 2

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4);
--> 1
--> 2
--> 3
--> 4
--# LIMIT 4 by default

SELECT id FROM t SEARCH [0, 1] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 2);
--> 3
--> 4
--# LIMIT 2 by default

SELECT id, probe.score > 0, probe.score < 0.0001, probe.rank FROM t SEARCH [0, 1]
VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4) QUALIFY shortlist.rank > 2;
--> 1 | true | true | 2
--> 2 | true | true | 2
--# LIMIT 4 by default
