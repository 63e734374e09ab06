-- Rules can be switched off by name; the rows stay the same.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT);

INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'a');
--= 3 changed

EXPLAIN SELECT id FROM (SELECT id, kind FROM t) AS s WHERE s.kind = 'a' LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- scan t  in primary-key order, filter kind = 'a'

SELECT id FROM (SELECT id, kind FROM t) AS s WHERE s.kind = 'a' LIMIT 1;
--> 1

SET optimizer.disabled = 'filter_pushdown, projection_merge';

EXPLAIN SELECT id FROM (SELECT id, kind FROM t) AS s WHERE s.kind = 'a' LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- filter kind = 'a'
-->       `- scan t  in primary-key order

SELECT id FROM (SELECT id, kind FROM t) AS s WHERE s.kind = 'a' LIMIT 1;
--> 1
