-- schema --
CREATE TABLE IF NOT EXISTS log_head (
    part         integer NOT NULL,
    head         bigint  NOT NULL,
    record_time  bigint  NOT NULL,
    CONSTRAINT log_head_key PRIMARY KEY (part)
);

CREATE TABLE IF NOT EXISTS events (
    part         integer NOT NULL,
    position     bigint  NOT NULL,
    record_time  bigint  NOT NULL,
    type         text    NOT NULL COLLATE "C",
    event_id     text    NOT NULL COLLATE "C",
    data         bytea   NOT NULL,
    CONSTRAINT events_key PRIMARY KEY (part, position),
    CONSTRAINT events_event_id UNIQUE (part, event_id)
);

CREATE INDEX IF NOT EXISTS events_type ON events (part, type, position);
CREATE INDEX IF NOT EXISTS events_record_time ON events (part, record_time, position);

CREATE TABLE IF NOT EXISTS event_tag (
    part      integer NOT NULL,
    tag       text    NOT NULL COLLATE "C",
    position  bigint  NOT NULL,
    CONSTRAINT event_tag_key PRIMARY KEY (part, tag, position)
) /* clustered */;

CREATE TABLE IF NOT EXISTS document (
    part        integer NOT NULL,
    digest      text    NOT NULL COLLATE "C",
    media_type  text    NOT NULL,
    body        bytea   NOT NULL,
    CONSTRAINT document_key PRIMARY KEY (part, digest)
);

-- select_head --
-- The position and record time of the last event of a part.
SELECT head, record_time FROM log_head WHERE part = $1

-- update_head --
-- Move the head on, after the events that lead there.
UPDATE log_head SET head = $2, record_time = $3 WHERE part = $1

-- insert_head --
-- A part begins with an empty log.
INSERT INTO log_head (part, head, record_time)
SELECT $1, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM log_head WHERE part = $1)

-- select_kept --
-- Which of these documents are kept already.
SELECT digest FROM document WHERE part = $1 AND digest = any($2)

-- select_document --
-- The exact bytes of a document.
SELECT body, media_type FROM document WHERE part = $1 AND digest = $2

-- select_head_at --
-- The position of the last event recorded at a time or before. Record times never decrease.
SELECT position FROM events WHERE part = $1 AND record_time <= $2
ORDER BY record_time DESC, position DESC LIMIT 1

-- select_events --
-- Read the log forward, past a position; `log.py` adds which and how many.
SELECT position, record_time, type, event_id, data FROM events
WHERE part = $1 AND position > $2

-- select_tagged --
-- Where events with a tag stand.
SELECT position FROM event_tag WHERE part = $1 AND position > $2 AND tag =

-- select_of_type --
-- Where events of these types stand.
SELECT position FROM events WHERE part = $1 AND position > $2 AND type =

-- select_all --
-- Where events stand, for an item of a query that asks for nothing in particular.
SELECT position FROM events WHERE part = $1 AND position > $2
