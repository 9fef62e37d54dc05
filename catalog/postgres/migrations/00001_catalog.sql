-- The records of a collection are in a table of their own, which the program makes and changes with the collection.
-- Texts sort and compare by their bytes, whatever the database's default is.

-- +goose Up
CREATE TABLE collections (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of making
  id       text COLLATE "C" NOT NULL,
  name     text COLLATE "C" NOT NULL,
  shape    text NOT NULL,   -- catalog.Shape
  updated  bigint NOT NULL, -- Unix milliseconds
  spec     text NOT NULL    -- catalog.MarshalCollection
);
CREATE UNIQUE INDEX collections_id ON collections (id);
CREATE UNIQUE INDEX collections_name ON collections (lower(name));

CREATE TABLE files (
  collection  text COLLATE "C" NOT NULL,
  record      text COLLATE "C" NOT NULL,
  name        text COLLATE "C" NOT NULL,
  field       text   NOT NULL,
  original    text   NOT NULL,
  size        bigint NOT NULL, -- bytes
  type        text   NOT NULL,
  sha256      text   NOT NULL,
  committed   bigint NOT NULL, -- Unix milliseconds
  -- transform.Meta
  format      bigint NOT NULL,
  width       bigint NOT NULL,
  height      bigint NOT NULL,
  orientation bigint NOT NULL,
  depth       bigint NOT NULL,
  components  bigint NOT NULL,
  flags       bigint NOT NULL, -- the bits of metaBits
  frames      bigint NOT NULL,
  scans       bigint NOT NULL,
  icc         bigint NOT NULL, -- bytes
  exif        bigint NOT NULL, -- bytes
  texts       bigint NOT NULL, -- bytes, inflated
  PRIMARY KEY (collection, record, name)
);

CREATE TABLE renditions (
  collection text COLLATE "C" NOT NULL,
  record     text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  variant    text COLLATE "C" NOT NULL,
  size       bigint NOT NULL, -- bytes
  used       bigint NOT NULL, -- Unix milliseconds
  PRIMARY KEY (collection, record, name, variant),
  FOREIGN KEY (collection, record, name) REFERENCES files ON DELETE CASCADE
);

CREATE INDEX renditions_used ON renditions (used);

-- The sum of renditions.size, kept by the triggers, whoever removes a row. Uses that change no size do not touch it:
-- it is one row, and whoever changes it waits for the others.
CREATE TABLE rendition_total (bytes bigint NOT NULL);
INSERT INTO rendition_total (bytes) VALUES (0);

-- +goose StatementBegin
CREATE FUNCTION renditions_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  difference numeric := 0;
BEGIN
  IF TG_OP <> 'DELETE' THEN
    difference := difference + (SELECT coalesce(sum(size), 0) FROM added);
  END IF;
  IF TG_OP <> 'INSERT' THEN
    difference := difference - (SELECT coalesce(sum(size), 0) FROM removed);
  END IF;
  IF difference <> 0 THEN
    UPDATE rendition_total SET bytes = bytes + difference;
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER renditions_insert AFTER INSERT ON renditions
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION renditions_sum();
CREATE TRIGGER renditions_update AFTER UPDATE ON renditions
  REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION renditions_sum();
CREATE TRIGGER renditions_delete AFTER DELETE ON renditions
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION renditions_sum();

-- What committed transactions touched, for watchers. Numbers of seq are given out before the commit, so that they become
-- visible in another order; xid says up to where all is visible.
CREATE TABLE changes (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind       bigint NOT NULL, -- changeKind
  collection text NOT NULL,
  record     text NOT NULL
);
CREATE INDEX changes_xid ON changes (xid);
CREATE INDEX changes_at ON changes (at);

CREATE TABLE params (
  name  text COLLATE "C" NOT NULL PRIMARY KEY,
  value bytea NOT NULL
);
