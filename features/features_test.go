package features_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
)

func TestDefaultLoads(t *testing.T) {
	fs, err := features.Load(features.DefaultFile())
	require.NoError(t, err)
	require.GreaterOrEqual(t, fs.Len(), 60)
	require.LessOrEqual(t, fs.Len(), 90)
	for i, f := range fs.Features() {
		t.Log(i, f.Name, f.Hash, f.OrderFree)
	}
}
