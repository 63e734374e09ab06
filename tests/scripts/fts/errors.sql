-- What MATCH and its index refuse.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, n BIGINT, z VECTOR(2));

INSERT INTO t VALUES (1, 'red apple', 3, [1, 0]);
--= 1 changed

SELECT id FROM t SEARCH 'apple' VIA MATCH(title) LIMIT 1;
--! error[Q0318]: column `title` has no fts index
--!   1 | ...LECT id FROM t SEARCH 'apple' VIA MATCH(title) LIMIT 1
--!     |                                            ^^^^^ help: CREATE INDEX name ON t USING fts (title)

SELECT id FROM t SEARCH 'apple' VIA MATCH(titel) LIMIT 1;
--! error[Q0207]: table `t` has no column `titel`
--!   1 | ...LECT id FROM t SEARCH 'apple' VIA MATCH(titel) LIMIT 1
--!     |                                            ^^^^^ help: did you mean `title`?

SELECT id FROM t SEARCH 'apple' VIA MATCH(n) LIMIT 1;
--! error[Q0301]: column `n` is a BIGINT, and MATCH looks for words
--!   1 | ...LECT id FROM t SEARCH 'apple' VIA MATCH(n) LIMIT 1
--!     |                                            ^ help: name a TEXT column that has an index USING fts

CREATE INDEX f ON t USING fts (n);
--! error[Q0301]: column `n` is a BIGINT; an fts index holds words
--!   1 | CREATE INDEX f ON t USING fts (n)
--!     |                                ^ help: name a TEXT column; for vectors write USING ann

CREATE INDEX f ON t USING fts (z);
--! error[Q0301]: column `z` is a VECTOR(2); an fts index holds words
--!   1 | CREATE INDEX f ON t USING fts (z)
--!     |                                ^ help: name a TEXT column; for vectors write USING ann

CREATE INDEX f ON t USING fts (titel);
--! error[Q0207]: table `t` has no column `titel`
--!   1 | CREATE INDEX f ON t USING fts (titel)
--!     |                                ^^^^^ help: did you mean `title`?

CREATE INDEX f ON t USING ann (title);
--! error[Q0301]: column `title` is a TEXT; an index orders vectors
--!   1 | CREATE INDEX f ON t USING ann (title)
--!     |                                ^^^^^ help: name a VECTOR column, or a classifier of the table

CREATE INDEX f ON t USING fts (title) WITH (stemmer = 'klingon');
--! error[V0001]: option stemmer of CREATE INDEX cannot be klingon
--!   help: it takes one of none, arabic, danish, dutch, english, finnish, french, german, greek, hungarian, italian, norwegian, portuguese, romanian, russian, spanish, swedish, tamil, turkish

CREATE INDEX f ON t USING fts (title) WITH (b = 2);
--! error[V0001]: option b of CREATE INDEX cannot be 2
--!   help: it takes a number from 0 to 1

CREATE INDEX f ON t USING fts (title) WITH (k1 = -1);
--! error[V0001]: option k1 of CREATE INDEX cannot be -1
--!   help: it takes a number from 0 to 1000

CREATE INDEX f ON t USING fts (title) WITH (k2 = 1);
--! error[V0001]: CREATE INDEX has no option k2
--!   help: did you mean k1?

CREATE INDEX f ON t USING fts (title);

CREATE INDEX g ON t USING fts (title);
--! error[V0001]: column title has the fts index f already
--!   help: DROP INDEX f first

SELECT id FROM t SEARCH [1, 0] VIA MATCH(title) LIMIT 1;
--! error[Q0309]: stage `match` looks for a text, and SEARCH brings a vector alone
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA MATCH(title) LIMIT 1
--!     |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: write SEARCH (TEXT => ..., VECTOR => ...), or MATCH(column, 'text')

SELECT id FROM t SEARCH [1, 0] VIA MATCH(title, 'apple') LIMIT 1;
--> 1

SELECT id FROM t SEARCH [1, 0] VIA MATCH(title, 'apple') THEN RERANK(z, limit => 3) LIMIT 1;
--> 1

SELECT id FROM t SEARCH 'apple' VIA MATCH(title) THEN RERANK(z) LIMIT 1;
--! error[Q0309]: nothing before `rerank` turns the text into a vector
--!   1 | ... t SEARCH 'apple' VIA MATCH(title) THEN RERANK(z) LIMIT 1
--!     |                                            ^^^^^^^^^ help: start with ENCODE(model) THEN ..., or give SEARCH (TEXT => ..., VECTOR => ...)

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, 5) LIMIT 1;
--! error[Q0301]: MATCH looks for a TEXT, not BIGINT
--!   1 | ... FROM t SEARCH 'apple' VIA MATCH(title, 5) LIMIT 1
--!     |                                            ^

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, NULL) LIMIT 1;
--! error[V0001]: the text of MATCH is NULL
--!   help: give it a TEXT

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, title) LIMIT 1;
--! error[Q0207]: unknown column `title`
--!   1 | ... FROM t SEARCH 'apple' VIA MATCH(title, title) LIMIT 1
--!     |                                            ^^^^^ help: leave the text out: MATCH then takes that of SEARCH, which may name columns

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, limit => 0) LIMIT 1;
--! error[Q0313]: limit => 0 is not a whole number from 1 on
--!   1 | ...EARCH 'apple' VIA MATCH(title, limit => 0) LIMIT 1
--!     |                                            ^

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, effort => 3) LIMIT 1;
--! error[Q0211]: MATCH has no option `effort`
--!   1 | ... FROM t SEARCH 'apple' VIA MATCH(title, effort => 3) LIMIT 1
--!     |                                            ^^^^^^ help: known: `limit`

