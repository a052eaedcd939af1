-- select_event --
-- An event by its eventID, with the declarations that it was in error. The plus has SQLite look for
-- it, where it would go through all events in order.
SELECT i.position, i.event_id, i.record_time, e.data
  FROM event_index i
  JOIN events e ON e.part = i.part AND e.position = i.position
 WHERE i.part = $1 AND i.event_id = $2
 ORDER BY +i.position

-- select_rows --
-- Events at some positions; `select.py` adds what else must be true of them.
SELECT i.position, i.event_id, i.record_time, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.position = any($2)

-- select_positions --
-- Which of some positions are those of events; `select.py` adds what else must be true of them.
SELECT i.position FROM event_index i WHERE i.part = $1 AND i.position = any($2)
