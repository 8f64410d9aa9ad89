// Package monitor answers who watches the agent: whether it lives, whether it can do its work, and its metrics.
package monitor

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Reason says why the agent is not ready, or not alive.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"` // safe to show
}

// Health is asked by the handler; the agent implements it.
type Health interface {
	// Alive returns why the agent should be restarted, such as a flow that makes no progress; none: alive.
	Alive(ctx context.Context) []Reason
	// Ready returns why the agent cannot do its work now, such as an open circuit; none: ready.
	Ready(ctx context.Context) []Reason
}

// checkTime is how long a health check or scrape may take.
const checkTime = 5 * time.Second

// Handler returns the handler of the monitor's listener: /healthz, /readyz and /metrics.
func Handler(h Health, m *Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { health(w, r, "alive", h.Alive) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { health(w, r, "ready", h.Ready) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 2 * checkTime, ErrorHandling: promhttp.ContinueOnError}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func health(w http.ResponseWriter, r *http.Request, word string, ask func(context.Context) []Reason) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	reasons := ask(ctx)
	w.Header().Set("Content-Type", "application/json")
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		reasons = []Reason{}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{word: len(reasons) == 0, "reasons": reasons})
}
