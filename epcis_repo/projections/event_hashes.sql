-- schema --
CREATE TABLE IF NOT EXISTS event_hash (
    part         integer NOT NULL,
    position     bigint  NOT NULL,
    record_time  bigint  NOT NULL,
    hash         bigint  NOT NULL,
    CONSTRAINT event_hash_key PRIMARY KEY (part, position)
) /* clustered */ /* each year of record_time */;

-- Hashes are random. Each stretch of the log has its own, so what is added goes to a part of the
-- index that stays in memory, however long the log is. Who asks looks into each.
CREATE INDEX IF NOT EXISTS event_hash_hash ON event_hash (part, (position >> 18), hash);

-- select_last_hashed --
-- How far the log has been gone through.
SELECT position FROM event_hash WHERE part = $1 AND position > 0
ORDER BY position DESC LIMIT 1

-- select_with_hash --
-- Where events may stand that have a hash which begins so, in these stretches of the log.
SELECT position FROM event_hash
 WHERE part = $1 AND (position >> 18) = any($2) AND hash = $3
