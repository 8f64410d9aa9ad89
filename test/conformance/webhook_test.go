package conformance

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/webhook"
)

func TestWebhook(t *testing.T) {
	TestFrontOffice(t, func(t testing.TB) FrontOffice {
		r, e := newReceiver(t), env(t)
		p := NewProxy(t, r.server.Listener.Addr().String())
		c := webhook.Defaults()
		c.URL, c.AllowPrivate = "http://"+p.Addr+"/hook", true
		c.Secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
		return FrontOffice{
			Open: func() connectors.FrontOffice {
				o, err := webhook.Open(e, c)
				check(t, err)
				return o
			},
			Behave: func(b Behaviour) {
				p.Up()
				if b == Nowhere {
					p.Down()
				}
				r.behave(b)
			},
			Has: r.has,
		}
	})
}

// receiver stands in for a front office that receives webhooks.
type receiver struct {
	server *httptest.Server

	mu  sync.Mutex
	b   Behaviour
	ids []string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{}
	r.server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) behave(b Behaviour) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.b = b
}

func (r *receiver) has() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ids...)
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch r.b {
	case Accepts:
		w.WriteHeader(http.StatusNoContent)
	case Fails:
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	case Forbids:
		http.Error(w, "no", http.StatusForbidden)
		return
	case Gone:
		http.Error(w, "gone", http.StatusGone)
		return
	}
	r.ids = append(r.ids, req.Header.Get("webhook-id"))
	if r.b == Silent {
		panic(http.ErrAbortHandler)
	}
}
