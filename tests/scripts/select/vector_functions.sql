-- Functions over vectors; lists of numbers are taken as vectors.

SELECT inner_product([1, 2, 3], [4, 5, 6]), cosine([1, 0], [1, 1]), l2([0, 0], [3, 4]);
--> 32.0 | 0.707107 | 5.0

SELECT normalize([3, 4]), length([1, 2, 3]), cosine([1, 2], [2, 4]);
--> [0.6, 0.8] | 3 | 1.0

SELECT inner_product([1, 2], [1, 2, 3]);
--! error[V0001]: inner_product of vectors with 2 and 3 elements: both need the same number

SELECT normalize([0, 0]);
--! error[V0001]: normalize(zero vector) is not defined: a zero vector has no direction; leave such rows out

SELECT cosine([0, 0], [1, 1]);
--! error[V0001]: cosine(zero vector) is not defined: a zero vector has no direction; leave such rows out
