-- select_of_event_ids --
-- Where the events of some eventIDs stand.
SELECT i.position FROM event_index i
 WHERE i.part = $1 AND i.event_id = any($2) AND i.position > $3 AND i.position <= $4

-- select_in_order --
-- Where events stand, in order of capture; `select.py` adds what must be true of them.
SELECT i.position FROM event_index i WHERE i.part = $1 AND i.position > $2 AND i.position <= $3

-- select_between --
-- Where the events of a time stand, in any order.
SELECT i.position FROM event_index i
 WHERE i.part = $1 AND i.event_time >= $2 AND i.event_time < $3
   AND i.position > $4 AND i.position <= $5

-- select_by_event_time --
-- Events by the time at which they happened; `select.py` adds from where and which of them.
SELECT i.position, i.event_time FROM event_index i WHERE i.part = $1 AND i.position <= $2

-- select_tagged --
-- Where events stand that have something for a tag, in any order.
SELECT position FROM tagged
 WHERE part = $1 AND role = any($2) AND position > $3 AND position <= $4
