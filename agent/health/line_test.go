package health

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// TestLine says in one line what waits for a person and what does not work, in the order in which people look.
func TestLine(t *testing.T) {
	down := &control.Trouble{Code: "sql.login", Since: time.Date(2026, 3, 2, 12, 5, 0, 0, time.Local)}
	for want, s := range map[string]control.Status{
		"delivering": {},
		"delivering; 2 parked; target register paused; target paper down since 12:05 (sql.login); in-basket permits down since 12:05 (sql.login); results answers down since 12:05 (sql.login); front office portal down since 12:05 (sql.login); lane x does not end": {
			States: map[journal.State]int64{journal.Parked: 2}, Targets: []control.TargetStatus{{Name: "register", Paused: true, Trouble: down}, {Name: "paper", Trouble: down}, {Name: "fine"}},
			Inbaskets: []control.SourceStatus{{Name: "permits", Trouble: down}}, Results: []control.SourceStatus{{Name: "answers", Trouble: down}},
			FrontOffices: []control.OfficeStatus{{Name: "portal", Trouble: down}}, Stuck: []control.Trouble{{Text: "lane x does not end"}}},
		"waiting: journal.full": {Journal: &control.Trouble{Code: "journal.full"}, Held: &control.Trouble{}},
	} {
		if got := Line(s); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestNamesOfCertificates: what a reload has removed has no certificate any more; the agent's own stays.
func TestNamesOfCertificates(t *testing.T) {
	of := func(role connectors.Role, name string) config.Connector {
		return config.Connector{Name: name, Definition: connectors.Definition{Role: role}}
	}
	push := of(connectors.RoleFrontOffice, "portal")
	cfg := &config.Config{Inbaskets: []config.Inbasket{of(connectors.RoleInbasket, "permits")}, Targets: []config.Target{{Connector: of(connectors.RoleTarget, "register")}},
		FrontOffices: []config.FrontOffice{{Name: "portal", Push: &push}, {Name: "app"}}}
	for name, want := range map[string]bool{"listen": true, "targets/register": true, "targets/permits": false, "inbaskets/permits": true, "results/register": false,
		"front-offices/portal": true, "front-offices/app": false, "targets/": false} {
		if got := names(cfg, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
