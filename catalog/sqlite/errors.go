package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	sqlite3 "github.com/mattn/go-sqlite3"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// ErrForeign means that the database file belongs to another program.
var ErrForeign = errors.New("sqlite: the database was not made by imgorigin")

// ErrNewer means that the database was written by a newer version of the program.
var ErrNewer = errors.New("sqlite: the database is of a newer version of imgorigin")

// classify gives an error of the driver the meaning that the callers of a catalog know. ctx is that of the call.
func classify(ctx context.Context, err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == sqlite3.ErrInterrupt && ctx.Err() != nil:
		return ctx.Err()
	case e.Code == sqlite3.ErrFull, e.SystemErrno == syscall.ENOSPC, e.SystemErrno == syscall.EDQUOT:
		return fmt.Errorf("sqlite: %w: %w", origin.ErrNoSpace, err)
	case e.ExtendedCode == sqlite3.ErrConstraintTrigger && e.Error() == sealedMessage:
		return fmt.Errorf("sqlite: %w", origin.ErrSealed)
	case e.ExtendedCode == sqlite3.ErrConstraintUnique, e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey:
		if columns := clashing(e.Error()); columns != nil {
			return &origin.UniqueError{Columns: columns}
		}
	case e.Code == sqlite3.ErrError && strings.HasPrefix(e.Error(), "no such table: "):
		// The collection was deleted after the caller took its snapshot.
		return fmt.Errorf("sqlite: %w: %w", origin.ErrNotFound, err)
	case e.Code == sqlite3.ErrError && strings.HasPrefix(e.Error(), "no such column: "):
		// A field was renamed or removed after the caller took its snapshot.
		return fmt.Errorf("sqlite: %w: %w", rule.ErrStale, err)
	}
	return fmt.Errorf("sqlite: %w", err)
}

// clashing reads the columns out of SQLite's message "UNIQUE constraint failed: t.a, t.b".
func clashing(message string) []string {
	_, list, ok := strings.Cut(message, "UNIQUE constraint failed: ")
	if !ok {
		return nil
	}
	var columns []string
	for _, item := range strings.Split(list, ", ") {
		_, column, ok := strings.Cut(item, ".")
		if !ok {
			return nil
		}
		columns = append(columns, column)
	}
	return columns
}

func isBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrBusy
}
