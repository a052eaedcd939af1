-- select_year --
-- Where the events of a year stand, and how many they are, given by its moments.
SELECT coalesce(min(position), 0), coalesce(max(position), 0), count(*) FROM events
WHERE part = $1 AND record_time >= $2 AND record_time < $3

-- select_reported --
-- Whether there is an event of these types in a year.
SELECT 1 FROM events
WHERE part = $1 AND record_time >= $2 AND record_time < $3 AND type = any($4) LIMIT 1

-- select_events --
-- The events of a year, in order.
SELECT part, position, record_time, type, event_id, data FROM events
WHERE part = $1 AND record_time >= $2 AND record_time < $3 ORDER BY position

-- select_tags --
-- The tags of a year, given by its buckets.
SELECT part, bucket, tag, position, role FROM event_tag
WHERE part = $1 AND bucket >= $2 AND bucket < $3

-- note_archived --
-- What of a year is going away, and so may not be taken again.
INSERT INTO archived_event (part, position, event_id)
SELECT part, position, event_id FROM events
 WHERE part = $1 AND record_time >= $2 AND record_time < $3 AND type = any($4)

-- keep_events --
-- What of a year stays.
INSERT INTO {staged} (part, position, record_time, type, event_id, data)
SELECT part, position, record_time, type, event_id, data FROM events
 WHERE record_time >= $1 AND record_time < $2 AND NOT type = any($3)

-- keep_tags --
-- The tags of what stays.
INSERT INTO {staged} (part, bucket, tag, position, role)
SELECT part, bucket, tag, position, role FROM event_tag t
 WHERE bucket >= $1 AND bucket < $2
   AND EXISTS (SELECT 1 FROM {kept} k WHERE k.part = t.part AND k.position = t.position)

-- select_since --
-- What stands in a year, and not in what is to take its place.
SELECT event_id FROM events e
 WHERE record_time >= $1 AND record_time < $2
   AND NOT EXISTS (SELECT 1 FROM {staged} s WHERE s.part = e.part AND s.position = e.position)
 LIMIT 1

-- list_buckets --
-- Have the tags of a year be looked for again in the buckets that they were in.
INSERT INTO tag_bucket (part, bucket, tags)
SELECT part, bucket, count(*) FROM {staged} GROUP BY part, bucket ON CONFLICT DO NOTHING

-- forget_ahead --
-- What a read model that follows the log says of events that it has not come to.
DELETE FROM {staged} WHERE part = $1 AND position > $2
