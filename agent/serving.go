package agent

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/agent/upkeep"
	"github.com/inbasket/inbasket/connectors"
)

// monitorConnections is how many may watch the agent at once.
const monitorConnections = 128

// serving are the agent's listeners: front offices, monitoring, operators.
type serving struct {
	api     *frontoffice.API
	offices *frontoffice.Server  // nil: not served
	monitor *httpserver.Listener // nil: not served
	watch   *http.Server
	control *control.Server
	cancel  context.CancelFunc
}

// listen binds all addresses, so that a wrong one is told before anything runs.
func (a *Agent) listen(ctx context.Context) (s *serving, err error) {
	cfg, surround := a.options.Config, &a.options.Surround
	s = &serving{cancel: func() {}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	sum, err := reading.Of(a.journal).Summary(ctx)
	if err != nil {
		return s, err
	}
	s.api = frontoffice.New(frontoffice.Options{Submitter: a, Journal: frontoffice.JournalOf(a.journal), Content: frontoffice.ContentOf(a.content), Clock: a.clock,
		Epoch: func() int64 { return sum.Epoch }, Limits: limitsOf(cfg), Version: a.options.Version, Notify: a.health.Notice, Count: a.health.Counters.Request,
		Proxies: proxiesOf(cfg), Space: func(size int64) bool { return upkeep.HasSpace(cfg.State, size) }, OverQuota: a.health.Counters.OverQuota,
		Unauthenticated: frontoffice.Unauthenticated{Token: a.health.Counters.WrongToken, Tell: func(address string, n int) { // the log has the address, status that there are any
			a.log.Warn().Str("code", frontoffice.CodeWrongTokens).Str("address", address).Int("requests", n).Msg("wrong tokens of the front-office API; they are answered slower and slower")
			a.health.Counters.Notice(connectors.Notice{Code: frontoffice.CodeWrongTokens, Text: "wrong tokens of the front-office API are being tried; the log names the addresses"})
		}}})
	if err = s.api.SetOffices(officesOf(cfg)); err != nil {
		return s, err
	}
	if l := cfg.Listen; l != nil {
		at := frontoffice.ListenConfig{Address: l.Address, Connections: l.Connections, PerAddress: l.PerAddress, Proxies: proxiesOf(cfg), Ended: a.health.Counters.Ended}
		if l.TLS != nil {
			at.Certificate, at.Key = l.TLS.Cert, l.TLS.Key
		}
		if surround.Listen != nil {
			if at.Listener, err = surround.Listen(ListenerOffices); err != nil {
				return s, err
			}
		}
		if s.offices, err = frontoffice.Listen(ctx, at, s.api.Handler(), s.api.Stop, a.clock, a.health.Notice); err != nil {
			return s, err
		}
	}
	if cfg.Monitor != "" {
		ln, err := net.Listen("tcp", cfg.Monitor)
		if err != nil {
			return s, &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen for health and metrics on " + cfg.Monitor,
				Hint: "another program, or another agent, has the address: name a free one as monitor", Err: err}
		}
		s.monitor = httpserver.New(ln, httpserver.Options{Connections: monitorConnections})
		s.watch = &http.Server{Handler: monitor.Handler(a.health, a.health.Counters.Metrics), ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	}
	if surround.Listen != nil {
		ln, err := surround.Listen(ListenerOrders)
		if err != nil {
			return s, err
		}
		s.control = control.Over(ln)
		return s, nil
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
		go func() { report("monitor", s.monitor.Serve(s.watch)) }()
	}
	go func() { report("control", s.control.Serve(ctx, a.desk.Handlers())) }()
}

// changed takes over what a reloaded configuration says of front offices. Addresses stay.
func (s *serving) changed(a *Agent, cfg *config.Config) {
	if err := s.api.SetOffices(officesOf(cfg)); err != nil {
		a.health.Notice(connectors.Notice{Code: CodeOpen, Text: "the tokens of the new configuration are not taken over: " + err.Error()})
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
		s.monitor.End()
	}
	if s.control != nil {
		_ = s.control.Close()
	}
}

// served tells status and metrics of the listeners.
func (s *serving) served() health.Served {
	at := s.addresses()
	return health.Served{FrontOffice: at.FrontOffice, Monitor: at.Monitor, API: s.api, Offices: s.offices}
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
		of := frontoffice.Office{Name: o.Name, Tokens: o.Tokens}
		for _, r := range cfg.RoutesOf(o.Name) {
			of.Routes = append(of.Routes, r.Name)
		}
		if q := o.Quota; q != nil {
			of.Quota = frontoffice.Quota{Requests: q.Rate.Count, Per: q.Rate.Per, Bytes: q.BytesPerDay, Open: q.Open}
		}
		list = append(list, of)
	}
	return list
}

// proxiesOf returns the reverse proxies; what is no address was refused with the configuration.
func proxiesOf(cfg *config.Config) httpserver.Proxies {
	if cfg.Listen == nil {
		return nil
	}
	p, _ := httpserver.ParseProxies(cfg.Listen.Proxies)
	return p
}

func limitsOf(cfg *config.Config) frontoffice.Limits {
	l := frontoffice.DefaultLimits()
	if cfg.Listen == nil {
		return l
	}
	places := httpserver.Places(cfg.Listen.Connections) // who is answered keeps its connection: some must be left for others
	l.Requests, l.Polls = min(l.Requests, max(1, places/4)), min(l.Polls, places/2)
	if cfg.Listen.MaxBody > 0 {
		l.Request = cfg.Listen.MaxBody
		l.Form, l.Attachment = min(cmp.Or(cfg.Listen.MaxForm, l.Form), l.Request), min(l.Attachment, l.Request)
		l.Memory = max(l.Memory, 2*l.Form) // so that one office, which may have most of it, can send one
	}
	return l
}

// spaceTrouble says that front offices are sent away because the disk is nearly full.
func spaceTrouble(cfg *config.Config) *control.Trouble {
	if cfg.Listen == nil || upkeep.HasSpace(cfg.State, 0) {
		return nil
	}
	return &control.Trouble{Code: frontoffice.CodeNoSpace, Text: "the disk of the state folder is nearly full: new forms that front offices post are refused until there is room",
		Next: "make room on that disk, or move state to a larger one"}
}
