package agent

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
)

// serving are the agent's listeners: front offices, monitoring, operators.
type serving struct {
	api     *frontoffice.API
	offices *frontoffice.Server // nil: not served
	monitor net.Listener        // nil: not served
	watch   *http.Server
	control *control.Server
	cancel  context.CancelFunc
}

// listen binds all addresses, so that a wrong one is told before anything runs.
func (a *Agent) listen(ctx context.Context) (s *serving, err error) {
	cfg := a.options.Config
	s = &serving{cancel: func() {}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	sum, err := a.journal.Summary(ctx)
	if err != nil {
		return s, err
	}
	s.api = frontoffice.New(frontoffice.Options{Submitter: a, Journal: a.journal, Content: frontoffice.ContentOf(a.content), Clock: a.clock,
		Epoch: func() int64 { return sum.Epoch }, Limits: limitsOf(cfg), Version: a.options.Version, Notify: a.notice, Count: a.figures.metrics.Request})
	if err = s.api.SetOffices(officesOf(cfg)); err != nil {
		return s, err
	}
	if l := cfg.Listen; l != nil {
		at := frontoffice.ListenConfig{Address: l.Address}
		if l.TLS != nil {
			at.Certificate, at.Key = l.TLS.Cert, l.TLS.Key
		}
		if s.offices, err = frontoffice.Listen(ctx, at, s.api.Handler(), s.api.Stop, a.clock, a.notice); err != nil {
			return s, err
		}
	}
	if cfg.Monitor != "" {
		if s.monitor, err = net.Listen("tcp", cfg.Monitor); err != nil {
			return s, &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen for health and metrics on " + cfg.Monitor,
				Hint: "another program, or another agent, has the address: name a free one as monitor", Err: err}
		}
		s.watch = &http.Server{Handler: monitor.Handler(a, a.figures.metrics), ReadHeaderTimeout: 5 * time.Second}
	}
	s.control, err = control.Listen(cfg.State, cfg.Control.Group)
	return s, err
}

// start serves; it returns at once.
func (s *serving) start(a *Agent) {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(a.parent))
	report := func(what string, err error) {
		if err != nil && ctx.Err() == nil && a.parent.Err() == nil {
			a.log.Error().Str("code", CodeServe).Str("listener", what).Err(err).Msg("a listener stopped; restart the agent")
		}
	}
	if s.offices != nil {
		go func() { report("front office", s.offices.Serve()) }()
	}
	if s.monitor != nil {
		go func() { report("monitor", s.watch.Serve(s.monitor)) }()
	}
	go func() { report("control", s.control.Serve(ctx, audited{a, a.trail})) }()
}

// changed takes over what a reloaded configuration says of front offices. Addresses stay.
func (s *serving) changed(a *Agent, cfg *config.Config) {
	if err := s.api.SetOffices(officesOf(cfg)); err != nil {
		a.notice(connectors.Notice{Code: CodeOpen, Text: "the tokens of the new configuration are not taken over: " + err.Error()})
	}
}

// stop ends front-office requests, those under way within a few seconds.
func (s *serving) stop(ctx context.Context) {
	if s.offices != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		_ = s.offices.Close(ctx) // what it could not finish is repeated by the front office
	}
}

// close closes all listeners.
func (s *serving) close() {
	s.cancel()
	if s.offices != nil {
		s.stop(context.Background())
	}
	if s.watch != nil {
		_ = s.watch.Close()
	}
	if s.monitor != nil {
		_ = s.monitor.Close()
	}
	if s.control != nil {
		_ = s.control.Close()
	}
}

func (s *serving) addresses() (at Addresses) {
	if s.offices != nil {
		at.FrontOffice = s.offices.Addr()
	}
	if s.monitor != nil {
		at.Monitor = s.monitor.Addr().String()
	}
	if s.control != nil {
		at.Control = s.control.Addr()
	}
	return at
}

func officesOf(cfg *config.Config) []frontoffice.Office {
	var list []frontoffice.Office
	for _, o := range cfg.FrontOffices {
		list = append(list, frontoffice.Office{Name: o.Name, Tokens: o.Tokens})
	}
	return list
}

func limitsOf(cfg *config.Config) frontoffice.Limits {
	l := frontoffice.DefaultLimits()
	if cfg.Listen != nil && cfg.Listen.MaxBody > 0 {
		l.Request = cfg.Listen.MaxBody
		l.Form, l.Attachment = min(l.Form, l.Request), min(l.Attachment, l.Request)
	}
	return l
}
