-- select_naming --
-- Which events name any of these things, standing or not, as far as a position and a moment.
SELECT t.tag, t.role, i.position, i.event_time
  FROM tagged t CROSS JOIN event_index i
 WHERE i.part = t.part AND i.position = t.position
   AND t.part = $1 AND t.tag = any($2) AND t.position <= $3 AND i.event_time <= $4

-- select_headers_at --
-- What a history shows of the events at these positions.
SELECT i.position, i.event_time, i.type, i.action, i.biz_step, i.disposition, i.read_point,
       i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes,
       i.event_id, i.record_time, i.declares_error, coalesce(i.header, e.data)
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.position = any($2)

-- select_lot --
-- The events that stand, as far as a position and a moment, and put into use what is of a class and
-- a lot, by their two tags.
SELECT e.data FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position AND i.part = $1
   AND i.position IN (SELECT position FROM tagged WHERE part = $1 AND tag = $2 AND position <= $4)
   AND i.position IN (SELECT position FROM tagged WHERE part = $1 AND tag = $3 AND position <= $4)
   AND i.event_time <= $5 AND i.declares_error = 0
   AND NOT EXISTS (SELECT 1 FROM event_index d
                    WHERE d.part = i.part AND d.event_id = i.event_id
                      AND d.declares_error = 1 AND d.position <= $4)
