-- schema --
-- How far those who follow the log have come, each under the name of the application followed.
CREATE TABLE IF NOT EXISTS tracking (
    part              integer NOT NULL,
    application_name  text    NOT NULL COLLATE "C",
    position          bigint  NOT NULL,
    CONSTRAINT tracking_key PRIMARY KEY (part, application_name)
);

-- select_taken --
-- Which of these identities events have already.
SELECT event_id FROM events WHERE part = $1 AND event_id = any($2)

-- select_tracking --
-- How far an application is followed.
SELECT position FROM tracking WHERE part = $1 AND application_name = $2

-- advance_tracking --
-- Move on to a position, which is returned, unless one as far was reached before.
INSERT INTO tracking (part, application_name, position) VALUES ($1, $2, $3)
ON CONFLICT (part, application_name) DO UPDATE SET position = excluded.position
 WHERE tracking.position < excluded.position
RETURNING position
