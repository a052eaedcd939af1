-- schema --
-- How far each subscription has come: of the log all up to `position` is in a delivery, or was none
-- of its business. While a run by the clock goes on, `run_until` is where the log ended when it
-- began, and `run_page` where it goes on. `due` is when the next one begins.
CREATE TABLE IF NOT EXISTS subscription (
    part             integer NOT NULL,
    subscription_id  text    NOT NULL COLLATE "C",
    since            bigint  NOT NULL,
    position         bigint  NOT NULL,
    run_until        bigint  NOT NULL,
    run_page         text    NOT NULL,
    due              bigint  NOT NULL,
    min_record_time  bigint  NOT NULL,
    last_notified    bigint,
    last_number      bigint  NOT NULL,
    batch_max        integer NOT NULL,
    signature_token  text,
    CONSTRAINT subscription_key PRIMARY KEY (part, subscription_id)
);

-- What is on its way, and what was given up. It goes in the order of its numbers. Whoever attempts
-- it has it for himself until `leased_until`.
CREATE TABLE IF NOT EXISTS delivery (
    part             integer NOT NULL,
    subscription_id  text    NOT NULL COLLATE "C",
    number           bigint  NOT NULL,
    delivery_id      text    NOT NULL COLLATE "C",
    created          bigint  NOT NULL,
    content          text    NOT NULL,
    attempts         integer NOT NULL,
    due              bigint  NOT NULL,
    failure          text,
    is_dead          integer NOT NULL,
    leased_by        text,
    leased_until     bigint  NOT NULL,
    CONSTRAINT delivery_key PRIMARY KEY (part, subscription_id, number)
);

-- select_progress --
-- How far a subscription has come.
SELECT subscription_id, since, position, run_until, run_page, due, min_record_time, last_notified,
       last_number, batch_max, signature_token
  FROM subscription WHERE part = $1 AND subscription_id = $2

-- select_beginnings --
-- Which subscriptions have come anywhere, and where each began.
SELECT subscription_id, since FROM subscription WHERE part = $1

-- select_first --
-- The delivery of a subscription that is on its way, the first where there are several.
SELECT subscription_id, number, delivery_id, created, content, attempts, due, failure, is_dead,
       leased_by, leased_until
  FROM delivery WHERE part = $1 AND subscription_id = $2 AND is_dead = 0
 ORDER BY number LIMIT 1

-- select_next_number --
-- The number of the delivery after another.
SELECT number FROM delivery WHERE part = $1 AND subscription_id = $2 AND number > $3
 ORDER BY number LIMIT 1

-- select_deliveries --
-- Deliveries that are on their way or were given up, in the order of their subscriptions, after one.
SELECT subscription_id, number, delivery_id, created, content, attempts, due, failure, is_dead,
       leased_by, leased_until
  FROM delivery WHERE part = $1 AND (subscription_id, number) > ($2, $3)
 ORDER BY subscription_id, number LIMIT $4

-- select_delivery --
-- A delivery by its name.
SELECT subscription_id, number, delivery_id, created, content, attempts, due, failure, is_dead,
       leased_by, leased_until
  FROM delivery WHERE part = $1 AND delivery_id = $2

-- insert_progress --
-- A subscription begins.
INSERT INTO subscription (part, subscription_id, since, position, run_until, run_page, due,
                          min_record_time, last_number, batch_max, signature_token)
VALUES ($1, $2, $3, $4, 0, '', $5, $6, 0, $7, $8)

-- delete_progress --
-- A subscription ends, and nobody knows its secret any more.
DELETE FROM subscription WHERE part = $1 AND subscription_id = $2

-- delete_deliveries --
-- What was on its way to it is stopped.
DELETE FROM delivery WHERE part = $1 AND subscription_id = $2

-- advance --
-- A subscription comes further, unless somebody else has brought it further already.
UPDATE subscription
   SET position = $8, run_until = $9, run_page = $10, due = $11, min_record_time = $12,
       last_number = $13
 WHERE part = $1 AND subscription_id = $2 AND since = $3 AND position = $4 AND run_page = $5
   AND due = $6 AND last_number = $7
RETURNING 1

-- lease --
-- Take a delivery to attempt it, unless somebody else has it, it is not its time, or it is that of
-- another subscription by now.
UPDATE delivery SET leased_by = $5, leased_until = $6
 WHERE part = $1 AND subscription_id = $2 AND number = $4 AND is_dead = 0
   AND due <= $7 AND (leased_until <= $7 OR leased_by = $5)
   AND EXISTS (SELECT 1 FROM subscription AS s
                WHERE s.part = $1 AND s.subscription_id = $2 AND s.since = $3)
RETURNING subscription_id, number, delivery_id, created, content, attempts, due, failure, is_dead,
          leased_by, leased_until

-- delete_delivery --
-- A delivery was taken.
DELETE FROM delivery WHERE part = $1 AND subscription_id = $2 AND delivery_id = $3 RETURNING 1

-- notified --
-- A subscriber has answered well.
UPDATE subscription SET last_notified = $3 WHERE part = $1 AND subscription_id = $2

-- failed --
-- An attempt came to nothing; another comes when it is due. Only who had the lease can tell.
UPDATE delivery SET attempts = attempts + 1, due = $5, failure = $6, leased_until = 0
 WHERE part = $1 AND subscription_id = $2 AND delivery_id = $3 AND leased_by = $4

-- dead_lettered --
-- The last attempt came to nothing.
UPDATE delivery SET attempts = attempts + 1, failure = $4, is_dead = 1, leased_until = 0
 WHERE part = $1 AND subscription_id = $2 AND delivery_id = $3

-- replayed --
-- A delivery that was given up is tried once more.
UPDATE delivery SET is_dead = 0, attempts = $4, due = $5, leased_until = 0
 WHERE part = $1 AND subscription_id = $2 AND delivery_id = $3

-- halved --
-- The first half of a delivery takes its place, and is one of its own.
UPDATE delivery SET delivery_id = $5, content = $6, attempts = 0, failure = NULL, leased_until = 0
 WHERE part = $1 AND subscription_id = $2 AND delivery_id = $3 AND leased_by = $4
RETURNING number, created, due

-- lessen_batches --
-- What comes next is in smaller batches.
UPDATE subscription SET batch_max = $3
 WHERE part = $1 AND subscription_id = $2 AND batch_max > $3
