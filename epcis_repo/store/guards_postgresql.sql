-- schema --
-- What was recorded stays: PostgreSQL itself refuses, whoever asks. The head only moves on.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what is recorded in % never changes', TG_TABLE_NAME; END $$;

CREATE OR REPLACE FUNCTION refuse_step_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.part <> OLD.part OR NEW.head < OLD.head OR NEW.record_time < OLD.record_time THEN
        RAISE EXCEPTION 'the head of the log never moves back';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added JOIN log_head USING (part) WHERE position <= head) THEN
        RAISE EXCEPTION 'nothing is added in % to what is recorded', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

-- The keys of events hold within a year. Positions are past the head, so none is in two years; of
-- identities, what was added is looked for in all years before, and in those that are archived.
-- To make a plan takes longer than to look, so it is made once.
CREATE OR REPLACE FUNCTION refuse_taken() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    parts   integer[];
    ids     text[];
    latest  bigint;
    begins  bigint;
    taken   text;
BEGIN
    SELECT array_agg(DISTINCT part), array_agg(event_id), max(record_time)
      INTO parts, ids, latest FROM added;
    begins := extract(epoch FROM date_trunc('year', timestamp 'epoch'
                                            + latest * interval '1 microsecond')) * 1000000;
    SELECT e.event_id INTO taken FROM events e
     WHERE e.part = any(parts) AND e.event_id = any(ids) AND e.record_time < begins
       AND EXISTS (SELECT 1 FROM added a WHERE a.part = e.part AND a.event_id = e.event_id
                                           AND a.position <> e.position)
     LIMIT 1;
    IF FOUND THEN
        RAISE unique_violation USING CONSTRAINT = 'events_event_id',
            MESSAGE = format('an event %s is recorded in another year', taken);
    END IF;
    SELECT e.event_id INTO taken FROM archived_event e
     WHERE e.part = any(parts) AND e.event_id = any(ids)
       AND EXISTS (SELECT 1 FROM added a WHERE a.part = e.part AND a.event_id = e.event_id)
     LIMIT 1;
    IF FOUND THEN
        RAISE unique_violation USING CONSTRAINT = 'archived_event_event_id', DETAIL = taken,
            MESSAGE = format('an event %s is recorded in a year that is archived', taken);
    END IF;
    RETURN NULL;
END $$;

-- A tag may move to another bucket of its year, when its own is being merged, and the other is what
-- buckets are merged into. Both are looked into by who asks. A statement moves many, from a few
-- buckets to one, so what it did is looked at as a whole.
CREATE OR REPLACE FUNCTION refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT part, bucket FROM moved) m
                 LEFT JOIN tag_bucket b USING (part, bucket)
                WHERE b.merged_into IS NULL)
       OR EXISTS (SELECT 1 FROM (SELECT DISTINCT part, bucket FROM placed) p
                   WHERE NOT EXISTS (SELECT 1 FROM tag_bucket b
                                      WHERE b.part = p.part AND b.bucket = p.bucket)
                      OR NOT EXISTS (SELECT 1 FROM tag_bucket b
                                      WHERE b.part = p.part AND b.merged_into = p.bucket)) THEN
        RAISE EXCEPTION 'what is recorded in % never changes', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

-- A bucket that is closed may be merged into another of its year. It goes when no tag is in it.
CREATE OR REPLACE FUNCTION refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.merged_into IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM event_tag WHERE part = OLD.part AND bucket = OLD.bucket
        ) THEN
            RETURN OLD;
        END IF;
    ELSIF NEW.part = OLD.part AND NEW.bucket = OLD.bucket AND (
        NEW.merged_into IS NULL
        OR NEW.merged_into >> 20 = OLD.bucket >> 20 AND NEW.merged_into <> OLD.bucket
           AND OLD.bucket IS DISTINCT FROM (SELECT bucket FROM log_head WHERE part = OLD.part)
           AND EXISTS (SELECT 1 FROM tag_bucket
                        WHERE part = OLD.part AND bucket = NEW.merged_into)
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what is recorded in % never changes', TG_TABLE_NAME;
END $$;

CREATE OR REPLACE FUNCTION refuse_piece() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added JOIN document USING (part, digest)) THEN
        RAISE EXCEPTION 'kept documents get no more pieces';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER events_only_grow
AFTER INSERT ON events REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_addition();
CREATE OR REPLACE TRIGGER identities_are_taken_once
AFTER INSERT ON events REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_taken();
-- Nothing looks at tags as they are added: for the fifty of an event that would take a fifth of the
-- time to add them. One that is added to what is recorded is named by fsck.
CREATE OR REPLACE TRIGGER events_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER tags_never_go
BEFORE DELETE OR TRUNCATE ON event_tag
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER tags_never_change
BEFORE UPDATE ON event_tag
FOR EACH ROW WHEN ((OLD.part, OLD.bucket >> 20, OLD.tag, OLD.position, OLD.role)
                   IS DISTINCT FROM (NEW.part, NEW.bucket >> 20, NEW.tag, NEW.position, NEW.role))
EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER tags_move_when_buckets_merge
AFTER UPDATE ON event_tag REFERENCING OLD TABLE AS moved NEW TABLE AS placed
FOR EACH STATEMENT EXECUTE FUNCTION refuse_move();
CREATE OR REPLACE TRIGGER buckets_stay
BEFORE TRUNCATE ON tag_bucket
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER buckets_only_merge
BEFORE UPDATE OR DELETE ON tag_bucket
FOR EACH ROW EXECUTE FUNCTION refuse_loss();
CREATE OR REPLACE TRIGGER documents_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON document
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER pieces_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON document_piece
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER pieces_come_before_their_document
AFTER INSERT ON document_piece REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_piece();
-- An event of some kilobytes is compressed: by lz4, where the server has it, in a tenth of the time.
DO $$ BEGIN
    ALTER TABLE events_year ALTER COLUMN data SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;

CREATE OR REPLACE TRIGGER head_is_never_removed
BEFORE DELETE OR TRUNCATE ON log_head
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER head_never_moves_back
BEFORE UPDATE ON log_head
FOR EACH ROW EXECUTE FUNCTION refuse_step_back();
