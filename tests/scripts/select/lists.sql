-- Arrays: literals, NULL elements, membership, comparison.

SELECT [1, 2, 3], ARRAY['a', 'b'], [1, NULL], length([1, NULL]);
--> [1, 2, 3] | [a, b] | [1, NULL] | 2

SELECT array_contains([1, 2], 2), array_contains([1, 2], 5), array_contains(['a'], 'a'), array_contains([1, NULL], 3);
--> true | false | true | false

SELECT [1, 2] = [1, 2], [1, 2] < [1, 3], [1] < [1, 0];
--> true | true | true

-- Elements have one type.
SELECT [1, 2.5];
--> [1.0, 2.5]

SELECT [1, 'a'];
--! error[Q0301]: a list has values of types BIGINT and TEXT
--!   1 | SELECT [1, 'a']
--!     |        ^^^^^^^^ help: add a CAST to one of them

SELECT array_contains('abc', 'a');
--! error[Q0301]: array_contains takes an array, not TEXT
--!   1 | SELECT array_contains('abc', 'a')
--!     |        ^^^^^^^^^^^^^^^^^^^^^^^^^^ help: give an array first
