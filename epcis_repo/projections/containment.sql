-- schema --
CREATE TABLE IF NOT EXISTS containment (
    part           integer NOT NULL,
    child          text    NOT NULL COLLATE "C",
    relation       text    NOT NULL COLLATE "C",
    from_time      bigint  NOT NULL,
    from_position  bigint  NOT NULL,
    parent         text    NOT NULL COLLATE "C",
    to_time        bigint,
    to_position    bigint,
    CONSTRAINT containment_key PRIMARY KEY (part, child, relation, from_time, from_position)
) /* clustered */;

-- With all that `select_content` wants, or else SQLite goes through the table for it.
CREATE INDEX IF NOT EXISTS containment_parent ON containment (part, parent, from_time, to_time);

CREATE TABLE IF NOT EXISTS emptied (
    part        integer NOT NULL,
    parent      text    NOT NULL COLLATE "C",
    relation    text    NOT NULL COLLATE "C",
    event_time  bigint  NOT NULL,
    position    bigint  NOT NULL,
    CONSTRAINT emptied_key PRIMARY KEY (part, parent, relation, event_time, position)
) /* clustered */;

-- select_intervals --
-- All stays of these children.
SELECT child, relation, from_time, from_position, parent, to_time, to_position
  FROM containment
 WHERE part = $1 AND child = any($2)

-- select_children --
-- Everything that ever was in one of these parents.
SELECT DISTINCT parent, relation, child FROM containment
 WHERE part = $1 AND parent = any($2)

-- select_content --
-- What was in one of these parents at a moment.
SELECT parent, child, relation, from_time FROM containment
 WHERE part = $1 AND parent = any($2)
   AND from_time <= $3 AND (to_time IS NULL OR to_time > $3)
 ORDER BY parent, child, relation

-- select_named_since --
-- Which of these things were named by an event after a moment, and when last.
SELECT epc, event_time FROM epc_state
 WHERE part = $1 AND epc = any($2) AND event_time > $3

-- select_emptied --
-- When these parents were last emptied.
SELECT parent, relation, max(event_time) FROM emptied
 WHERE part = $1 AND parent = any($2)
 GROUP BY parent, relation

-- delete_intervals --
-- Forget the stays of these children; the same database transaction writes them anew.
DELETE FROM containment WHERE part = $1 AND child = any($2)