SELECT id FROM t SEARCH 'apple' VIA MATCH() LIMIT 1;
--! error[Q0106]: expected the name of a text column, found `)`
--!   1 | ...LECT id FROM t SEARCH 'apple' VIA MATCH() LIMIT 1
--!     |                                            ^

SELECT id FROM t SEARCH 'apple' VIA MATCH(title, limit => 3) LIMIT 4;
--! error[Q0311]: 4 rows are asked for, but stage `match` keeps 3
--!   1 | ...ple' VIA MATCH(title, limit => 3) LIMIT 4
--!     |                                            ^ help: raise the stage's limit to >= 4, or lower the LIMIT

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(f, limit => 3) LIMIT 1;
--! error[Q0318]: SHORTLIST needs an index of vectors, and `f` has words
--!   1 | ...T id FROM t SEARCH [1, 0] VIA SHORTLIST(f, limit => 3) LIMIT 1
--!     |                                            ^ help: write MATCH(title, limit => n)

SELECT id FROM t SEARCH [1, 0] VIA PROBE(f) THEN SHORTLIST(limit => 3) LIMIT 1;
--! error[Q0318]: PROBE needs an index of vectors, and `f` has words
--!   1 | ...ELECT id FROM t SEARCH [1, 0] VIA PROBE(f) THEN SHORTLIST(limit => 3) LIMIT 1
--!     |                                            ^ help: write MATCH(title, limit => n)

SELECT id FROM t SEARCH [1, 0] VIA EXACT THEN MATCH(title) LIMIT 1;
--! error[Q0106]: expected the end of the statement, found `THEN`
--!   1 | ...ELECT id FROM t SEARCH [1, 0] VIA EXACT THEN MATCH(title) LIMIT 1
--!     |                                            ^^^^

SELECT id FROM t SEARCH 'apple' VIA MATCH(title) THEN MATCH(title) AS second LIMIT 1;
--! error[Q0309]: MATCH must come first, or right behind ENCODE
--!   1 | ... t SEARCH 'apple' VIA MATCH(title) THEN MATCH(title) AS second LIMIT 1
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^^ help: to order labels that were found before, use RERANK; to join two lists, FUSE

SELECT id FROM t SEARCH 'apple' LIMIT 1;
--! error[Q0321]: column `z` is not computed by a model, so a text cannot be compared with it
--!   1 | SELECT id FROM t SEARCH 'apple' LIMIT 1
--!     |                  ^^^^^^^^^^^^^^ help: give a vector, SEARCH (VECTOR => ...), or name a model, VIA ENCODE(model) THEN ...

CREATE TABLE words (id BIGINT PRIMARY KEY, title TEXT, other TEXT);

SELECT id FROM words SEARCH 'apple' LIMIT 1;
--! error[Q0321]: table `words` has no VECTOR column to search
--!   1 | SELECT id FROM words SEARCH 'apple' LIMIT 1
--!     |                      ^^^^^^^^^^^^^^ help: make one: z VECTOR(n) GENERATED ALWAYS AS (normalize(encode(model, text))) STORED

CREATE INDEX w ON words USING fts (title);

CREATE INDEX v ON words USING fts (other);

SELECT id FROM words SEARCH 'apple' LIMIT 1;
--! error[Q0321]: table `words` has several fts indexes: on `title`, `other`
--!   1 | SELECT id FROM words SEARCH 'apple' LIMIT 1
--!     |                      ^^^^^^^^^^^^^^ help: say which: VIA MATCH(column), or join them with FUSE

SELECT id FROM words SEARCH [1, 2] LIMIT 1;
--! error[Q0321]: table `words` has no VECTOR column to search
--!   1 | SELECT id FROM words SEARCH [1, 2] LIMIT 1
--!     |                      ^^^^^^^^^^^^^ help: make one: z VECTOR(n) GENERATED ALWAYS AS (normalize(encode(model, text))) STORED

TRAIN INDEX f FROM (SELECT title AS text, [id] AS labels FROM t);
--! error[V0001]: index f is fts: it has nothing to learn
--!   help: TRAIN INDEX takes an elias index; REINDEX builds the others again

COPY INDEX f TO '${tmp}/f.npz';
--! error[Q0112]: COPY INDEX is not part of this version of the language
--!   help: CREATE INDEX builds it from the vectors, REINDEX again

DROP TABLE words;

--@ only as-written: what a generation covers differs
SHOW INDEXES;
--> f | t | fts | title | b = 0.75, k1 = 1.2, stemmer = none | 8 | 1 | 0
