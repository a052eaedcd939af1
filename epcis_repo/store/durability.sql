-- select_sqlite --
-- What decides whether a commit is kept, and the version of SQLite itself.
SELECT 'sqlite_version', sqlite_version()
UNION ALL SELECT 'journal_mode', journal_mode FROM pragma_journal_mode
UNION ALL SELECT 'synchronous', CAST(synchronous AS text) FROM pragma_synchronous

-- select_postgresql --
-- What decides whether a commit is kept.
SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')
