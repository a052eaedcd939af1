-- select_decided --
-- Where the log ends, and what was decided on years, of two types. Asked for it in order, SQLite would
-- go through the whole log; asked for a list of types, of any length, PostgreSQL would.
SELECT head AS position, '' AS type, CAST(NULL AS bytea) AS data FROM log_head WHERE part = $1
UNION ALL
SELECT position, type, data FROM events WHERE part = $1 AND type = $2
UNION ALL
SELECT position, type, data FROM events WHERE part = $1 AND type = $3

-- select_positions --
-- Where events are away, past a position up to another.
SELECT position FROM archived_event WHERE part = $1 AND position > $2 AND position <= $3

-- select_archived --
-- Where events of these identities stand that are away.
SELECT position FROM archived_event WHERE part = $1 AND event_id = any($2)

-- select_identities --
-- All that is away, past a position up to another, in order.
SELECT position, event_id FROM archived_event
WHERE part = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4

-- delete_archived --
-- What is here again, past a position up to another.
DELETE FROM archived_event WHERE part = $1 AND position > $2 AND position <= $3
