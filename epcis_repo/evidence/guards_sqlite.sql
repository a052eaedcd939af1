-- schema --
-- What the tree is made of stays: SQLite itself refuses, whoever asks. Tiles only grow wider.
CREATE TRIGGER IF NOT EXISTS leaves_are_never_updated BEFORE UPDATE ON leaf
BEGIN SELECT RAISE(ABORT, 'leaves of the tree never change'); END;
CREATE TRIGGER IF NOT EXISTS leaves_are_never_deleted BEFORE DELETE ON leaf
BEGIN SELECT RAISE(ABORT, 'leaves of the tree are never deleted'); END;
-- A row that INSERT OR REPLACE takes away fires no trigger of DELETE, hence those of INSERT.
CREATE TRIGGER IF NOT EXISTS leaves_are_never_replaced BEFORE INSERT ON leaf
WHEN EXISTS (SELECT 1 FROM leaf WHERE part = NEW.part AND position = NEW.position)
  OR EXISTS (SELECT 1 FROM leaf WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'leaves of the tree are never replaced'); END;
CREATE TRIGGER IF NOT EXISTS tiles_only_grow BEFORE UPDATE ON tile
WHEN NEW.rowid <> OLD.rowid OR NEW.part <> OLD.part OR NEW.level <> OLD.level
  OR NEW.idx <> OLD.idx OR NEW.width <= OLD.width
  OR length(NEW.hashes) <> 32 * NEW.width
  OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes
BEGIN SELECT RAISE(ABORT, 'tiles of the tree only grow wider'); END;
CREATE TRIGGER IF NOT EXISTS tiles_are_never_deleted BEFORE DELETE ON tile
BEGIN SELECT RAISE(ABORT, 'tiles of the tree are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS tiles_are_never_replaced BEFORE INSERT ON tile
WHEN EXISTS (SELECT 1 FROM tile WHERE part = NEW.part AND level = NEW.level AND idx = NEW.idx)
  OR EXISTS (SELECT 1 FROM tile WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'tiles of the tree are never replaced'); END;
