-- select_recorded --
-- Events of these identities that are recorded already.
SELECT event_id, data, position FROM events WHERE part = $1 AND event_id = any($2)

-- select_receipts --
-- The receipts of documents that came before, by their tags, which nothing else has.
SELECT data FROM events
 WHERE part = $1 AND position IN (SELECT position FROM tagged WHERE part = $1 AND tag = any($2))
