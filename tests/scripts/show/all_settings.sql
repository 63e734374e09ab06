-- Every setting with its value, default and meaning.

--@ columns
--@ only as-written: the other ways are settings
SHOW SETTINGS;
--: name | value | default | meaning
--> auto_pack | true | true | pack the newest labels into a generation in the background when a tail grows long
--> encode_cache_entries | 10000 | 10000 | texts whose embeddings are kept in memory, per model
--> memory_limit | 0 | 0 | bytes that a training may hold, as 4000000000 or '4GB'; 0 for no limit of the engine's own
--> optimizer.disabled | '' | '' | optimiser rules that are not applied; every answer stays the same
--> search.beam | 20 | 20 | clusters that PROBE keeps where it does not say
--> search.effort | 0 | 0 | search effort of ann and faiss indexes where SHORTLIST does not say; 0 leaves it to the index
--> search.exact_rows | 2000 | 2000 | tables up to this many labels are searched exactly where SEARCH has no VIA
--> search.use_generations | true | true | off: answer from the store alone, as if every generation had been deleted
--> statement_timeout_ms | 0 | 0 | a statement that runs longer is ended; 0 for no limit
--> tail_rows_max | 16384 | 16384 | labels newer than a generation that start packing when auto_pack is on
--> training_cache_mib | 8192 | 8192 | MiB of encoded training texts that are kept in the database's directory for the next training
