package httpapi

import (
	"maps"
	"regexp"
	"slices"
	"testing"
)

func TestDocumentIsValid(t *testing.T) {
	if err := document(t).Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDocumentHasTheRoutes(t *testing.T) {
	served := map[string]bool{}
	parameter := regexp.MustCompile(`:(\w+)`)
	for _, r := range newHarness(t, nil).api.routes() {
		served[r.method+" "+parameter.ReplaceAllString(r.path, "{$1}")] = true
	}
	described := map[string]bool{}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	if !maps.Equal(served, described) {
		t.Errorf("served %v,\ndescribed %v", slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(described)))
	}
}
