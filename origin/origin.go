package origin

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/cache"
	"github.com/imgorigin/imgorigin/internal/intern"
	"github.com/imgorigin/imgorigin/transform"
)

// Parts are what the core is wired to.
type Parts struct {
	Catalog  Catalog
	Blobs    Blobs
	Renderer Renderer
	Log      *slog.Logger     // nil: discard
	Now      func() time.Time // nil: time.Now
}

// Origin is the core. It is safe for concurrent use; New makes one and Close ends it.
type Origin struct {
	config   Config
	catalog  Catalog
	blobs    Blobs
	renderer Renderer
	log      *slog.Logger
	now      func() time.Time

	schema   atomic.Pointer[schema]
	schemaMu sync.Mutex // held while the schema is read anew, so that an older one never replaces a newer
	epochs   *epochs
	lease    lease // of what is remembered: see watch
	verifier *auth.Verifier
	signer   *auth.Signer // of URLs
	keyUses  *keyUses
	fills    fills

	addresses *intern.Table             // keys of files, so that a warm address allocates none
	files     *cache.Cache[*resolved]   // rows by the address that was asked for
	accounts  *cache.Cache[*account]    // credentials by collection and id
	memory    *cache.Cache[*rendition]  // renditions by key
	flight    *cache.Flight[*rendition] // one fill per rendition key
	lookups   *cache.Flight[*resolved]  // one catalog read per file address
	groups    groups                    // of renditions that are made together
	gate      *transform.Admission      // renderers and password hashes at work
	passwords *transform.Admission      // password hashes, before they come to gate
	negative  *negative                 // what could not be rendered a moment ago
	keeper    *keeper                   // the index and the byte budget of stored renditions
	counters  counters

	background sync.WaitGroup
	running    context.Context // of the background, until stop
	stop       context.CancelFunc
}

// New wires a core, reads the collections, makes those that every library has, and starts what the core does
// on its own: watching the catalog for changes and keeping the stored renditions within their budget. The caller
// still owns parts and closes them after Close.
func New(ctx context.Context, config Config, parts Parts) (*Origin, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	o := &Origin{
		config: config, catalog: parts.Catalog, blobs: parts.Blobs, renderer: parts.Renderer,
		log: parts.Log, now: parts.Now,
		epochs:    newEpochs(),
		keyUses:   newKeyUses(),
		fills:     fills{under: make(map[string]int)},
		addresses: intern.New(),
		groups:    groups{open: make(map[Key]*group)},
		flight:    cache.NewFlight[*rendition](),
		lookups:   cache.NewFlight[*resolved](),
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	if o.now == nil {
		o.now = time.Now
	}
	o.lease.begin(o.now)
	o.negative = newNegative(config.NegativeTTL, o.now)
	if err := o.makeCaches(); err != nil {
		return nil, err
	}
	if err := o.ensureSystemCollections(ctx); err != nil {
		o.closeCaches()
		return nil, fmt.Errorf("system collections: %w", err)
	}
	if err := o.loadSigner(ctx); err != nil {
		o.closeCaches()
		return nil, fmt.Errorf("secret of signed URLs: %w", err)
	}
	running, stop := context.WithCancel(context.Background())
	o.running, o.stop = running, stop
	o.keeper = newKeeper(o)
	o.background.Go(func() { o.watch(running) })
	o.background.Go(func() { o.keeper.run(running) })
	o.background.Go(func() { o.writeKeyUses(running) })
	o.background.Go(func() { o.sweepSlots(running) })
	return o, nil
}

func (o *Origin) makeCaches() (err error) {
	if o.memory, err = cache.New[*rendition](cache.Config{Budget: o.config.MemoryBytes, MeanSize: 16 << 10}); err != nil {
		return err
	}
	if o.files, err = cache.New[*resolved](cache.Config{Budget: o.config.MetadataBytes / 4 * 3, MeanSize: resolvedCost}); err != nil {
		return err
	}
	if o.accounts, err = cache.New[*account](cache.Config{Budget: o.config.MetadataBytes / 4, MeanSize: accountCost}); err != nil {
		return err
	}
	verifying := auth.DefaultConfig()
	verifying.Now = o.now
	if o.verifier, err = auth.NewVerifier(o.tokenKey, verifying); err != nil {
		return err
	}
	if o.passwords, err = transform.NewAdmission(o.config.passwordAdmission()); err != nil {
		return err
	}
	o.gate, err = transform.NewAdmission(o.config.admission())
	return err
}

func (o *Origin) closeCaches() {
	o.memory.Close()
	o.files.Close()
	o.accounts.Close()
}

// Close ends the core: fills in flight are cancelled, and they and what the core does on its own are waited for, as long
// as ctx allows.
func (o *Origin) Close(ctx context.Context) error {
	err := o.flight.Close(ctx)
	if e := o.lookups.Close(ctx); err == nil {
		err = e
	}
	o.stop()
	ended := make(chan struct{})
	go func() { o.background.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	o.passwords.Close()
	o.gate.Close()
	o.closeCaches()
	return err
}
