-- select_recorded --
-- Events of these identities that are recorded already.
SELECT event_id, data FROM events WHERE part = $1 AND event_id = any($2)
