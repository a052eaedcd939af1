-- select_event --
-- An event by its eventID, with the declarations that it was in error.
SELECT i.position, i.event_id, i.record_time, e.data
  FROM event_index i
  JOIN events e ON e.part = i.part AND e.position = i.position
 WHERE i.part = $1 AND i.event_id = $2
 ORDER BY i.position

-- select_rows --
-- Events at some positions; `select.py` adds what else must be true of them.
SELECT i.position, i.event_id, i.record_time, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.position = any($2)

-- select_positions --
-- Which of some positions are those of events; `select.py` adds what else must be true of them.
SELECT i.position FROM event_index i WHERE i.part = $1 AND i.position = any($2)

-- select_few_tagged --
-- The first events past a position that have a tag in some roles, and how many were looked at for
-- that: if it is the limit of it, there may be others before them.
WITH found AS (
    SELECT position FROM tagged
     WHERE part = $1 AND tag = $2 AND role = any($3) AND position > $4
     LIMIT $5
)
SELECT i.position, i.event_id, i.record_time, e.data, (SELECT count(*) FROM found)
  FROM (SELECT DISTINCT position FROM found ORDER BY position LIMIT $6) AS found_first
 CROSS JOIN event_index i CROSS JOIN events e
 WHERE i.part = $1 AND i.position = found_first.position
   AND e.part = $1 AND e.position = found_first.position
 ORDER BY found_first.position
