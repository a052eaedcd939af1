-- select_tags_between --
-- Tags past one and before another, each once, in their order, as many as are asked for, and where
-- an event stands that has it in one of these roles, NULL where none has. From each tag the next
-- is looked up in every bucket, so that what a million events have costs no more than what one has.
WITH RECURSIVE found (tag, number) AS (
    SELECT CAST($2 AS text) COLLATE "C", 0
    UNION ALL
    SELECT (SELECT min((SELECT t.tag FROM event_tag t
                         WHERE t.part = b.part AND t.bucket = b.bucket
                           AND t.tag > found.tag AND t.tag < $3
                         ORDER BY t.tag LIMIT 1))
              FROM tag_bucket b WHERE b.part = $1),
           found.number + 1
      FROM found
     WHERE found.number < $4 AND found.tag IS NOT NULL
)
SELECT found.tag,
       (SELECT t.position FROM tagged t
         WHERE t.part = $1 AND t.tag = found.tag AND t.role = any($5) LIMIT 1)
  FROM found
 WHERE found.number > 0 AND found.tag IS NOT NULL
 ORDER BY found.number
