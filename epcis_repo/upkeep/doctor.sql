-- select_server --
-- What a PostgreSQL server is and how busy it is, and the size of the database in bytes.
SELECT current_setting('server_version_num')::integer,
       current_setting('server_version'),
       current_setting('data_checksums'),
       current_setting('max_connections')::integer,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint

-- select_guards_sqlite --
-- Each table, twice, and a trigger of it, if it has one.
SELECT tables.name, tables.name, triggers.name
  FROM sqlite_master AS tables
  LEFT JOIN sqlite_master AS triggers
         ON triggers.type = 'trigger' AND triggers.tbl_name = tables.name
 WHERE tables.type = 'table'

-- select_guards_postgresql --
-- Each table, the one that it is a year of or itself, and a trigger of it that is at work, if it
-- has one.
SELECT c.relname::text, coalesce(whole.relname, c.relname)::text, t.tgname::text
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  LEFT JOIN pg_class whole ON whole.oid = i.inhparent
  LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
