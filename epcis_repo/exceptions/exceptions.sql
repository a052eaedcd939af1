-- select_opened --
-- What exceptions were opened with: the newest before a position.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND position < $3
 ORDER BY position DESC LIMIT $4

-- select_decided --
-- What was decided past a position, of one type, in order.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND position > $3
 ORDER BY position LIMIT $4

-- select_lives --
-- All that was decided on some exceptions, in order, as far as a position.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1
   AND position = any(array(SELECT position FROM tagged
                             WHERE part = $1 AND tag = any($2) AND position <= $3))
 ORDER BY position

-- select_said --
-- What some events say beside their things, by eventID; where they were declared in error, too.
SELECT i.event_id, coalesce(i.header, e.data), i.biz_location, i.read_point
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.event_id = any($2) AND i.declares_error = 0
