-- select_events --
-- Events past a position, in order of capture; `select.py` adds which and how many.
SELECT i.position, i.event_id, i.record_time, e.data
  FROM event_index i
  JOIN events e ON e.part = i.part AND e.position = i.position
 WHERE i.part = $1 AND i.position > $2

-- select_event --
-- An event by its eventID, with the declarations that it was in error.
SELECT i.position, i.event_id, i.record_time, e.data
  FROM event_index i
  JOIN events e ON e.part = i.part AND e.position = i.position
 WHERE i.part = $1 AND i.event_id = $2
 ORDER BY i.position

-- select_tagged --
-- Where the events stand that name something.
SELECT position FROM tagged WHERE part = $1
