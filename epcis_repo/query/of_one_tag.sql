-- select_positions --
-- Where events stand that have one of some tags, past a position, and in which role; some of them,
-- if there are as many as the limit.
SELECT tag, role, position FROM tagged
 WHERE part = $1 AND tag = any($2) AND position > $3
 LIMIT $4
