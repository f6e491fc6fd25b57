package features_test

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

// histories are varied customers: one repeated customer would flatter the caches.
func histories(n, length int) [][]*event.Event {
	all := make([][]*event.Event, n)
	for i := range all {
		all[i] = randomHistory(uint64(i), length)
	}
	return all
}

func BenchmarkFold(b *testing.B) {
	fs := features.Default()
	all := histories(512, 12)
	s := fs.NewState()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		h := all[(n/12)%len(all)]
		if n%12 == 0 {
			s.Reset()
		}
		fs.Fold(s, h[n%12])
		n++
	}
}

func BenchmarkRead(b *testing.B) {
	fs := features.Default()
	var states []*features.State
	for _, h := range histories(512, 40) {
		states = append(states, foldAll(fs, h...))
	}
	out, m := make([]float32, fs.Len()), features.Moment{}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s := states[n%len(states)]
		_ = fs.Read(s, s.LastAt()+minute, &m, out)
		n++
	}
}

func BenchmarkDecode(b *testing.B) {
	fs := features.Default()
	var raws [][]byte
	for _, h := range histories(512, 12) {
		raws = append(raws, foldAll(fs, h...).Append(nil))
	}
	s := fs.NewState()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		_ = fs.Decode(raws[n%len(raws)], s)
		n++
	}
}

func BenchmarkAppend(b *testing.B) {
	fs := features.Default()
	var states []*features.State
	for _, h := range histories(512, 12) {
		states = append(states, foldAll(fs, h...))
	}
	buf := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	n, size := 0, 0
	for b.Loop() {
		buf = states[n%len(states)].Append(buf[:0])
		size += len(buf)
		n++
	}
	b.ReportMetric(float64(size)/float64(n), "B/state")
}
