-- schema --
-- What the tree is made of stays: PostgreSQL itself refuses, whoever asks. Tiles only grow wider.
CREATE OR REPLACE FUNCTION refuse_all_but_growth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.part <> OLD.part OR NEW.level <> OLD.level OR NEW.idx <> OLD.idx
       OR NEW.width <= OLD.width OR length(NEW.hashes) <> 32 * NEW.width
       OR substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) <> OLD.hashes THEN
        RAISE EXCEPTION 'tiles of the tree only grow wider';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER leaves_never_change
BEFORE UPDATE OR DELETE OR TRUNCATE ON leaf
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER tiles_only_grow
BEFORE UPDATE ON tile
FOR EACH ROW EXECUTE FUNCTION refuse_all_but_growth();
CREATE OR REPLACE TRIGGER tiles_are_never_removed
BEFORE DELETE OR TRUNCATE ON tile
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The tiles at the edge are written anew with each capture: what they were before is cleared away
-- soon, or there would be more of that than of anything else. Hashes cannot be compressed.
ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE tile SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 2000
);
