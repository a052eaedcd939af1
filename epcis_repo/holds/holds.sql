-- select_held --
-- Where the holds stand that are on something, as far as a position.
SELECT DISTINCT tag, position FROM tagged
 WHERE part = $1 AND tag = any($2) AND position <= $3

-- select_placed --
-- What was decided of one type past a position, as far as another, in order.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND position > $3 AND position <= $4
 ORDER BY position LIMIT $5

-- select_at --
-- What was decided at these positions.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND position = any($2)
 ORDER BY position

-- select_lives --
-- All that was decided on some holds, in order, as far as a position.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1
   AND position = any(array(SELECT position FROM tagged
                             WHERE part = $1 AND tag = any($2) AND position <= $3))
 ORDER BY position
