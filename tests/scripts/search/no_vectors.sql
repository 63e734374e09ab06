-- A table without vectors cannot be searched.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT);

SELECT id FROM t SEARCH 'x';
--! error[Q0321]: table `t` has no VECTOR column to search
--!   1 | SELECT id FROM t SEARCH 'x'
--!     |                  ^^^^^^^^^^ help: make one: z VECTOR(n) GENERATED ALWAYS AS (normalize(encode(model, text))) STORED

SELECT score FROM t;
--! error[Q0308]: there is no search here that gives a `score`
--!   1 | SELECT score FROM t
--!     |        ^^^^^ help: scores come from FROM table SEARCH 'text'

SELECT id FROM t SEARCH [1, 0] VIA EXACT;
--! error[Q0321]: table `t` has no VECTOR column to search
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA EXACT
--!     |                                    ^^^^^ help: make one: z VECTOR(n) GENERATED ALWAYS AS (normalize(encode(model, text))) STORED
