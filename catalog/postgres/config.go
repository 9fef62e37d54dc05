package postgres

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says where the catalog is and what it may use.
type Config struct {
	// URL is the database's address, postgres://USER:PASSWORD@HOST:PORT/NAME, or in libpq's other form; what it leaves
	// out comes from libpq's variables (PGPASSWORD) and files (~/.pgpass). With search_path=NAME the catalog is in that schema.
	// Of several hosts, postgres://USER@HOST,HOST/NAME, the one is taken that takes writes.
	URL string

	// Conns bounds the connections of this process, 2 to 256, beside one for each call of Watch.
	Conns int

	// Wait bounds every call but Watch, and how long the server waits within it, 100 ms to 10 min.
	Wait time.Duration

	// PollInterval is how often a watcher asks though nothing was notified, which tells it that it is still
	// connected, 1 ms to 1 s. An answer that takes longer than a second ends the watch.
	PollInterval time.Duration

	// Keep is how long changes are kept for watchers, at least four times Wait, 24 h at most. A watcher that has not
	// asked for a quarter of it is told that anything may have changed.
	Keep time.Duration
}

// Default returns the configuration for an address, in which pool_max_conns=NUMBER sets Conns.
func Default(url string) Config {
	conns := max(8, 4*runtime.GOMAXPROCS(0))
	if cc, err := pgx.ParseConfig(url); err == nil && cc.RuntimeParams[poolSize] != "" {
		conns, _ = strconv.Atoi(cc.RuntimeParams[poolSize]) // 0 is refused by Validate, as is what is no number
	}
	return Config{
		URL:          url,
		Conns:        conns,
		Wait:         30 * time.Second,
		PollInterval: 250 * time.Millisecond,
		Keep:         time.Hour,
	}
}

// Validate returns an error that names every bad option, and no password.
func (c Config) Validate() error {
	var errs []error
	span := func(name string, v, low, high time.Duration) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("postgres: %s is %v, not within %v to %v", name, v, low, high))
		}
	}
	if c.URL == "" {
		errs = append(errs, errors.New("postgres: URL is empty"))
	} else if err := checkURL(c.URL); err != nil {
		errs = append(errs, fmt.Errorf("postgres: URL: %w", err))
	}
	if c.Conns < 2 || c.Conns > 256 {
		errs = append(errs, fmt.Errorf("postgres: Conns is %d, not within 2 to 256", c.Conns))
	}
	span("Wait", c.Wait, 100*time.Millisecond, 10*time.Minute)
	span("PollInterval", c.PollInterval, time.Millisecond, time.Second)
	span("Keep", c.Keep, 4*c.Wait, 24*time.Hour)
	return errors.Join(errs...)
}

// poolSize is the parameter of an address that says Conns.
const poolSize = "pool_max_conns"

// checkURL refuses an address that cannot be read, and parameters of pgx's pool that would not be heeded.
func checkURL(url string) error {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	for name := range cc.RuntimeParams {
		if strings.HasPrefix(name, "pool_") && name != poolSize {
			return fmt.Errorf("%s is not heeded; %s is", name, poolSize)
		}
	}
	_, err = pgxpool.ParseConfig(url)
	return err
}

// connection returns the settings of a connection.
//
// Statements are not prepared: the core remembers what is asked often, and a prepared statement fails once another replica
// has changed its table. The server's own time-outs end what a replica that vanished has left behind. A server that takes no
// writes is refused whatever the address says of target_session_attrs: a standby is behind, by as much as it likes.
func (c Config) connection() (*pgx.ConnConfig, error) {
	cc, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: URL: %w", err)
	}
	delete(cc.RuntimeParams, poolSize)
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	cc.StatementCacheCapacity, cc.DescriptionCacheCapacity = 0, 0
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = dialTimeout
	}
	cc.ConnectTimeout = min(cc.ConnectTimeout, c.Wait)
	cc.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	wait := strconv.FormatInt(c.Wait.Milliseconds(), 10)
	cc.RuntimeParams["statement_timeout"] = wait
	cc.RuntimeParams["idle_in_transaction_session_timeout"] = wait
	cc.RuntimeParams["extra_float_digits"] = "1" // numbers come back exactly
	cc.RuntimeParams["client_encoding"] = "UTF8"
	if cc.RuntimeParams["application_name"] == "" {
		cc.RuntimeParams["application_name"] = "imgorigin"
	}
	return cc, nil
}

// cancelling makes a context that ends cancel the statement, and not the connection.
func cancelling(cc *pgx.ConnConfig) {
	cc.BuildContextWatcherHandler = func(p *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: p, DeadlineDelay: time.Second}
	}
}
