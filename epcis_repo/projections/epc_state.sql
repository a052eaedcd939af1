-- schema --
CREATE TABLE IF NOT EXISTS epc_state (
    part                   integer NOT NULL,
    epc                    text    NOT NULL COLLATE "C",
    company_prefix_length  integer,
    lifecycle              text,
    disposition            text,
    read_point             text,
    biz_location           text,
    lot                    text,
    expiry                 text,
    commissioned_at        bigint,
    event_time             bigint  NOT NULL,
    position               bigint  NOT NULL,
    CONSTRAINT epc_state_key PRIMARY KEY (part, epc)
) /* clustered */;

-- select_states --
-- The states of these EPCs.
SELECT epc, company_prefix_length, lifecycle, disposition, read_point, biz_location, lot, expiry,
       commissioned_at, event_time, position
  FROM epc_state
 WHERE part = $1 AND epc = any($2)

-- select_product --
-- Whether there is any EPC between two keys.
SELECT 1 FROM epc_state WHERE part = $1 AND epc >= $2 AND epc < $3 LIMIT 1

-- delete_states --
-- Forget the states of these EPCs; the same database transaction writes them anew.
DELETE FROM epc_state WHERE part = $1 AND epc = any($2)
