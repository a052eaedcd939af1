-- select_tables --
-- The tables that are kept in years.
SELECT c.relname::text FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
 WHERE c.relnamespace = current_schema()::regnamespace ORDER BY 1

-- select_column --
-- By which column a table is kept in years; nothing for one that is not.
SELECT a.attname::text
  FROM pg_partitioned_table p
  JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
 WHERE p.partrelid = to_regclass($1)

-- select_years --
-- The tables that have a year each of another.
SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = to_regclass($1)

-- select_options --
-- How a table is to be looked after, which those that are made like it do not get by that.
SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = to_regclass($1)

-- select_triggers --
-- What guards a table against whole statements, in the words that make it.
SELECT pg_get_triggerdef(oid, true) FROM pg_trigger
 WHERE tgrelid = to_regclass($1) AND NOT tgisinternal AND tgtype & 1 = 0

-- select_indexes --
-- The indexes that every year of a table has, in the words that make them.
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = to_regclass($1)

-- take_years_lock --
-- Have nobody else make a year until this transaction ends.
SELECT pg_advisory_xact_lock($1)

-- select_this_year --
-- The year that it is, where record times come from no other clock.
SELECT extract(year FROM now() AT TIME ZONE 'UTC')::integer
