-- select_tagged --
-- The events of a type with any of these tags.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $3
   AND position = any(array(SELECT position FROM tagged WHERE part = $1 AND tag = any($2)))
 ORDER BY position

-- select_named --
-- The events of these identities.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND event_id = any($2)
 ORDER BY position

-- select_before --
-- The events of a type before a position, the newest first.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND position < $3
 ORDER BY position DESC LIMIT $4

-- select_tagged_before --
-- Those of them that have all of some tags, of which there are so many.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2
   AND position = any(array(SELECT position FROM tagged
                             WHERE part = $1 AND tag = any($5) AND position < $3
                             GROUP BY position HAVING count(*) = $6))
 ORDER BY position DESC LIMIT $4

-- select_lives --
-- All events of these types that have any of some tags, in order.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = any($3)
   AND position = any(array(SELECT position FROM tagged WHERE part = $1 AND tag = any($2)))
 ORDER BY position

-- select_receipts --
-- The receipts of captures past a position.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND position > $3
 ORDER BY position LIMIT $4

-- select_news --
-- What the events of partners say between two positions, in order, and they themselves.
SELECT i.position, i.event_time, i.type, i.action, i.biz_step, i.disposition, i.read_point,
       i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes,
       i.event_id, i.record_time, i.declares_error, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.position > $2 AND i.position <= $3
 ORDER BY i.position

-- select_news_of_step --
-- Those of them that have a business step, and stand.
SELECT i.position, i.event_time, i.type, i.action, i.biz_step, i.disposition, i.read_point,
       i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes,
       i.event_id, i.record_time, i.declares_error, e.data
  FROM event_index i CROSS JOIN events e
 WHERE e.part = i.part AND e.position = i.position
   AND i.part = $1 AND i.position > $2 AND i.position <= $3
   AND i.biz_step = $4 AND i.declares_error = 0
 ORDER BY i.position
