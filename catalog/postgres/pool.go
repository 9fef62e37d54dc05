package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/imgorigin/imgorigin/origin"
)

// pool lends connections to a server that takes writes: one that does not may be behind the one that does.
type pool struct {
	conns  *pgxpool.Pool
	closed atomic.Bool
}

const (
	// trusted is how long a server is taken to be there and to take writes without being asked.
	trusted = time.Second
	// dialTimeout bounds the making of a connection where the address does not, and the server's word that it is there.
	dialTimeout = 5 * time.Second
	// goodbye bounds the closing of a connection, and the undoing of a transaction.
	goodbye = 5 * time.Second
	// idle is how long a connection is kept that nobody needs, and young how long any is: a server that is reached by a name
	// that means another one by now is left in time.
	idle  = 5 * time.Minute
	young = 30 * time.Minute
)

func newPool(cfg Config, connection *pgx.ConnConfig) (*pool, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: URL: %w", err)
	}
	p := &pool{}
	pc.ConnConfig = connection
	pc.MaxConns, pc.MinConns, pc.MinIdleConns = int32(cfg.Conns), 0, 0
	pc.MaxConnIdleTime, pc.MaxConnLifetime, pc.MaxConnLifetimeJitter = idle, young, young/10
	pc.AfterConnect = func(_ context.Context, db *pgx.Conn) error {
		vouch(db) // pgconn has just asked: see Config.connection
		return nil
	}
	pc.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // PrepareConn asks for more
	pc.PrepareConn = func(ctx context.Context, db *pgx.Conn) (bool, error) { return p.stands(ctx, db), nil }
	p.conns, err = pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return p, nil
}

// vouched is where a connection keeps when its server last said that it takes writes.
const vouched = "imgorigin.vouched"

func vouch(db *pgx.Conn) { db.PgConn().CustomData()[vouched] = time.Now() }

// stands tells whether a connection may be lent: its server has said within the last second that it takes writes.
func (p *pool) stands(ctx context.Context, db *pgx.Conn) bool {
	said, _ := db.PgConn().CustomData()[vouched].(time.Time)
	if time.Since(said) < trusted {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := pgconn.ValidateConnectTargetSessionAttrsReadWrite(ctx, db.PgConn()); err != nil {
		return false
	}
	vouch(db)
	return true
}

// get lends a connection. ctx bounds the wait for one, and for the server.
func (p *pool) get(ctx context.Context) (*conn, error) {
	lent, err := p.conns.Acquire(ctx)
	switch {
	case err == nil:
		return &conn{db: lent.Conn(), lent: lent}, nil
	case p.closed.Load():
		return nil, origin.ErrClosed
	}
	return nil, classify(ctx, err)
}

// put takes a connection back. One that is broken or within a transaction is closed.
func (p *pool) put(c *conn) { c.lent.Release() }

// distrust gives up every connection, those that are lent when they come back. In a network that swallows what it is sent each
// would be found out by a wait of its own.
func (p *pool) distrust() { p.conns.Reset() }

// close refuses new loans, waits for the lent connections and closes all.
func (p *pool) close() {
	p.closed.Store(true)
	p.conns.Close()
}

// end closes a connection that is not the pool's.
func end(db *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	return db.Close(ctx)
}
