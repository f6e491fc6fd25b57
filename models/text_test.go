package models_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
)

func loadText(t testing.TB) *models.TextModel {
	t.Helper()
	m, err := models.LoadText(t.Context(), bundletest.Text().Files(), start(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestReadHandsOverCodePoints(t *testing.T) {
	m := loadText(t)
	tests := []struct {
		name   string
		texts  []string
		points int
		last   rune
	}{
		{"nothing", nil, 0, 100},
		{"an empty message", []string{""}, 0, 100},
		{"Chinese", []string{"还没发货"}, 4, '货'},
		{"emoji", []string{"ok \U0001f621"}, 4, '\U0001f621'},
		{"what was said before", []string{"退货", "您好"}, 5, '好'},
		{"nothing was said before", []string{"退货", ""}, 3, bundle.Separator},
		{"more texts than inputs", []string{"退货", "您好", "in"}, 5, '好'},
		{"a separator inside", []string{"a\x1f"}, 2, ' '},
		{"bytes that are no text", []string{"a\xff"}, 2, '�'},
		{"a text without end", []string{strings.Repeat("长", 1<<20)}, 4096, '长'},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := m.Read(t.Context(), []float32{7}, test.texts...)
			if err != nil || len(got) != 3 || got[0] != 7 {
				t.Fatalf("got %v, %v, expected two numbers after the 7", got, err)
			}
			for i, want := range bundletest.TextScore(test.points, test.last) {
				if math.Abs(float64(got[i+1])-want) > 1e-5 {
					t.Errorf("%s is %v, expected %v", m.Outputs[i].Name, got[i+1], want)
				}
			}
		})
	}
}

func TestReadsAtOnceDoNotMix(t *testing.T) {
	m := loadText(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			text := strings.Repeat("x", 10*i)
			want := bundletest.TextScore(len(text), 'x')[0]
			for range 200 {
				got, err := m.Read(t.Context(), nil, text)
				if err != nil || math.Abs(float64(got[0])-want) > 1e-5 {
					t.Errorf("got %v, %v, expected %v", got, err, want)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestReadSaysWhyItFailed(t *testing.T) {
	m := loadText(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := m.Read(ctx, []float32{7}, "a"); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "mood@1") || len(got) != 1 {
		t.Errorf("got %v, %v, expected the context's error with the model's name", got, err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Read(t.Context(), nil, "a"); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("got %v, expected ErrClosed", err)
	}
}

func TestLoadTextRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*bundletest.Bundle)
		says string
	}{
		{"golden scores of another model", func(b *bundletest.Bundle) { b.Golden.Scores[2][0] += 2e-5 }, "row 2: length"},
		{"rows of features", func(b *bundletest.Bundle) { b.Golden.Rows, b.Golden.Texts = [][]bundle.Number{{1, 2}}, nil }, "golden.json: rows"},
		{"more texts than inputs", func(b *bundletest.Bundle) { b.Golden.Texts[1] = bundle.Texts{"a", "b", "c"} }, "golden.json: texts[1]"},
		{"the message after another text", func(b *bundletest.Bundle) { b.Inputs[0], b.Inputs[1] = b.Inputs[1], b.Inputs[0] }, "inputs[0].name"},
		{"another text than the graph's", func(b *bundletest.Bundle) { b.Inputs[1].Name = bundle.Reply }, "inputs[1]: got reply"},
		{"a sentiment in stars", func(b *bundletest.Bundle) {
			b.Task, b.Outputs = "sentiment", strings.Replace(b.Outputs, "[0, 1]", "[0, 5]", 1)
		}, "outputs[0].range: got [0, 5], expected one inside [-1, 1]"},
		{"no such tensor", func(b *bundletest.Bundle) { b.Outputs = strings.Replace(b.Outputs, "tensor: y", "tensor: z", 1) }, `no output "z"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := bundletest.Text()
			test.edit(&b)
			m, err := models.LoadText(t.Context(), b.Files(), start(t))
			if err == nil {
				m.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, expected it to say %q", err, test.says)
			}
		})
	}
}

func TestATextModelServesUntilNobodyReadsWithIt(t *testing.T) {
	mood := func(n int) *models.TextModel {
		b := bundletest.Text()
		b.Version = n
		m, err := models.LoadText(t.Context(), b.Files(), start(t))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	r := models.NewRegistry()
	if err := errors.Join(r.Swap(version(t, "churn", 1)), r.SwapTexts(mood(1))); err != nil {
		t.Fatal(err)
	}
	before := r.Snapshot()
	if err := r.SwapTexts(mood(2)); err != nil {
		t.Fatal(err)
	}
	after := r.Snapshot()
	if before.Texts()[0].ID() != "mood@1" || after.Texts()[0].ID() != "mood@2" || serving(after) != "churn@1" {
		t.Fatalf("before the swap %v, after %v with %s", before.Texts(), after.Texts(), serving(after))
	}
	replaced, kept := before.Texts()[0], after.Texts()[0]
	var reads sync.WaitGroup
	for range 4 {
		reads.Go(func() {
			for range 100 {
				if _, err := replaced.Read(t.Context(), nil, "退货"); err != nil {
					t.Errorf("a request lost its model in a swap: %v", err)
				}
			}
		})
	}
	reads.Wait()
	if err := errors.Join(before.Release(), r.Close(), after.Release()); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*models.TextModel{replaced, kept} {
		if _, err := m.Read(t.Context(), nil, "a"); !errors.Is(err, ort.ErrClosed) {
			t.Errorf("%s: got %v, expected it to be closed with the last request that saw it", m.ID(), err)
		}
	}
	a, b := mood(1), mood(2)
	defer a.Close()
	defer b.Close()
	if err := r.SwapTexts(a, b); err == nil || !strings.Contains(err.Error(), "mood@1 and mood@2") {
		t.Errorf("got %v, expected two models of one task to be refused", err)
	}
}

func TestKindsDoNotMix(t *testing.T) {
	definitions, runtime := bundletest.Features(bundletest.Inputs()), start(t)
	if _, err := models.Load(t.Context(), bundletest.Text().Files(), definitions, runtime); !errors.Is(err, bundle.ErrKind) {
		t.Errorf("Load of text: got %v, expected ErrKind", err)
	}
	if _, err := models.LoadText(t.Context(), bundletest.Trees().Files(), runtime); !errors.Is(err, bundle.ErrKind) {
		t.Errorf("LoadText of features: got %v, expected ErrKind", err)
	}
	folder := fstest.MapFS{}
	for at, b := range map[string]bundletest.Bundle{"churn/1/": bundletest.Trees(), "mood/1/": bundletest.Text()} {
		for name, file := range b.Files() {
			folder[at+name] = file
		}
	}
	loaded, err := models.LoadAll(t.Context(), folder, definitions, runtime)
	if err != nil || len(loaded) != 1 || loaded[0].ID() != "churn@1" {
		t.Fatalf("got %v, %v, expected churn@1 alone", loaded, err)
	}
	defer loaded[0].Close()
	texts, err := models.LoadTexts(t.Context(), folder, runtime)
	if err != nil || len(texts) != 1 || texts[0].ID() != "mood@1" {
		t.Fatalf("got %v, %v, expected mood@1 alone", texts, err)
	}
	defer texts[0].Close()
}
