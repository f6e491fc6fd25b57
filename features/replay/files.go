package replay

import "github.com/halfstep-ml/halfstep/features/source"

// Files is the input of event files.
func Files(s *source.Source) Input { return files{s} }

type files struct{ *source.Source }

func (f files) NewDecoder() Decoder { return f.Source.NewDecoder() }
