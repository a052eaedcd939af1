-- select_open --
-- The open bucket, and how many tags are in it.
SELECT bucket, bucket_tags FROM log_head WHERE part = $1

-- select_last --
-- The last bucket that began in a year, given by where its numbers begin and end.
SELECT max(bucket) FROM tag_bucket WHERE part = $1 AND bucket >= $2 AND bucket < $3

-- insert_bucket --
-- A bucket begins: one that stays open, of which nothing is known yet, or one with all its tags.
INSERT INTO tag_bucket (part, bucket, tags) VALUES ($1, $2, $3)

-- close_bucket --
-- No more tags come into a bucket.
UPDATE tag_bucket SET tags = $3 WHERE part = $1 AND bucket = $2

-- select_buckets --
-- All buckets: how many tags are in each, once it is closed, and into which it is being merged.
SELECT bucket, tags, merged_into FROM tag_bucket WHERE part = $1

-- begin_merge --
-- Have buckets be merged into another.
UPDATE tag_bucket SET merged_into = $3 WHERE part = $1 AND bucket = any($2)

-- select_tag_before_last --
-- The tag that stands so many before the last in a bucket.
SELECT tag, position, role FROM event_tag WHERE part = $1 AND bucket = $2
ORDER BY tag DESC, position DESC, role DESC LIMIT 1 OFFSET $3

-- select_tag_after --
-- The tag that stands so many after another in a bucket.
SELECT tag, position, role FROM event_tag
WHERE part = $1 AND bucket = $2 AND (tag, position, role) > ($3, $4, $5)
ORDER BY tag, position, role LIMIT 1 OFFSET $6

-- move_tags --
-- Have the tags from one to another stand in another bucket.
UPDATE event_tag SET bucket = $3
WHERE part = $1 AND bucket = any($2)
  AND (tag, position, role) > ($4, $5, $6) AND (tag, position, role) <= ($7, $8, $9)

-- move_rest --
-- The same of all tags past one.
UPDATE event_tag SET bucket = $3
WHERE part = $1 AND bucket = any($2) AND (tag, position, role) > ($4, $5, $6)

-- delete_bucket --
-- A bucket that was merged into another is no longer looked into.
DELETE FROM tag_bucket WHERE part = $1 AND bucket = $2
