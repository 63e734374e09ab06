-- Arrays: literals, NULL elements, membership, comparison.

SELECT [1, 2, 3], ARRAY['a', 'b'], [1, NULL], length([1, NULL]);

SELECT array_contains([1, 2], 2), array_contains([1, 2], 5), array_contains(['a'], 'a'), array_contains([1, NULL], 3);

SELECT [1, 2] = [1, 2], [1, 2] < [1, 3], [1] < [1, 0];

-- Elements have one type.
SELECT [1, 2.5];

SELECT [1, 'a'];

SELECT array_contains('abc', 'a');
