-- select_referring --
-- The events that stand and have a tag, as far as a position and a moment.
SELECT i.position, i.event_time, i.event_id, i.type, i.action, i.biz_step, i.disposition, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position AND i.part = $1
   AND i.position IN (SELECT position FROM tagged WHERE part = $1 AND tag = $2 AND position <= $3)
   AND i.event_time <= $4 AND i.declares_error = 0
   AND NOT EXISTS (SELECT 1 FROM event_index d
                    WHERE d.part = i.part AND d.event_id = i.event_id
                      AND d.declares_error = 1 AND d.position <= $3)

-- select_at --
-- The events at these positions.
SELECT i.position, i.event_time, i.event_id, i.type, i.action, i.biz_step, i.disposition, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position AND i.part = $1 AND i.position = any($2)
