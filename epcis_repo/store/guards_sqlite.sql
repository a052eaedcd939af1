-- schema --
-- What was recorded stays: SQLite itself refuses, whoever asks. The head only moves on.
CREATE TRIGGER IF NOT EXISTS events_are_never_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'recorded events never change'); END;
CREATE TRIGGER IF NOT EXISTS events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'recorded events are never deleted'); END;
-- A row that INSERT OR REPLACE takes away fires no trigger of DELETE, hence those of INSERT. It
-- may be named by SQLite's own number of it, too.
CREATE TRIGGER IF NOT EXISTS events_are_never_replaced BEFORE INSERT ON events
WHEN NEW.position <= (SELECT head FROM log_head WHERE part = NEW.part)
  OR EXISTS (SELECT 1 FROM events WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'recorded events are never replaced'); END;
CREATE TRIGGER IF NOT EXISTS identities_are_never_taken_twice BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE part = NEW.part AND event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'this events.event_id is taken'); END;
-- A tag may move to another bucket, where that is the one that its own is being merged into. Both
-- are looked into by who asks.
CREATE TRIGGER IF NOT EXISTS tags_are_never_updated BEFORE UPDATE ON event_tag
WHEN NEW.part IS NOT OLD.part OR NEW.tag IS NOT OLD.tag
  OR NEW.position IS NOT OLD.position OR NEW.role IS NOT OLD.role
  OR NOT EXISTS (SELECT 1 FROM tag_bucket source JOIN tag_bucket target USING (part)
                  WHERE part = OLD.part AND source.bucket = OLD.bucket
                    AND source.merged_into = NEW.bucket AND target.bucket = NEW.bucket)
BEGIN SELECT RAISE(ABORT, 'tags of recorded events never change'); END;
CREATE TRIGGER IF NOT EXISTS tags_are_never_deleted BEFORE DELETE ON event_tag
BEGIN SELECT RAISE(ABORT, 'tags of recorded events are never deleted'); END;
-- Nothing looks at tags as they are added: for each of the fifty of an event that would take as long
-- as to add it does. One that is added to what is recorded is named by fsck.
-- A bucket that is closed may be merged into another of its year. It goes when no tag is in it.
CREATE TRIGGER IF NOT EXISTS buckets_are_never_updated BEFORE UPDATE ON tag_bucket
WHEN NEW.part IS NOT OLD.part OR NEW.bucket IS NOT OLD.bucket
  OR NEW.merged_into >> 20 <> OLD.bucket >> 20 OR NEW.merged_into = OLD.bucket
  OR NEW.merged_into IS NOT NULL
     AND (OLD.bucket = (SELECT bucket FROM log_head WHERE part = OLD.part)
          OR NOT EXISTS (SELECT 1 FROM tag_bucket
                          WHERE part = OLD.part AND bucket = NEW.merged_into))
BEGIN SELECT RAISE(ABORT, 'what tags are looked for in never changes'); END;
CREATE TRIGGER IF NOT EXISTS buckets_are_never_deleted BEFORE DELETE ON tag_bucket
WHEN OLD.merged_into IS NULL
  OR EXISTS (SELECT 1 FROM event_tag WHERE part = OLD.part AND bucket = OLD.bucket)
BEGIN SELECT RAISE(ABORT, 'tags are looked for in every bucket'); END;
CREATE TRIGGER IF NOT EXISTS buckets_are_never_replaced BEFORE INSERT ON tag_bucket
WHEN EXISTS (SELECT 1 FROM tag_bucket WHERE part = NEW.part AND bucket = NEW.bucket)
BEGIN SELECT RAISE(ABORT, 'what tags are looked for in is never replaced'); END;
CREATE TRIGGER IF NOT EXISTS documents_are_never_updated BEFORE UPDATE ON document
BEGIN SELECT RAISE(ABORT, 'kept documents never change'); END;
CREATE TRIGGER IF NOT EXISTS documents_are_never_deleted BEFORE DELETE ON document
BEGIN SELECT RAISE(ABORT, 'kept documents are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS documents_are_never_replaced BEFORE INSERT ON document
WHEN EXISTS (SELECT 1 FROM document WHERE part = NEW.part AND digest = NEW.digest)
  OR EXISTS (SELECT 1 FROM document WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'kept documents are never replaced'); END;
CREATE TRIGGER IF NOT EXISTS pieces_are_never_updated BEFORE UPDATE ON document_piece
BEGIN SELECT RAISE(ABORT, 'pieces of kept documents never change'); END;
CREATE TRIGGER IF NOT EXISTS pieces_are_never_deleted BEFORE DELETE ON document_piece
BEGIN SELECT RAISE(ABORT, 'pieces of kept documents are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS pieces_are_never_added BEFORE INSERT ON document_piece
WHEN EXISTS (SELECT 1 FROM document WHERE part = NEW.part AND digest = NEW.digest)
  OR EXISTS (SELECT 1 FROM document_piece WHERE rowid = NEW.rowid)
  OR EXISTS (SELECT 1 FROM document_piece
              WHERE part = NEW.part AND digest = NEW.digest AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'kept documents get no more pieces'); END;
CREATE TRIGGER IF NOT EXISTS head_never_moves_back BEFORE UPDATE ON log_head
WHEN NEW.part <> OLD.part OR NEW.head < OLD.head OR NEW.record_time < OLD.record_time
BEGIN SELECT RAISE(ABORT, 'the head of the log never moves back'); END;
CREATE TRIGGER IF NOT EXISTS head_is_never_replaced BEFORE INSERT ON log_head
WHEN EXISTS (SELECT 1 FROM log_head WHERE part = NEW.part)
BEGIN SELECT RAISE(ABORT, 'the head of the log is never replaced'); END;
CREATE TRIGGER IF NOT EXISTS head_is_never_deleted BEFORE DELETE ON log_head
BEGIN SELECT RAISE(ABORT, 'the head of the log is never deleted'); END;
