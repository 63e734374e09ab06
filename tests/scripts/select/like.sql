-- LIKE and ILIKE: % any run, _ one character, backslash takes the next one literally.

SELECT 'shoes' LIKE 'sho%', 'shoes' LIKE '_hoe_', 'shoes' LIKE 'shoe', 'shoes' LIKE '%e%';
--> true | true | false | true

SELECT 'Shoes' LIKE 'shoes', 'Shoes' ILIKE 'shoes', 'a' NOT LIKE 'b%', 'a' NOT ILIKE 'A';
--> false | true | true | false

SELECT '50%' LIKE '50\%', '500' LIKE '50\%', 'a_b' LIKE 'a\_b', 'axb' LIKE 'a\_b';
--> true | false | true | false

SELECT '' LIKE '', '' LIKE '%', 'a' LIKE '', NULL LIKE '%';
--> true | true | false | NULL

SELECT 'a' LIKE 'a\';
--! error[V0001]: the pattern 'a\' ends with a backslash: write \\ to match a backslash
