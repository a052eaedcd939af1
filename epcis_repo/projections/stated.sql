-- select_stated --
-- The statements with these tags, as far as a position, each once.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $4
   AND position = any(array(SELECT position FROM tagged
                             WHERE part = $1 AND tag = any($2) AND position <= $3))
 ORDER BY position
