// Package bare is the peer that /score is measured against: the least that a service of its kind can do, written to be fast. One
// handler of gin takes a customer, gets their finished feature vector out of Redis with one GET, runs the same three models and
// answers with as much JSON as /score does. It knows no events, no deadlines, no metrics and no errors worth reading.
package bare

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/bytedance/sonic"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/halfstep-ml/halfstep/features"
)

const prefix = "bare:"

// Key is where the vector of a customer is kept.
func Key(customer string) string { return prefix + customer }

// AppendVector encodes a vector as the handler reads it: float32, little-endian.
func AppendVector(dst []byte, vector []float32) []byte {
	for _, v := range vector {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// Options say what to serve.
type Options struct {
	Redis    string // host:port
	Bundles  fs.FS
	Features *features.FeatureSet
	Library  string // ONNX Runtime; empty: found
}

// Server is the handler with what it needs.
type Server struct {
	client *redis.Client
	models []model
	width  int
	// free holds a workspace a core: taking one out is also the gate that keeps runs from crowding each other.
	free  chan *workspace
	calls sync.Pool // of *call
}

// call is the memory of one request.
type call struct {
	in      bytes.Buffer
	request struct {
		CustomerID string `json:"customer_id"`
	}
	vector, scores []float32
	out            []byte
}

// New connects to Redis and loads the models.
func New(o Options) (*Server, error) {
	models, err := readModels(o.Bundles, o.Features)
	if err != nil {
		return nil, err
	}
	if err := startRuntime(o.Library); err != nil {
		return nil, err
	}
	cores := runtime.GOMAXPROCS(0)
	s := &Server{
		client: redis.NewClient(&redis.Options{
			Addr: o.Redis, PoolSize: 64, MinIdleConns: 8, ReadTimeout: time.Second, WriteTimeout: time.Second,
			// With RESP2 no answer is searched for push notifications.
			Protocol: 2, DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}),
		models: models, width: o.Features.Len(), free: make(chan *workspace, cores),
	}
	for range cores {
		w, err := newWorkspace(models)
		if err != nil {
			return nil, err
		}
		s.free <- w
	}
	s.calls.New = func() any {
		return &call{vector: make([]float32, s.width), scores: make([]float32, len(models)), out: make([]byte, 0, 1024)}
	}
	return s, nil
}

// Serve answers until ctx is done.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/score", s.score)
	server := &http.Server{Handler: engine}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nobody waits for an answer any more
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serve the bare handler: %w", err)
	}
	return s.client.Close()
}

func (s *Server) score(c *gin.Context) {
	k := s.calls.Get().(*call)
	defer s.calls.Put(k)
	if err := s.answer(c.Request, k); err != nil {
		c.String(http.StatusInternalServerError, "%v", err)
		return
	}
	c.Data(http.StatusOK, "application/json", k.out)
}

func (s *Server) answer(r *http.Request, k *call) error {
	start := time.Now()
	k.in.Reset()
	if _, err := k.in.ReadFrom(r.Body); err != nil {
		return err
	}
	k.request.CustomerID = ""
	if err := sonic.ConfigFastest.Unmarshal(k.in.Bytes(), &k.request); err != nil {
		return err
	}
	value, err := s.client.Get(r.Context(), Key(k.request.CustomerID)).Bytes()
	if err != nil {
		return err
	}
	if len(value) != 4*s.width {
		return fmt.Errorf("the vector has %d bytes, expected %d", len(value), 4*s.width)
	}
	for i := range k.vector {
		k.vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(value[4*i:]))
	}
	w := <-s.free
	err = w.run(s.models, k.vector, k.scores)
	s.free <- w
	if err != nil {
		return err
	}
	k.out = s.append(k.out[:0], k, start)
	return nil
}

// append writes an answer of the shape and size that /score gives.
func (s *Server) append(dst []byte, k *call, start time.Time) []byte {
	dst = append(dst, `{"decision_id":"0000-00000000000000000000000000","customer_id":"`...)
	dst = append(dst, k.request.CustomerID...)
	dst = append(dst, `","known":true,"at":"`...)
	dst = start.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	dst = append(dst, `","predictions":{`...)
	for i := range s.models {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), s.models[i].Task...), `":{"score":`...)
		dst = strconv.AppendFloat(dst, float64(k.scores[i]), 'g', -1, 32)
		dst = append(dst, s.models[i].tail...)
	}
	dst = append(dst, `},"intents":[],"actions":[],"withheld":[],"tags":[],"degraded":[],"revisions":{"features":"0000000000000000","playbook":"0000000000000000"},"took_us":`...)
	dst = strconv.AppendInt(dst, time.Since(start).Microseconds(), 10)
	return append(dst, '}')
}
