-- LIKE and ILIKE: % any run, _ one character, backslash takes the next one literally.

SELECT 'shoes' LIKE 'sho%', 'shoes' LIKE '_hoe_', 'shoes' LIKE 'shoe', 'shoes' LIKE '%e%';

SELECT 'Shoes' LIKE 'shoes', 'Shoes' ILIKE 'shoes', 'a' NOT LIKE 'b%', 'a' NOT ILIKE 'A';

SELECT '50%' LIKE '50\%', '500' LIKE '50\%', 'a_b' LIKE 'a\_b', 'axb' LIKE 'a\_b';

SELECT '' LIKE '', '' LIKE '%', 'a' LIKE '', NULL LIKE '%';

SELECT 'a' LIKE 'a\';
