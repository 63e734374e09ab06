-- A table without vectors cannot be searched.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT);

SELECT id FROM t SEARCH 'x';

SELECT score FROM t;

SELECT id FROM t SEARCH [1, 0] VIA EXACT;
