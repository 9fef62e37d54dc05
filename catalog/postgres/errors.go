package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// ErrNewer means that the database was written by a newer version of the program.
var ErrNewer = errors.New("postgres: the database is of a newer version of imgorigin")

// The codes of PostgreSQL's errors that mean something here (its manual, appendix A).
const (
	undefinedTable    = "42P01"
	undefinedColumn   = "42703"
	undefinedFunction = "42883" // an operator between types that a column had and has
	datatypeMismatch  = "42804"
	invalidText       = "22P02" // a value that a column's type of now does not take
	notInRepertoire   = "22021" // text that is not UTF-8 without NUL
	untranslatable    = "22P05" // JSON text with \u0000
	outOfRange        = "22003"
	tooLarge          = "54000" // among others a value too long for its index
	uniqueViolation   = "23505"
	serialization     = "40001"
	deadlock          = "40P01"
	queryCanceled     = "57014" // by us, or by statement_timeout
	diskFull          = "53100"
	tooManyClients    = "53300"
	adminShutdown     = "57P01"
	crashShutdown     = "57P02"
	cannotConnectNow  = "57P03"
	readOnly          = "25006" // the server has become a standby, or is no longer the one to write to
	sealed            = "MOVED" // our own, of the trigger that is a seal
)

// codeOf is the code of an error that the server has sent, "" for any other.
func codeOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// classify gives an error of the driver the meaning that the callers of a catalog know. ctx is that of the call.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	switch codeOf(err) {
	case queryCanceled, "":
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		if isLost(err) {
			return fmt.Errorf("postgres: %w: %w", origin.ErrUnreachable, err)
		}
	case tooManyClients, adminShutdown, crashShutdown, cannotConnectNow, readOnly:
		return fmt.Errorf("postgres: %w: %w", origin.ErrUnreachable, err)
	case sealed:
		return fmt.Errorf("postgres: %w", origin.ErrSealed)
	case diskFull:
		return fmt.Errorf("postgres: %w: %w", origin.ErrNoSpace, err)
	case undefinedTable: // the collection was deleted after the caller took its snapshot
		return fmt.Errorf("postgres: %w: %w", origin.ErrNotFound, err)
	case undefinedColumn, undefinedFunction, datatypeMismatch, invalidText: // a field was changed since
		return fmt.Errorf("postgres: %w: %w", rule.ErrStale, err)
	case notInRepertoire, untranslatable, outOfRange, tooLarge:
		return fmt.Errorf("postgres: %w: %w", catalog.ErrValue, err)
	}
	return fmt.Errorf("postgres: %w", err)
}

// isLost tells whether there was no connection, or is none any more.
func isLost(err error) bool {
	var (
		connecting *pgconn.ConnectError
		network    *net.OpError
	)
	return errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unique turns the breach of a unique index into the columns that it is over, by the index's name.
func unique(err error, columns map[string][]string) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == uniqueViolation {
		if list := columns[e.ConstraintName]; list != nil {
			return &origin.UniqueError{Columns: list}
		}
	}
	return err
}

// isConflict tells whether a transaction failed because of others that ran at the same time.
func isConflict(err error) bool {
	code := codeOf(err)
	return code == serialization || code == deadlock
}
