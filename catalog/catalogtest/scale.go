package catalogtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// Many is how many records a measurement shall be made among, by the variable IMGORIGIN_SCALE; 0: none shall be made. Those
// take minutes to set up and a quiet machine:
//
//	IMGORIGIN_SCALE=1000000 go test -run Scale -bench . -timeout 60m ./catalog/sqlite ./catalog/postgres
func Many() int {
	n, _ := strconv.Atoi(os.Getenv("IMGORIGIN_SCALE"))
	return n
}

// Few is how many records that is compared with.
const Few = 1000

// IndexedLists are lists of Stock, as filter and sort, that an index answers in its order.
var IndexedLists = map[string][2]string{
	"without anything":            {"", ""},
	"by an indexed field":         {"", "created"},
	"by an indexed field, down":   {"", "-created"},
	"equal, by the second column": {`category = "c07"`, "created"},
	"the same, down":              {`category = "c07"`, "-created"},
	"equal by the same field":     {`rank = 7`, "rank"},
	"in a range by the field":     {`rank >= 7 && rank < 20`, "rank"},
	"in a range, down":            {`rank >= 7 && rank < 20`, "-rank"},
	"by owner":                    {`owner = "o7"`, ""},
}

// QueryOf is a query of c by the text of a filter, "" for none, and of an order.
func QueryOf(t testing.TB, c *origin.Collection, filter, sort string) (q origin.Query) {
	t.Helper()
	schema := rule.Schema{}
	for _, f := range c.Fields {
		schema[f.Name] = f.Kind()
	}
	q.Request = &rule.Request{}
	if filter != "" {
		e, err := rule.Parse(filter, schema, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Where = []*rule.Expr{e}
	}
	var err error
	if q.Sort, err = rule.ParseSort(sort, schema); err != nil {
		t.Fatal(err)
	}
	return q
}

// queryKind tells what a query's time may do as the records grow.
type queryKind int

const (
	list   queryKind = iota // of an indexed field: at most twice the time, which Scale holds
	lookUp                  // of one row, in microseconds: the depth of the tree, and its pages that no cache holds, show
	grows                   // the answer itself is larger among more records
)

// query is one question asked among few and among many records. Many of them have different answers.
type query struct {
	name string
	ask  func(ctx context.Context, cat origin.Catalog, c *origin.Collection, i int) error
	// kind says what is promised of its time.
	kind queryKind
}

func queries(t testing.TB) []query {
	page := func(filter func(i int) string, sort string, total bool) func(context.Context, origin.Catalog, *origin.Collection, int) error {
		return func(ctx context.Context, cat origin.Catalog, c *origin.Collection, i int) error {
			text := ""
			if filter != nil {
				text = filter(i)
			}
			q := QueryOf(t, c, text, sort)
			q.Limit, q.Total = 30, total
			got, err := cat.List(ctx, c, q)
			if err == nil && len(got.Records) == 0 {
				err = fmt.Errorf("no records")
			}
			return err
		}
	}
	category := func(i int) string { return fmt.Sprintf(`category = "c%02d"`, i%50) }
	owner := func(i int) string { return fmt.Sprintf(`owner = "o%014d"`, i/20) }
	return []query{
		{name: "first page by date", ask: page(nil, "-created", false)},
		{name: "first page by id", ask: page(nil, "", false)},
		{name: "category by date, newest first", ask: page(category, "-created", false)},
		{name: "category by date, oldest first", ask: page(category, "created", false)},
		{name: "rank equal, by rank", ask: page(func(i int) string { return fmt.Sprintf("rank = %d", i*31%29) }, "rank", false)},
		{name: "rank at least, by rank", ask: page(func(i int) string { return fmt.Sprintf("rank >= %d", i%20) }, "rank", false)},
		{name: "created before, by date", ask: page(func(i int) string {
			return fmt.Sprintf(`created <= "%s"`, time.UnixMilli(1_700_000_000_000+int64(i+30)*1000).UTC().Format(origin.DateLayout))
		}, "-created", false)},
		{name: "owner's, by date, counted", ask: page(owner, "-created", true)},
		{name: "owner's of a category", ask: page(func(i int) string { return owner(i) + " && " + category(i) }, "-created", false)},
		{name: "half of all (a flag), by date", ask: page(func(int) string { return "public = true" }, "-created", false)},
		{name: "record by id", kind: lookUp, ask: func(ctx context.Context, cat origin.Catalog, c *origin.Collection, i int) error {
			_, err := cat.Record(ctx, c, StockID(i))
			return err
		}},
		{name: "record by e-mail in another case", kind: lookUp, ask: func(ctx context.Context, cat origin.Catalog, c *origin.Collection, i int) error {
			_, err := cat.RecordBy(ctx, c, "mail", fmt.Sprintf("USER%d@Example.com", i))
			return err
		}},
		{name: "referencing a record", kind: lookUp, ask: func(ctx context.Context, cat origin.Catalog, c *origin.Collection, i int) error {
			_, err := cat.Referencing(ctx, c, c.Field("owner"), origin.RecordID(fmt.Sprintf("o%014d", i/20)), 30)
			return err
		}},
		{name: "file by its address", kind: lookUp, ask: func(ctx context.Context, cat origin.Catalog, c *origin.Collection, i int) error {
			_, err := cat.File(ctx, StockRef(i))
			return err
		}},
		{name: "category counted", ask: page(category, "-created", true), kind: grows},
		{name: "title contains (no index), by date", ask: page(func(i int) string { return `title ~ "r 99"` }, "-created", false), kind: grows},
	}
}

// Scale holds the bound that is promised for lists on an indexed field: among 1,000,000 records at most twice the
// time among 1,000. The medians of interleaved runs are compared, so that a noisy machine disturbs both alike.
func Scale(t *testing.T, few, many origin.Catalog, rows int) {
	t.Helper()
	c := Stock()
	for _, q := range queries(t) {
		const rounds = 400
		times := [2][]time.Duration{}
		for i := range rounds {
			for k, cat := range []origin.Catalog{few, many} {
				at := i * 7919 % []int{Few, rows}[k]
				begun := time.Now()
				if err := q.ask(t.Context(), cat, c, at); err != nil {
					t.Fatalf("%s: %v", q.name, err)
				}
				times[k] = append(times[k], time.Since(begun))
			}
			if q.kind == grows && i == 20 {
				break
			}
		}
		median := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2].Round(100 * time.Nanosecond) }
		small, large := median(times[0]), median(times[1])
		ratio := float64(large) / float64(small)
		t.Logf("%-36s %9v among %d, %9v among %d: %.2f x", q.name, small, Few, large, rows, ratio)
		if ratio > 2 && q.kind == list {
			t.Errorf("%s: %.2f times the time among %d records, want at most 2", q.name, ratio, rows)
		}
	}
}
