-- schema --
-- Which migrations a database has had. The one table that is not migrated itself.
CREATE TABLE IF NOT EXISTS schema_version (
    name       text    NOT NULL COLLATE "C",
    number     integer NOT NULL,
    migration  text    NOT NULL,
    checksum   text    NOT NULL,
    tables     text    NOT NULL,
    program    text    NOT NULL,
    CONSTRAINT schema_version_key PRIMARY KEY (name, number)
);

-- select_versions --
-- What the database has had.
SELECT name, number, migration, checksum, tables, program FROM schema_version
ORDER BY name, number

-- insert_version --
-- A migration was run.
INSERT INTO schema_version (name, number, migration, checksum, tables, program)
VALUES ($1, $2, $3, $4, $5, $6)

-- delete_versions --
-- A read model is made anew.
DELETE FROM schema_version WHERE name = $1

-- select_parts --
-- All logs that the database holds.
SELECT part FROM log_head ORDER BY part

-- select_any_events --
-- Whether any part of the log has events.
SELECT 1 FROM log_head WHERE head > 0 LIMIT 1
