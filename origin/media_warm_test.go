package origin_test

import (
	"context"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func TestAWarmReadOfTheLibraryAsksNobodyAndCostsNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := newLibrary(t)
	ctx := context.Background()
	m := l.media("a.jpg", origin.MediaDraft{Folder: "f/g", Visibility: origin.Public})
	secret := l.media("s.jpg", origin.MediaDraft{Visibility: origin.Private})
	grant := l.grant("/x", 1<<40)
	for name, read := range map[string]func() (origin.Content, error){
		"by id": func() (origin.Content, error) {
			return l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByID(m.ID), Thumb: "77x0"})
		},
		"by UUID": func() (origin.Content, error) {
			return l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByUUID(m.UUID), Thumb: "77x0"})
		},
		"by path": func() (origin.Content, error) {
			return l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath("f/g/a.jpg"), Thumb: "77x0"})
		},
		"natively": func() (origin.Content, error) {
			return l.Open(ctx, &origin.ReadRequest{Collection: "media", Record: string(m.ID), Name: string(m.File), Thumb: "77x0"})
		},
		"the original": func() (origin.Content, error) {
			return l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByUUID(m.UUID)})
		},
		"a private one with a key": func() (origin.Content, error) {
			return l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByUUID(secret.UUID), Who: reader, Thumb: "77x0"})
		},
		"a private one by a signed URL": func() (origin.Content, error) {
			return l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.BySecret(secret.Secret), Grant: grant, Thumb: "77x0"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			quiet := 0
			eventually(t, "the answer is warm", func() bool {
				before := l.Stats().Files.Sets
				if _, err := read(); err != nil {
					t.Fatal(err)
				}
				l.Settle()
				if quiet++; l.Stats().Files.Sets != before {
					quiet = 0
				}
				return quiet > 60 // as in library.warm
			})
			before, renders := l.catalog.Stats().Reads, l.renderer.renders.Load()
			allocations := testing.AllocsPerRun(500, func() {
				if _, err := read(); err != nil {
					t.Fatal(err)
				}
			})
			if reads := l.catalog.Stats().Reads - before; reads > 0 || l.renderer.renders.Load() > renders || allocations >= 1 {
				t.Errorf("%d catalog reads, %v allocations", reads, allocations)
			}
		})
	}
}
