-- Every setting with its value, default and meaning.

--@ columns
--@ only as-written: the other ways are settings
SHOW SETTINGS;
