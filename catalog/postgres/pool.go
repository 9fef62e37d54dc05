package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/imgorigin/imgorigin/origin"
)

// pool lends connections, and makes them as they are needed. The one last given back is lent first, so that
// those above what is needed are the ones that idle.
type pool struct {
	config *pgx.ConnConfig
	wait   time.Duration
	places chan struct{} // one token for each connection not lent
	closed chan struct{}

	mu   sync.Mutex
	idle []idleConn
}

type idleConn struct {
	db    *pgx.Conn
	since time.Time
}

// trusted is how long an idle connection is taken to be alive without asking.
const trusted = time.Second

// goodbye bounds the closing of a connection, and the undoing of a transaction.
const goodbye = 5 * time.Second

func newPool(config *pgx.ConnConfig, size int, wait time.Duration) *pool {
	p := &pool{config: config, wait: wait, places: make(chan struct{}, size), closed: make(chan struct{})}
	for range size {
		p.places <- struct{}{}
	}
	return p
}

// get lends a connection that answers. ctx bounds the wait for one, and for the server.
func (p *pool) get(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-p.closed: // first, because select would choose at random
		return nil, origin.ErrClosed
	default:
	}
	select {
	case <-p.places:
	case <-p.closed:
		return nil, origin.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		c, ok := p.pop()
		if !ok {
			break
		}
		if time.Since(c.since) < trusted || c.db.Ping(ctx) == nil {
			return &conn{c.db}, nil
		}
		end(c.db) // the server has gone or come back since
	}
	db, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		p.places <- struct{}{}
		return nil, classify(ctx, err)
	}
	return &conn{db}, nil
}

func (p *pool) pop() (idleConn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return idleConn{}, false
	}
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c, true
}

// put takes a connection back. One that is broken or within a transaction is closed.
func (p *pool) put(c *conn) {
	if c.db.IsClosed() || c.db.PgConn().TxStatus() != 'I' {
		end(c.db)
	} else {
		p.mu.Lock()
		p.idle = append(p.idle, idleConn{c.db, time.Now()})
		p.mu.Unlock()
	}
	p.places <- struct{}{}
}

// distrust has every idle connection asked before it is lent.
func (p *pool) distrust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.idle {
		p.idle[i].since = time.Time{}
	}
}

// close refuses new loans, waits for the lent connections and closes all. It is called once.
func (p *pool) close() error {
	close(p.closed)
	for range cap(p.places) {
		<-p.places
	}
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, end(c.db))
	}
	return errors.Join(errs...)
}

// end closes a connection.
func end(db *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	return db.Close(ctx)
}
