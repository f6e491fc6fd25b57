package ort

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/klauspost/compress/zstd"

	"github.com/halfstep-ml/halfstep/models/bundletest"
)

func TestLocateFindsTheCheckoutsLibrary(t *testing.T) {
	path, err := Locate("")
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(path) || filepath.Ext(path) != ".so" {
		t.Fatalf("got %q, expected the absolute path of a library", path)
	}
	if got, err := Locate(path); err != nil || got != path {
		t.Fatalf("configured: got %q, %v, expected the same library", got, err)
	}
}

func TestLocateSaysWhatToDo(t *testing.T) {
	if _, err := Locate(filepath.Join(t.TempDir(), "nothing.so")); err == nil || !strings.Contains(err.Error(), "nothing.so") {
		t.Errorf("a configured library that is not there: got %v", err)
	}
	if len(packed) > 0 {
		t.Skip("this binary carries its library")
	}
	t.Chdir(t.TempDir())
	if _, err := Locate(""); !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("outside a checkout: got %v", err)
	}
}

func TestLocateRefusesAnotherLibraryInTheCheckout(t *testing.T) {
	if len(packed) > 0 {
		t.Skip("this binary carries its library")
	}
	real, err := Locate("")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	arch := filepath.Dir(real)
	fake := filepath.Join(root, ".cache", "onnxruntime", filepath.Base(filepath.Dir(arch)), filepath.Base(arch), filepath.Base(real))
	if err := os.MkdirAll(filepath.Dir(fake), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fake, []byte("not the library"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	if _, err := Locate(""); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Fatalf("got %v, expected the digest to be checked", err)
	}
}

func TestUnpack(t *testing.T) {
	content := []byte(strings.Repeat("a library ", 1000))
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	small, digest, folder := encoder.EncodeAll(content, nil), digestOf(content), t.TempDir()

	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			path, err := unpack(small, digest, folder)
			if got, _ := os.ReadFile(path); err != nil || string(got) != string(content) {
				t.Errorf("got %q, %v, expected the whole library at every moment", path, err)
			}
		})
	}
	wait.Wait()
	if left, _ := filepath.Glob(filepath.Join(folder, "unpacking-*")); len(left) > 0 {
		t.Errorf("unpacking left %v behind", left)
	}

	path, err := unpack(small, digest, folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err = unpack(small, digest, folder); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != string(content) {
		t.Error("a damaged library was not replaced")
	}
	if _, err := unpack(small, digestOf([]byte("another")), t.TempDir()); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("got %v, expected the digest to be checked", err)
	}
	if _, err := unpack([]byte("not zstd"), digest, t.TempDir()); err == nil {
		t.Error("something that is no archive was unpacked")
	}
}

func TestGateLetsSoManyThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Runtime{gate: make(chan struct{}, 2)}
		var inside, passed atomic.Int32
		leave := make(chan struct{})
		for range 5 {
			go func() {
				if err := r.Acquire(t.Context()); err != nil {
					t.Error(err)
					return
				}
				inside.Add(1)
				<-leave
				inside.Add(-1)
				passed.Add(1)
				r.Release()
			}()
		}
		synctest.Wait()
		if got := inside.Load(); got != 2 {
			t.Errorf("%d are inside, expected 2", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1)
		defer cancel()
		if err := r.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, expected the deadline", err)
		}
		close(leave)
		synctest.Wait()
		if got := passed.Load(); got != 5 {
			t.Errorf("%d passed, expected all 5", got)
		}
	})
}

func TestRunChecksItsArguments(t *testing.T) {
	r, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Open(bundletest.ONNX("plain"), []Output{{Tensor: "y"}})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 2)
	if err := s.Run(make([]float32, 8), out); err != nil || math.Abs(float64(out[1])-0.5) > 1e-6 {
		t.Errorf("two rows: got %v, %v", out, err)
	}
	for _, sizes := range [][2]int{{7, 2}, {8, 1}, {8, 3}, {3, 1}} {
		if err := s.Run(make([]float32, sizes[0]), make([]float32, sizes[1])); err == nil {
			t.Errorf("%d numbers in and %d out were run", sizes[0], sizes[1])
		}
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if err := s.Run(make([]float32, 4), out[:1]); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: got %v", err)
	}
}

func TestStartRefusesASecondLibrary(t *testing.T) {
	if _, err := Start(Options{}); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.so")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{Library: other}); err == nil || !strings.Contains(err.Error(), "already loaded") {
		t.Fatalf("got %v", err)
	}
}
