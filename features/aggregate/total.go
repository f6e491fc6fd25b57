package aggregate

// total answers count, sum, mean, min and max over all time.
type total struct{ partial }

// Add implements Aggregate.
func (t *total) Add(s *Spec, in *Input) {
	switch {
	case s.Kind == Count:
		t.add(0)
	case in.Value != Missing:
		t.add(in.Value)
	}
}

// Read implements Aggregate.
func (t *total) Read(s *Spec, _ Instant, out []float32) {
	for _, o := range s.Outputs {
		out[o.Column] = t.result(s.Kind)
	}
}

// Merge implements Aggregate.
func (t *total) Merge(_ *Spec, other Aggregate) { t.merge(&other.(*total).partial) }

// Append implements Aggregate.
func (t *total) Append(s *Spec, dst []byte, _ int64) []byte { return t.append(s.Kind, dst) }

// Decode implements Aggregate.
func (t *total) Decode(s *Spec, r *Reader, _ int64) { t.Reset(); t.decode(s.Kind, r) }

// Empty implements Aggregate.
func (t *total) Empty() bool { return t.n == 0 }

// Reset implements Aggregate.
func (t *total) Reset() { *t = total{} }
