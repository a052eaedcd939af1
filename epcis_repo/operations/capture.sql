-- select_recorded --
-- Events of these identities that are recorded already.
SELECT event_id, data, position FROM events WHERE part = $1 AND event_id = any($2)

-- select_receipts --
-- The receipts of what came before, by document or key. What was submitted has its key, too.
SELECT type, data FROM events
 WHERE part = $1 AND position = any(array(SELECT position FROM tagged
                                           WHERE part = $1 AND tag = any($2)))

-- select_before --
-- The same, and what was decided since a position by a type of events: by the type, which the plus
-- tells SQLite, since there are few.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND position = any(array(SELECT position FROM tagged
                                           WHERE part = $1 AND tag = any($2)))
UNION ALL
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $3 AND +position > $4
