package postgres

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// Two make one record because of what another says: the later one must find that said otherwise, and not hear of an index.
func TestOfTwoWhoMakeOneRecordTheLaterSeesIt(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	c, states, ctx := notes(), notes(), t.Context()
	states.ID, states.Name = "pbc_states", "states"
	err := cat.Write(ctx, func(tx origin.CatalogTx) error {
		return errors.Join(tx.InsertCollection(ctx, c), tx.InsertCollection(ctx, states), tx.InsertRecord(ctx, states, note("state", `"open"`)))
	})
	if err != nil {
		t.Fatal(err)
	}
	var looked sync.WaitGroup // both have, before either writes
	looked.Add(2)
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			once := sync.OnceFunc(looked.Done)
			ended <- cat.Write(ctx, func(tx origin.CatalogTx) error {
				state, err := tx.Record(ctx, states, "state")
				if err != nil || string(state.Values["data"].(json.RawMessage)) == `"done"` {
					return err
				}
				once()
				looked.Wait()
				if err := tx.InsertRecord(ctx, c, note("one", "1")); err != nil {
					return err
				}
				return tx.UpdateRecord(ctx, states, note("state", `"done"`))
			})
		}()
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Errorf("%v", err)
		}
	}
	var clash *origin.UniqueError
	err = cat.Write(ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(ctx, c, note("one", "2")) })
	if !errors.As(err, &clash) {
		t.Errorf("a record that is there already: %v, want a clash", err)
	}
}
