-- schema --
CREATE TABLE IF NOT EXISTS event_index (
    part            integer  NOT NULL,
    position        bigint   NOT NULL,
    event_id        text     NOT NULL COLLATE "C",
    type            text     NOT NULL COLLATE "C",
    event_time      bigint   NOT NULL,
    record_time     bigint   NOT NULL,
    action          text,
    biz_step        text COLLATE "C",
    disposition     text COLLATE "C",
    declares_error  smallint NOT NULL,
    header          bytea,
    CONSTRAINT event_index_key PRIMARY KEY (part, position)
);

CREATE INDEX IF NOT EXISTS event_index_event_id ON event_index (part, event_id);
CREATE INDEX IF NOT EXISTS event_index_event_time ON event_index (part, event_time);

-- select_named --
-- Whether any event names a key, as far as a position and a moment.
SELECT 1 FROM event_tag t
  JOIN event_index i ON i.part = t.part AND i.position = t.position
 WHERE t.part = $1 AND t.tag = $2 AND t.position <= $3 AND i.event_time <= $4
 LIMIT 1

-- select_whole --
-- An event with all that it lists.
SELECT data FROM events WHERE part = $1 AND position = $2

-- select_headers_naming --
-- What a history shows of the events that name a key, between two moments.
SELECT i.position, i.event_id, i.event_time, i.record_time, i.declares_error,
       coalesce(i.header, e.data)
  FROM event_tag t
  JOIN event_index i ON i.part = t.part AND i.position = t.position
  JOIN events e ON e.part = t.part AND e.position = t.position
 WHERE t.part = $1 AND t.tag = $2 AND t.position <= $3
   AND i.event_time >= $4 AND i.event_time <= $5
 ORDER BY i.event_time, i.position
