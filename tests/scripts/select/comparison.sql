-- Comparison of numbers of different types, of texts by code point, of booleans and timestamps.

SELECT 1 = 1.0, 1 < 1.5, 2 >= 2.0, 1 <> 1;
--> true | true | true | false

-- A BIGINT is compared exactly with a DOUBLE, not rounded to one first.
SELECT 9007199254740993 = 9007199254740992.0, 9007199254740993 > 9007199254740992.0;
--> false | true

SELECT 'a' < 'b', 'B' < 'a', 'abc' = 'abc', 'a' < 'aa';
--> true | true | true | true

SELECT FALSE < TRUE, TIMESTAMP '2024-01-01' < TIMESTAMP '2024-01-02';
--> true | true

-- A text beside a timestamp is read as one.
SELECT TIMESTAMP '2024-01-01' = '2024-01-01 00:00:00';
--> true

SELECT 'a' = 1;
--! error[Q0301]: `=` cannot compare TEXT with BIGINT
--!   1 | SELECT 'a' = 1
--!     |        ^^^^^^^ help: write numbers without quotes, or add a CAST
