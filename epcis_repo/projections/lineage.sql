-- select_made --
-- What the events that stand say, as far as a position and a moment, of what was made of what: those
-- with any of these tags that are transformations, or one half of a rework by these business steps.
SELECT i.position, i.event_id, i.event_time, i.type, i.action, i.company_prefixes, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position AND i.part = $1
   AND i.position IN (SELECT position FROM tagged
                       WHERE part = $1 AND tag = any($2) AND position <= $3)
   AND i.event_time <= $4 AND i.declares_error = 0
   AND (i.type = 'TransformationEvent'
        OR (i.type = 'ObjectEvent' AND i.action <> 'OBSERVE' AND i.biz_step = any($5)))
   AND NOT EXISTS (SELECT 1 FROM event_index d
                    WHERE d.part = i.part AND d.event_id = i.event_id
                      AND d.declares_error = 1 AND d.position <= $3)
 ORDER BY i.event_time, i.position
