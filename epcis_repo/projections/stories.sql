-- select_named --
-- Which events name these things, and as what, standing or not, as far as a position.
SELECT tag, position, role FROM tagged WHERE part = $1 AND tag = any($2) AND position <= $3

-- select_told --
-- Which events these are, when they were recorded, and what a history shows of them.
SELECT i.position, i.event_id, i.record_time, coalesce(i.header, e.data)
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.position = any($2)
