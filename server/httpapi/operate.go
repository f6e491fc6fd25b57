package httpapi

import (
	"context"
	_ "embed"
	"net/http"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

// Version is what runs.
type Version struct {
	Version, Revision, Go, ORT string
}

// readyTimeout is how long the store may take to say that it is there.
const readyTimeout = time.Second

func (a *API) getHealth(c *call) error {
	return c.send(http.StatusOK, []byte(`{"status":"ok"}`))
}

func (a *API) getReady(c *call) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	if err := a.ready(ctx); err != nil {
		return &problem{kind: notReady, detail: err.Error()}
	}
	return c.send(http.StatusOK, []byte(`{"status":"ready"}`))
}

func (a *API) getMetrics(c *call) error {
	a.scrape.ServeHTTP(c.Writer, c.Request)
	return nil
}

func (a *API) getVersion(c *call) error {
	w := jsonObject{dst: append(c.out[:0], '{')}
	w.text("version", a.version.Version)
	w.text("revision", a.version.Revision)
	w.text("go", a.version.Go)
	w.text("onnxruntime", a.version.ORT)
	w.text("features", a.engine.Features().Revision())
	w.texts("bundles", a.engine.Bundles())
	if book := a.engine.Playbook(); book != nil {
		w.text("playbook", book.Revision)
	}
	c.out = append(w.dst, '}')
	return c.send(http.StatusOK, c.out)
}

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the document that describes the API, as JSON.
var OpenAPI = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(openAPI) })

func (a *API) getOpenAPI(c *call) error {
	document, err := OpenAPI()
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, document)
}
