-- Comments, quotes inside texts and identifiers, and white space between tokens.

SELECT 'it''s', "column1" /* a comment */ FROM VALUES (1) -- to the end of the line
;
--> it's | 1

SELECT /* outer /* nested */ outer */ 1;
--> 1

SELECT	1
	,
	2;
--> 1 | 2

SELECT '--no comment', '/* nor this */';
--> --no comment | /* nor this */
