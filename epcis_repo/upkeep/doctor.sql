-- select_server --
-- What a PostgreSQL server is and how busy it is, and the size of the database in bytes.
SELECT current_setting('server_version_num')::integer,
       current_setting('server_version'),
       current_setting('data_checksums'),
       current_setting('max_connections')::integer,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
