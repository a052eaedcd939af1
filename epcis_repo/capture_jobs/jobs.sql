-- select_beginnings --
-- What jobs begin with, of one kind: the newest before a position.
SELECT position, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND position < $3
 ORDER BY position DESC LIMIT $4

-- select_lives --
-- All that the log has of some jobs, in order.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND position = any(array(SELECT position FROM tagged
                                           WHERE part = $1 AND tag = any($2)))
 ORDER BY position
