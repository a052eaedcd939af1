-- select_corrections --
-- The declarations, as far as a position, that these eventIDs were in error, and those that name any
-- of these tags as what is true instead.
SELECT d.event_id, d.position, d.record_time, coalesce(d.header, e.data)
  FROM event_index d CROSS JOIN events e
 WHERE e.part = d.part AND e.position = d.position
   AND d.part = $1 AND d.event_id = any($2) AND d.declares_error = 1 AND d.position <= $4
UNION ALL
SELECT d.event_id, d.position, d.record_time, coalesce(d.header, e.data)
  FROM tagged t CROSS JOIN event_index d CROSS JOIN events e
 WHERE d.part = t.part AND d.position = t.position
   AND e.part = t.part AND e.position = t.position
   AND t.part = $1 AND t.tag = any($3) AND t.position <= $4 AND d.declares_error = 1
