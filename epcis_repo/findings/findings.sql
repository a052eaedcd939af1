-- select_mates --
-- The events that stand, as far as a position and a moment, and put into use what is of a class and
-- a lot, by their two tags, with an expiry. Intersected: PostgreSQL would hold each against each.
SELECT i.event_time, i.position, i.event_id, i.expiry
  FROM event_index i
 WHERE i.part = $1 AND i.expiry IS NOT NULL
   AND i.position IN (SELECT position FROM tagged WHERE part = $1 AND tag = $2 AND position <= $4
                      INTERSECT
                      SELECT position FROM tagged WHERE part = $1 AND tag = $3 AND position <= $4)
   AND i.event_time <= $5 AND i.declares_error = 0
   AND NOT EXISTS (SELECT 1 FROM event_index d
                    WHERE d.part = i.part AND d.event_id = i.event_id
                      AND d.declares_error = 1 AND d.position <= $4)
 ORDER BY i.event_time, i.position

-- select_stated_between --
-- Whether there is master data of anything between two tags, as far as a position.
SELECT 1 FROM tagged WHERE part = $1 AND tag >= $2 AND tag < $3 AND position <= $4 LIMIT 1
