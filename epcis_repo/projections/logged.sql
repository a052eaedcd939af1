-- select_declared --
-- Which of these eventIDs have been declared in error, as far as a position.
SELECT event_id FROM event_index
WHERE part = $1 AND event_id = any($2) AND declares_error = 1 AND position <= $3

-- select_identified --
-- Events by identity, as far as a position.
SELECT position, record_time, type, event_id, data FROM events
WHERE part = $1 AND event_id = any($2) AND position <= $3

-- select_positions --
-- Where the events stand that name one of these keys, as far as a position.
SELECT DISTINCT position FROM event_tag
WHERE part = $1 AND tag = any($2) AND position <= $3
ORDER BY position

-- select_events --
-- Events by position, of these types.
SELECT position, record_time, type, event_id, data FROM events
WHERE part = $1 AND position = any($2) AND type = any($3)
