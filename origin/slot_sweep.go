package origin

import (
	"context"
	"path"
	"time"

	"github.com/imgorigin/imgorigin/rule"
)

// slotSweeps is how often slots whose time is over are looked for.
const slotSweeps = 5 * time.Minute

// sweepSlots removes slots whose time is over, with what was sent to them, until ctx ends.
func (o *Origin) sweepSlots(ctx context.Context) {
	tick := time.NewTicker(slotSweeps)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := o.SweepSlots(ctx); err != nil && ctx.Err() == nil {
				o.log.Error("removing expired uploads failed", "error", err)
			}
		}
	}
}

// slotBatch is how many slots are removed in one transaction.
const slotBatch = 100

var (
	expiredSlots = mustParseSlots(slotExpires + ` < @request.query.before`)
	slotsDone    = mustParseSlots(slotState + ` = "` + slotDone + `"`)
	slotsNotDone = mustParseSlots(slotState + ` != "` + slotDone + `"`)
)

func mustParseSlots(filter string) *rule.Expr {
	expr, err := rule.Parse(filter, rule.Schema{slotExpires: rule.Date, slotState: rule.Text}, nil)
	if err != nil {
		panic(path.Join("slots: ", err.Error()))
	}
	return expr
}

// SweepSlots removes the slots that can no longer be confirmed with their bytes, and those that were confirmed a day ago or
// longer. It runs by itself every five minutes.
func (o *Origin) SweepSlots(ctx context.Context) error {
	now := o.now()
	for _, kind := range []struct {
		where *rule.Expr
		after time.Duration // of the end of the slot's life
	}{{slotsNotDone, slotConfirms}, {slotsDone, slotKept}} {
		for {
			query := Query{Where: []*rule.Expr{expiredSlots, kind.where}, Limit: slotBatch,
				Request: &rule.Request{Query: map[string]string{"before": formatDate(now.Add(-kind.after))}}}
			n, err := o.dropSlots(ctx, query)
			if err != nil {
				return err
			}
			if n < slotBatch {
				break
			}
		}
	}
	return nil
}

func (o *Origin) dropSlots(ctx context.Context, query Query) (n int, err error) {
	var files []FileRef
	var ids []string
	err = o.catalog.Write(ctx, func(tx CatalogTx) error {
		page, err := tx.List(ctx, o.slots(), query)
		if err != nil {
			return err
		}
		n, files, ids = len(page.Records), nil, nil
		for _, r := range page.Records {
			ids = append(ids, string(r.ID))
			if name := r.Text(slotStored); name != "" && r.Text(slotState) != slotDone {
				ref := FileRef{MediaID, RecordID(r.Text(slotMedia)), FileName(name)}
				if err := tx.DeleteFile(ctx, ref); err != nil {
					return err
				}
				files = append(files, ref)
			}
			if err := tx.DeleteRecord(ctx, o.slots(), r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	o.dropFiles(ctx, files)
	o.dropDelivered(ctx, ids...)
	return n, nil
}
