-- The records of a collection are in a table of their own, which the program makes and changes with the collection.

-- +goose Up
CREATE TABLE collections (
  position INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of making
  id       TEXT NOT NULL UNIQUE,
  name     TEXT NOT NULL COLLATE NOCASE UNIQUE,
  shape    TEXT NOT NULL, -- catalog.Shape
  spec     TEXT NOT NULL  -- catalog.MarshalCollection
);

CREATE TABLE files (
  collection  TEXT    NOT NULL,
  record      TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  field       TEXT    NOT NULL,
  original    TEXT    NOT NULL,
  size        INTEGER NOT NULL, -- bytes
  type        TEXT    NOT NULL,
  sha256      TEXT    NOT NULL,
  committed   INTEGER NOT NULL, -- Unix milliseconds
  -- transform.Meta
  format      INTEGER NOT NULL,
  width       INTEGER NOT NULL,
  height      INTEGER NOT NULL,
  orientation INTEGER NOT NULL,
  depth       INTEGER NOT NULL,
  components  INTEGER NOT NULL,
  flags       INTEGER NOT NULL, -- the bits of metaBits
  frames      INTEGER NOT NULL,
  scans       INTEGER NOT NULL,
  icc         INTEGER NOT NULL, -- bytes
  exif        INTEGER NOT NULL, -- bytes
  texts       INTEGER NOT NULL, -- bytes, inflated
  PRIMARY KEY (collection, record, name)
) WITHOUT ROWID;

CREATE TABLE renditions (
  collection TEXT    NOT NULL,
  record     TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  variant    TEXT    NOT NULL,
  size       INTEGER NOT NULL, -- bytes
  used       INTEGER NOT NULL, -- Unix milliseconds
  PRIMARY KEY (collection, record, name, variant),
  FOREIGN KEY (collection, record, name) REFERENCES files ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX renditions_used ON renditions (used);

-- The sum of renditions.size, kept by the triggers, whoever removes a row.
CREATE TABLE rendition_total (bytes INTEGER NOT NULL);
INSERT INTO rendition_total (bytes) VALUES (0);

-- +goose StatementBegin
CREATE TRIGGER renditions_insert AFTER INSERT ON renditions BEGIN
  UPDATE rendition_total SET bytes = bytes + new.size;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER renditions_update AFTER UPDATE OF size ON renditions WHEN old.size <> new.size BEGIN
  UPDATE rendition_total SET bytes = bytes - old.size + new.size;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER renditions_delete AFTER DELETE ON renditions BEGIN
  UPDATE rendition_total SET bytes = bytes - old.size;
END;
-- +goose StatementEnd

-- What committed transactions touched, for watchers. A rolled back transaction gives its numbers back,
-- so that numbers are missing only where rows were trimmed.
CREATE TABLE changes (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       INTEGER NOT NULL, -- changeKind
  collection TEXT    NOT NULL,
  record     TEXT    NOT NULL
);

CREATE TABLE params (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
