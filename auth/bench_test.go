package auth

import (
	"context"
	"strings"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	for _, bb := range []struct {
		name     string
		remember int
	}{
		{"remembered", 8192},
		{"not remembered", 0},
	} {
		b.Run(bb.name, func(b *testing.B) {
			w := newWorld(b, bb.remember)
			token := w.token(b, w.fileClaims())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Verify(context.Background(), token, TypeFile); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("remembered, parallel", func(b *testing.B) {
		w := newWorld(b, 8192)
		token := w.token(b, w.fileClaims())
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := w.Verify(context.Background(), token, TypeFile); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("refused, forged", func(b *testing.B) {
		w := newWorld(b, 8192)
		token := w.token(b, w.fileClaims())
		forged := token[:len(token)-43] + strings.Repeat("A", 43)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.Verify(context.Background(), forged, TypeFile); err == nil {
				b.Fatal("a forged token was accepted")
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	w := newWorld(b, 0)
	claims, key := w.fileClaims(), w.fileKey
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Sign(claims, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewID()
	}
}

func BenchmarkCheckPassword(b *testing.B) {
	hash, err := HashPassword("correct horse")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := CheckPassword(hash, "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
