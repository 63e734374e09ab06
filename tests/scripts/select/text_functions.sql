-- Functions over texts. Positions and lengths count characters, from 1.

SELECT lower('AbC'), upper('AbC'), length('abc'), trim('  a b '), length('');
--> abc | ABC | 3 | a b | 0

SELECT substr('abcdef', 2), substr('abcdef', 2, 3), substr('abcdef', 0, 3), substr('abc', 9), substr('abc', 2, 0);
--> bcdef | bcd | ab | '' | ''

SELECT replace('banana', 'an', 'x'), replace('abc', '', 'x'), 'a' || 'b' || 'c', concat('a', 1, TRUE, NULL);
--> bxxa | abc | abc | a1true

SELECT substr('abc', 1, -1);
--! error[V0001]: substr(-1) is not defined: its third argument is a count of characters, at least 0

SELECT lower(1);
--! error[Q0301]: an argument of lower must be TEXT, not BIGINT
--!   1 | SELECT lower(1)
--!     |              ^ help: add a CAST, as in CAST(x AS TEXT)
