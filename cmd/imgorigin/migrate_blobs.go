package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgorigin/imgorigin/blob/transfer"
	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

func (c *migrateCommand) data() dataOptions {
	return dataOptions{Dir: c.Dir, Catalog: c.Catalog, storageOptions: storageOptions{Spool: c.Spool}}
}

// moveBlobs moves the bytes, and then looks whether every file that the catalog knows has its own.
func (c *migrateCommand) moveBlobs(ctx context.Context, m *Main) (err error) {
	known, err := c.library(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, known.Close()) }()
	if dir, ok := strings.CutPrefix(string(c.From.blobs), folderAt); ok { // which would be made where it is not there
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	from, err := c.data().openBlobsAt(ctx, "--from", c.From.blobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := c.data().openBlobsAt(ctx, "--to", c.To.blobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()

	meter := newMeter(m.Stderr, "bytes", c.Quiet)
	result, err := transfer.Run(ctx, from, to, transfer.Config{
		Parallel: c.Parallel, Repair: c.Repair, Skip: c.skip(),
		Journal: cmp.Or(c.Journal, filepath.Join(c.Dir, "migrate.journal")), Places: [2]string{string(c.From.blobs), string(c.To.blobs)},
		Known: func(ctx context.Context, key origin.Key) (string, int64, error) {
			ref, ok := origin.ParseOriginalKey(key)
			if !ok {
				return "", 0, origin.ErrNotFound
			}
			f, err := known.File(ctx, ref)
			if err != nil {
				return "", 0, err
			}
			return f.SHA256, f.Size, nil
		},
		Progress: func(done, total transfer.Count) { meter.at("copying", done.Bytes, total.Bytes) },
	})
	meter.close()
	fmt.Fprintf(m.Stdout, "%d objects of %d bytes copied and read back, %d of %d bytes were there and are the same, %d of %d bytes an earlier run has dealt with\n",
		result.Copied.Objects, result.Copied.Bytes, result.Compared.Objects, result.Compared.Bytes, result.Before.Objects, result.Before.Bytes)
	if result.Unknown > 0 {
		fmt.Fprintf(m.Stdout, "%d of the originals are of no record that the catalog knows\n", result.Unknown)
	}
	for _, w := range result.Wrong {
		fmt.Fprintf(m.Stdout, "not moved: %s: %v\n", w.Key, w.Err)
	}
	if err != nil {
		return err
	}
	missing, err := missingFiles(ctx, known, to)
	if err != nil {
		return err
	}
	for _, key := range missing {
		fmt.Fprintf(m.Stdout, "missing: %s\n", key)
	}
	if len(missing)+len(result.Wrong) > 0 {
		return fmt.Errorf("%d objects could not be moved, and %d files of the catalog have no bytes in %s", len(result.Wrong), len(missing), c.To)
	}
	_, err = fmt.Fprintf(m.Stdout, "every file that the catalog knows is in %s\n", c.To)
	return err
}

func (c *migrateCommand) skip() func(origin.Key) bool {
	if !c.SkipRenditions {
		return nil
	}
	return func(key origin.Key) bool {
		_, _, rendition := origin.ParseRenditionKey(key)
		return rendition
	}
}

// library opens the catalog that knows what the originals' bytes must be.
func (c *migrateCommand) library(ctx context.Context) (catalog.Mover, error) {
	d := c.data()
	if err := d.mustHaveFile(); err != nil {
		return nil, err
	}
	opened, err := d.openCatalog(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.mustHaveLibrary(ctx, opened); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened.(catalog.Mover), nil // both kinds are
}

// filesPage is how many rows of files are read at once.
const filesPage = 1000

// missingFiles returns the originals that the catalog knows and the store does not have.
func missingFiles(ctx context.Context, known catalog.Mover, in origin.Blobs) ([]origin.Key, error) {
	missing, err := transfer.Missing(ctx, in, func(yield func(origin.Key, error) bool) {
		for after := (origin.FileRef{}); ; {
			list, err := known.AllFiles(ctx, after, filesPage)
			if err != nil {
				yield("", err)
				return
			}
			for _, f := range list {
				if !yield(f.OriginalKey(), nil) {
					return
				}
				after = f.FileRef
			}
			if len(list) < filesPage {
				return
			}
		}
	})
	// One that was deleted meanwhile is not missed.
	return slices.DeleteFunc(missing, func(key origin.Key) bool {
		ref, _ := origin.ParseOriginalKey(key)
		_, gone := known.File(ctx, ref)
		return errors.Is(gone, origin.ErrNotFound)
	}), err
}
