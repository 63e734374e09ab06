-- A statement may be given a limit of time; 0 is none.

SET statement_timeout_ms = 600000;

SELECT 1;

SHOW statement_timeout_ms;

SET statement_timeout_ms = -1;
