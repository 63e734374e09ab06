-- A statement may be given a limit of time; 0 is none.

SET statement_timeout_ms = 600000;

SELECT 1;
--> 1

SHOW statement_timeout_ms;
--> 600000

SET statement_timeout_ms = -1;
--! error[V0001]: statement_timeout_ms cannot be -1
--!   help: it takes a whole number from 0 to 9223372036854775807
