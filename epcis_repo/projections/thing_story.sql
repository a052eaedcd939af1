-- select_told --
-- What the events that name a thing say of it, standing or not, and of those from one moment to
-- another what a history shows; of those before only which put it into something or took it out. The
-- plus keeps PostgreSQL from looking for all events between these moments, in each of its years.
SELECT t.tag, t.role, i.position, i.event_time, i.type, i.action, i.biz_step, i.disposition,
       i.read_point, i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes,
       i.event_id, i.record_time, i.declares_error,
       EXISTS (SELECT 1 FROM event_index d
                WHERE d.part = i.part AND d.event_id = i.event_id
                  AND d.declares_error = 1 AND d.position <= $3),
       CASE WHEN i.event_time >= $4 THEN
           coalesce(i.header, (SELECT e.data FROM events e
                                WHERE e.part = i.part AND e.position = i.position))
       ELSE '' END
  FROM tagged t CROSS JOIN event_index i
 WHERE i.part = t.part AND i.position = t.position
   AND t.part = $1 AND t.tag = $2 AND t.position <= $3
   AND +i.event_time <= $5 AND (+i.event_time >= $4 OR t.role = $6)
