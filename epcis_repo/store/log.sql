-- schema --
CREATE TABLE IF NOT EXISTS log_head (
    part         integer NOT NULL,
    head         bigint  NOT NULL,
    record_time  bigint  NOT NULL,
    bucket       integer NOT NULL,
    bucket_tags  integer NOT NULL,
    CONSTRAINT log_head_key PRIMARY KEY (part)
) /* clustered */;

CREATE TABLE IF NOT EXISTS events (
    part         integer NOT NULL,
    position     bigint  NOT NULL,
    record_time  bigint  NOT NULL,
    type         text    NOT NULL COLLATE "C",
    event_id     text    NOT NULL COLLATE "C",
    data         bytea   NOT NULL,
    CONSTRAINT events_key PRIMARY KEY (part, position),
    CONSTRAINT events_event_id UNIQUE (part, event_id)
) /* each year of record_time */;

CREATE INDEX IF NOT EXISTS events_type ON events (part, type, position);
CREATE INDEX IF NOT EXISTS events_record_time ON events (part, record_time, position);

-- Serials are random, so a plain index on them is written to at a random page for each, and the
-- larger it is the slower it grows. Tags lead with a bucket that was begun lately: where they
-- go is small enough to stay in memory, however many are recorded. Who asks looks into each, so
-- small buckets are merged into large ones of the same year. A bucket's number has its year above
-- 20 bits that count.
CREATE TABLE IF NOT EXISTS event_tag (
    part      integer  NOT NULL,
    bucket    integer  NOT NULL,
    tag       text     NOT NULL COLLATE "C",
    position  bigint   NOT NULL,
    role      smallint NOT NULL,
    CONSTRAINT event_tag_key PRIMARY KEY (part, bucket, tag, position, role)
) /* clustered */ /* each year of bucket */;

-- How many tags a bucket was closed with, and into which it is being merged.
CREATE TABLE IF NOT EXISTS tag_bucket (
    part         integer NOT NULL,
    bucket       integer NOT NULL,
    tags         bigint  NOT NULL,
    merged_into  integer,
    CONSTRAINT tag_bucket_key PRIMARY KEY (part, bucket)
) /* clustered */;

-- What everybody else sees of it. CROSS JOIN, here and where this is joined, tells SQLite in
-- which order to go: from the buckets to the tags in them, and on from there.
CREATE OR REPLACE VIEW tagged AS
SELECT b.part, t.tag, t.position, t.role
  FROM tag_bucket b CROSS JOIN event_tag t
 WHERE t.part = b.part AND t.bucket = b.bucket;

-- What is left of an event in a year that is archived: where it stood, and what nobody may take
-- again. Who forges these is found by fsck, since the log has a hash over them (`archived.py`).
CREATE TABLE IF NOT EXISTS archived_event (
    part      integer NOT NULL,
    position  bigint  NOT NULL,
    event_id  text    NOT NULL COLLATE "C",
    CONSTRAINT archived_event_key PRIMARY KEY (part, position),
    CONSTRAINT archived_event_event_id UNIQUE (part, event_id)
);

-- A document begins in the row that names it, which is all there is of most. The pieces that
-- follow, from number 2, are there before that row.
CREATE TABLE IF NOT EXISTS document_piece (
    part    integer NOT NULL,
    digest  text    NOT NULL COLLATE "C",
    number  integer NOT NULL,
    body    bytea   NOT NULL,
    CONSTRAINT document_piece_key PRIMARY KEY (part, digest, number)
);

CREATE TABLE IF NOT EXISTS document (
    part        integer NOT NULL,
    digest      text    NOT NULL COLLATE "C",
    media_type  text    NOT NULL,
    size        bigint  NOT NULL,
    body        bytea   NOT NULL,
    CONSTRAINT document_key PRIMARY KEY (part, digest)
);

-- select_head --
-- The position and record time of the last event of a part.
SELECT head, record_time FROM log_head WHERE part = $1

-- insert_packed_tags --
-- Tags that each have written before them how far from a position they are, and the role, in 11
-- digits.
INSERT INTO event_tag (part, bucket, tag, position, role)
SELECT $1, $2, substr(value, 12),
       $4 + CAST(substr(value, 1, 9) AS integer), CAST(substr(value, 10, 2) AS integer)
  FROM carray($3)

-- update_head --
-- Move the head on, after the events that lead there.
UPDATE log_head SET head = $2, record_time = $3, bucket = $4, bucket_tags = $5 WHERE part = $1

-- insert_head --
-- A part begins with an empty log.
INSERT INTO log_head (part, head, record_time, bucket, bucket_tags)
SELECT $1, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM log_head WHERE part = $1)

-- select_kept --
-- Which of these documents are kept already, and as what.
SELECT digest, media_type FROM document WHERE part = $1 AND digest = any($2)

-- select_document --
-- A document that is kept, and the first piece of it.
SELECT digest, media_type, size, body FROM document WHERE part = $1 AND digest = $2

-- select_piece --
-- Another piece of a document.
SELECT body FROM document_piece WHERE part = $1 AND digest = $2 AND number = $3

-- select_head_at --
-- The position of the last event recorded at a time or before. Record times never decrease.
SELECT position FROM events WHERE part = $1 AND record_time <= $2
ORDER BY record_time DESC, position DESC LIMIT 1

-- select_whole_type --
-- All of a type, as far as a position. Without the plus SQLite would go through all of the log.
SELECT position, record_time, type, event_id, data FROM events
 WHERE part = $1 AND type = $2 AND +position <= $3

-- select_events --
-- Read the log forward, past a position; `log.py` adds which and how many.
SELECT position, record_time, type, event_id, data FROM events
WHERE part = $1 AND position > $2

-- select_tagged --
-- Where events with a tag stand.
SELECT position FROM tagged WHERE part = $1 AND position > $2 AND tag =

-- select_of_type --
-- Where events of these types stand.
SELECT position FROM events WHERE part = $1 AND position > $2 AND type =

-- select_all --
-- Where events stand, for an item of a query that asks for nothing in particular.
SELECT position FROM events WHERE part = $1 AND position > $2
