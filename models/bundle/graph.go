package bundle

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrOperator is wrapped by the errors about what a model may not contain.
var ErrOperator = errors.New("not allowed in a model")

// errNotONNX hides protowire's messages, which speak of varints.
var errNotONNX = errors.New("is not an ONNX model, or was cut off")

const maxNodes = 10_000

// graph is what can be learned about an ONNX file without loading it. Only the few fields that matter are read; everything else is
// skipped, and ONNX Runtime judges it.
type graph struct {
	opset  int      // of the default operator set
	nodes  int      // operators in the graph
	inputs []string // feature names in the order of the columns, from the metadata; nil when it has none
}

// The numbers of the fields in ONNX's protobuf schema, by message.
const (
	modelGraph, modelOpsets, modelMetadata, modelFunctions             = 7, 8, 14, 25
	graphNodes, graphInitializers, graphSparse                         = 1, 5, 15
	nodeOperator, nodeAttributes, nodeDomain                           = 4, 5, 7
	attributeTensor, attributeGraph, attributeTensors, attributeGraphs = 5, 6, 10, 11
	tensorExternal, tensorLocation                                     = 13, 14
	opsetDomain, opsetVersion                                          = 1, 2
	entryKey, entryValue                                               = 1, 2
	inputsEntry                                                        = "halfstep.inputs"
)

// readGraph refuses whatever could run code of its own, read other files or loop: custom operators, model-local functions, control
// flow and external data.
func readGraph(model []byte) (graph, error) {
	var g graph
	seen := false
	err := fields(model, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case modelGraph:
			seen = true
			return g.readNodes(value)
		case modelOpsets:
			return g.readOpset(value)
		case modelMetadata:
			return g.readMetadata(value)
		case modelFunctions:
			return fmt.Errorf("a function of its own is %w", ErrOperator)
		}
		return nil
	})
	if err == nil && (!seen || g.nodes == 0) {
		err = errNotONNX
	}
	return g, err
}

func (g *graph) readOpset(message []byte) error {
	domain, version := "", uint64(0)
	err := fields(message, func(number protowire.Number, value []byte, scalar uint64) error {
		switch number {
		case opsetDomain:
			domain = string(value)
		case opsetVersion:
			version = scalar
		}
		return nil
	})
	if err == nil && (domain == "" || domain == "ai.onnx") {
		g.opset = int(version)
	}
	return err
}

func (g *graph) readMetadata(message []byte) error {
	key, text := "", ""
	err := fields(message, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case entryKey:
			key = string(value)
		case entryValue:
			text = string(value)
		}
		return nil
	})
	if err == nil && key == inputsEntry {
		g.inputs = strings.Split(text, "\n")
	}
	return err
}

func (g *graph) readNodes(message []byte) error {
	return fields(message, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case graphNodes:
			if g.nodes++; g.nodes > maxNodes {
				return fmt.Errorf("a graph of more than %d operators is %w", maxNodes, ErrOperator)
			}
			return checkNode(value)
		case graphInitializers:
			return checkTensor(value)
		case graphSparse:
			return fmt.Errorf("a sparse initializer is %w", ErrOperator)
		}
		return nil
	})
}

func checkNode(message []byte) error {
	operator, domain := "", ""
	err := fields(message, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case nodeOperator:
			operator = string(value)
		case nodeDomain:
			domain = string(value)
		case nodeAttributes:
			return checkAttribute(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if domain == "" {
		domain = "ai.onnx"
	}
	if !operators[domain][operator] {
		return fmt.Errorf("operator %q of %q is %w", operator, domain, ErrOperator)
	}
	return nil
}

func checkAttribute(message []byte) error {
	return fields(message, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case attributeTensor, attributeTensors:
			return checkTensor(value)
		case attributeGraph, attributeGraphs:
			return fmt.Errorf("a graph inside an operator is %w", ErrOperator)
		}
		return nil
	})
}

func checkTensor(message []byte) error {
	return fields(message, func(number protowire.Number, _ []byte, scalar uint64) error {
		if number == tensorExternal || (number == tensorLocation && scalar != 0) {
			return fmt.Errorf("a tensor kept in another file is %w", ErrOperator)
		}
		return nil
	})
}

// fields calls visit with each field of a message: with its bytes, or with its number when it is a varint.
func fields(message []byte, visit func(number protowire.Number, value []byte, scalar uint64) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errNotONNX
		}
		message = message[n:]
		var value []byte
		var scalar uint64
		switch kind {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			scalar, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errNotONNX
		}
		message = message[n:]
		if err := visit(number, value, scalar); err != nil {
			return err
		}
	}
	return nil
}
