-- Functions over texts. Positions and lengths count characters, from 1.

SELECT lower('AbC'), upper('AbC'), length('abc'), trim('  a b '), length('');

SELECT substr('abcdef', 2), substr('abcdef', 2, 3), substr('abcdef', 0, 3), substr('abc', 9), substr('abc', 2, 0);

SELECT replace('banana', 'an', 'x'), replace('abc', '', 'x'), 'a' || 'b' || 'c', concat('a', 1, TRUE, NULL);

SELECT substr('abc', 1, -1);

SELECT lower(1);
