package bandit

// Table is how all choices stand at one moment. It is immutable.
type Table struct {
	choices map[string]*standing
}

// standing is one choice of a Table: a row for each segment, and one for segments that nothing is known of.
type standing struct {
	rows  map[string]*Row
	fresh *Row
}

// Row returns how a choice stands in a segment; nil when there is no such choice. A segment that nothing was issued in yet has the
// row that it will start from.
func (t *Table) Row(choice, segment string) *Row {
	s := t.choices[choice]
	if s == nil {
		return nil
	}
	if r := s.rows[segment]; r != nil {
		return r
	}
	return s.fresh
}

// Segments returns the rows of a choice by segment. The map must not be changed.
func (t *Table) Segments(choice string) map[string]*Row {
	if s := t.choices[choice]; s != nil {
		return s.rows
	}
	return nil
}

// Standing is how a choice stood in a segment.
type Standing struct {
	Choice  string
	Segment string
	*Row
}

// TableOf is a table that has these rows alone.
func TableOf(rows []Standing) *Table {
	t := &Table{choices: map[string]*standing{}}
	for _, r := range rows {
		if t.choices[r.Choice] == nil {
			t.choices[r.Choice] = &standing{rows: map[string]*Row{}}
		}
		t.choices[r.Choice].rows[r.Segment] = r.Row
	}
	return t
}
