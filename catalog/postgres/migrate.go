package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the number of the advisory lock that who migrates holds: "imgorig" in ASCII.
const migrationLock = 0x696d676f726967

// prepare brings the database's schema up to this program's. Replicas that start at once take turns by a lock of the
// session, which ends with the connection, whatever becomes of the replica.
func prepare(ctx context.Context, config *pgx.ConnConfig, wait time.Duration) (err error) {
	dialing, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	turn, err := pgx.ConnectConfig(dialing, config)
	if err != nil {
		return classify(dialing, err)
	}
	defer func() { err = errors.Join(err, end(turn)) }()
	if _, err := turn.Exec(dialing, "SELECT pg_advisory_lock($1::bigint)", int64(migrationLock)); err != nil {
		return fmt.Errorf("postgres: another replica is preparing the database: %w", classify(dialing, err))
	}

	unhurried := config.Copy() // the first start of a new version may have much to do
	unhurried.RuntimeParams["statement_timeout"] = "0"
	db := stdlib.OpenDB(*unhurried)
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	return migrate(ctx, db)
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return classify(ctx, err)
	}
	if current > known {
		return fmt.Errorf("%w: it has schema %d, this program knows up to %d", ErrNewer, current, known)
	}
	_, err = provider.Up(ctx)
	return classify(ctx, err)
}
