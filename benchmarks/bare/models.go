package bare

import (
	"errors"
	"fmt"
	"io/fs"

	onnx "github.com/yalue/onnxruntime_go"

	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// model is an ONNX file and where its numbers come from.
type model struct {
	*bundle.Bundle
	columns []int // in the vector, of each input
	tail    string
}

// readModels reads the bundles that a server would serve.
func readModels(folder fs.FS, features bundle.Features) ([]model, error) {
	found, err := bundle.Discover(folder)
	if err != nil {
		return nil, err
	}
	var all []model
	for _, at := range bundle.Latest(found) {
		sub, err := fs.Sub(folder, at.Path)
		if err != nil {
			return nil, fmt.Errorf("open bundle %s: %w", at.Path, err)
		}
		b, err := bundle.Read(sub)
		if err != nil {
			return nil, err
		}
		if b.Kind != bundle.KindFeatures {
			continue
		}
		columns, err := b.Columns(features)
		if err != nil {
			return nil, err
		}
		all = append(all, model{Bundle: b, columns: columns, tail: tail(b)})
	}
	if len(all) == 0 {
		return nil, errors.New("there are no bundles to run")
	}
	return all, nil
}

// workspace is what one request at a time runs all models in: sessions whose inputs and outputs were bound to them once.
type workspace struct {
	sessions []*onnx.AdvancedSession
	inputs   [][]float32
	outputs  [][]float32
}

func startRuntime(library string) error {
	path, err := ort.Locate(library)
	if err != nil {
		return err
	}
	onnx.SetSharedLibraryPath(path)
	if err := onnx.InitializeEnvironment(onnx.WithLogLevelError()); err != nil {
		return fmt.Errorf("load ONNX Runtime: %w", err)
	}
	return nil
}

func newWorkspace(models []model) (*workspace, error) {
	options, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("create session options: %w", err)
	}
	defer options.Destroy()
	err = errors.Join(
		options.SetIntraOpNumThreads(1),
		options.SetInterOpNumThreads(1),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	)
	if err != nil {
		return nil, fmt.Errorf("set session options: %w", err)
	}
	w := &workspace{}
	for i := range models {
		if err := w.add(&models[i], options); err != nil {
			return nil, fmt.Errorf("load %s: %w", models[i].ID(), err)
		}
	}
	return w, nil
}

// add opens a session with an input of one row.
func (w *workspace) add(m *model, options *onnx.SessionOptions) error {
	ins, outs, err := onnx.GetInputOutputInfoWithONNXData(m.ONNX)
	if err != nil {
		return err
	}
	input, err := onnx.NewEmptyTensor[float32](onnx.NewShape(1, int64(len(m.columns))))
	if err != nil {
		return err
	}
	score := &m.Outputs[0]
	for _, out := range outs {
		if out.Name != score.Tensor {
			continue
		}
		shape := out.Dimensions.Clone()
		shape[0] = 1
		output, err := onnx.NewEmptyTensor[float32](shape)
		if err != nil {
			return err
		}
		session, err := onnx.NewAdvancedSessionWithONNXData(m.ONNX, []string{ins[0].Name}, []string{out.Name}, []onnx.Value{input}, []onnx.Value{output}, options)
		if err != nil {
			return err
		}
		w.sessions = append(w.sessions, session)
		w.inputs = append(w.inputs, input.GetData())
		w.outputs = append(w.outputs, output.GetData()[score.Column:])
		return nil
	}
	return fmt.Errorf("there is no output %s", score.Tensor)
}

// run computes the scores of one vector.
func (w *workspace) run(models []model, vector, scores []float32) error {
	for i := range models {
		for k, column := range models[i].columns {
			w.inputs[i][k] = vector[column]
		}
		if err := w.sessions[i].Run(); err != nil {
			return err
		}
		scores[i] = w.outputs[i][0]
	}
	return nil
}

// tail is what /score says of a prediction behind its score.
func tail(b *bundle.Bundle) string {
	band := b.Bands[0]
	text := `,"band":"` + band.Name + `"`
	if band.Direction != "" {
		text += `,"direction":"` + band.Direction + `"`
	}
	return text + `,"model":"` + b.ID() + `","slot":"live"}`
}
