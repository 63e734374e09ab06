-- Functions over numbers.

SELECT abs(-3), abs(-2.5), round(2.5), round(-2.5), round(2.345, 2), round(1234, -2);
--> 3 | 2.5 | 3.0 | -3.0 | 2.35 | 1200

SELECT floor(1.5), ceil(1.5), floor(-1.5), sqrt(16), power(2, 10);
--> 1.0 | 2.0 | -2.0 | 4.0 | 1024.0

SELECT exp(0), ln(1), round(exp(1), 5), greatest(1, 5, 3), least(4.5, 2);
--> 1.0 | 0.0 | 2.71828 | 5 | 2.0

-- The post-processors of extreme classification: l3_hinge(v) = exp(-max(0, 1 - v)^3).
SELECT sigmoid(0), round(sigmoid(2), 6), sigmoid(-1000), sigmoid(1000), l3_hinge(1), round(l3_hinge(0), 6), l3_hinge(5);
--> 0.5 | 0.880797 | 0.0 | 1.0 | 1.0 | 0.367879 | 1.0

SELECT ln(0);
--! error[V0001]: ln(0.0) is not defined: its argument must be more than 0; try ln(greatest(x, 1e-9))

SELECT sqrt(-1);
--! error[V0001]: sqrt(-1.0) is not defined: its argument must be 0 or more

SELECT abs(-9223372036854775808);
--! error[V0001]: the result of abs(-9223372036854775808) is out of range: cast the operand to DOUBLE
