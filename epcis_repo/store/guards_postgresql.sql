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
CREATE OR REPLACE TRIGGER tags_come_with_their_event
AFTER INSERT ON event_tag REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_addition();
CREATE OR REPLACE TRIGGER events_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER tags_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON event_tag
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER buckets_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON tag_bucket
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER documents_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON document
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER pieces_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON document_piece
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER pieces_come_before_their_document
AFTER INSERT ON document_piece REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_piece();
CREATE OR REPLACE TRIGGER head_is_never_removed
BEFORE DELETE OR TRUNCATE ON log_head
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER head_never_moves_back
BEFORE UPDATE ON log_head
FOR EACH ROW EXECUTE FUNCTION refuse_step_back();
