-- schema --
-- The tree as tiles, the widest that there is of each; and what makes an entry of an event
-- besides the event itself.
CREATE TABLE IF NOT EXISTS tile (
    part    integer NOT NULL,
    level   integer NOT NULL,
    idx     bigint  NOT NULL,
    width   integer NOT NULL,
    hashes  bytea   NOT NULL,
    CONSTRAINT tile_key PRIMARY KEY (part, level, idx)
);

CREATE TABLE IF NOT EXISTS leaf (
    part      integer NOT NULL,
    position  bigint  NOT NULL,
    salt      bytea   NOT NULL,
    document  bytea,
    CONSTRAINT leaf_key PRIMARY KEY (part, position)
);

-- select_last_tile --
-- Where the tree ends.
SELECT idx, width FROM tile WHERE part = $1 AND level = 0 ORDER BY idx DESC LIMIT 1

-- select_tiles --
-- Tiles of some levels at some places of them.
SELECT level, idx, width, hashes FROM tile
WHERE part = $1 AND level = any($2) AND idx = any($3)

-- update_tile --
-- A tile has grown.
UPDATE tile SET width = $4, hashes = $5 WHERE part = $1 AND level = $2 AND idx = $3

-- select_entry --
-- All that an entry is made of, by the identity of its event. PostgreSQL, which has a key on that
-- for each year, would think that there may be many, and a join worth its while.
SELECT e.position, e.record_time, e.type, e.event_id, e.data,
       (SELECT salt FROM leaf WHERE part = e.part AND position = e.position),
       (SELECT document FROM leaf WHERE part = e.part AND position = e.position)
  FROM events e
 WHERE e.part = $1 AND e.event_id = $2

-- select_entries --
-- All that entries are made of, from after a position up to another. PostgreSQL must be told both
-- bounds of the leaves, or else it may sort all there are.
SELECT e.position, e.record_time, e.type, e.event_id, e.data, l.salt, l.document
  FROM events e
  LEFT JOIN leaf l ON l.part = e.part AND l.position = e.position
                  AND l.position > $2 AND l.position <= $3
 WHERE e.part = $1 AND e.position > $2 AND e.position <= $3
 ORDER BY e.position

-- select_leaves --
-- What makes entries of events besides the events, from after a position up to another.
SELECT position, salt, document FROM leaf WHERE part = $1 AND position > $2 AND position <= $3

-- select_copies --
-- What the event index has copied from some events.
SELECT position, record_time, type, event_id FROM event_index
WHERE part = $1 AND position = any($2)

-- select_tags --
-- All tags, a page of them in order of their key.
SELECT bucket, tag, position, role FROM event_tag
WHERE part = $1 AND (bucket, tag, position, role) > ($2, $3, $4, $5)
ORDER BY bucket, tag, position, role LIMIT $6

-- select_buckets --
-- The buckets that are looked into when somebody asks for a tag.
SELECT bucket FROM tag_bucket WHERE part = $1
