-- select_moves --
-- How a thing was moved up to a moment, declared in error or not, and if $6 is 1 how whatever it was
-- moved into was moved at any time up to then, level by level: so many moves at most, since what is
-- used again leads all over the world. The plus keeps PostgreSQL from looking for all events up to
-- the moment.
WITH RECURSIVE moves(tag, type, event_time, position, parent_id, action, company_prefixes, event_id)
AS (
    SELECT t.tag, i.type, i.event_time, i.position, i.parent_id, i.action, i.company_prefixes,
           i.event_id
      FROM tagged t CROSS JOIN event_index i
     WHERE i.part = t.part AND i.position = t.position
       AND t.part = $1 AND t.tag = $2 AND t.role = $5 AND t.position <= $3
       AND +i.event_time <= $4 AND i.parent_id IS NOT NULL
     UNION
    SELECT t.tag, i.type, i.event_time, i.position, i.parent_id, i.action, i.company_prefixes,
           i.event_id
      FROM moves CROSS JOIN tagged t CROSS JOIN event_index i
     WHERE i.part = t.part AND i.position = t.position
       AND t.part = $1 AND t.tag = moves.parent_id AND t.role = $5 AND t.position <= $3
       AND +i.event_time <= $4 AND i.parent_id IS NOT NULL AND $6 = 1
)
SELECT tag, type, event_time, position, parent_id, action, company_prefixes,
       (SELECT count(*) FROM event_index d
         WHERE d.part = $1 AND d.event_id = moves.event_id
           AND d.declares_error = 1 AND d.position <= $3)
  FROM moves LIMIT $7

-- select_told --
-- What the events say of these things, each within a time of its own, standing or not, with what a
-- history shows of them. What is asked for without a name is nothing.
WITH asked(tag, begins, ends) AS (
    VALUES (CAST($4 AS text) COLLATE "C", CAST($5 AS bigint), CAST($6 AS bigint)),
           ($7, $8, $9), ($10, $11, $12), ($13, $14, $15),
           ($16, $17, $18), ($19, $20, $21), ($22, $23, $24), ($25, $26, $27)
)
SELECT t.tag, t.role, i.position, i.event_time, i.type, i.action, i.biz_step, i.disposition,
       i.read_point, i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes,
       i.event_id, i.record_time, i.declares_error,
       coalesce(i.header, (SELECT e.data FROM events e
                            WHERE e.part = i.part AND e.position = i.position))
  FROM tagged t CROSS JOIN event_index i CROSS JOIN asked
 WHERE i.part = t.part AND i.position = t.position
   AND t.part = $1 AND t.tag = any($2) AND t.position <= $3
   AND asked.tag = t.tag AND i.event_time >= asked.begins AND i.event_time <= asked.ends
