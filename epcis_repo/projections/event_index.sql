-- schema --
CREATE TABLE IF NOT EXISTS event_index (
    part              integer  NOT NULL,
    position          bigint   NOT NULL,
    event_id          text     NOT NULL COLLATE "C",
    type              text     NOT NULL COLLATE "C",
    event_time        bigint   NOT NULL,
    record_time       bigint   NOT NULL,
    action            text,
    biz_step          text COLLATE "C",
    disposition       text COLLATE "C",
    read_point        text COLLATE "C",
    biz_location      text COLLATE "C",
    lot               text,
    expiry            text,
    parent_id         text COLLATE "C",
    empties           smallint NOT NULL,
    declares_error    smallint NOT NULL,
    company_prefixes  text,
    header            bytea,
    CONSTRAINT event_index_key PRIMARY KEY (part, position)
) /* each year of record_time */;

-- With the position, so that a time is gone through without the rows themselves.
CREATE INDEX IF NOT EXISTS event_index_event_time ON event_index (part, event_time, position);

CREATE INDEX IF NOT EXISTS event_index_event_id
    ON event_index (part, event_id, declares_error, position);

-- select_said --
-- What the events that stand say of these things, as far as a position, in story order.
SELECT t.tag, t.role, i.position, i.event_time, i.type, i.action, i.biz_step, i.disposition,
       i.read_point, i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes
  FROM tagged t CROSS JOIN event_index i
 WHERE i.part = t.part AND i.position = t.position
   AND t.part = $1 AND t.tag = any($2) AND t.position <= $3 AND i.declares_error = 0
   AND NOT EXISTS (SELECT 1 FROM event_index d
                    WHERE d.part = i.part AND d.event_id = i.event_id
                      AND d.declares_error = 1 AND d.position <= $3)
 ORDER BY i.event_time, i.position, t.role

-- select_said_beside --
-- The same, and where else these tags stand: what is no event of EPCIS has no type.
SELECT t.tag, t.role, t.position, i.event_time, i.type, i.action, i.biz_step, i.disposition,
       i.read_point, i.biz_location, i.lot, i.expiry, i.parent_id, i.empties, i.company_prefixes
  FROM tagged t LEFT JOIN event_index i ON i.part = t.part AND i.position = t.position
 WHERE t.part = $1 AND t.tag = any($2) AND t.position <= $3 AND coalesce(i.declares_error, 0) = 0
   AND NOT EXISTS (SELECT 1 FROM event_index d
                    WHERE d.part = i.part AND d.event_id = i.event_id
                      AND d.declares_error = 1 AND d.position <= $3)
 ORDER BY i.event_time, t.position, t.role

-- select_named --
-- Whether any event names a thing, as far as a position and a moment.
SELECT 1 FROM tagged t CROSS JOIN event_index i
 WHERE i.part = t.part AND i.position = t.position
   AND t.part = $1 AND t.tag = $2 AND t.position <= $3 AND i.event_time <= $4
 LIMIT 1

-- select_between --
-- Whether anything is named whose key lies between two.
SELECT 1 FROM tagged WHERE part = $1 AND tag >= $2 AND tag < $3 LIMIT 1

-- select_packed --
-- The events that put things into these parents or took them out, as far as a position.
SELECT e.data FROM events e
 WHERE e.part = $1 AND e.type = any($3)
   AND e.position = any(array(SELECT position FROM tagged
                               WHERE part = $1 AND tag = any($2) AND role = $4 AND position <= $5))
